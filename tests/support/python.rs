//! Runs the Python scripts that check GoMark from outside.
//!
//! `GOMARK_TEST_PYTHON` names a Python interpreter that has what
//! `tests/official_client/requirements.txt` lists. Without it a test is skipped, loudly, except in
//! CI, where it fails.

use std::path::Path;
use std::time::Duration;

/// Runs a script of a folder in `tests`; answers what it printed, or `None` where there is no
/// interpreter.
pub(crate) async fn run(script: &str, arguments: &[&str]) -> Option<String> {
    let Ok(python) = std::env::var("GOMARK_TEST_PYTHON") else {
        assert!(std::env::var_os("CI").is_none(), "GOMARK_TEST_PYTHON must be set in CI");
        eprintln!("SKIPPED: {script} was not run, GOMARK_TEST_PYTHON is not set");
        return None;
    };
    let output = tokio::process::Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script))
        .args(arguments)
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(120), output)
        .await
        .expect("the script ends in time")
        .expect("the interpreter starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    Some(said)
}
