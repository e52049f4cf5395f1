//! The project's own measurements: GoMark beside what bounds it, on the same machine, in turn.
//!
//! Run by `scripts/bench`; `docs/benchmarks.md` says what each number means. Everything runs on
//! loopback, in processes and temporary folders of its own.

mod arms;
mod bytes;
mod echo;
mod etcd;
mod history;
mod machine;
mod pgbench;
mod process;
mod schema;
mod sections;
mod startup;

use std::error::Error as StdError;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use clap::Parser as _;
use gomark::config::parse_duration;
use gomark::supervisor::Supervisor;
use serde_json::json;
use tokio_util::sync::CancellationToken;

type Outcome<T> = Result<T, Box<dyn StdError + Send + Sync>>;

/// Measures GoMark beside its baselines.
#[derive(Clone, Debug, clap::Parser)]
struct Args {
    /// Pairs of neighbouring blocks for each ratio
    #[arg(long, default_value_t = 8)]
    pairs: usize,
    /// How long a block is; pgbench takes whole seconds
    #[arg(long, default_value = "2s", value_parser = parse_duration)]
    block: Duration,
    /// Clients to measure with, each with one call under way
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 64])]
    clients: Vec<usize>,
    /// Connections at most; there are never more than clients
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// What to measure
    #[arg(long, value_enum, value_delimiter = ',',
        default_values_t = [Section::Start, Section::Read, Section::Write, Section::History])]
    sections: Vec<Section>,
    /// Revisions of the companies whose history is read
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    revisions: Vec<i64>,
    /// The etcd to compare writes with; left out if there is none
    #[arg(long, default_value = "etcd")]
    etcd: PathBuf,
    /// A Postgres for a second GoMark, and for pgbench, in schemas that are dropped afterwards
    #[arg(long, env = "GOMARK_TEST_POSTGRES_URL", hide_env_values = true)]
    postgres: Option<String>,
    /// A Redis for the level between memory and Postgres; keys go to its namespace of a schema
    #[arg(long, env = "GOMARK_TEST_REDIS_URL", hide_env_values = true)]
    redis: Option<String>,
    /// File for all numbers, as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Serve as the bare echo on this port, with the answer from standard input
    #[arg(long, hide = true)]
    echo: Option<u16>,
    /// `cargo bench` says it; without it, as in `cargo test --all-targets`, nothing is measured
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Section {
    /// From exec to the first answer, and memory when idle
    Start,
    /// GetConfig beside a bare gRPC server that answers the same bytes
    Read,
    /// AddField beside etcd and Postgres
    Write,
    /// ListAudit and GetConfig of companies with a long history
    History,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let supervisor = Supervisor::new();
    let ended = match args.echo {
        Some(port) => echo::serve(port).await,
        None if args.bench => measure(&args, &supervisor).await,
        None => Ok(()),
    };
    supervisor.shutdown(Duration::from_secs(2)).await;
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            let mut source = error.source();
            while let Some(error) = source {
                eprintln!("  {error}");
                source = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn measure(args: &Args, supervisor: &Supervisor) -> Outcome<()> {
    let stop = CancellationToken::new();
    let asked_to_end = gomark::app::end_signal()?;
    let stopper = stop.clone();
    let stopping = supervisor.stopping();
    supervisor.spawn("signals", async move {
        tokio::select! {
            () = asked_to_end => stopper.cancel(),
            () = stopping.cancelled() => {}
        }
    });
    let house = sections::House {
        args: args.clone(),
        supervisor: supervisor.clone(),
        stop,
        ratios: Mutex::default(),
    };
    let mut results = serde_json::Map::new();
    results.insert("machine".to_owned(), machine::describe()?);
    for section in &args.sections {
        let (name, found) = match section {
            Section::Start => ("start", startup::measure(&house).await?),
            Section::Read => ("read", house.read().await?),
            Section::Write => ("write", house.write().await?),
            Section::History => ("history", history::measure(&house).await?),
        };
        let load = machine::load();
        println!("\n(load {load} at the end of this section)");
        results.insert(name.to_owned(), json!({ "load_at_end": load, "found": found }));
        if let Some(path) = &args.json {
            std::fs::write(path, serde_json::to_vec_pretty(&results)?)?;
        }
        if house.stop.is_cancelled() {
            return Err("it was interrupted".into());
        }
    }
    house.summary();
    Ok(())
}
