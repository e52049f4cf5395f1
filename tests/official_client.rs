//! The sandbox, driven by HubSpot's official Python client, which nobody here wrote.
//!
//! `GOMARK_TEST_PYTHON` names a Python interpreter that has what
//! `tests/official_client/requirements.txt` lists. Without it the test is skipped, loudly, except
//! in CI, where it fails.

use std::time::Duration;

use gomark::clock::SystemClock;
use gomark::sandbox::{Config, Sandbox};
use gomark::supervisor::Supervisor;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/official_client/check.py");

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_finds_the_sandbox_to_be_hubspot() {
    let Ok(python) = std::env::var("GOMARK_TEST_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "GOMARK_TEST_PYTHON must be set in CI");
        eprintln!("SKIPPED: the official client was not run, GOMARK_TEST_PYTHON is not set");
        return;
    };
    let supervisor = Supervisor::new();
    let sandbox =
        Sandbox::start(Config::default(), &supervisor, SystemClock::shared()).await.unwrap();
    let output = tokio::process::Command::new(python)
        .arg(SCRIPT)
        .arg(sandbox.base_url())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(120), output)
        .await
        .expect("the script ends in time")
        .expect("the interpreter starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    assert!(said.contains("every check passed"), "{said}\n{complained}");
    assert!(supervisor.shutdown(Duration::from_secs(5)).await, "the sandbox stops when told");
}
