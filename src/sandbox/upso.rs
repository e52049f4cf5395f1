//! A stand-in for a cadence vendor, after GoMark's own contract: `docs/upso-openapi.yaml`.
//!
//! Upso publishes no API that could be found, so nobody is imitated here. The rules are written
//! once more from the document alone, without a look at what GoMark checks before it calls.
//!
//! What an account keeps (`cadences`) and the rules for definitions (`definition`, `rules`) are a
//! pure state machine. `api` holds the paths, `courier` carries what subscribers are told, and
//! `trouble` is what goes wrong without the request being at fault.

pub(crate) mod api;
mod cadences;
mod courier;
pub(crate) mod definition;
mod refusal;
mod rules;
mod shape;
pub(crate) mod trouble;
pub(crate) mod webhook;

pub(crate) use cadences::{Cadence, Cadences, Hand};
pub(crate) use courier::Courier;
pub(crate) use refusal::Refusal;
