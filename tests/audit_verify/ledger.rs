//! A database with audit logs, as the service leaves it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gomark_sdk::v1 as pb;
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;

pub(crate) struct Ledger {
    folder: TempDir,
}

impl Ledger {
    /// Makes a log for each company, of so many entries.
    pub(crate) async fn of(companies: &[(&str, i64)]) -> Self {
        let ledger = Self { folder: tempfile::tempdir().unwrap() };
        let mut database = ledger.connect().await;
        sqlx::migrate!("migrations/sqlite").run(&mut database).await.unwrap();
        // Whoever can write the file can do this.
        sqlx::raw_sql(
            "DROP TRIGGER revisions_are_not_changed; DROP TRIGGER revisions_are_not_deleted",
        )
        .execute(&mut database)
        .await
        .unwrap();
        for (company_id, length) in companies {
            for _ in 0..*length {
                append(&mut database, company_id, "ops").await;
            }
        }
        database.close().await.unwrap();
        ledger
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path("gomark.db")
    }

    /// Opens the database as the service does, to write.
    pub(crate) async fn connect(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new()
            .filename(self.database())
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        options.connect().await.unwrap()
    }

    /// Does something to the database behind the service's back.
    pub(crate) async fn tamper(&self, sql: &'static str) {
        let mut database = self.connect().await;
        let done = sqlx::raw_sql(sql).execute(&mut database).await.unwrap();
        assert!(done.rows_affected() > 0, "{sql}");
        database.close().await.unwrap();
    }

    pub(crate) fn verify(&self, file: &Path, flags: &[&str]) -> Told {
        gomark(["audit", "verify"].iter().chain(flags).map(AsRef::as_ref).chain([file]))
    }

    pub(crate) fn export(&self, company_id: &str, to: &Path) -> Told {
        let database = self.database();
        let words = ["audit".as_ref(), "export".as_ref(), "--database".as_ref(), &*database];
        let rest = ["--company".as_ref(), company_id.as_ref(), "--output".as_ref(), to];
        gomark(words.into_iter().chain(rest))
    }
}

/// Adds an entry, as a commit does.
pub(crate) async fn append(database: &mut SqliteConnection, company_id: &str, actor: &str) {
    let head: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT revision, head_hash FROM companies WHERE company_id = ?")
            .bind(company_id)
            .fetch_optional(&mut *database)
            .await
            .unwrap();
    let (revision, prev_hash) = head.unwrap_or_else(|| (0, vec![0; 32]));
    let record = pb::AuditEntry {
        format: 1,
        company_id: company_id.to_owned(),
        revision: revision + 1,
        action: pb::AuditAction::UpdateCompany as i32,
        actor: actor.to_owned(),
        door: "grpc".to_owned(),
        at: Some(prost_types::Timestamp { seconds: revision, nanos: 0 }),
        prev_hash: prev_hash.clone(),
        ..Default::default()
    }
    .encode_to_vec();
    let hash = Sha256::digest(&record).to_vec();
    sqlx::query(
        "INSERT INTO revisions \
         (company_id, revision, action, fingerprint, record, prev_hash, hash, at) \
         VALUES (?, ?, 'update_company', zeroblob(32), ?, ?, ?, 0)",
    )
    .bind(company_id)
    .bind(revision + 1)
    .bind(record)
    .bind(prev_hash)
    .bind(&hash)
    .execute(&mut *database)
    .await
    .unwrap();
    let company = "INSERT OR REPLACE INTO companies (company_id, display_name, revision, \
             head_hash, field_count, field_bytes, created_at) \
         VALUES (?, ?, ?, ?, 0, 0, 0)";
    sqlx::query(company)
        .bind(company_id)
        .bind(company_id)
        .bind(revision + 1)
        .bind(&hash)
        .execute(&mut *database)
        .await
        .unwrap();
}

/// What the program said.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the program without the environment of whoever runs the tests.
pub(crate) fn gomark<'a>(words: impl IntoIterator<Item = &'a Path>) -> Told {
    gomark_with(&[], words)
}

/// Runs the program in an environment of these variables alone.
pub(crate) fn gomark_with<'a>(
    environment: &[(&str, &str)],
    words: impl IntoIterator<Item = &'a Path>,
) -> Told {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gomark"));
    command.env_clear().envs(environment.iter().copied()).args(words);
    let Output { status, stdout, stderr } = command.output().unwrap();
    Told {
        code: status.code().unwrap(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}
