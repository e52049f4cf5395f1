//! Lets schemathesis, which nobody here wrote, draw calls from an OpenAPI document, right ones and
//! wrong ones, and compare every answer with it.
//!
//! `GOMARK_TEST_PYTHON` names a Python interpreter that has what
//! `tests/official_client/requirements.txt` lists. Without it a test is skipped, loudly, except in
//! CI, where it fails.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

/// How long one run may take.
const BOUND: Duration = Duration::from_secs(300);

/// What to try.
pub(crate) struct Run<'a> {
    /// The configuration, below the root of the repository: it fixes the seed and the number of calls.
    pub(crate) config: &'a str,
    /// The document, likewise.
    pub(crate) document: &'a str,
    /// Where the calls go.
    pub(crate) url: &'a str,
    /// The token of the caller.
    pub(crate) token: &'a str,
    pub(crate) phases: &'a str,
    /// The checks that are left out.
    pub(crate) without: &'a str,
}

/// The calls that were made: method, path and status of each.
pub(crate) struct Made(Vec<(String, String, u64)>);

impl Made {
    /// The tool is only worth as much as what it reached.
    pub(crate) fn reached(&self, method: &str, path: &str, status: u64) {
        let is_it = |call: &&(String, String, u64)| {
            call.0 == method && call.1.starts_with(path) && call.2 == status
        };
        let reached = self.0.iter().any(|call| is_it(&call));
        assert!(reached, "no {method} {path} was answered {status}, only {:?}", self.statuses());
    }

    /// What was reached altogether.
    fn statuses(&self) -> BTreeSet<String> {
        let told = |(method, path, status): &(String, String, u64)| {
            let mut parts = path.split(['/', '?']).skip(1);
            let (one, two) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
            format!("{method} {one} {two} {status}")
        };
        self.0.iter().map(told).collect()
    }
}

impl Run<'_> {
    /// Makes the calls; answers which, or `None` where there is no Python. Fails with what the tool
    /// found.
    pub(crate) async fn make(&self) -> Option<Made> {
        let Ok(python) = std::env::var("GOMARK_TEST_PYTHON") else {
            assert!(std::env::var_os("CI").is_none(), "GOMARK_TEST_PYTHON must be set in CI");
            eprintln!("SKIPPED: {} was not checked, GOMARK_TEST_PYTHON is not set", self.document);
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("calls.har");
        let output = tokio::process::Command::new(python)
            .args(["-B", "-m", "schemathesis.cli", "--config-file", self.config])
            .args(["run", self.document, "--no-color", "--url", self.url])
            .args(["--phases", self.phases, "--checks", "all"])
            .args(["--exclude-checks", self.without])
            .args(["--header", &format!("Authorization: Bearer {}", self.token)])
            .arg("--report-har-path")
            .arg(&report)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(BOUND, output).await.expect("the tool ends in time");
        let output = output.expect("the interpreter starts");
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{complained}");
        let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
        let calls = report["log"]["entries"].as_array().unwrap().iter().map(|entry| {
            let url = entry["request"]["url"].as_str().unwrap();
            (
                entry["request"]["method"].as_str().unwrap().to_owned(),
                url.strip_prefix(self.url).unwrap().to_owned(),
                entry["response"]["status"].as_u64().unwrap(),
            )
        });
        Some(Made(calls.collect()))
    }
}
