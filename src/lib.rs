//! GoMark decides the configuration of many companies in one place, carries it out at their vendors
//! (HubSpot now), keeps the history provable and takes back what was wrong.
//!
//! # The map of the house
//!
//! A change goes through it like this:
//!
//! ```text
//! client -- api -- engine -- store: one transaction (revision + state + audit + job) -- reply
//!                     \-- broker: rings for the connection
//! executor -- lease -- plan -- mark in doubt -- vendor call -- record outcome, event -- release
//! events   -- api stream -- client
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | [`domain`] | what GoMark is about, as pure values and functions: decisions, the planner, jobs |
//! | [`store`] | the database: the contract, the shared rules, the backends |
//! | [`cache`] | configurations that were read before |
//! | [`engine`] | the use cases that every door calls |
//! | [`executor`] | leases, planning, calls, outcomes, scans |
//! | [`vendors`] | HubSpot, Upso, the rate limiter, where vendors may be reached |
//! | [`api`] | the doors: gRPC and, beside it, some HTTP calls |
//! | [`wire`] | between the domain and the generated messages |
//! | [`broker`], [`events`] | doorbells and the event bus |
//! | [`redis`] | the way to Redis, for the shared cache and the event bus |
//! | [`audit`] | proof of the audit log, without a service |
//! | [`auth`], [`vault`], [`config`] | callers, sealed credentials, settings |
//! | [`telemetry`], [`metrics`] | the log, and what Prometheus may read |
//! | [`sandbox`] | stand-ins for HubSpot and for a cadence vendor |
//! | [`failpoint`] | where tests of crashes let the program die; empty otherwise |
//! | [`mod@bench`] | a load generator, for any running service |
//! | [`app`] | puts it all together |
//! | [`cli`] | the commands of the program |
//!
//! # Invariants
//!
//! - `domain` imports nothing of the others; it does no I/O.
//! - Only `store` holds SQL; only `vendors` speaks HTTP to vendors.
//! - Only `api::grpc::status` builds a `tonic::Status`; internal text never reaches a caller.
//! - Only `app` names concrete implementations; nothing is global: shutdown, clock and caller are
//!   values that are passed down.
//! - Database work runs in tasks of its own, so that a caller who hangs up cannot cut it in two.
//! - Before a vendor is written to, the database says that it may have been.
//!
//! # Absent on purpose
//!
//! A second planner; vendor calls while a caller waits (ConnectVendor apart); order or data taken
//! from doorbells; a create repeated without reading back; a transaction open across a vendor call.

pub mod api;
pub mod app;
pub mod audit;
pub mod auth;
mod backoff;
pub mod bench;
pub mod broker;
pub mod cache;
pub mod cli;
pub mod clock;
pub mod config;
mod connections;
mod descriptors;
pub mod domain;
pub mod engine;
pub mod events;
pub mod executor;
pub mod failpoint;
pub mod hex;
mod http1;
mod http2;
pub mod metrics;
pub mod redis;
pub mod sandbox;
pub mod store;
pub mod supervisor;
pub mod telemetry;
pub mod vault;
pub mod vendors;
pub mod wire;
