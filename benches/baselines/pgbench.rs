//! What Postgres makes of the same change, written as one statement: pgbench is the client.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use gomark::bench::{Arm, Block, Error};
use tempfile::TempDir;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::Outcome;
use crate::schema::Schema;

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
    schema: Schema,
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
        let schema = Schema::make(url, &format!("pgbench_{clients}")).await?;
        schema.psql(TABLES).await?;
        Ok(Self { schema, script, clients, _folder: folder })
    }

    async fn seconds(&self, length: Duration) -> Outcome<Block> {
        let seconds = length.as_secs().max(1).to_string();
        let (clients, threads) = (self.clients.to_string(), self.clients.min(2).to_string());
        let mut command = Command::new("pgbench");
        command.args(["-n", "-M", "prepared", "-c", &clients, "-j", &threads, "-T", &seconds]);
        command.arg("-f").arg(&self.script);
        let said = self.schema.run(command).await?;
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
        "pgbench"
    }

    async fn block(&mut self, length: Duration, _: &CancellationToken) -> Result<Block, Error> {
        let measured = self.seconds(length).await;
        measured.map_err(|source| Error::Arm { name: "pgbench".to_owned(), source })
    }
}
