//! The Postgres that everybody works on.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgPool, PgPoolOptions};

use crate::Outcome;
use crate::process;

/// A connection for looking on.
#[derive(Debug)]
pub(crate) struct Database {
    url: String,
    pool: PgPool,
}

impl Database {
    pub(crate) async fn connect(url: &str) -> Outcome<Self> {
        let pool = PgPoolOptions::new()
            .min_connections(1)
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(30))
            .connect(url)
            .await?;
        Ok(Self { url: url.to_owned(), pool })
    }

    /// Makes a schema.
    pub(crate) async fn schema(&self, block: usize) -> Outcome<Schema> {
        let name = format!("gomark_bench_jobs_{}_{block}", std::process::id());
        let schema = Schema { name, url: self.url.clone(), pool: self.pool.clone() };
        schema.run("CREATE SCHEMA").await?;
        Ok(schema)
    }

    /// Returns the time of this machine, in seconds.
    pub(crate) async fn now_s(&self) -> Outcome<f64> {
        self.seconds("now").await
    }

    /// Reads a time that another program on this machine wrote down, in the same way.
    pub(crate) async fn seconds(&self, text: &str) -> Outcome<f64> {
        let sql = "SELECT extract(epoch FROM CASE $1 WHEN 'now' THEN clock_timestamp() \
                   ELSE $1::timestamptz END)::float8";
        Ok(sqlx::query_scalar(sql).bind(text).fetch_one(&self.pool).await?)
    }

    /// Returns the processor time that the server has used, all its processes together, in
    /// seconds.
    pub(crate) async fn cpu_s(&self) -> Outcome<f64> {
        let backend: i32 =
            sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&self.pool).await?;
        let Some(ours) = u32::try_from(backend).ok().and_then(process::stat) else {
            return Ok(0.0);
        };
        let stats = process::all().into_iter().filter_map(|id| Some((id, process::stat(id)?)));
        let times = stats.map(|(id, stat)| match id == ours.parent {
            true => stat.own_s + stat.children_s,
            false if stat.parent == ours.parent => stat.own_s,
            false => 0.0,
        });
        Ok(times.sum())
    }
}

/// A schema of one block.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) name: String,
    url: String,
    pool: PgPool,
}

impl Schema {
    /// Returns the URL of the database.
    pub(crate) fn database_url(&self) -> &str {
        &self.url
    }

    /// Returns the URL that leads into the schema.
    pub(crate) fn url(&self) -> String {
        let more = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{more}options[search_path]={}", self.url, self.name)
    }

    /// Counts the rows of a table of it.
    pub(crate) async fn count(&self, rest: &str) -> Outcome<i64> {
        let sql = format!("SELECT count(*) FROM {}.{rest}", self.name);
        Ok(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&self.pool).await?)
    }

    pub(crate) async fn drop(self) -> Outcome<()> {
        self.run("SET client_min_messages = error; DROP SCHEMA IF EXISTS").await
    }

    async fn run(&self, what: &str) -> Outcome<()> {
        let cascade = if what.contains("DROP") { " CASCADE" } else { "" };
        let sql = format!("{what} {}{cascade}", self.name);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&self.pool).await?;
        Ok(())
    }
}
