//! What vendors' answers have in common, and what it means that there is none.
//!
//! The one question that must never be answered wrongly is whether a call may have had an effect:
//! whatever does not say otherwise for certain may have had one.

use std::error::Error as StdError;
use std::time::Duration;

use super::http::{self, Reply};
use super::{Failure, FailureScope};
use crate::domain::{Problem, ProblemReason, Timestamp};

/// The longest text of a vendor that is passed on, in characters.
pub const TEXT_MAX: usize = 500;
/// The longest wait that is believed: HubSpot moves a portal between data centres within 24 h
/// (its guide to error handling).
const WAIT_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Shorter texts are too common for a credential to be told from them.
const CREDENTIAL_MIN: usize = 8;

/// What failures are seen from.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What people call the vendor.
    pub vendor: &'static str,
    /// Whether the call changes anything.
    pub writes: bool,
    /// The credential, to take it out of texts.
    pub credential: &'a str,
    /// The present moment.
    pub now: Timestamp,
}

impl View<'_> {
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
        let message = clean(&message, self.credential, TEXT_MAX);
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

/// Makes a text fit to be kept and shown: one line, not too long, and without the credential.
pub fn clean(text: &str, credential: &str, length_max: usize) -> String {
    let text = match credential.len() >= CREDENTIAL_MIN {
        true => text.replace(credential, "(credential)"),
        false => text.to_owned(),
    };
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match one_line.char_indices().nth(length_max) {
        None => one_line,
        Some(_) => one_line.chars().take(length_max - 1).chain(['…']).collect(),
    }
}

fn deepest_cause(error: &dyn StdError) -> Option<String> {
    let mut deepest = error.source()?;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    Some(deepest.to_string())
}
