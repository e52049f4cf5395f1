//! The flags of `gomark bench`, and what is wrong with them.

use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::bench::{FIELDS_MAX, Pace, Plan, RunSettings, Target, Workload};
use crate::config::parse_duration;

/// The variable that carries the token; no flag, since other processes can read flags.
const TOKEN_VARIABLE: &str = "GOMARK_TOKEN";
/// How long to measure when nothing is said.
const DURATION: Duration = Duration::from_secs(10);
/// How many fields companies begin with where they are read.
const FIELDS_TO_READ: u64 = 20;

/// Flags of `run` and `compare`.
#[derive(Clone, Debug, clap::Args)]
pub struct LoadArgs {
    /// Which calls to make
    #[arg(long, value_enum, default_value_t = Workload::Mixed)]
    pub workload: Workload,
    /// Of 100 calls of the mixed workload, how many read
    #[arg(long, value_name = "PERCENT", default_value_t = 90,
        value_parser = clap::value_parser!(u8).range(0..=100))]
    pub reads: u8,
    /// Connections to make to the service
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = number(1, 1_000))]
    pub connections: usize,
    /// Clients over these connections; each has one call under way
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = number(1, 10_000))]
    pub clients: usize,
    /// Calls to send each second, evenly, whatever the answers do; what a call took is then counted
    /// from when it was to be sent. Left out: each client sends when it has its answer
    #[arg(long, value_name = "CALLS", value_parser = rate)]
    pub rate: Option<f64>,
    /// How long to call before anything is measured
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = parse_duration)]
    pub warm_up: Duration,
    /// Companies to register; a company holds at most 2,000 fields, and when all are full a run ends
    #[arg(long, value_name = "N", default_value_t = 100,
        value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub companies: u64,
    /// Fields that each company has to begin with [default: 20 where they are read, else 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=FIELDS_MAX))]
    pub fields: Option<u64>,
    /// How long one call may take
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    pub timeout: Duration,
    /// File with the bearer token; otherwise the variable GOMARK_TOKEN is used if it is set
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Allow a service on another machine, although this writes to it
    #[arg(long)]
    pub yes_not_loopback: bool,
    /// Print one JSON object instead of tables
    #[arg(long)]
    pub json: bool,
}

/// Flags of `run`.
#[derive(Clone, Debug, clap::Args)]
pub struct RunArgs {
    /// The service to measure
    #[arg(
        long,
        env = "GOMARK_ENDPOINT",
        value_name = "URL",
        default_value = "http://127.0.0.1:50051"
    )]
    pub endpoint: String,
    /// How long to measure [default: 10s, or as long as --operations take]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub duration: Option<Duration>,
    /// How many calls to measure
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub operations: Option<u64>,
    /// What is measured, and how.
    #[command(flatten)]
    pub load: LoadArgs,
}

/// Flags of `compare`.
#[derive(Clone, Debug, clap::Args)]
pub struct CompareArgs {
    /// A service to compare, under a name; give two or more. The first is the base
    #[arg(long = "arm", value_name = "NAME=URL", required = true, value_parser = arm)]
    pub arms: Vec<ArmArg>,
    /// How many pairs of neighbouring blocks to measure at least
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = number(1, 10_000))]
    pub pairs: usize,
    /// How long a block is
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = parse_duration)]
    pub block: Duration,
    /// What is measured, and how.
    #[command(flatten)]
    pub load: LoadArgs,
}

/// A named service.
#[derive(Clone, Debug)]
pub struct ArmArg {
    pub(super) name: String,
    pub(super) endpoint: String,
}

/// What the flags come to.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) endpoints: Vec<String>,
    pub(super) plan: Plan,
    token: Option<Zeroizing<String>>,
    connections: usize,
}

impl Checked {
    /// Returns the service at a place among the endpoints.
    pub(super) fn target(&self, index: usize) -> Target {
        Target {
            endpoint: self.endpoints[index].clone(),
            token: self.token.clone(),
            connections: self.connections,
            timeout: self.plan.timeout,
        }
    }
}

impl RunArgs {
    pub(super) fn check(&self) -> Result<Checked, String> {
        let duration = match (self.duration, self.operations) {
            (None, None) => Some(DURATION),
            (given, _) => given,
        };
        if duration.is_some_and(|duration| duration.is_zero()) {
            return Err("--duration: must be longer than 0s".to_owned());
        }
        self.load.check(vec![self.endpoint.clone()], duration, self.operations)
    }
}

impl CompareArgs {
    pub(super) fn check(&self) -> Result<Checked, String> {
        if self.arms.len() < 2 {
            return Err("--arm: give two or more".to_owned());
        }
        for (index, arm) in self.arms.iter().enumerate() {
            if self.arms[..index].iter().any(|other| other.name == arm.name) {
                return Err(format!("--arm: {:?} is there twice", arm.name));
            }
        }
        if self.block.is_zero() {
            return Err("--block: must be longer than 0s".to_owned());
        }
        let endpoints = self.arms.iter().map(|arm| arm.endpoint.clone()).collect();
        self.load.check(endpoints, Some(self.block), None)
    }
}

impl LoadArgs {
    fn check(
        &self,
        endpoints: Vec<String>,
        duration: Option<Duration>,
        operations: Option<u64>,
    ) -> Result<Checked, String> {
        for endpoint in &endpoints {
            if !self.yes_not_loopback && !Target::is_loopback(endpoint) {
                return Err(format!(
                    "{endpoint} is not on this machine, and a measurement writes companies and \
                     fields that nothing removes; if it may, add --yes-not-loopback"
                ));
            }
        }
        if self.timeout.is_zero() {
            return Err("--timeout: must be longer than 0s".to_owned());
        }
        if self.workload != Workload::GetConfig && self.fields() >= FIELDS_MAX {
            return Err(format!(
                "--fields: with {FIELDS_MAX} to begin with companies are full; nothing can be added"
            ));
        }
        let pace = self.rate.map_or(Pace::Closed, Pace::Open);
        let plan = Plan { pace, duration, operations, timeout: self.timeout };
        Ok(Checked { endpoints, plan, token: self.token()?, connections: self.connections })
    }

    /// Returns how many fields companies begin with.
    pub(super) fn fields(&self) -> u64 {
        self.fields.unwrap_or(if self.workload.reads() { FIELDS_TO_READ } else { 0 })
    }

    /// Returns the settings for the report.
    pub(super) fn settings(&self, plan: &Plan) -> RunSettings {
        RunSettings {
            workload: self.workload,
            connections: self.connections,
            clients: self.clients,
            companies: self.companies,
            fields: self.fields(),
            reads_percent: (self.workload == Workload::Mixed).then_some(self.reads),
            rate_per_s: RunSettings::rate(plan.pace),
            duration_s: plan.duration.map(|duration| duration.as_secs_f64()),
            operations: plan.operations,
            warm_up_s: self.warm_up.as_secs_f64(),
            timeout_s: plan.timeout.as_secs_f64(),
        }
    }

    fn token(&self) -> Result<Option<Zeroizing<String>>, String> {
        let text = match &self.token_file {
            Some(path) => {
                let read = std::fs::read_to_string(path);
                read.map_err(|error| format!("--token-file {}: {error}", path.display()))?
            }
            None => std::env::var(TOKEN_VARIABLE).unwrap_or_default(),
        };
        let text = Zeroizing::new(text);
        let token = Zeroizing::new(text.trim().to_owned());
        match (&self.token_file, token.is_empty()) {
            (Some(path), true) => Err(format!("--token-file {}: is empty", path.display())),
            (None, true) => Ok(None),
            (_, false) => Ok(Some(token)),
        }
    }
}

fn number(least: u64, most: u64) -> impl clap::builder::TypedValueParser<Value = usize> {
    use clap::builder::TypedValueParser as _;
    clap::value_parser!(u64).range(least..=most).try_map(usize::try_from)
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    match (0.01..=1_000_000.0).contains(&rate) {
        true => Ok(rate),
        false => Err("must be between 0.01 and 1000000".to_owned()),
    }
}

fn arm(text: &str) -> Result<ArmArg, String> {
    match text.split_once('=') {
        Some((name, endpoint)) if !name.is_empty() && !endpoint.is_empty() => {
            Ok(ArmArg { name: name.to_owned(), endpoint: endpoint.to_owned() })
        }
        _ => Err("write NAME=URL, for example new=http://127.0.0.1:50052".to_owned()),
    }
}
