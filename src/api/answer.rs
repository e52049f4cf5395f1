//! What callers are told when a call does not succeed, whichever door they came through: a reason
//! from the closed list, a sentence, and what helps to act on it. Each door gives it its own form.
//! Internal text stays in the log.

use std::time::Duration;

use gomark_sdk::v1::ErrorReason;
use uuid::Uuid;

use crate::domain::{Problem, Refusal, Violation, Violations};
use crate::engine;
use crate::store;
use crate::telemetry;

/// The path of HubSpot's credential in ConnectVendor.
pub(super) const HUBSPOT_CREDENTIAL_PATH: &str = "hubspot.access_token";
/// The path of a grant of HubSpot's in ConnectVendor.
pub(super) const HUBSPOT_GRANT_PATH: &str = "hubspot.oauth";
/// The path of Upso's credential in ConnectVendor.
pub(super) const UPSO_CREDENTIAL_PATH: &str = "upso.api_key";
/// The path of the secrets of Upso's messages in ConnectVendor.
pub(super) const UPSO_SECRETS_PATH: &str = "upso.webhook_secrets";

/// After how long an overloaded server is asked again.
const OVERLOAD_RETRY: Duration = Duration::from_millis(250);
/// After how long a stream is opened again whose connection came to its end.
const REOPENING: Duration = Duration::from_millis(50);
/// After how long a database that is away is asked again.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// An error on its way to a caller. The reason decides which code or status it has.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) reason: ErrorReason,
    pub(super) message: String,
    /// The broken rules, for wrong input.
    pub(super) violations: Vec<Violation>,
    /// What is unknown or exists already: its kind and its name.
    pub(super) resource: Option<(&'static str, String)>,
    /// When to repeat it, where that is worth it.
    pub(super) retry_after: Option<Duration>,
    /// Facts by name.
    pub(super) metadata: Vec<(&'static str, String)>,
    /// Under which id the log says more, for a fault of our own.
    pub(super) log_id: Option<String>,
}

impl Told {
    fn new(reason: ErrorReason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            violations: Vec::new(),
            resource: None,
            retry_after: None,
            metadata: Vec::new(),
            log_id: None,
        }
    }

    fn with(mut self, key: &'static str, value: impl ToString) -> Self {
        self.metadata.push((key, value.to_string()));
        self
    }

    fn resource(self, kind: &'static str, name: impl ToString) -> Self {
        Self { resource: Some((kind, name.to_string())), ..self }
    }

    fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    fn breaks(mut self, path: &str, rule: impl Into<String>) -> Self {
        self.violations.push(Violation::new(path, rule));
        self
    }

    fn of_vendor(self, problem: &Problem) -> Self {
        self.with("vendor_status", problem.vendor_status)
            .with("vendor_correlation_id", &problem.correlation_id)
    }

    /// Returns the name of the reason as callers read it.
    pub(super) fn reason_name(&self) -> &'static str {
        name(self.reason)
    }

    /// Tells of broken rules.
    pub(super) fn invalid(violations: &Violations) -> Self {
        let told = Self::new(ErrorReason::Validation, violations.to_string());
        Self { violations: violations.as_slice().to_vec(), ..told }
    }

    /// Tells of a missing or unknown token.
    pub(super) fn unauthenticated() -> Self {
        let message = "a known token is needed: authorization: Bearer <token>";
        Self::new(ErrorReason::Unauthenticated, message)
    }

    /// Tells of a message that is too large or cannot be decoded.
    pub(super) fn malformed(what: &str) -> Self {
        let message = format!("the message was not taken: {what}");
        Self::new(ErrorReason::MalformedMessage, message).breaks("", what)
    }

    /// Tells that the database is away.
    pub(super) fn store_away() -> Self {
        let message = "the database cannot be reached; whether a change took effect is unknown: \
                       repeat it with the same request id";
        Self::new(ErrorReason::StoreUnavailable, message).retry_after(STORE_RETRY)
    }

    /// Tells that the server shuts down.
    pub(super) fn shutting_down() -> Self {
        let message = "the server is shutting down; repeat it elsewhere or later";
        Self::new(ErrorReason::ShuttingDown, message).retry_after(STORE_RETRY)
    }

    /// Tells that more is under way than may be, and that nothing was done.
    pub(super) fn overloaded(what: &str) -> Self {
        let message = format!("too many {what}; repeat it");
        Self::new(ErrorReason::Overloaded, message).retry_after(OVERLOAD_RETRY)
    }

    /// Tells that the time of a call is over.
    pub(super) fn late() -> Self {
        let message = "the time of the call is over; whether a change took effect is unknown: \
                       repeat it with the same request id";
        Self::new(ErrorReason::DeadlineExceeded, message)
    }

    /// Tells that a connection came to its end, and with it a stream.
    pub(super) fn connection_aged() -> Self {
        let message = "the connection has reached its age; open the stream again";
        Self::new(ErrorReason::ConnectionAged, message).retry_after(REOPENING)
    }

    /// Tells of a fault of our own, which stands in the log under the id that the caller gets.
    pub(super) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        let id = Uuid::new_v4().to_string();
        tracing::error!(request_id = id, error = telemetry::chain(error), "a call failed");
        let message = format!("an internal error; the log says more under {id}");
        Self { log_id: Some(id), ..Self::new(ErrorReason::Internal, message) }
    }
}

/// Returns the name of a reason as callers read it: without its prefix.
pub(super) fn name(reason: ErrorReason) -> &'static str {
    reason.as_str_name().trim_start_matches("ERROR_REASON_")
}

impl From<engine::Error> for Told {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::Refused(refusal) => refused(&refusal),
            engine::Error::Overloaded => Self::overloaded("mutations are waiting"),
            engine::Error::Late | engine::Error::Store(store::Error::Late) => Self::late(),
            engine::Error::CredentialRefused { vendor, path, problem } => {
                let message = format!("{vendor} refused the credential: {}", problem.message);
                Self::new(ErrorReason::CredentialRefused, message)
                    .of_vendor(&problem)
                    .breaks(path, &problem.message)
            }
            engine::Error::VendorUnavailable { vendor, problem, retry_after } => {
                let message = format!("{vendor} could not be asked: {}", problem.message);
                Self::new(ErrorReason::VendorUnavailable, message)
                    .of_vendor(&problem)
                    .retry_after(retry_after.unwrap_or(STORE_RETRY))
            }
            engine::Error::ShuttingDown => Self::shutting_down(),
            engine::Error::Store(
                error @ (store::Error::Unavailable(_) | store::Error::InDoubt(_)),
            ) => {
                tracing::error!(error = telemetry::chain(&error), "the database is away");
                Self::store_away()
            }
            error @ (engine::Error::Store(_) | engine::Error::Internal(_)) => {
                Self::internal(&error)
            }
        }
    }
}

fn refused(refusal: &Refusal) -> Told {
    use ErrorReason as R;
    let message = refusal.to_string();
    let told = |reason| Told::new(reason, message.clone());
    match refusal {
        Refusal::Invalid(violations) => Told::invalid(violations),
        Refusal::RequestIdReused => {
            told(R::RequestIdReused).breaks("request_id", "was used before with another request")
        }
        Refusal::CompanyNotFound(id) => told(R::CompanyNotFound).resource("company", id),
        Refusal::CompanyExists(id) => told(R::CompanyExists).resource("company", id),
        Refusal::FieldNotFound { name, .. } => told(R::FieldNotFound).resource("field", name),
        Refusal::FieldAmbiguous { .. } => told(R::FieldAmbiguous),
        Refusal::FieldExists { name, .. } => told(R::FieldExists).resource("field", name),
        Refusal::GroupNotFound { name, .. } => told(R::GroupNotFound).resource("group", name),
        Refusal::GroupExists { name, .. } => told(R::GroupExists).resource("group", name),
        Refusal::GroupInUse { name, .. } => told(R::GroupInUse).with("group", name),
        Refusal::FieldGoing { name, .. } => told(R::FieldGoing).resource("field", name),
        Refusal::CadenceNotFound { cadence_id, .. } => {
            told(R::CadenceNotFound).resource("cadence", cadence_id)
        }
        Refusal::CadenceExists { cadence_id, .. } => {
            told(R::CadenceExists).resource("cadence", cadence_id)
        }
        Refusal::RevisionNotFound { revision, present, .. } => {
            told(R::RevisionNotFound).resource("revision", revision).with("revision", present)
        }
        Refusal::RevisionMismatch { present, .. } => {
            told(R::RevisionMismatch).with("revision", present)
        }
        Refusal::MinRevisionNotReached { present, .. } => {
            told(R::MinRevisionNotReached).with("revision", present)
        }
        Refusal::JobNotFound(id) => told(R::JobNotFound).resource("job", id),
        Refusal::JobState { state, .. } => told(R::JobState).with("state", state.as_str()),
        Refusal::DriftNotFound { id, .. } => told(R::DriftNotFound).resource("drift item", id),
        Refusal::NotScanned { vendor, .. } => told(R::NotScanned).with("vendor", vendor),
        Refusal::DriftState { state, .. } => told(R::DriftState).with("state", state.as_str()),
        Refusal::NotConnected { vendor, .. } => told(R::NotConnected).with("vendor", vendor),
        Refusal::AccountTaken(vendor) => told(R::AccountTaken).with("vendor", vendor),
        Refusal::LimitReached { limit, .. } => told(R::LimitReached).with("limit", limit),
    }
}
