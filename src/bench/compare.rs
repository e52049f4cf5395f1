//! Compares by interleaved blocks: A B B A, again and again.
//!
//! What slows the machine for a while slows neighbours alike, so that the ratio of neighbours says
//! more than two long runs one after the other do.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gomark_sdk::Client;
use rand::seq::SliceRandom as _;
use tokio_util::sync::CancellationToken;

use super::companies::Companies;
use super::measure::{Caller, Ended, Measured, Plan, Progress, measure};
use super::statistics::{Interval, median_with_interval};
use super::target::{Error, Target};
use super::workload::{Workload, callers};
use crate::supervisor::Supervisor;

/// One of the things that are compared.
#[async_trait]
pub trait Arm: Send {
    /// Returns its name.
    fn name(&self) -> &str;

    /// Measures it for a short while. Work that is not to be measured MUST be done before or after
    /// the time that [`Block::elapsed`] covers.
    ///
    /// # Errors
    ///
    /// Fails when nothing could be measured; the comparison ends then.
    async fn block(&mut self, length: Duration, stop: &CancellationToken) -> Result<Block, Error>;
}

/// What one block found.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Block {
    /// The arm.
    pub arm: usize,
    /// The pair that the block belongs to.
    pub pair: usize,
    /// The time that was measured, in seconds.
    #[serde(rename = "elapsed_s")]
    pub elapsed: f64,
    /// Calls that succeeded each second.
    pub throughput_per_s: f64,
    /// The median of what a call took, in microseconds; `None` where only the mean is known.
    pub p50_us: Option<f64>,
    /// The 99th percentile, in microseconds.
    pub p99_us: Option<f64>,
    /// Processor time that the service took for a call, in microseconds, where it can be seen.
    pub server_cpu_us: Option<f64>,
    /// How many calls succeeded.
    pub succeeded: u64,
    /// How many calls failed.
    pub failed: u64,
}

impl Block {
    /// Sums a measurement up.
    pub fn of(measured: &Measured) -> Self {
        let all = measured.all_latencies();
        let micros =
            |quantile| (!all.is_empty()).then(|| all.value_at_quantile(quantile) as f64 / 1_000.0);
        Self {
            arm: 0,
            pair: 0,
            elapsed: measured.elapsed.as_secs_f64(),
            throughput_per_s: measured.throughput(),
            p50_us: micros(0.5),
            p99_us: micros(0.99),
            server_cpu_us: None,
            succeeded: measured.succeeded(),
            failed: measured.failed(),
        }
    }
}

/// An arm compared with another; above 1 it has more.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Ratio {
    /// The arm.
    pub arm: String,
    /// What it is compared with.
    pub base: String,
    /// How many pairs both took part in.
    pub pairs: usize,
    /// The ratio of the calls each second.
    pub throughput: Option<Interval>,
    /// The ratio of the medians of what calls took.
    pub p50: Option<Interval>,
    /// The ratio of the 99th percentiles.
    pub p99: Option<Interval>,
    /// The ratio of the processor time that the services took for a call.
    pub server_cpu: Option<Interval>,
}

/// What a comparison found.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The names of the arms.
    pub arms: Vec<String>,
    /// All blocks, in their order.
    pub blocks: Vec<Block>,
    /// Every arm but the first, compared with it.
    pub ratios: Vec<Ratio>,
    /// Whether it was stopped early.
    pub interrupted: bool,
}

impl Compared {
    /// Compares one arm with another, by their places.
    pub fn ratio(&self, arm: usize, base: usize) -> Ratio {
        ratio(&self.arms, &self.blocks, arm, base)
    }
}

/// Measures all arms in turn, in at least `pairs` pairs of neighbouring blocks.
///
/// Each round goes through the arms in an order drawn by lot and then back, which is two pairs of
/// every arm with the first. `done` hears of every block.
///
/// # Errors
///
/// Fails with the first arm that cannot be measured.
pub async fn compare(
    arms: &mut [Box<dyn Arm>],
    pairs: usize,
    length: Duration,
    stop: &CancellationToken,
    mut done: impl FnMut(&str, &Block),
) -> Result<Compared, Error> {
    let mut order: Vec<usize> = (0..arms.len()).collect();
    let mut blocks = Vec::new();
    'rounds: for round in 0..pairs.div_ceil(2) {
        order.shuffle(&mut rand::rng());
        let there_and_back = order.iter().chain(order.iter().rev());
        for (place, index) in there_and_back.enumerate() {
            if stop.is_cancelled() {
                break 'rounds;
            }
            let arm = &mut arms[*index];
            let block = arm.block(length, stop).await?;
            if stop.is_cancelled() {
                break 'rounds; // it was cut short
            }
            let pair = 2 * round + place / order.len();
            let block = Block { arm: *index, pair, ..block };
            done(arm.name(), &block);
            blocks.push(block);
        }
    }
    let names: Vec<_> = arms.iter().map(|arm| arm.name().to_owned()).collect();
    let ratios = (1..names.len()).map(|arm| ratio(&names, &blocks, arm, 0)).collect();
    Ok(Compared { arms: names, blocks, ratios, interrupted: stop.is_cancelled() })
}

fn ratio(names: &[String], blocks: &[Block], arm: usize, base: usize) -> Ratio {
    let of = |arm: usize| blocks.iter().filter(move |block| block.arm == arm);
    let pairs: Vec<_> = of(arm)
        .filter_map(|block| Some((block, of(base).find(|base| base.pair == block.pair)?)))
        .collect();
    let interval = |value: fn(&Block) -> Option<f64>| {
        let ratio = |(block, base): &(&Block, &Block)| {
            Some(value(block)? / value(base).filter(|base| *base > 0.0)?)
        };
        median_with_interval(&pairs.iter().filter_map(ratio).collect::<Vec<_>>())
    };
    Ratio {
        arm: names[arm].clone(),
        base: names[base].clone(),
        pairs: pairs.len(),
        throughput: interval(|block| Some(block.throughput_per_s)),
        p50: interval(|block| block.p50_us),
        p99: interval(|block| block.p99_us),
        server_cpu: interval(|block| block.server_cpu_us),
    }
}

/// An arm that is a GoMark service.
pub struct LoadArm {
    name: String,
    clients: Vec<Client>,
    count: usize,
    workload: Workload,
    reads: u8,
    /// How many companies, with how many fields each.
    size: (u64, u64),
    companies: Arc<Companies>,
    callers: Vec<Box<dyn Caller>>,
    plan: Plan,
    supervisor: Supervisor,
    /// The most calls that a block made.
    used: u64,
}

impl LoadArm {
    /// Connects, and registers `size.0` companies with `size.1` fields each.
    ///
    /// # Errors
    ///
    /// Fails when the service cannot be reached or refuses.
    #[allow(clippy::too_many_arguments)]
    pub async fn prepare(
        name: String,
        target: &Target,
        count: usize,
        (workload, reads): (Workload, u8),
        size: (u64, u64),
        plan: Plan,
        supervisor: &Supervisor,
        stop: &CancellationToken,
    ) -> Result<Self, Error> {
        let clients = target.connect().await?;
        let companies = Companies::register(&clients, size.0, size.1, stop).await?;
        let companies = Arc::new(companies);
        let callers = callers(&clients, count, workload, reads, &companies);
        let supervisor = supervisor.clone();
        Ok(Self {
            name,
            clients,
            count,
            workload,
            reads,
            size,
            companies,
            callers,
            plan,
            supervisor,
            used: 0,
        })
    }

    /// Takes new companies when a block might fill the present ones.
    async fn make_room(&mut self, stop: &CancellationToken) -> Result<(), Error> {
        let room = self.companies.room();
        if self.workload == Workload::GetConfig || room >= self.used.saturating_mul(2).max(1) {
            return Ok(());
        }
        let (count, fields) = self.size;
        let companies = Companies::register(&self.clients, count, fields, stop).await?;
        self.companies = Arc::new(companies);
        self.callers =
            callers(&self.clients, self.count, self.workload, self.reads, &self.companies);
        Ok(())
    }
}

#[async_trait]
impl Arm for LoadArm {
    fn name(&self) -> &str {
        &self.name
    }

    async fn block(&mut self, length: Duration, stop: &CancellationToken) -> Result<Block, Error> {
        self.make_room(stop).await?;
        let plan = Plan { duration: Some(length), operations: None, ..self.plan };
        let before = self.companies.room();
        let callers = std::mem::take(&mut self.callers);
        let progress = Arc::new(Progress::default());
        let (callers, measured) = measure(callers, &plan, &self.supervisor, stop, &progress).await;
        self.callers = callers;
        self.used = self.used.max(before - self.companies.room());
        if measured.ended == Ended::Exhausted {
            // A block that ended early counts for the time that it had.
            self.used = self.used.max(before);
        }
        Ok(Block::of(&measured))
    }
}

impl std::fmt::Debug for LoadArm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadArm").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(&'static str, f64);

    #[async_trait]
    impl Arm for Fixed {
        fn name(&self) -> &str {
            self.0
        }

        async fn block(&mut self, _: Duration, _: &CancellationToken) -> Result<Block, Error> {
            Ok(Block {
                arm: 0,
                pair: 0,
                elapsed: 1.0,
                throughput_per_s: self.1,
                p50_us: Some(1_000.0 / self.1),
                p99_us: None,
                server_cpu_us: None,
                succeeded: 1,
                failed: 0,
            })
        }
    }

    #[tokio::test]
    async fn every_pair_has_every_arm_once_and_goes_back_the_way_it_came() {
        let mut arms: Vec<Box<dyn Arm>> = vec![
            Box::new(Fixed("a", 100.0)),
            Box::new(Fixed("b", 50.0)),
            Box::new(Fixed("c", 200.0)),
        ];
        let mut heard = 0;
        let stop = CancellationToken::new();
        let compared = compare(&mut arms, 5, Duration::ZERO, &stop, |_, _| heard += 1);
        let compared = compared.await.unwrap();
        assert_eq!((compared.blocks.len(), heard), (18, 18), "five pairs are six, in three rounds");
        for round in compared.blocks.chunks(6) {
            let order: Vec<_> = round.iter().map(|block| block.arm).collect();
            assert!(order.iter().eq(order.iter().rev()), "{order:?}");
            let pairs: Vec<_> = round.iter().map(|block| block.pair).collect();
            assert_eq!(pairs[0], pairs[2]);
            assert_eq!(pairs[3], pairs[0] + 1);
        }
        let slow = &compared.ratios[0];
        assert_eq!((slow.arm.as_str(), slow.base.as_str(), slow.pairs), ("b", "a", 6));
        assert_eq!(slow.throughput.map(|ratio| ratio.median), Some(0.5));
        assert_eq!(slow.p50.map(|ratio| ratio.median), Some(2.0));
        assert_eq!(slow.p99, None);
    }

    #[tokio::test]
    async fn a_comparison_that_is_stopped_tells_what_it_has() {
        let mut arms: Vec<Box<dyn Arm>> =
            vec![Box::new(Fixed("a", 1.0)), Box::new(Fixed("b", 1.0))];
        let stop = CancellationToken::new();
        let at_third = stop.clone();
        let mut heard = 0;
        let compared = compare(&mut arms, 100, Duration::ZERO, &stop, |_, _| {
            heard += 1;
            if heard == 3 {
                at_third.cancel();
            }
        });
        let compared = compared.await.unwrap();
        assert!(compared.interrupted);
        assert_eq!(compared.blocks.len(), 3);
        assert_eq!(compared.ratios[0].pairs, 1);
    }
}
