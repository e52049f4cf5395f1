//! What vendors' answers have in common, and what it means that there is none.
//!
//! The one question that must never be answered wrongly is whether a call may have had an effect:
//! whatever does not say otherwise for certain may have had one.

use std::error::Error as StdError;
use std::time::Duration;

use super::http::{self, Reply};
use super::secrets::Secrets;
use super::{Failure, FailureScope};
use crate::domain::{Problem, ProblemReason, Timestamp};

/// The longest text of a vendor that is passed on, in characters.
pub const TEXT_MAX: usize = 500;
/// The longest wait that is believed: HubSpot moves a portal between data centres within 24 h
/// (its guide to error handling).
const WAIT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What failures are seen from.
#[derive(Clone, Debug)]
pub struct View {
    /// What people call the vendor.
    pub vendor: &'static str,
    /// Whether the call changes anything.
    pub writes: bool,
    /// What to take out of texts.
    pub secrets: Secrets,
    /// The present moment.
    pub now: Timestamp,
}

impl View {
    /// Tells what a success means whose body is not the one it should be.
    pub fn unreadable(&self, status: u16, what: &str) -> Failure {
        let message = format!("{}'s answer ({status}) cannot be relied on: {what}", self.vendor);
        Failure {
            scope: FailureScope::Resource,
            effect_unknown: self.writes,
            retry_after: None,
            problem: Problem {
                vendor_status: status,
                ..Problem::new(ProblemReason::VendorUnavailable, message)
            },
        }
    }

    /// Tells what it means that there is no answer.
    pub fn no_answer(&self, error: &http::Error) -> Failure {
        use FailureScope::{Connection, Resource};
        let (scope, effect) = match error {
            http::Error::Forbidden | http::Error::NotConnected(_) => (Connection, false),
            http::Error::Lost(_) => (Connection, true),
            http::Error::TimedOut | http::Error::TooLong => (Resource, true),
        };
        let mut message = format!("{} did not answer: {error}", self.vendor);
        if let Some(cause) = deepest_cause(error) {
            message = format!("{message} ({cause})");
        }
        let message = self.secrets.clean(&message, TEXT_MAX);
        Failure {
            scope,
            effect_unknown: effect && self.writes,
            retry_after: None,
            problem: Problem::new(ProblemReason::VendorUnavailable, message),
        }
    }
}

/// Reads `Retry-After`, in seconds or as a date.
pub fn retry_after(reply: &Reply, now: Timestamp) -> Option<Duration> {
    let text = reply.headers.get("retry-after")?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            Timestamp::from_micros(at.as_microsecond()).since(now)
        }
    };
    Some(wait.min(WAIT_MAX))
}

fn deepest_cause(error: &dyn StdError) -> Option<String> {
    let mut deepest = error.source()?;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    Some(deepest.to_string())
}
