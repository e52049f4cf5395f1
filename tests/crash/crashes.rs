//! Starting the program and letting it die, until it died often enough.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant};

use gomark::failpoint::Boundary;
use gomark::supervisor::Supervisor;

use crate::Size;
use crate::changes::vendors::{Calls, HubSpot};
use crate::changes::workload::{Totals, Workload};
use crate::changes::{BOUND, checks};
use crate::moments::{Moment, Moments};
use crate::service::Service;

const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
/// How long a process has to come to its boundary; after that it is killed where it is.
const PATIENCE: Duration = Duration::from_secs(4);

/// How often the program died, and where.
#[derive(Debug, Default)]
struct Tally {
    at: BTreeMap<Boundary, usize>,
    at_random: usize,
    /// Killed because it did not come to its boundary.
    waiting: usize,
}

impl Tally {
    fn total(&self) -> usize {
        self.at.values().sum::<usize>() + self.at_random + self.waiting
    }

    fn at(&self, boundary: Boundary) -> usize {
        self.at.get(&boundary).copied().unwrap_or_default()
    }

    fn is_enough(&self, size: Size) -> bool {
        let everywhere =
            Boundary::ALL.into_iter().all(|boundary| self.at(boundary) >= size.crashes_each);
        self.total() >= size.crashes && everywhere
    }
}

/// Does all that [`Size`] says, and checks what came of it.
pub(crate) async fn run(store: &str, service: &Service, size: Size) {
    let began = Instant::now();
    let supervisor = Supervisor::new();
    let hubspot = HubSpot::start(size.seed, &supervisor).await;
    let mut process = service.start("");
    let mut workload = Workload::start(service.url(), &hubspot, size.load(), &supervisor).await;
    process.kill().await.unwrap();
    hubspot.trouble().await;

    let mut tally = Tally::default();
    let pace = size.mutations.div_ceil(size.crashes);
    let mut moments = Moments::new(size.seed, pace);
    while !tally.is_enough(size) {
        assert!(tally.total() < 2 * size.crashes, "a boundary is hardly reached: {tally:?}");
        workload.go_on(pace);
        die(service, moments.next(), &mut tally).await;
        workload.has_not_failed().await;
    }
    let crashed_for = began.elapsed();
    let mut process = service.start("");
    let companies = workload.finish().await;
    hubspot.no_more_trouble().await;
    checks::check(&companies, &hubspot).await;
    let calls = hubspot.calls().await;
    process.kill().await.unwrap();
    supervisor.shutdown(BOUND).await;
    for boundary in Boundary::ALL {
        assert_eq!(service.deaths(boundary), tally.at(boundary), "{boundary:?}");
    }
    assert!(!service.log().contains("panicked"), "{}", service.log());
    let totals = Totals::of(&companies);
    assert_eq!(totals.accepted, size.mutations);
    assert!(calls.batches > 0, "nothing was created in batches");
    let times = (crashed_for, began.elapsed());
    show(&format!("{store}, seed {}", size.seed), &tally, &totals, calls, times);
}

/// Starts a process and waits until it died.
async fn die(service: &Service, moment: Moment, tally: &mut Tally) {
    let mut process = service.start(&moment.failpoints());
    let patience = match moment {
        Moment::At(..) => PATIENCE,
        Moment::After(time) => time,
    };
    let in_time = tokio::time::timeout(patience, process.wait()).await;
    if in_time.is_err() {
        process.start_kill().unwrap();
    }
    // It may have died by itself a moment before it was killed.
    let ended = process.wait().await.unwrap();
    match (moment, ended.signal()) {
        (Moment::At(boundary, _), Some(SIGABRT)) => *tally.at.entry(boundary).or_default() += 1,
        (Moment::At(..), Some(SIGKILL)) => tally.waiting += 1,
        (Moment::After(_), Some(SIGKILL)) => tally.at_random += 1,
        _ => panic!("it ended by itself, {ended}, {moment:?}:\n{}", service.log()),
    }
}

/// Prints what happened.
fn show(
    title: &str,
    tally: &Tally,
    totals: &Totals,
    calls: Calls,
    (crashed_for, took): (Duration, Duration),
) {
    let mut lines = vec![format!("{title}: where the program died, and how often")];
    let mut line = |what: &str, count: usize| lines.push(format!("  {what:<38}{count:>7}"));
    for boundary in Boundary::ALL {
        line(boundary.as_str(), tally.at(boundary));
    }
    line("killed at a random moment", tally.at_random);
    line("killed before it came to its boundary", tally.waiting);
    line("crashes", tally.total());
    line("mutations accepted", totals.accepted);
    line("mutations refused or without change", totals.others);
    line("jobs followed through crashes", totals.followed);
    line("calls to HubSpot", calls.total);
    line("calls that create several properties", calls.batches);
    line("calls that create what is there", calls.in_vain);
    line("seconds with crashes", usize::try_from(crashed_for.as_secs()).unwrap());
    line("seconds in all", usize::try_from(took.as_secs()).unwrap());
    eprintln!("{}", lines.join("\n"));
}
