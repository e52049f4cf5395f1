//! What an answer that is not a success means.

use std::time::Duration;

use super::said::Said;
use crate::domain::{Problem, ProblemReason};
use crate::vendors::answers::{TEXT_MAX, View, clean, retry_after};
use crate::vendors::http::Reply;
use crate::vendors::{Failure, FailureScope};

/// The least wait after a lock (HubSpot's guide to error handling).
const LOCK_WAIT_MIN: Duration = Duration::from_secs(2);
/// The wait after the daily limit is used up, which it is until the portal's midnight, where nobody
/// knows when that is.
const DAILY_WAIT: Duration = Duration::from_secs(30 * 60);

/// Which limit a refused call met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    Burst,
    Secondly,
    Daily,
}

/// What HubSpot's answers mean.
pub(super) trait Classify {
    /// Tells what an answer means that is not the success it should be.
    fn failure(&self, reply: &Reply) -> Failure;

    /// Tells what an entry in the errors of a batch means.
    fn item_failure(&self, status: u16, said: &Said) -> Failure;
}

impl Classify for View<'_> {
    fn failure(&self, reply: &Reply) -> Failure {
        use FailureScope::{Connection, Refused, Resource};
        use ProblemReason as R;
        let said = Said::read(&reply.body);
        let wait = retry_after(reply, self.now);
        let status = reply.status;
        let (scope, reason, effect, wait) = match status {
            401 => (Connection, R::CredentialRefused, false, wait),
            403 => (Refused, R::VendorRefused, false, None),
            423 => {
                let wait = wait.unwrap_or_default().max(LOCK_WAIT_MIN);
                (Connection, R::VendorUnavailable, false, Some(wait))
            }
            429 => {
                let limit = Limit::of(said.as_ref());
                let reason = match limit {
                    Limit::Daily => R::DailyLimit,
                    Limit::Burst | Limit::Secondly => R::RateLimited,
                };
                (Connection, reason, false, Some(wait.unwrap_or(limit.wait())))
            }
            477 | 503 => (Connection, R::VendorUnavailable, false, wait),
            408 => (Resource, R::VendorUnavailable, true, wait),
            // Too long or too large for whatever stands before the API.
            413..=415 | 431 => (Refused, R::VendorRefused, false, None),
            // Errors of the API are JSON; others say nothing about the call.
            400..500 if said.is_some() => (Refused, R::VendorRefused, false, None),
            _ => (Resource, R::VendorUnavailable, true, wait),
        };
        let said = said.unwrap_or_default();
        let told = said.told(self.credential);
        let mut message = what_happened(status);
        if status == 403 {
            let scopes: Vec<_> = said.context("requiredGranularScopes").collect();
            if !scopes.is_empty() {
                message = format!("the credential lacks the scopes {}", scopes.join(", "));
                message = clean(&message, self.credential, TEXT_MAX);
            }
        }
        if !told.is_empty() {
            message = clean(&format!("{message}: {told}"), self.credential, TEXT_MAX);
        }
        Failure {
            scope,
            effect_unknown: effect && self.writes,
            retry_after: wait,
            problem: Problem {
                attributes: said.attributes(),
                vendor_status: status,
                correlation_id: said.identification(self.credential),
                ..Problem::new(reason, message)
            },
        }
    }

    fn item_failure(&self, status: u16, said: &Said) -> Failure {
        use FailureScope::{Connection, Refused, Resource};
        let category = said.category.as_str();
        let (scope, reason, effect_unknown) = if category.starts_with("RATE_LIMIT") {
            (Connection, ProblemReason::RateLimited, false)
        } else if category.is_empty() || category.starts_with("INTERNAL") {
            (Resource, ProblemReason::VendorUnavailable, true)
        } else {
            (Refused, ProblemReason::VendorRefused, false)
        };
        let told = said.told(self.credential);
        let message = clean(&format!("HubSpot refused it: {told}"), self.credential, TEXT_MAX);
        Failure {
            scope,
            effect_unknown,
            retry_after: None,
            problem: Problem {
                attributes: said.attributes(),
                vendor_status: status,
                correlation_id: said.identification(self.credential),
                ..Problem::new(reason, message)
            },
        }
    }
}

impl Limit {
    /// Reads it from the body of a 429: by its policy, or by its words, which is what HubSpot's
    /// own client goes by.
    pub(super) fn of(said: Option<&Said>) -> Self {
        let Some(said) = said else { return Self::Burst };
        let message = said.message.to_lowercase();
        if said.policy == "DAILY" || message.contains("daily limit") {
            Self::Daily
        } else if said.policy == "SECONDLY" || message.contains("your secondly limit") {
            Self::Secondly
        } else {
            Self::Burst
        }
    }

    /// How long to wait when HubSpot does not say: what its own client does.
    pub(super) fn wait(self) -> Duration {
        match self {
            Self::Burst => Duration::from_secs(10),
            Self::Secondly => Duration::from_secs(1),
            Self::Daily => DAILY_WAIT,
        }
    }
}

fn what_happened(status: u16) -> String {
    let what = match status {
        401 => "HubSpot does not accept the credential",
        403 => "HubSpot does not let the credential do this",
        423 => "HubSpot has locked this for a moment",
        429 => "HubSpot's rate limit is used up",
        477 => "HubSpot is moving the portal between data centres",
        503 => "HubSpot is not available",
        300..400 => "HubSpot answered with a redirect, which is not followed",
        400..500 => "HubSpot refused it",
        _ => "HubSpot failed",
    };
    format!("{what} ({status})")
}
