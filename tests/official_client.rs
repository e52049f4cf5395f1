//! The sandbox, driven by HubSpot's official Python client, which nobody here wrote.
//!
//! `GOMARK_TEST_PYTHON` names a Python interpreter that has what
//! `tests/official_client/requirements.txt` lists. Without it the test is skipped, loudly, except
//! in CI, where it fails.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

use std::time::Duration;

use gomark::app::App;
use gomark::clock::SystemClock;
use gomark::config::Database;
use gomark::sandbox::{Config, Sandbox};
use gomark::supervisor::Supervisor;
use gomark_sdk::v1::Field;
use gomark_sdk::{Client, fields};
use serde_json::json;

#[path = "support/python.rs"]
mod python;
#[path = "blackbox/settings.rs"]
mod settings;
use python::run;
use settings::settings;

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_finds_the_sandbox_to_be_hubspot() {
    let supervisor = Supervisor::new();
    let sandbox =
        Sandbox::start(Config::default(), &supervisor, SystemClock::shared()).await.unwrap();
    if let Some(said) = run("official_client/check.py", &[&sandbox.base_url()]).await {
        assert!(said.contains("every check passed"), "{said}");
    }
    assert!(supervisor.shutdown(Duration::from_secs(5)).await, "the sandbox stops when told");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_reads_what_was_decided() {
    const TOKEN: &str = "portal-of-acme";
    let supervisor = Supervisor::new();
    let sandbox =
        Sandbox::start(Config::default(), &supervisor, SystemClock::shared()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let app =
        App::start(settings(Database::Sqlite(folder.path().join("gomark.db")))).await.unwrap();
    let client = Client::builder(format!("http://{}", app.local_addr())).connect().await.unwrap();
    client.register_company("acme").await.unwrap();
    client.connect_hubspot("acme", TOKEN).base_url(sandbox.base_url()).await.unwrap();
    let stage = client.add_field("acme", fields::text("Deal Stage")).await.unwrap();
    let tier = fields::select("Tier", [("Gold", "gold"), ("Silver", "silver")]);
    let tier = Field { group_name: "sales_ops".to_owned(), ..tier };
    let tier = client.add_field("acme", tier).await.unwrap();
    let label = Field { label: "Stage".to_owned(), ..Field::default() };
    let renamed = client.modify_field("acme", "deal_stage", label).await.unwrap();
    let back = client.rollback("acme", tier.revision).await.unwrap();
    for change in [stage, tier, renamed, back] {
        change.job.unwrap().wait().await.unwrap();
    }
    if let Some(said) = run("official_client/read.py", &[&sandbox.base_url(), TOKEN]).await {
        let read: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(
            read,
            json!({
                "deal_stage": { "label": "Deal Stage", "type": "string", "field_type": "text",
                                "group_name": "dealinformation", "options": [] },
                "tier": { "label": "Tier", "type": "enumeration", "field_type": "select",
                          "group_name": "sales_ops", "options": ["gold", "silver"] },
            })
        );
    }
    assert!(app.stop().await);
    assert!(supervisor.shutdown(Duration::from_secs(5)).await, "the sandbox stops when told");
}
