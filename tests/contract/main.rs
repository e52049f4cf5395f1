//! The contract of the API, as the protos state it: every RPC, every error reason, and what is
//! answered to input that is wrong.
//!
//! What all RPCs or all mutations have in common is tested over the descriptors, so that a new RPC
//! without a row in [`cases`] fails.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

mod audit;
mod authorization;
mod bad_cadences;
mod bad_connections;
mod bad_details;
mod bad_fields;
mod bad_groups;
mod bad_messages;
mod bad_names;
mod bad_options;
mod bad_pages;
mod bad_revisions;
mod calls;
mod cases;
mod completeness;
mod health;
mod job_actions;
mod limits;
mod mutations;
mod reasons;
mod reflection;
mod refusals;
mod tokens;
mod world;
