//! The cadence stand-in against `docs/upso-openapi.yaml`, by a tool that nobody here wrote:
//! schemathesis draws calls from the document, right ones and wrong ones, follows its links, and
//! compares every answer with it.
//!
//! `GOMARK_TEST_PYTHON` names a Python interpreter that has what
//! `tests/official_client/requirements.txt` lists. Without it the tests are skipped, loudly, except
//! in CI, where they fail.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

use std::time::Duration;

use gomark::clock::SystemClock;
use gomark::sandbox::{Config, Sandbox};
use gomark::supervisor::Supervisor;
use serde_json::{Value, json};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/upso-openapi.yaml");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/upso_contract");
const SETTINGS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/upso_contract/schemathesis.toml");

/// Two are left out. In the sandbox any key opens an account of its own, one that was drawn too, so
/// that `ignored_auth` finds what is meant to be so; and `right_calls_are_accepted`, among the hooks,
/// stands in for `positive_data_acceptance`.
const EVERY_CHECK: [&str; 4] =
    ["--checks", "all", "--exclude-checks", "ignored_auth,positive_data_acceptance"];

/// What can be asked of an answer alone, without knowing what it should have been.
const CHECKS_OF_ANSWERS: [&str; 2] = [
    "--checks",
    "status_code_conformance,content_type_conformance,response_headers_conformance,\
     response_schema_conformance",
];

/// Runs a Python module; answers what it printed, or `None` where there is no Python.
async fn run(arguments: &[&str]) -> Option<String> {
    let Ok(python) = std::env::var("GOMARK_TEST_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "GOMARK_TEST_PYTHON must be set in CI");
        eprintln!("SKIPPED: the contract was not checked, GOMARK_TEST_PYTHON is not set");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let output = tokio::process::Command::new(python)
        .arg("-B")
        .arg("-m")
        .args(arguments)
        .env("PYTHONPATH", FOLDER)
        // What the tool writes for itself goes with the folder.
        .current_dir(folder.path())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(600), output)
        .await
        .expect("the tool ends in time")
        .expect("the interpreter starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    Some(said)
}

/// A sandbox whose limit is out of the way.
async fn sandbox(supervisor: &Supervisor) -> String {
    let config = Config { burst_limit: 1_000_000, ..Config::default() };
    Sandbox::start(config, supervisor, SystemClock::shared()).await.unwrap().base_url()
}

/// Lets schemathesis call the sandbox.
async fn schemathesis(base_url: &str, phases: &str, checks: &[&str]) -> Option<String> {
    let arguments = [
        "schemathesis.cli",
        "--config-file",
        SETTINGS,
        "run",
        DOCUMENT,
        "--no-color",
        "--url",
        base_url,
        "--header",
        "Authorization: Bearer contract-account",
        // How fast calls are drawn says nothing about the answers.
        "--suppress-health-check",
        "all",
        "--phases",
        phases,
    ];
    run(&[&arguments, checks].concat()).await
}

/// The tool is only worth as much as what it reached.
async fn reached(base_url: &str, expected: &[(&str, u16)]) {
    let log = get(base_url, "/_sandbox/calls?vendor=upso").await;
    let calls = log["calls"].as_array().unwrap();
    for (method, status) in expected {
        let there = calls.iter().any(|call| call["method"] == *method && call["status"] == *status);
        assert!(there, "no {method} was answered {status}");
    }
}

async fn get(base_url: &str, path: &str) -> Value {
    reqwest::get(format!("{base_url}{path}")).await.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_an_openapi_document() {
    if let Some(said) = run(&["openapi_spec_validator", DOCUMENT]).await {
        assert!(said.contains("OK"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_edge_of_the_document_is_answered_as_it_says() {
    let supervisor = Supervisor::new();
    let base_url = sandbox(&supervisor).await;
    if schemathesis(&base_url, "examples,coverage", &EVERY_CHECK).await.is_some() {
        let expected = [
            ("GET", 200),
            ("GET", 400),
            ("GET", 401),
            ("POST", 201),
            ("POST", 400),
            ("POST", 415),
            ("POST", 422),
            ("PUT", 400),
            ("PUT", 415),
            ("PUT", 422),
            ("PUT", 428),
            ("DELETE", 400),
            ("DELETE", 428),
            ("PATCH", 405),
        ];
        reached(&base_url, &expected).await;
    }
    assert!(supervisor.shutdown(Duration::from_secs(10)).await, "the sandbox stops when told");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_follow_each_other_are_answered_as_the_document_says() {
    let supervisor = Supervisor::new();
    let base_url = sandbox(&supervisor).await;
    if schemathesis(&base_url, "fuzzing,stateful", &EVERY_CHECK).await.is_some() {
        let expected = [
            ("GET", 200),
            ("GET", 404),
            ("POST", 201),
            ("PUT", 200),
            ("PUT", 412),
            ("DELETE", 204),
            ("DELETE", 412),
        ];
        reached(&base_url, &expected).await;
    }
    assert!(supervisor.shutdown(Duration::from_secs(10)).await, "the sandbox stops when told");
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_keep_to_the_document_too() {
    let supervisor = Supervisor::new();
    let base_url = sandbox(&supervisor).await;
    for fault in [
        json!({ "kind": "rate_limited", "rate": 0.25 }),
        json!({ "kind": "server_error", "rate": 0.25 }),
        json!({ "kind": "server_error", "status": 503, "rate": 0.25, "retry_after_seconds": 2 }),
        json!({ "kind": "status", "status": 503, "rate": 0.25, "after_effect": true }),
    ] {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let put = http.post(format!("{base_url}/_sandbox/faults")).json(&fault).send().await;
        assert_eq!(put.unwrap().status(), 201);
    }
    if schemathesis(&base_url, "fuzzing", &CHECKS_OF_ANSWERS).await.is_some() {
        for fault in get(&base_url, "/_sandbox/faults").await["faults"].as_array().unwrap() {
            assert!(fault["hits"].as_u64().unwrap() > 0, "{fault} never struck");
        }
    }
    assert!(supervisor.shutdown(Duration::from_secs(10)).await, "the sandbox stops when told");
}
