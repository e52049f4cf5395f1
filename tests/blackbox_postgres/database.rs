//! The database of a test: a schema in Postgres, or a file of SQLite where no server is to be had.

use gomark::config::Database;
use gomark::store::postgres::PostgresUrl;

use crate::file;
use crate::schema::Schema;

/// A database of its own; it is gone with this.
pub(crate) enum Fresh {
    Schema(Schema),
    File(file::Fresh),
}

impl Fresh {
    pub(crate) async fn make() -> Self {
        match Schema::make().await {
            Some(schema) => Self::Schema(schema),
            None => Self::File(file::Fresh::make().await),
        }
    }

    pub(crate) fn database(&self) -> Database {
        match self {
            Self::Schema(schema) => Database::Postgres(PostgresUrl::parse(&schema.url()).unwrap()),
            Self::File(file) => file.database(),
        }
    }

    /// Runs a statement behind the service's back.
    pub(crate) async fn execute(&self, sql: &'static str) {
        match self {
            Self::Schema(schema) => schema.execute(sql).await.unwrap(),
            Self::File(file) => file.execute(sql).await,
        }
    }
}
