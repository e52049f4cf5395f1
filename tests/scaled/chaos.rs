//! Three processes serve, three carry out, and at random any of them or of their servers dies.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use gomark::supervisor::Supervisor;
use tempfile::TempDir;
use tokio::process::Command;

use crate::MACHINE;
use crate::balancer::Balancer;
use crate::blows::{Blows, Fleet};
use crate::changes::vendors::{Calls, HubSpot};
use crate::changes::workload::{Totals, Workload};
use crate::changes::{BOUND, Load, checks, set};
use crate::fleet::{Common, Process};
use crate::logs;
use crate::schema::Schema;
use crate::servers::{Server, Servers};

/// How many processes of each role there are.
const EACH: usize = 3;

const NO_TRANSACTION_IS_LEFT_OPEN: &str = "DO $$ BEGIN ASSERT (SELECT count(*) = 0 \
     FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' \
     AND now() - state_change > interval '1 second'); END $$";

/// Processes on servers of their own, behind a balancer.
pub(crate) struct Scaled {
    pub(crate) fleet: Fleet,
    pub(crate) balancer: Balancer,
    pub(crate) schema: Schema,
    /// Dropped after what is in them.
    pub(crate) servers: Servers,
    pub(crate) folder: TempDir,
}

impl Scaled {
    /// Starts them with a database that is empty; `None` where the servers cannot be had.
    pub(crate) async fn start() -> Option<Self> {
        let servers = Servers::start("scaled").await?;
        let schema = Schema::make_at(servers.url(Server::Postgres).to_owned()).await;
        let folder = tempfile::tempdir().unwrap();
        let mut common = Common::new(&schema.url(), folder.path());
        common.redis_url = Some(servers.url(Server::Redis).to_owned());
        common.amqp_url = Some(servers.url(Server::RabbitMq).to_owned());
        let start = |role| (1..=EACH).map(|number| Process::start(&common, role, number)).collect();
        let fleet = Fleet { apis: start("api"), executors: start("executor") };
        fleet.is_ready().await;
        let balancer = Balancer::start(&fleet.apis, folder.path()).await;
        Some(Self { fleet, balancer, schema, servers, folder })
    }
}

/// How much is done.
struct Size {
    mutations: usize,
    blows: usize,
    seed: u64,
}

impl Size {
    fn from_environment() -> Self {
        Self {
            mutations: set("GOMARK_TEST_SCALED_MUTATIONS").unwrap_or(300),
            blows: set("GOMARK_TEST_BLOWS").unwrap_or(Blows::round()),
            seed: set("GOMARK_TEST_SEED").unwrap_or(20_260_101),
        }
    }

    fn load(&self) -> Load {
        Load {
            mutations: self.mutations,
            companies: 50,
            clients: 20,
            writers: 2,
            writers_of_the_busy_one: 8,
            seed: self.seed,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_dies_nothing_is_lost_and_nothing_is_done_twice() {
    let _machine = MACHINE.lock().await;
    let Some(mut scaled) = Scaled::start().await else { return };
    let (size, supervisor, began) = (Size::from_environment(), Supervisor::new(), Instant::now());
    let hubspot = HubSpot::start(size.seed, &supervisor).await;
    let url = scaled.balancer.url();
    let mut workload = Workload::start(url, &hubspot, size.load(), &supervisor).await;
    hubspot.trouble().await;
    let mut blows = Blows::new(size.seed);
    for _ in 0..size.blows {
        workload.go_on(size.mutations.div_ceil(size.blows));
        blows.next(&mut scaled.fleet, &scaled.servers).await;
        workload.has_not_failed().await;
    }
    let blown_for = began.elapsed();
    let companies = workload.finish().await;
    hubspot.no_more_trouble().await;
    checks::check(&companies, &hubspot).await;
    the_log_is_intact(&scaled.schema.url()).await;
    scaled.schema.execute(NO_TRANSACTION_IS_LEFT_OPEN).await.unwrap();
    let calls = hubspot.calls().await;
    let counts = logs::counts(scaled.folder.path());
    assert_eq!(counts["panics"], 0, "{}", logs::all(scaled.folder.path()));
    let totals = Totals::of(&companies);
    assert_eq!(totals.accepted, size.mutations);
    show(&size, &blows, scaled.folder.path(), &totals, calls, [blown_for, began.elapsed()]);
    drop(scaled);
    supervisor.shutdown(BOUND).await;
}

/// Lets the program itself verify the audit log.
async fn the_log_is_intact(database_url: &str) {
    let verified = Command::new(env!("CARGO_BIN_EXE_gomark"))
        .args(["audit", "verify"])
        .env("DATABASE_URL", database_url)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

/// Prints what happened.
fn show(
    size: &Size,
    blows: &Blows,
    folder: &Path,
    totals: &Totals,
    calls: Calls,
    [blown_for, took]: [Duration; 2],
) {
    let mut lines = vec![format!("scaled, seed {}: what was done to it, and how often", size.seed)];
    let mut line = |what: &str, count: usize| lines.push(format!("  {what:<40}{count:>7}"));
    for (blow, times) in &blows.dealt {
        line(&format!("{blow:?}"), *times);
    }
    line("in all", blows.dealt.values().sum());
    for (what, count) in logs::counts(folder) {
        line(what, count);
    }
    line("mutations accepted", totals.accepted);
    line("mutations refused or without change", totals.others);
    line("jobs followed meanwhile", totals.followed);
    line("calls to the vendors", calls.total);
    line("calls that create several", calls.batches);
    line("calls that create what is there", calls.in_vain);
    line("seconds with blows", usize::try_from(blown_for.as_secs()).unwrap());
    line("seconds in all", usize::try_from(took.as_secs()).unwrap());
    eprintln!("{}", lines.join("\n"));
}
