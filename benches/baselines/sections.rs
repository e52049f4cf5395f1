//! Reads and writes beside their baselines.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::bytes::Bytes;
use gomark::bench::{
    Arm, Caller, Companies, Compared, Interval, LoadArm, Target, Workload, compare, field, median,
};
use gomark::supervisor::Supervisor;
use gomark_sdk::v1::{AddFieldRequest, GetConfigRequest};
use prost::Message as _;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::arms::{Callers, Gomark, PLAN};
use crate::bytes::{BytesCaller, channels};
use crate::pgbench::PgBench;
use crate::process::Server;
use crate::schema::Schema;
use crate::{Args, Outcome, etcd};

pub(crate) const GET_CONFIG: &str = "/gomark.v1.ConfigService/GetConfig";
/// Companies that are read, and fields of each: answers of about 2,000 bytes.
const READ: (u64, u64) = (50, 18);
/// Companies that are written to at a time.
const WRITTEN: (u64, u64) = (50, 0);
/// How long every arm is warmed up.
const WARM_UP: Duration = Duration::from_secs(1);

/// What every section needs.
pub(crate) struct House {
    pub(crate) args: Args,
    pub(crate) supervisor: Supervisor,
    pub(crate) stop: CancellationToken,
    /// The ratios of calls each second that were found, as lines of a table.
    pub(crate) ratios: Mutex<Vec<String>>,
}

impl House {
    /// Returns how to reach a GoMark.
    pub(crate) fn target(&self, server: &Server, clients: usize) -> Target {
        Target {
            endpoint: server.endpoint(),
            token: None,
            connections: clients.min(self.args.connections),
            timeout: PLAN.timeout,
        }
    }

    /// Compares arms after a warm-up.
    pub(crate) async fn compare(&self, arms: &mut [Box<dyn Arm>]) -> Outcome<Compared> {
        for arm in arms.iter_mut() {
            arm.block(WARM_UP, &self.stop).await?;
        }
        let (pairs, block) = (self.args.pairs, self.args.block);
        Ok(compare(arms, pairs, block, &self.stop, |_, _| {}).await?)
    }

    /// An arm of clients that do not change.
    pub(crate) fn callers(
        &self,
        name: impl Into<String>,
        callers: Vec<Box<dyn Caller>>,
        server: &Server,
    ) -> Box<dyn Arm> {
        let (supervisor, process) = (self.supervisor.clone(), server.process());
        Box::new(Callers { name: name.into(), callers, supervisor, process })
    }

    /// Starts a GoMark on each database that there is, with the name of its arm.
    async fn gomarks(&self, folder: &Path) -> Outcome<Vec<(&'static str, Server)>> {
        let mut gomarks = vec![("gomark, SQLite", Server::gomark(folder).await?)];
        if let Some(url) = &self.args.postgres {
            static NUMBER: AtomicU64 = AtomicU64::new(0);
            let of = format!("gomark_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
            let schema = Schema::make(url, &of).await?;
            gomarks.push(("gomark, Postgres", Server::gomark_on(schema, &[], folder).await?));
        }
        Ok(gomarks)
    }

    /// Starts a GoMark for each level below memory: they keep nothing there.
    async fn levels(&self, folder: &Path) -> Outcome<Vec<(&'static str, Server)>> {
        let Some(url) = &self.args.postgres else { return Ok(Vec::new()) };
        let nothing_kept = ("GOMARK_CACHE_MIB", "0");
        let mut levels = Vec::new();
        if let Some(redis) = &self.args.redis {
            let schema = Schema::make(url, "from_redis").await?;
            let settings = [nothing_kept, ("REDIS_URL", redis)];
            let gomark = Server::gomark_on(schema, &settings, folder).await?;
            levels.push(("gomark, from Redis", gomark));
        }
        let schema = Schema::make(url, "from_postgres").await?;
        let gomark = Server::gomark_on(schema, &[nothing_kept], folder).await?;
        levels.push(("gomark, from Postgres", gomark));
        Ok(levels)
    }

    /// GetConfig beside a bare server that answers the same bytes.
    pub(crate) async fn read(&self) -> Outcome<Value> {
        let folder = tempfile::tempdir()?;
        let mut gomarks = self.gomarks(folder.path()).await?;
        gomarks.extend(self.levels(folder.path()).await?);
        let mut read = Vec::new();
        for (name, gomark) in &gomarks {
            let clients = self.target(gomark, 8).connect().await?;
            let companies = Companies::register(&clients, READ.0, READ.1, &self.stop).await?;
            read.push((*name, gomark, Arc::new(companies)));
        }
        let (_, gomark, companies) = &read[0];
        let first = channels(&gomark.endpoint(), 1).await?;
        let answer = reader(&first[0], companies).ask().await?;
        let echo = Server::echo(&answer).await?;
        // What is asked for does not matter to it.
        read.push(("echo", &echo, companies.clone()));
        println!(
            "\n## GetConfig ({} bytes) beside a bare gRPC echo of the same bytes\n",
            answer.len()
        );
        header();
        let mut found = Vec::new();
        for clients in &self.args.clients {
            let mut arms = Vec::new();
            for (name, server, companies) in &read {
                let connections = (*clients).min(self.args.connections);
                let channels = channels(&server.endpoint(), connections).await?;
                let caller = |number: usize| {
                    let channel = &channels[number % channels.len()];
                    Box::new(reader(channel, companies)) as Box<dyn Caller>
                };
                arms.push(self.callers(*name, (0..*clients).map(caller).collect(), server));
            }
            let compared = self.compare(&mut arms).await?;
            found.push(self.show("GetConfig", *clients, &compared, gomarks.len()));
        }
        echo.end().await?;
        end(gomarks).await?;
        Ok(found.into())
    }

    /// AddField beside a put of etcd and one statement of Postgres.
    pub(crate) async fn write(&self) -> Outcome<Value> {
        let value = request_bytes();
        println!("\n## AddField ({} bytes), on the disk, beside etcd and Postgres\n", value.len());
        header();
        let mut found = Vec::new();
        for clients in &self.args.clients {
            // Fresh data each time, so that all begin with little.
            let folder = tempfile::tempdir()?;
            let gomarks = self.gomarks(folder.path()).await?;
            let mut arms: Vec<Box<dyn Arm>> = Vec::new();
            for (name, gomark) in &gomarks {
                arms.push(self.writer(name, gomark, *clients).await?);
            }
            let etcd = match Server::etcd(&self.args.etcd, folder.path()).await {
                Ok(etcd) => {
                    let connections = (*clients).min(self.args.connections);
                    let channels = channels(&etcd.endpoint(), connections).await?;
                    let callers = etcd::callers(&channels, *clients, &value);
                    arms.push(self.callers("etcd", callers, &etcd));
                    Some(etcd)
                }
                Err(error) => {
                    eprintln!("bench: no etcd to compare with: {error}");
                    None
                }
            };
            if let Some(url) = &self.args.postgres {
                arms.push(Box::new(PgBench::prepare(url, *clients).await?));
            }
            let compared = self.compare(&mut arms).await?;
            found.push(self.show("AddField", *clients, &compared, gomarks.len()));
            drop(arms);
            end(gomarks).await?;
            if let Some(etcd) = etcd {
                etcd.end().await?;
            }
        }
        Ok(found.into())
    }

    async fn writer(&self, name: &str, gomark: &Server, clients: usize) -> Outcome<Box<dyn Arm>> {
        let target = self.target(gomark, clients);
        let arm = LoadArm::prepare(
            name.to_owned(),
            &target,
            clients,
            (Workload::AddField, 0),
            WRITTEN,
            PLAN,
            &self.supervisor,
            &self.stop,
        );
        Ok(Box::new(Gomark { arm: arm.await?, process: gomark.process() }))
    }

    /// Prints what each arm did, and the ratios of the first `own` ones to the others; returns all as
    /// JSON.
    pub(crate) fn show(
        &self,
        what: &str,
        clients: usize,
        compared: &Compared,
        own: usize,
    ) -> Value {
        for (arm, name) in compared.arms.iter().enumerate() {
            let of = || compared.blocks.iter().filter(move |block| block.arm == arm);
            let middle = |values: Vec<f64>| {
                median(values).map_or("-".to_owned(), |value| format!("{value:.0}"))
            };
            println!(
                "| {clients} | {name} | {} | {} | {} | {} | {} |",
                middle(of().map(|block| block.throughput_per_s).collect()),
                middle(of().filter_map(|block| block.p50_us).collect()),
                middle(of().filter_map(|block| block.p99_us).collect()),
                middle(of().filter_map(|block| block.server_cpu_us).collect()),
                of().map(|block| block.failed).sum::<u64>(),
            );
        }
        let bases = own..compared.arms.len();
        let ratios: Vec<_> = (0..own)
            .flat_map(|arm| bases.clone().map(move |base| compared.ratio(arm, base)))
            .collect();
        for ratio in &ratios {
            let name = format!("{} / {}", ratio.arm, ratio.base);
            let (throughput, p50) = (interval(ratio.throughput), interval(ratio.p50));
            let (p99, server_cpu) = (interval(ratio.p99), interval(ratio.server_cpu));
            println!(
                "| | **{name}** | {throughput} | {p50} | {p99} | {server_cpu} | {} pairs |",
                ratio.pairs
            );
            let line = format!("| {what} | {clients} | {name} | {throughput} | {server_cpu} |");
            self.ratios.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
        json!({
            "clients": clients,
            "arms": compared.arms,
            "ratios": ratios,
            "blocks": compared.blocks,
        })
    }

    /// Prints all ratios once more, in one table.
    pub(crate) fn summary(&self) {
        println!("\n## All ratios\n");
        println!(
            "| call | clients | | calls/s | server CPU/call |\n| --- | --- | --- | --- | --- |"
        );
        for line in self.ratios.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            println!("{line}");
        }
    }
}

async fn end(gomarks: Vec<(&'static str, Server)>) -> Outcome<()> {
    for (_, gomark) in gomarks {
        gomark.end().await?;
    }
    Ok(())
}

/// A client that reads one company after the other.
fn reader(
    channel: &Channel,
    companies: &Arc<Companies>,
) -> BytesCaller<impl FnMut() -> Bytes + Send + use<>> {
    let companies = companies.clone();
    let next = move || {
        let company_id = companies.next_read();
        GetConfigRequest { company_id, ..GetConfigRequest::default() }.encode_to_vec().into()
    };
    BytesCaller::new(channel.clone(), GET_CONFIG, "get_config", next)
}

/// A request as it is written, for others to store.
fn request_bytes() -> Vec<u8> {
    static NUMBER: AtomicU64 = AtomicU64::new(1_000);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    AddFieldRequest {
        company_id: "bench-0123456789ab-10".to_owned(),
        field: Some(field(number)),
        request_id: format!("bench-0123456789ab-{number}"),
        ..AddFieldRequest::default()
    }
    .encode_to_vec()
}

pub(crate) fn header() {
    println!("| clients | arm | calls/s | p50 µs | p99 µs | server CPU µs/call | failed |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
}

fn interval(interval: Option<Interval>) -> String {
    let Some(Interval { median, low, high }) = interval else { return "-".to_owned() };
    match low.zip(high) {
        Some((low, high)) => format!("{median:.2} [{low:.2}, {high:.2}]"),
        None => format!("{median:.2}"),
    }
}
