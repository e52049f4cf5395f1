//! The log in a database of a Postgres server.

use std::fs;
use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use gomark::vault::Key;
use gomark_sdk::{Client, RetryPolicy};

use crate::ledger::{Told, gomark_with};
use crate::process::Process;
use crate::schema::Schema;

/// How long a call and a lease of a process take at most.
const TIMES: [&str; 6] = ["--call-timeout", "300ms", "--lease", "3s", "--sweep-interval", "200ms"];
/// More than are read at a time.
const ENTRIES: usize = 450;

fn run(url: &str, words: &[&str]) -> Told {
    let read_only = format!("{url}&options[default_transaction_read_only]=on");
    gomark_with(&[("DATABASE_URL", &read_only)], words.iter().map(Path::new))
}

fn is_intact(url: &str, entries: usize) {
    let told = run(url, &["audit", "verify"]);
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.out.contains(&format!("acme\t{entries}\t{entries}\t")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_in_postgres_is_read_while_a_service_runs_and_while_none_does() {
    let Some(schema) = Schema::make().await else { return };
    let (url, folder) = (schema.url(), tempfile::tempdir().unwrap());
    let key = Key::generate().unwrap().to_text().to_string();
    let mut process = Process::start(&url, &key, &TIMES, folder.path());
    let bound = Duration::from_secs(60);
    let retry = RetryPolicy::default().attempts_max(10_000).elapsed_max(bound);
    let client = Client::builder(process.url()).timeout(bound).retry(retry);
    let client = client.connect_lazy().unwrap();
    let rename = |number: usize| {
        let renamed = client.update_company("acme").display_name(format!("Acme {number}"));
        async move { drop(renamed.await.unwrap()) }
    };

    client.register_company("acme").await.unwrap();
    join_all((1..ENTRIES - 1).map(rename)).await;
    is_intact(&url, ENTRIES - 1);
    process.kill().await;
    is_intact(&url, ENTRIES - 1);
    process.start_again();
    rename(ENTRIES).await;
    is_intact(&url, ENTRIES);
    process.kill().await;

    let exported = folder.path().join("acme.jsonl");
    let words = ["audit", "export", "--company", "acme", "--output", exported.to_str().unwrap()];
    let told = run(&url, &words);
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.err.starts_with("Exported 450 entries; the head is acme:450:"), "{told:?}");
    assert_eq!(fs::read_to_string(&exported).unwrap().lines().count(), ENTRIES + 1);
    let told = run(&url, &["audit", "verify", exported.to_str().unwrap()]);
    assert_eq!(told.code, 0, "an export that is named comes before the environment: {told:?}");

    let tamper = "DROP TRIGGER revisions_are_append_only ON revisions; \
         UPDATE revisions SET hash = sha256('') WHERE revision = 300";
    schema.execute(tamper).await.unwrap();
    let told = run(&url, &["audit", "verify", "--json"]);
    assert_eq!(told.code, 3, "{told:?}");
    assert!(told.out.contains("\"revision\": 300"), "{told:?}");
}

#[tokio::test]
async fn a_server_that_cannot_be_read_is_named_without_its_password() {
    // Nobody listens on a port that was just given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let away = format!("postgres://ada:hush@127.0.0.1:{port}/ledger?sslmode=disable");
    let told = run(&away, &["audit", "verify"]);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.err.contains(&format!("postgres://ada@127.0.0.1:{port}/ledger")), "{told:?}");
    let wrong = run("postgres://ada:hush@db/ledger?sslmod=require", &["audit", "verify"]);
    assert_eq!(wrong.code, 1, "{wrong:?}");
    for told in [told, wrong] {
        assert!(!format!("{told:?}").contains("hush"), "{told:?}");
    }
    let Some(schema) = Schema::make().await else { return };
    let told = run(&schema.url(), &["audit", "verify"]);
    assert_eq!(told.code, 1, "an empty database is no log: {told:?}");
    assert!(told.err.contains("cannot be read as a database of GoMark"), "{told:?}");
}
