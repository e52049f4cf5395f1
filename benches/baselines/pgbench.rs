//! What Postgres makes of the same change, written as one statement: pgbench is the client.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use gomark::bench::{Arm, Block, Error};
use tempfile::TempDir;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::Outcome;

/// The tables that a change touches, without anything else; 50 companies.
const TABLES: &str = "\
CREATE TABLE company (id int PRIMARY KEY, revision bigint NOT NULL);
CREATE TABLE resource (company_id int, id bigint, spec bytea, PRIMARY KEY (company_id, id));
CREATE TABLE revision (company_id int, revision bigint, request_id text NOT NULL, record bytea,
    PRIMARY KEY (company_id, revision), UNIQUE (company_id, request_id));
CREATE TABLE job (company_id int, revision bigint, state int, PRIMARY KEY (company_id, revision));
INSERT INTO company SELECT id, 0 FROM generate_series(0, 49) AS id;";

/// One change: revision, resource, audit entry under its request id, job.
const CHANGE: &str = "\
\\set company random(0, 49)
WITH bumped AS (
    UPDATE company SET revision = revision + 1 WHERE id = :company RETURNING id, revision
), written AS (
    INSERT INTO resource SELECT id, revision, decode(repeat('00', 110), 'hex') FROM bumped
), logged AS (
    INSERT INTO revision SELECT id, revision, gen_random_uuid()::text,
        decode(repeat('00', 300), 'hex') FROM bumped
)
INSERT INTO job SELECT id, revision, 0 FROM bumped;
";

/// An arm that is a Postgres.
#[derive(Debug)]
pub(crate) struct PgBench {
    /// Where it is, as variables: other processes can read arguments.
    place: Vec<(&'static str, String)>,
    schema: String,
    script: PathBuf,
    clients: usize,
    _folder: TempDir,
}

impl PgBench {
    /// Makes a schema of its own.
    pub(crate) async fn prepare(url: &str, clients: usize) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let script = folder.path().join("change.sql");
        std::fs::write(&script, CHANGE)?;
        let schema = format!("gomark_bench_{}_{clients}", std::process::id());
        let arm = Self { place: place(url)?, schema, script, clients, _folder: folder };
        arm.psql(&format!("CREATE SCHEMA {}", arm.schema)).await?;
        arm.psql(TABLES).await?;
        Ok(arm)
    }

    async fn psql(&self, sql: &str) -> Outcome<()> {
        let mut command = Command::new("psql");
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        self.run(command).await.map(|_| ())
    }

    async fn run(&self, mut command: Command) -> Outcome<String> {
        command.envs(self.place.iter().map(|(name, value)| (name, value)));
        command.env("PGOPTIONS", format!("-c search_path={}", self.schema));
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
        }
    }

    async fn seconds(&self, length: Duration) -> Outcome<Block> {
        let seconds = length.as_secs().max(1).to_string();
        let (clients, threads) = (self.clients.to_string(), self.clients.min(2).to_string());
        let mut command = Command::new("pgbench");
        command.args(["-n", "-M", "prepared", "-c", &clients, "-j", &threads, "-T", &seconds]);
        command.arg("-f").arg(&self.script);
        let said = self.run(command).await?;
        let number = |label: &str| -> Option<f64> {
            let line = said.lines().find_map(|line| line.trim().strip_prefix(label))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let per_second = number("tps = ").ok_or("pgbench tells no rate")?;
        let transactions = "number of transactions actually processed: ";
        Ok(Block {
            arm: 0,
            pair: 0,
            elapsed: length.as_secs_f64(),
            throughput_per_s: per_second,
            p50_us: None,
            p99_us: None,
            server_cpu_us: None,
            succeeded: number(transactions).unwrap_or_default() as u64,
            failed: 0,
        })
    }
}

#[async_trait]
impl Arm for PgBench {
    fn name(&self) -> &str {
        "postgres"
    }

    async fn block(&mut self, length: Duration, _: &CancellationToken) -> Result<Block, Error> {
        let measured = self.seconds(length).await;
        measured.map_err(|source| Error::Arm { name: "pgbench".to_owned(), source })
    }
}

impl Drop for PgBench {
    fn drop(&mut self) {
        let sql = format!(
            "SET client_min_messages = error; DROP SCHEMA IF EXISTS {} CASCADE",
            self.schema
        );
        let dropped = std::process::Command::new("psql")
            .args(["-X", "-q", "-c", &sql])
            .envs(self.place.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .status();
        if !dropped.is_ok_and(|status| status.success()) {
            eprintln!("bench: the schema {} could not be dropped", self.schema);
        }
    }
}

/// Reads a URL as the variables that Postgres's programs take.
fn place(url: &str) -> Outcome<Vec<(&'static str, String)>> {
    let url = url::Url::parse(url).map_err(|error| format!("the Postgres URL: {error}"))?;
    let mut place = vec![("PGDATABASE", percent_decoded(url.path().trim_start_matches('/')))];
    place.push(("PGHOST", url.host_str().unwrap_or("127.0.0.1").to_owned()));
    place.push(("PGPORT", url.port().unwrap_or(5_432).to_string()));
    place.push(("PGUSER", percent_decoded(url.username())));
    place.extend(url.password().map(|password| ("PGPASSWORD", percent_decoded(password))));
    let ssl = url.query_pairs().find(|(name, _)| name == "sslmode");
    place.extend(ssl.map(|(_, mode)| ("PGSSLMODE", mode.into_owned())));
    place.retain(|(_, value)| !value.is_empty());
    Ok(place)
}

fn percent_decoded(text: &str) -> String {
    // As the name in a query, whose own signs are kept from being read as such.
    let escaped = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let pairs = url::form_urlencoded::parse(escaped.as_bytes());
    pairs.map(|(name, _)| name.into_owned()).next().unwrap_or_default()
}
