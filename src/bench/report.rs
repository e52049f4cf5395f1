//! The results, as machines read them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::compare::{Block, Compared, Ratio};
use super::measure::{Ended, Measured, Pace};
use super::recorder::Latencies;
use super::statistics::median;
use super::workload::Workload;

/// How a run was set up.
#[derive(Clone, Debug, Serialize)]
pub struct RunSettings {
    /// Which calls.
    pub workload: Workload,
    /// Connections, to each endpoint.
    pub connections: usize,
    /// Clients over them; each has one call under way.
    pub clients: usize,
    /// Companies that were registered.
    pub companies: u64,
    /// Fields that each of them had to begin with.
    pub fields: u64,
    /// Of 100 calls of the mixed workload, how many read.
    pub reads_percent: Option<u8>,
    /// Calls each second, where they keep to a schedule.
    pub rate_per_s: Option<f64>,
    /// How long to measure at most.
    pub duration_s: Option<f64>,
    /// How many calls to measure at most.
    pub operations: Option<u64>,
    /// How long to call before anything is measured.
    pub warm_up_s: f64,
    /// How long one call may take.
    pub timeout_s: f64,
}

impl RunSettings {
    /// Reads a pace as a rate.
    pub fn rate(pace: Pace) -> Option<f64> {
        match pace {
            Pace::Closed => None,
            Pace::Open(per_second) => Some(per_second),
        }
    }
}

/// What `gomark bench run` found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this program.
    pub bench_version: &'static str,
    /// The version of the service, where it is known. The API does not tell it yet.
    pub server_version: Option<String>,
    /// Where the service is.
    pub endpoint: String,
    /// What the ids of the companies begin with.
    pub company_prefix: String,
    /// How it was set up.
    pub settings: RunSettings,
    /// Why it ended.
    pub ended: Ended,
    /// How long was measured.
    pub elapsed_s: f64,
    /// How many calls there were.
    pub calls: Calls,
    /// Calls that succeeded each second.
    pub throughput_per_s: f64,
    /// What calls that succeeded took, by kind; `all` has them together.
    pub latency_us: BTreeMap<&'static str, Percentiles>,
    /// How late calls were sent; only with a rate.
    pub send_lag_us: Option<Percentiles>,
    /// Calls that failed, by GoMark's reason, or else by gRPC code.
    pub errors: BTreeMap<String, u64>,
}

/// How many calls there were. `sent` is the sum of the three after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// Sent.
    pub sent: u64,
    /// Answered OK.
    pub succeeded: u64,
    /// Refused, broken off or out of time.
    pub failed: u64,
    /// Given up when the run was interrupted.
    pub unanswered: u64,
    /// Due by the schedule, and not sent since no client was free.
    pub not_sent: u64,
}

/// How a value is spread, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Percentiles {
    /// How many values.
    pub count: u64,
    /// The mean.
    pub mean: f64,
    /// The median.
    pub p50: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The 99.9th percentile.
    #[serde(rename = "p99_9")]
    pub p99_9: f64,
    /// The largest.
    pub max: f64,
}

impl Percentiles {
    /// Reads a histogram.
    pub fn of(latencies: &Latencies) -> Self {
        let at = |quantile| micros(latencies.value_at_quantile(quantile) as f64);
        Self {
            count: latencies.len(),
            mean: micros(latencies.mean()),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: micros(latencies.max() as f64),
        }
    }
}

/// Nanoseconds as microseconds, to a tenth.
fn micros(nanos: f64) -> f64 {
    (nanos / 100.0).round() / 10.0
}

/// Seconds, to the millisecond.
pub(crate) fn seconds(duration: Duration) -> f64 {
    duration.as_millis() as f64 / 1_000.0
}

impl Report {
    /// Puts a report together.
    pub fn new(
        endpoint: String,
        company_prefix: String,
        settings: RunSettings,
        measured: &Measured,
    ) -> Self {
        let kinds = measured.latencies.iter();
        let mut latency_us: BTreeMap<_, _> =
            kinds.map(|(kind, latencies)| (*kind, Percentiles::of(latencies))).collect();
        latency_us.insert("all", Percentiles::of(&measured.all_latencies()));
        Self {
            bench_version: env!("CARGO_PKG_VERSION"),
            server_version: None,
            endpoint,
            company_prefix,
            settings,
            ended: measured.ended,
            elapsed_s: seconds(measured.elapsed),
            calls: Calls {
                sent: measured.sent,
                succeeded: measured.succeeded(),
                failed: measured.failed(),
                unanswered: measured.unanswered,
                not_sent: measured.not_sent,
            },
            throughput_per_s: (measured.throughput() * 10.0).round() / 10.0,
            latency_us,
            send_lag_us: measured.lag.as_ref().map(Percentiles::of),
            errors: measured.errors.clone(),
        }
    }
}

/// What `gomark bench compare` found.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The version of this program.
    pub bench_version: &'static str,
    /// How each block was set up.
    pub settings: RunSettings,
    /// How many pairs were asked for.
    pub pairs: usize,
    /// Whether it was stopped early.
    pub interrupted: bool,
    /// The arms; the first is the base.
    pub arms: Vec<ArmSummary>,
    /// Every arm but the first, compared with it: medians of the ratios of neighbouring blocks.
    pub ratios: Vec<Ratio>,
    /// All blocks, in their order.
    pub blocks: Vec<Block>,
}

/// The medians of an arm's blocks.
#[derive(Clone, Debug, Serialize)]
pub struct ArmSummary {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub endpoint: String,
    /// Calls that succeeded each second.
    pub throughput_per_s: Option<f64>,
    /// The median of what a call took.
    pub p50_us: Option<f64>,
    /// The 99th percentile.
    pub p99_us: Option<f64>,
    /// Calls that failed, in all blocks.
    pub failed: u64,
}

impl Comparison {
    /// Puts a report together. `endpoints` are those of the arms, in their order.
    pub fn new(
        settings: RunSettings,
        pairs: usize,
        endpoints: &[String],
        compared: Compared,
    ) -> Self {
        let summary = |(arm, name): (usize, &String)| {
            let of = || compared.blocks.iter().filter(move |block| block.arm == arm);
            ArmSummary {
                name: name.clone(),
                endpoint: endpoints.get(arm).cloned().unwrap_or_default(),
                throughput_per_s: median(of().map(|block| block.throughput_per_s).collect()),
                p50_us: median(of().filter_map(|block| block.p50_us).collect()),
                p99_us: median(of().filter_map(|block| block.p99_us).collect()),
                failed: of().map(|block| block.failed).sum(),
            }
        };
        let arms = compared.arms.iter().enumerate().map(summary).collect();
        Self {
            bench_version: env!("CARGO_PKG_VERSION"),
            settings,
            pairs,
            interrupted: compared.interrupted,
            arms,
            ratios: compared.ratios,
            blocks: compared.blocks,
        }
    }
}
