//! Measures how many jobs GoMark's executor carries out each second, beside a job queue on the same
//! Postgres that makes the same calls of the same stand-in: docs/benchmarks.md says how to read it.
//!
//! Started by scripts/bench-jobs. Each block has a schema and portals of its own; all work is
//! accepted first, and then the process that carries it out is started and measured.

mod database;
mod gomark;
mod measure;
mod process;
mod queue;
mod standin;
mod table;
mod work;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::database::Database;
use crate::gomark::Gomark;
use crate::measure::{Bench, Measured, measure};
use crate::queue::Queue;
use crate::standin::StandIn;
use crate::table::Table;
use crate::work::{Kind, Work};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures GoMark's executor beside a job queue on Postgres.
#[derive(Debug, Parser)]
struct Args {
    /// The program `gomark`, built with optimisation
    #[arg(long, value_name = "FILE", default_value = "target/release/gomark")]
    gomark: PathBuf,

    /// A database in which schemas may be made (and are dropped)
    #[arg(long, env = "GOMARK_TEST_POSTGRES_URL", value_name = "URL", hide_env_values = true)]
    postgres: String,

    /// How many companies there are, each with a portal
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    companies: usize,

    /// How many fields each of them gets
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    fields: usize,

    /// How many companies there are where each gets one field
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    singles: usize,

    /// How often everything is measured, each time there and back
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    rounds: usize,

    /// How long the stand-in takes for a call, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 5)]
    latency_ms: u64,

    /// How many jobs the queue's worker has under way at most; GoMark: six calls for each company
    #[arg(long, value_name = "NUMBER", default_value_t = 120)]
    concurrency: usize,
}

/// Who carries the work out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Gomark,
    /// Each job is taken, and noted as done, by itself.
    Queue,
    /// The queue with its settings for throughput: jobs are taken and noted many at a time.
    QueueInBulk,
}

impl Who {
    /// One way there; the way back is the other half of a round.
    const ALL: [Self; 3] = [Self::Gomark, Self::Queue, Self::QueueInBulk];

    fn name(self) -> &'static str {
        match self {
            Self::Gomark => "GoMark",
            Self::Queue => "graphile_worker",
            Self::QueueInBulk => "graphile_worker in bulk",
        }
    }
}

fn main() -> ExitCode {
    let done = match worker::Settings::given() {
        Some(settings) => run(settings.work()),
        None => run(bench(Args::parse())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-jobs: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(what: impl Future<Output = Outcome<()>>) -> Outcome<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(what)
}

async fn bench(args: Args) -> Outcome<()> {
    let many = Work { companies: args.companies, fields: args.fields };
    let single = Work { companies: args.singles, fields: 1 };
    println!("{} cores, load {} at the beginning", process::cores()?, process::load());
    let bench = Bench {
        database: Database::connect(&args.postgres).await?,
        stand_in: StandIn::start(&args.gomark, args.latency_ms).await?,
        gomark: args.gomark,
        concurrency: args.concurrency,
    };
    let mut table = Table::default();
    let mut block = 0;
    for round in 0..args.rounds {
        for who in Who::ALL.into_iter().chain(Who::ALL.into_iter().rev()) {
            for work in [many, single] {
                block += 1;
                let measured = one_block(&bench, who, work, block).await?;
                for (kind, measured) in measured {
                    eprintln!("round {}: {work} {kind}, {}: {measured}", round + 1, who.name());
                    table.add(format!("{kind}, {work}"), who, measured);
                }
            }
        }
    }
    table.print();
    println!("load {} at the end", process::load());
    bench.stand_in.end().await
}

/// Measures creates, and then changes of what was created, where a company has several fields.
async fn one_block(
    bench: &Bench,
    who: Who,
    work: Work,
    block: usize,
) -> Outcome<Vec<(Kind, Measured)>> {
    let kinds: &[Kind] =
        if work.fields > 1 { &[Kind::Create, Kind::Change] } else { &[Kind::Create] };
    let portals = work.portals(block);
    let schema = bench.database.schema(block).await?;
    let mut all = Vec::new();
    if who == Who::Gomark {
        let arm = Gomark::start(bench, &schema, &portals).await?;
        for kind in kinds {
            all.push((*kind, measure(bench, &arm, &portals, *kind).await?));
        }
        arm.end().await?;
    } else {
        let arm = Queue::start(bench, &schema, who == Who::QueueInBulk).await?;
        for kind in kinds {
            all.push((*kind, measure(bench, &arm, &portals, *kind).await?));
        }
    }
    schema.drop().await?;
    Ok(all)
}
