//! The database of a test: a file of SQLite.

use std::path::PathBuf;

use gomark::config::Database;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;

/// A database of its own; it is gone with this.
pub(crate) struct Fresh {
    folder: TempDir,
}

impl Fresh {
    pub(crate) async fn make() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn database(&self) -> Database {
        Database::Sqlite(self.file())
    }

    /// Runs a statement behind the service's back.
    pub(crate) async fn execute(&self, sql: &'static str) {
        let options = SqliteConnectOptions::new().filename(self.file());
        let mut database = options.connect().await.unwrap();
        sqlx::query(sql).execute(&mut database).await.unwrap();
        database.close().await.unwrap();
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("gomark.db")
    }
}
