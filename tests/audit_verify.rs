//! `gomark audit verify` and `export`, run as programs on databases and files.

#![allow(clippy::unwrap_used)] // a test may stop at what it did not expect

#[path = "audit_verify/ledger.rs"]
mod ledger;
#[path = "support/process.rs"]
mod process;
#[path = "support/schema.rs"]
mod schema;
#[path = "audit_verify/server.rs"]
mod server;
#[path = "audit_verify/service.rs"]
mod service;

use std::fs;
use std::path::Path;

use gomark::auth::NewToken;
use gomark_sdk::{Client, Code, fields};
use ledger::{Ledger, append, gomark};
use service::Service;

const TWO: &[(&str, i64)] = &[("acme", 4), ("globex", 2)];

#[tokio::test]
async fn an_intact_database_is_called_intact_and_is_not_changed() {
    let ledger = Ledger::of(TWO).await;
    let before = fs::read(ledger.database()).unwrap();
    let told = ledger.verify(&ledger.database(), &[]);
    assert_eq!(told.code, 0, "{told:?}");
    let lines: Vec<_> = told.out.lines().collect();
    assert_eq!(lines[0], "company\tentries\trevision\thead\tverdict");
    assert!(lines[1].starts_with("acme\t4\t4\t") && lines[1].ends_with("\tintact"), "{told:?}");
    assert!(lines[2].starts_with("globex\t2\t2\t"), "{told:?}");
    assert_eq!(fs::read(ledger.database()).unwrap(), before);
}

#[tokio::test]
async fn a_path_a_url_and_a_running_service_make_no_difference() {
    let ledger = Ledger::of(TWO).await;
    let mut service = ledger.connect().await;
    append(&mut service, "acme", "ops").await;
    // Amid a transaction, too: what is not committed is not there.
    sqlx::query("BEGIN IMMEDIATE").execute(&mut service).await.unwrap();
    append(&mut service, "acme", "ops").await;
    for scheme in ["", "sqlite:", "sqlite://"] {
        let file = format!("{scheme}{}", ledger.database().display());
        let told = ledger.verify(file.as_ref(), &["--company", "acme"]);
        assert_eq!(told.code, 0, "{told:?}");
        assert!(told.out.contains("acme\t5\t5\t"), "{told:?}");
    }
    sqlx::query("COMMIT").execute(&mut service).await.unwrap();
    let told = ledger.verify(&ledger.database(), &["--company", "acme"]);
    assert!(told.out.contains("acme\t6\t6\t"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")] // the clients must hear that the service ends
async fn the_log_of_a_service_is_intact_while_it_runs_after_a_kill_and_after_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let made = NewToken::generate("crm-sync", &["acme".to_owned()]).unwrap();
    let verify = |entries: usize| {
        let database = folder.path().join("gomark.db");
        let told = gomark(["audit", "verify"].map(Path::new).into_iter().chain([&*database]));
        assert_eq!(told.code, 0, "{told:?}");
        assert!(told.out.contains(&format!("acme\t{entries}\t{entries}\t")), "{told:?}");
    };
    let add = async |client: &Client, labels: &[&str]| {
        for label in labels {
            client.add_field("acme", fields::text(*label)).reason("why not").await.unwrap();
        }
    };

    let service = Service::start(folder.path(), &made.entry);
    let client = service.client(&made.token).await;
    client.register_company("acme").await.unwrap();
    add(&client, &["One", "Two"]).await;
    verify(3);
    add(&client, &["Three"]).await;
    let audit = client.list_audit("acme").all().await.unwrap();
    assert!(audit.iter().all(|entry| entry.actor == "crm-sync"));
    service.kill();
    verify(4);

    let service = Service::start(folder.path(), &made.entry);
    let client = service.client(&made.token).await;
    add(&client, &["Four"]).await;
    client.rollback("acme", 3).await.unwrap();
    let elsewhere = client.register_company("globex").await.unwrap_err();
    assert_eq!(elsewhere.code(), Some(Code::NotFound), "{elsewhere:?}");
    let stranger = service.client("a-token-that-nobody-has").await;
    let refused = stranger.get_company("acme").await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::Unauthenticated), "{refused:?}");
    assert!(service.terminate().success());
    verify(6);
}

#[tokio::test]
async fn whatever_is_done_to_the_database_is_named_with_its_revision() {
    for (sql, said) in [
        (
            "UPDATE revisions SET record = CAST(replace(CAST(record AS TEXT), 'ops', 'eve') AS BLOB) \
             WHERE company_id = 'acme' AND revision = 1",
            "acme: revision 1: the record does not have the hash",
        ),
        (
            "UPDATE revisions SET hash = zeroblob(32) WHERE company_id = 'acme' AND revision = 4",
            "acme: revision 4: the record does not have the hash",
        ),
        (
            "UPDATE revisions SET prev_hash = zeroblob(32) \
             WHERE company_id = 'acme' AND revision = 2",
            "acme: revision 2: the record and its row name different hashes",
        ),
        (
            "DELETE FROM revisions WHERE company_id = 'acme' AND revision = 2",
            "acme: revision 3: it stands where revision 2 should",
        ),
        (
            "DELETE FROM revisions WHERE company_id = 'acme' AND revision = 4",
            "acme: revision 3: the log ends here, but the company is at revision 4",
        ),
        (
            "UPDATE revisions SET company_id = 'globex' \
             WHERE company_id = 'acme' AND revision = 4",
            "globex: revision 4: it belongs to another company: \"acme\"",
        ),
        (
            "UPDATE companies SET head_hash = zeroblob(32) WHERE company_id = 'acme'",
            "acme: revision 4: the latest entry does not have the hash of the company's head",
        ),
        (
            "UPDATE companies SET revision = 3 WHERE company_id = 'acme'",
            "acme: revision 4: the log ends here, but the company is only at revision 3",
        ),
        ("DELETE FROM companies WHERE company_id = 'acme'", "acme: there are entries, but no"),
    ] {
        let ledger = Ledger::of(TWO).await;
        ledger.tamper(sql).await;
        let told = ledger.verify(&ledger.database(), &[]);
        assert_eq!(told.code, 3, "{sql}: {told:?}");
        assert!(told.out.contains(said), "{sql}: {told:?}");
        let told = ledger.verify(&ledger.database(), &["--json"]);
        assert_eq!(told.code, 3, "{sql}: {told:?}");
        let json: serde_json::Value = serde_json::from_str(&told.out).unwrap();
        assert_eq!(json["verdict"], "broken", "{sql}: {told:?}");
    }
}

#[tokio::test]
async fn a_broken_company_does_not_hide_that_another_is_intact() {
    let ledger = Ledger::of(TWO).await;
    ledger.tamper("DELETE FROM revisions WHERE company_id = 'acme' AND revision = 2").await;
    let told = ledger.verify(&ledger.database(), &["--company", "globex"]);
    assert_eq!(told.code, 0, "{told:?}");
    let told = ledger.verify(&ledger.database(), &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(json["companies"][0]["verdict"], "broken");
    assert_eq!(json["companies"][1]["verdict"], "intact");
}

#[tokio::test]
async fn an_export_is_verified_without_the_database() {
    let ledger = Ledger::of(TWO).await;
    let file = ledger.path("acme.jsonl");
    let told = ledger.export("acme", &file);
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.err.starts_with("Exported 4 entries; the head is acme:4:"), "{told:?}");
    let told = ledger.verify(&file, &[]);
    assert_eq!(told.code, 0, "{told:?}");

    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 5);
    let without_an_entry: Vec<_> = text.lines().filter(|line| !line.contains(":3,")).collect();
    let edited = ledger.path("edited.jsonl");
    fs::write(&edited, without_an_entry.join("\n")).unwrap();
    let told = ledger.verify(&edited, &[]);
    assert_eq!(told.code, 3, "{told:?}");
    assert!(told.out.contains("revision 4: it stands where revision 3 should"), "{told:?}");
}

#[tokio::test]
async fn an_export_never_replaces_a_file_and_leaves_no_half_of_one() {
    let ledger = Ledger::of(TWO).await;
    let file = ledger.path("acme.jsonl");
    fs::write(&file, "kept").unwrap();
    assert_eq!(ledger.export("acme", &file).code, 1);
    assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
    let told = ledger.export("initech", &ledger.path("initech.jsonl"));
    assert_eq!((told.code, told.err.as_str()), (1, "gomark: there is no company initech\n"));
    let there = fs::read_dir(ledger.path("")).unwrap();
    let there: Vec<_> = there.map(|entry| entry.unwrap().file_name()).collect();
    assert!(!there.iter().any(|name| name.to_string_lossy().starts_with(".tmp")), "{there:?}");
}

#[tokio::test]
async fn a_log_made_anew_with_its_head_is_found_by_a_witness() {
    let ledger = Ledger::of(&[("acme", 3)]).await;
    let told = ledger.verify(&ledger.database(), &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    let witness = json["companies"][0]["witness"].as_str().unwrap();
    assert_eq!(ledger.verify(&ledger.database(), &["--witness", witness]).code, 0);

    let mut database = ledger.connect().await;
    sqlx::raw_sql("DELETE FROM revisions; DELETE FROM companies")
        .execute(&mut database)
        .await
        .unwrap();
    let gone = ledger.verify(&ledger.database(), &["--witness", witness]);
    assert_eq!(gone.code, 3, "{gone:?}");
    for _ in 0..4 {
        append(&mut database, "acme", "eve").await;
    }
    assert_eq!(ledger.verify(&ledger.database(), &[]).code, 0);
    let told = ledger.verify(&ledger.database(), &["--witness", witness]);
    assert_eq!(told.code, 3, "{told:?}");
    assert!(told.out.contains("revision 3: the entry does not have the hash of the witness"));
}

#[tokio::test]
async fn what_cannot_be_read_fails_and_is_not_called_broken() {
    let ledger = Ledger::of(TWO).await;
    let text = ledger.path("notes.txt");
    fs::write(&text, "notes").unwrap();
    let empty = ledger.path("empty.db");
    fs::write(&empty, "").unwrap();
    for (file, said) in [
        (ledger.path("no-such-file"), "cannot be read"),
        (text, "is neither a SQLite database nor an audit export"),
        (empty, "is neither"),
        (ledger.path(""), "cannot be read"),
    ] {
        let told = ledger.verify(&file, &[]);
        assert_eq!(told.code, 1, "{told:?}");
        assert!(told.err.contains(said), "{told:?}");
    }
    let told = ledger.verify(&ledger.database(), &["--company", "initech"]);
    assert_eq!((told.code, told.err.as_str()), (1, "gomark: there is no company initech\n"));
}

#[tokio::test]
async fn wrong_flags_are_told_apart_from_failures() {
    let ledger = Ledger::of(TWO).await;
    for flags in [["--company", "Acme"], ["--witness", "acme"], ["--colour", "red"]] {
        let told = ledger.verify(&ledger.database(), &flags);
        assert_eq!(told.code, 2, "{told:?}");
    }
    assert_eq!(gomark(["audit", "verify"].map(Path::new)).code, 2);
}
