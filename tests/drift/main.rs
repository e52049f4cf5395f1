//! What others change at the vendors, at length: every kind of change is found, none is invented, a
//! fight costs little, and a large portal is imported.
//!
//! ```text
//! cargo test --features failpoints --test drift -- --nocapture
//! ```
//!
//! prints what was found and what it cost. `docs/testing.md` has the variables that make it a long run.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

mod fights;
mod import;
mod kinds;
mod portals;
mod quiet;
mod restores;
mod world;

#[path = "../support/hubspot.rs"]
mod hubspot;
#[path = "../support/process.rs"]
mod process;

use std::str::FromStr;

/// Reads a number from the environment.
fn set<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}
