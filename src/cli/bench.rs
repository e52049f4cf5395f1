//! `gomark bench`: measures a running service.

mod progress;
mod settings;
mod show;

use std::io::{ErrorKind, Write as _};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use self::progress::Bar;
use self::settings::Checked;
pub use self::settings::{CompareArgs, LoadArgs, RunArgs};
use super::Exit;
use crate::app;
use crate::bench::{
    Arm, Caller, Companies, Comparison, Error, LoadArm, Measured, Plan, Progress, Report, callers,
    compare, measure,
};
use crate::supervisor::Supervisor;
use crate::telemetry::Chain;

/// How long what was started may take to end.
const GRACE: Duration = Duration::from_secs(2);

/// What to measure.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Calls one service as fast as it answers, or at a rate, and tells what calls took
    ///
    /// It writes: it registers companies of its own, whose ids begin with bench-, and adds fields to
    /// them. Nothing removes companies, so give it a service whose database may go. No vendor is
    /// connected and so none is called. Ctrl-C ends it early; what was measured until then is shown.
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunArgs>),
    /// Compares services by short blocks in turn: A B B A, in an order drawn by lot
    ///
    /// The first arm is the base. Shown are the medians of the ratios of neighbouring blocks, with
    /// 95 % bootstrap intervals: a difference is real where the interval leaves 1.00 out. Give the
    /// same endpoint under two names to see what the machine's noise alone makes.
    #[command(after_help = COMPARE_EXAMPLES)]
    Compare(Box<CompareArgs>),
}

const RUN_EXAMPLES: &str = "\
Examples:
  gomark bench run --workload add-field --clients 64
  gomark bench run --workload get-config --rate 5000 --duration 1m --json

Exit codes: 0 measured, 1 nothing succeeded or could be measured, 2 wrong flags.";

const COMPARE_EXAMPLES: &str = "\
Example:
  gomark bench compare --arm old=http://127.0.0.1:50051 --arm new=http://127.0.0.1:50052

Exit codes: 0 measured, 1 nothing could be measured, 2 wrong flags.";

/// Runs the command, and says on standard error what went wrong.
pub async fn run(command: Command) -> Exit {
    let checked = match &command {
        Command::Run(args) => args.check(),
        Command::Compare(args) => args.check(),
    };
    let checked = match checked {
        Ok(checked) => checked,
        Err(fault) => {
            eprintln!("gomark bench: {fault}");
            return Exit::Misused;
        }
    };
    let supervisor = Supervisor::new();
    let stop = CancellationToken::new();
    match app::end_signal() {
        Ok(asked_to_end) => {
            let (stop, ended) = (stop.clone(), supervisor.stopping());
            supervisor.spawn("bench signals", async move {
                tokio::select! {
                    () = asked_to_end => stop.cancel(),
                    () = ended.cancelled() => {}
                }
            });
        }
        Err(error) => {
            eprintln!("gomark bench: signals cannot be listened for: {error}");
            return Exit::Failed;
        }
    }
    let ended = match command {
        Command::Run(args) => one(&args, checked, &supervisor, &stop).await,
        Command::Compare(args) => several(&args, checked, &supervisor, &stop).await,
    };
    supervisor.shutdown(GRACE).await;
    ended.unwrap_or_else(|error| {
        // Whoever closed the output (`gomark bench … | head`) has heard enough.
        if !matches!(&error, Error::Output(error) if error.kind() == ErrorKind::BrokenPipe) {
            eprintln!("gomark bench: {}", Chain(&error));
        }
        Exit::Failed
    })
}

async fn one(
    args: &RunArgs,
    checked: Checked,
    supervisor: &Supervisor,
    stop: &CancellationToken,
) -> Result<Exit, Error> {
    let load = &args.load;
    let target = checked.target(0);
    let clients = target.connect().await?;
    let bar = Bar::spinner("registering companies");
    let companies = Companies::register(&clients, load.companies, load.fields(), stop).await?;
    let companies = Arc::new(companies);
    let callers = callers(&clients, load.clients, load.workload, load.reads, &companies);
    let warm_up = Plan {
        pace: checked.plan.pace,
        duration: Some(load.warm_up),
        operations: None,
        timeout: checked.plan.timeout,
    };
    drop(bar);
    let callers = match load.warm_up.is_zero() {
        true => callers,
        false => watched(callers, &warm_up, "warming up", supervisor, stop).await.0,
    };
    if stop.is_cancelled() {
        return Err(Error::Stopped);
    }
    let (_, measured) = watched(callers, &checked.plan, "measuring", supervisor, stop).await;
    let prefix = companies.prefix().to_owned();
    let report = Report::new(target.endpoint, prefix, load.settings(&checked.plan), &measured);
    match load.json {
        true => print_json(&report),
        false => show::run(&report),
    }?;
    Ok(if measured.succeeded() > 0 { Exit::Done } else { Exit::Failed })
}

/// Measures with a progress bar.
async fn watched(
    callers: Vec<Box<dyn Caller>>,
    plan: &Plan,
    doing: &'static str,
    supervisor: &Supervisor,
    stop: &CancellationToken,
) -> (Vec<Box<dyn Caller>>, Measured) {
    let progress = Arc::new(Progress::default());
    let bar = Bar::of(plan, doing);
    tokio::select! {
        ended = measure(callers, plan, supervisor, stop, &progress) => ended,
        never = bar.follow(&progress) => match never {},
    }
}

async fn several(
    args: &CompareArgs,
    checked: Checked,
    supervisor: &Supervisor,
    stop: &CancellationToken,
) -> Result<Exit, Error> {
    let load = &args.load;
    let mut arms: Vec<Box<dyn Arm>> = Vec::new();
    let bar = Bar::spinner("registering companies");
    for (index, arm) in args.arms.iter().enumerate() {
        let target = checked.target(index);
        let arm = LoadArm::prepare(
            arm.name.clone(),
            &target,
            load.clients,
            (load.workload, load.reads),
            (load.companies, load.fields()),
            checked.plan,
            supervisor,
            stop,
        );
        arms.push(Box::new(arm.await?));
    }
    drop(bar);
    if !load.warm_up.is_zero() {
        for arm in &mut arms {
            arm.block(load.warm_up, stop).await?;
        }
    }
    let blocks = args.pairs.div_ceil(2) * 2 * arms.len();
    let bar = Bar::blocks(blocks);
    let compared =
        compare(&mut arms, args.pairs, args.block, stop, |name, block| bar.block(name, block));
    let compared = compared.await?;
    drop(bar);
    let measured = compared.ratios.iter().any(|ratio| ratio.throughput.is_some());
    let settings = load.settings(&Plan { duration: Some(args.block), ..checked.plan });
    let report = Comparison::new(settings, args.pairs, &checked.endpoints, compared);
    match load.json {
        true => print_json(&report),
        false => show::comparison(&report),
    }?;
    Ok(if measured { Exit::Done } else { Exit::Failed })
}

fn print_json(report: &impl serde::Serialize) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    let text = serde_json::to_string(report).map_err(std::io::Error::from)?;
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}
