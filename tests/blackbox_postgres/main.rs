//! The suite of `tests/blackbox` once more, on Postgres.
//!
//! Without a server it says so and runs on SQLite, except in CI, where it fails.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

#[path = "../blackbox/cadences.rs"]
mod cadences;
#[path = "../blackbox/connections.rs"]
mod connections;
mod database;
#[path = "../blackbox/drift.rs"]
mod drift;
#[path = "../blackbox/faults.rs"]
mod faults;
#[path = "../blackbox/database.rs"]
mod file;
#[path = "../blackbox/flood.rs"]
mod flood;
#[path = "../support/hubspot.rs"]
mod hubspot;
#[path = "../blackbox/jobs.rs"]
mod jobs;
#[path = "../blackbox/main_job.rs"]
mod main_job;
#[path = "../support/portal.rs"]
mod portal;
#[path = "../support/redis.rs"]
mod redis;
#[path = "../blackbox/review.rs"]
mod review;
#[path = "../blackbox/revisions.rs"]
mod revisions;
#[path = "../support/schema.rs"]
mod schema;
#[path = "../blackbox/settings.rs"]
mod settings;
mod shared;
mod two;
#[path = "../blackbox/webhooks.rs"]
mod webhooks;
#[path = "../blackbox/world.rs"]
mod world;
