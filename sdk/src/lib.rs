//! Client SDK of GoMark, which keeps the HubSpot deal fields and the outreach cadences of
//! many companies as decided.
//!
//! A [`Client`] asks for changes, reads what was decided, and follows how it is carried out:
//!
//! ```no_run
//! # async fn run() -> Result<(), gomark_sdk::Error> {
//! use gomark_sdk::{Client, fields};
//!
//! let client = Client::builder("http://127.0.0.1:50051").connect().await?;
//! client.register_company("acme").display_name("Acme").await?;
//! let change = client
//!     .add_field("acme", fields::text("Deal Stage"))
//!     .reason("asked for by sales")
//!     .await?;
//! if let Some(job) = change.job {
//!     job.wait_with(|event| println!("{}/{} {}", event.done, event.total, event.unit)).await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! - A mutation that answers `Ok` is in GoMark's database; the vendor follows by itself. Every
//!   mutation carries a request id, given or made once per call, so that a repeat changes nothing
//!   twice. When the outcome is unknown, [`Error::request_id`] says which id to repeat it with.
//! - A call is repeated by itself only where that is safe: see [`RetryPolicy`].
//! - The events of a watched job and the revisions of a watched company come without gap or
//!   repetition, over broken connections: see [`Watch`].
//! - Tokens appear in no `Debug` or `Display` of this crate's own types. The generated messages of
//!   [`v1`] are plain data: do not print a [`v1::ConnectVendorRequest`].
//!
//! # Features
//!
//! `client` (default): everything above. `tls` (default): `https` endpoints. `server`: the
//! generated server traits, without any client when taken alone.

#![deny(missing_docs)]

/// The generated types of `gomark.v1`: messages, and by feature the clients and the server traits.
///
/// The reference of every message and field is here.
#[allow(missing_docs, unreachable_pub, missing_debug_implementations, clippy::all)]
pub mod v1 {
    include!("gen/gomark.v1.rs");
}

pub mod cadences;
pub mod fields;
mod redacted;

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod error;
#[cfg(feature = "client")]
mod get_config;
#[cfg(feature = "client")]
mod job;
#[cfg(feature = "client")]
mod listing;
#[cfg(feature = "client")]
mod mutation;
#[cfg(feature = "client")]
mod preview;
#[cfg(feature = "client")]
mod retry;
#[cfg(feature = "client")]
mod rpc;
#[cfg(feature = "client")]
mod watch;

#[cfg(feature = "client")]
pub use {
    client::{Auth, Client, ClientBuilder, RawCompanyClient, RawConfigClient, RawDriftClient},
    error::{CallError, Error, FieldViolation, Resource, Result},
    get_config::GetConfig,
    job::{JobCommand, JobHandle, JobRequest, is_terminal},
    listing::{ListRequest, Listing},
    mutation::{Change, Mutate, Mutation},
    preview::Preview,
    retry::{RETRYABLE_CODES, RetryPolicy},
    rpc::{CallFuture, Rpc},
    tonic::{Code, Status},
    watch::{DriftItems, JobEvents, Revisions, Watch, WatchRequest},
};
