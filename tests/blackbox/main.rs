//! The whole program in one process, on free ports, used as anybody uses it: through the SDK, and
//! with the stand-in for HubSpot at the other end.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

mod cadences;
mod connections;
mod database;
mod drift;
mod faults;
mod flood;
#[path = "../support/hubspot.rs"]
mod hubspot;
mod jobs;
mod limits;
mod main_job;
mod moves;
mod oauth;
#[path = "../support/portal.rs"]
mod portal;
mod review;
mod revisions;
mod settings;
mod webhooks;
mod world;
