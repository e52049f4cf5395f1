//! GoMark.

pub mod api;
pub mod app;
pub mod audit;
pub mod auth;
pub mod broker;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod engine;
pub mod events;
pub mod executor;
pub mod hex;
pub mod sandbox;
pub mod store;
pub mod supervisor;
pub mod telemetry;
pub mod vault;
pub mod vendors;
pub mod wire;
