//! What is answered when something goes wrong that is not about the request itself.

use axum::http::header;
use serde_json::Value;

use super::refusal::{Code, Refusal};
use crate::sandbox::answer::Answer;

/// Writes the body that goes with a status; one the contract does not know is an internal error.
pub(crate) fn body(status: u16) -> Value {
    let (code, message) = match status {
        400 => (Code::Malformed, "the request cannot be read"),
        401 => return Refusal::unauthorized().body(),
        404 => (Code::NotFound, "there is no such thing"),
        409 => (Code::KeyTaken, "there is a cadence of this key already"),
        412 => (Code::VersionMismatch, "the cadence is of another version by now"),
        422 => (Code::Invalid, "the request breaks a rule"),
        429 => (Code::RateLimited, "too many calls within the window"),
        503 => (Code::Unavailable, "the service is not available for a moment"),
        _ => (Code::Internal, "something went wrong here"),
    };
    Refusal::new(code, message).body()
}

/// Writes an answer with the headers that the contract wants with its status.
pub(crate) fn answer(status: u16, body: Value, retry_after_seconds: Option<u64>) -> Answer {
    let answer = Answer::new(status, body);
    let seconds = match status {
        // A 429 always says how long to wait.
        429 => Some(retry_after_seconds.unwrap_or(1).max(1)),
        401 => return answer.with(header::WWW_AUTHENTICATE, "Bearer"),
        _ => retry_after_seconds,
    };
    match seconds {
        Some(seconds) => answer.with(header::RETRY_AFTER, seconds),
        None => answer,
    }
}
