//! A field gets another name, and its values are carried along, while the program is killed again and
//! again, one call in ten goes wrong, and another client keeps writing to the old name.
//!
//! In the end every deal holds a value that is no older than the last look at all deals; what was
//! cleared stays empty, and what nobody wrote to is as it was.
//!
//! ```text
//! cargo test --features failpoints --test carry -- --nocapture
//! ```
//!
//! prints what was done and how many calls that took, and how many it takes when nothing is wrong.
//! `docs/testing.md` has the variables that make it a long run.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

mod book;
mod checks;
mod portal;
mod renames;
mod table;
mod writer;

#[path = "../support/process.rs"]
mod process;

use std::str::FromStr;
use std::time::Duration;

/// How much is carried, and how often the program is killed.
#[derive(Clone, Copy, Debug)]
struct Size {
    deals: usize,
    crash_every: Duration,
    seed: u64,
}

impl Size {
    fn from_environment() -> Self {
        let crash_every = set("GOMARK_TEST_CRASH_EVERY_MS").unwrap_or(4_000);
        Self {
            deals: set("GOMARK_TEST_DEALS").unwrap_or(2_000),
            crash_every: Duration::from_millis(crash_every),
            seed: set("GOMARK_TEST_SEED").unwrap_or(20_260_101),
        }
    }

    /// How long anything is waited for.
    fn bound(self) -> Duration {
        Duration::from_secs(180) + Duration::from_millis(60) * u32::try_from(self.deals).unwrap()
    }
}

/// Reads a number from the environment.
fn set<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn through_crashes_faults_and_writes_no_value_is_lost_to_an_older_one() {
    renames::run(Size::from_environment()).await;
}
