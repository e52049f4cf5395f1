//! Several processes on the same Postgres, Redis and RabbitMQ, behind a balancer, while any of them
//! dies.
//!
//! ```text
//! cargo test --features failpoints --test scaled -- --nocapture
//! ```
//!
//! The servers are this test's own: `scripts/services` starts them in a folder of its target, and they
//! are left to no other test. `docs/testing.md` has the variables that make it a long run.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

mod balancer;
mod blows;
mod chaos;
mod fleet;
mod isolation;
mod logs;
mod pause;
mod rolling;
mod servers;
mod wait;
mod way;

#[path = "../support/changes/changes.rs"]
mod changes;
#[path = "../support/schema.rs"]
mod schema;

/// Each of the tests needs the whole machine.
static MACHINE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
