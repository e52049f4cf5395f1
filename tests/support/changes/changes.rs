//! Companies that are changed by many clients while something goes wrong, and what has to be true of
//! them in the end. The parts of the tests that let processes die.

pub(crate) mod checks;
pub(crate) mod ledger;
pub(crate) mod vendors;
pub(crate) mod workload;
mod writer;

use std::str::FromStr;
use std::time::Duration;

/// How long anything is waited for.
pub(crate) const BOUND: Duration = Duration::from_secs(180);

/// How much is changed, and by whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// How many mutations are to be accepted.
    pub(crate) mutations: usize,
    pub(crate) companies: usize,
    /// How many clients there are; companies share them.
    pub(crate) clients: usize,
    /// How many change a company at the same time.
    pub(crate) writers: usize,
    /// The same for the first company, a busy one.
    pub(crate) writers_of_the_busy_one: usize,
    pub(crate) seed: u64,
}

/// Reads a number from the environment.
pub(crate) fn set<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}
