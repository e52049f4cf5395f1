//! What an answer that is not a success means.

use serde_json::Value;

use crate::domain::{Problem, ProblemReason};
use crate::vendors::answers::{TEXT_MAX, View, retry_after};
use crate::vendors::http::Reply;
use crate::vendors::{Failure, FailureScope};

/// An error in the vendor's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) code: String,
    message: String,
    path: String,
}

impl Said {
    /// Reads the body of an answer; `None` when it is not the API that is speaking.
    pub(super) fn read(reply: &Reply) -> Option<Self> {
        let body: Value = serde_json::from_slice(&reply.body).ok()?;
        let error = body.get("error")?;
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        Some(Self {
            code: error.get("code")?.as_str()?.to_owned(),
            message: text("message").to_owned(),
            path: text("path").to_owned(),
        })
    }
}

/// Tells whether the vendor itself gave this answer, with this code.
pub(super) fn says(reply: &Reply, code: &str) -> bool {
    Said::read(reply).is_some_and(|said| said.code == code)
}

/// Tells what an answer means that is not the success it should be.
pub(super) fn failure(view: &View, reply: &Reply) -> Failure {
    use FailureScope::{Connection, Refused, Resource};
    use ProblemReason as R;
    let said = Said::read(reply);
    let status = reply.status;
    let (scope, reason, effect) = match status {
        401 => (Connection, R::CredentialRefused, false),
        429 => (Connection, R::RateLimited, false),
        // The contract leaves open whether a call that was answered with 5xx was carried out.
        503 => (Connection, R::VendorUnavailable, true),
        400..500 if status != 408 && said.is_some() => (Refused, R::VendorRefused, false),
        413..=415 | 431 => (Refused, R::VendorRefused, false),
        _ => (Resource, R::VendorUnavailable, true),
    };
    let wait = retry_after(reply, view.now).filter(|_| scope != Refused);
    let mut message = format!("{} {} ({status})", view.vendor, what_happened(status));
    let mut attributes = Vec::new();
    if let Some(said) = &said {
        let place = if said.path.is_empty() { String::new() } else { format!("{}: ", said.path) };
        message = format!("{message}: {place}{}", said.message);
        let first = said.path.split(['.', '[']).next().unwrap_or_default();
        attributes.extend(Some(first.to_owned()).filter(|first| !first.is_empty()));
    }
    Failure {
        scope,
        effect_unknown: effect && view.writes,
        retry_after: wait,
        problem: Problem {
            attributes,
            vendor_status: status,
            ..Problem::new(reason, view.secrets.clean(&message, TEXT_MAX))
        },
    }
}

fn what_happened(status: u16) -> &'static str {
    match status {
        401 => "does not accept the API key",
        429 => "wants fewer calls",
        503 => "is not available",
        300..400 => "answered with a redirect, which is not followed",
        400..500 => "refused it",
        _ => "failed",
    }
}
