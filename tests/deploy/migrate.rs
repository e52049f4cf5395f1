//! `gomark migrate`, and a service that leaves tables alone.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::schema::Schema;

fn gomark(words: &[&str], database_url: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gomark"))
        .args(words)
        .env_clear()
        .env("DATABASE_URL", database_url)
        .output()
        .unwrap()
}

fn migrated(database_url: &str) -> Value {
    let output = gomark(&["migrate", "--json"], database_url);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Makes tables, and makes sure that a service which leaves tables alone starts only after that.
fn tried(database_url: &str, key_file: &Path) {
    let key_file = format!("--key-file={}", key_file.display());
    let refused =
        gomark(&["serve", "--migrate=false", "--listen=127.0.0.1:0", &key_file], database_url);
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains("0001 initial") && told.contains("gomark migrate"), "{told}");
    let first = migrated(database_url);
    let applied = first["applied"].as_array().unwrap();
    assert_eq!(applied[0], serde_json::json!({ "version": 1, "description": "initial" }));
    assert_eq!(applied.last().unwrap()["version"], first["version"]);
    let again = migrated(database_url);
    assert_eq!(again["applied"], serde_json::json!([]));
    assert_eq!(again["version"], first["version"]);
}

fn key(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("gomark.key");
    gomark::vault::create_key_file(&path).unwrap();
    path
}

#[tokio::test]
async fn a_file_is_brought_up_to_date_by_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("gomark.db").display());
    tried(&url, &key(folder.path()));
}

#[tokio::test]
async fn a_database_of_a_server_is_brought_up_to_date_by_a_command() {
    let Some(schema) = Schema::make().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = schema.url();
    tried(&url, &key(folder.path()));
    schema.execute("SELECT company_id FROM companies").await.unwrap();
    let shown = migrated(&url)["database"].to_string();
    assert!(!shown.contains(":gomark@") && shown.contains("postgres://"), "{shown}");
}

#[test]
fn a_url_that_is_none_is_misuse_and_a_server_that_is_away_is_a_failure() {
    let misused = gomark(&["migrate"], "mysql://ada:secret@db/x");
    assert_eq!(misused.status.code(), Some(2));
    let away = gomark(&["migrate"], "postgres://ada:secret@127.0.0.1:1/x");
    assert_eq!(away.status.code(), Some(1));
    for output in [misused, away] {
        assert!(!String::from_utf8_lossy(&output.stderr).contains("secret"));
    }
}
