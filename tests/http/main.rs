//! The HTTP calls, over a real port: what is answered, and what becomes of it as gRPC shows it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

mod cadences;
mod callers;
mod fields;
mod refusals;
mod repeats;
#[path = "../blackbox/settings.rs"]
mod settings;
mod shutdown;
mod world;
