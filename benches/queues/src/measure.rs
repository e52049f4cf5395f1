//! One measurement: everything is accepted, then a process carries it out.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::database::Database;
use crate::process::Process;
use crate::standin::StandIn;
use crate::work::{Kind, Portal};

/// How long carrying out may take.
const BOUND: Duration = Duration::from_secs(300);
/// How often is looked whether it is done: that bounds how exact the result is.
const LOOK: Duration = Duration::from_millis(10);

/// What all measurements share.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) database: Database,
    pub(crate) stand_in: StandIn,
    pub(crate) gomark: PathBuf,
    pub(crate) concurrency: usize,
}

/// Somebody who carries work out.
pub(crate) trait Arm {
    /// Takes all work in, and begins none.
    fn accept(&self, portals: &[Portal], kind: Kind) -> impl Future<Output = Outcome<()>>;

    /// Starts the process that carries it out.
    fn start_work(&self) -> Outcome<Process>;

    /// Counts the jobs that have not ended, by its own records.
    fn left(&self) -> impl Future<Output = Outcome<i64>>;
}

/// What one measurement found.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) jobs: usize,
    /// From the first call that reached the stand-in until the last job had ended.
    pub(crate) took_s: f64,
    /// From the start of the process until that first call.
    pub(crate) start_s: f64,
    /// The calls that the stand-in saw, by what they were.
    pub(crate) calls: BTreeMap<String, usize>,
    /// Processor time of the process, start included.
    pub(crate) cpu_s: f64,
    /// Processor time of Postgres meanwhile.
    pub(crate) postgres_cpu_s: f64,
}

impl Measured {
    pub(crate) fn jobs_per_s(&self) -> f64 {
        self.jobs as f64 / self.took_s
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rate, took_s, start_s) = (self.jobs_per_s(), self.took_s, self.start_s);
        write!(f, "{rate:.0} jobs/s ({took_s:.2} s after {start_s:.2} s) {:?}", self.calls)
    }
}

/// Measures one kind of work.
pub(crate) async fn measure(
    bench: &Bench,
    arm: &impl Arm,
    portals: &[Portal],
    kind: Kind,
) -> Outcome<Measured> {
    let jobs = portals.iter().map(|portal| portal.fields).sum();
    arm.accept(portals, kind).await?;
    let accepted = arm.left().await?;
    if usize::try_from(accepted)? != jobs {
        return Err(format!("{accepted} jobs were accepted, and not {jobs}").into());
    }
    let calls_before = bench.stand_in.calls().await?;
    let postgres_before = bench.database.cpu_s().await?;
    // One clock for all: what this process noticed late would count for whoever is fast.
    let started_s = bench.database.now_s().await?;
    let since = Instant::now();
    let mut process = arm.start_work()?;
    while arm.left().await? > 0 {
        goes_on(&mut process, since)?;
        tokio::time::sleep(LOOK).await;
    }
    let ended_s = bench.database.now_s().await?;
    let cpu_s = process.cpu_s();
    let postgres_cpu_s = bench.database.cpu_s().await? - postgres_before;
    process.end().await?;
    let (calls, first_at) = bench.stand_in.calls_after(calls_before).await?;
    bench.stand_in.holds(portals, kind).await?;
    let first_s = bench.database.seconds(&first_at).await?;
    let (took_s, start_s) = (ended_s - first_s, first_s - started_s);
    if took_s <= 0.0 || start_s <= 0.0 {
        return Err(format!("the clocks disagree: start {start_s} s, work {took_s} s").into());
    }
    Ok(Measured { jobs, took_s, start_s, calls, cpu_s, postgres_cpu_s })
}

fn goes_on(process: &mut Process, since: Instant) -> Outcome<()> {
    process.runs()?;
    match since.elapsed() < BOUND {
        true => Ok(()),
        false => Err("carrying out takes too long".into()),
    }
}
