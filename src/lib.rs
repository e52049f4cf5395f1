//! GoMark.

pub mod audit;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod hex;
pub mod sandbox;
pub mod store;
pub mod supervisor;
pub mod telemetry;
pub mod vault;
pub mod vendors;
pub mod wire;
