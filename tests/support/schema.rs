//! A schema of one test, in the database that GOMARK_TEST_POSTGRES_URL names.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, raw_sql};

const SERVER: &str = "GOMARK_TEST_POSTGRES_URL";

/// A schema of its own. It is dropped with this, unless the test fails.
pub(crate) struct Schema {
    pub(crate) server: String,
    pub(crate) name: String,
}

impl Schema {
    /// Makes one; `None` where no server is to be had.
    pub(crate) async fn make() -> Option<Self> {
        let Ok(server) = std::env::var(SERVER) else {
            assert!(std::env::var_os("CI").is_none(), "{SERVER} must be set in CI");
            eprintln!("SKIPPED: nothing was tried on Postgres, {SERVER} is not set");
            return None;
        };
        Some(Self::make_at(server).await)
    }

    /// Makes one at a server of the test's own.
    pub(crate) async fn make_at(server: String) -> Self {
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let schema = Self { server, name };
        execute(&schema.server, &format!("CREATE SCHEMA {}", schema.name)).await.unwrap();
        schema
    }

    /// The URL that leads to it. Sessions show its name.
    pub(crate) fn url(&self) -> String {
        self.url_by(&self.server)
    }

    /// Runs statements in it, in a session of their own.
    pub(crate) async fn execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        execute(&self.url(), sql).await
    }

    /// The URL that leads to it by another way to the server.
    pub(crate) fn url_by(&self, server: &str) -> String {
        let (name, more) = (&self.name, if server.contains('?') { '&' } else { '?' });
        format!("{server}{more}options[search_path]={name}&application_name={name}")
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the schema {} is left there", self.name);
            return;
        }
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let sql = format!("SET lock_timeout = '10s'; DROP SCHEMA {name} CASCADE");
            runtime.unwrap().block_on(execute(&server, &sql))
        });
        if let Err(error) = dropped.join().unwrap() {
            eprintln!("the schema {} is left there: {error}", self.name);
        }
    }
}

/// Runs statements in a session of their own.
async fn execute(server: &str, sql: &str) -> Result<(), sqlx::Error> {
    let mut session = PgConnection::connect(server).await?;
    raw_sql(AssertSqlSafe(sql)).execute(&mut session).await?;
    session.close().await
}
