//! The one place that builds a [`tonic::Status`]: every error gets its code, its reason from the
//! closed list, and what helps a caller to act on it. Internal text stays in the log.

use std::collections::HashMap;
use std::time::Duration;

use gomark_sdk::v1::ErrorReason;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};
use uuid::Uuid;

use crate::domain::{Problem, Refusal, Violations};
use crate::engine;
use crate::store;
use crate::telemetry;

/// The domain that every reason belongs to.
const DOMAIN: &str = "gomark";
/// After how long an overloaded server is asked again.
const OVERLOAD_RETRY: Duration = Duration::from_millis(250);
/// After how long a database that is away is asked again.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// The longest message, in bytes. Message and details travel in headers, of which clients take
/// 8 KiB (gRPC's own) or 16 KiB (tonic's); one that gets more breaks the connection. Of what is
/// told here, the worst case (each character in three, details in base64, the message in both) is
/// under 8 KiB.
const MESSAGE_BYTES_MAX: usize = 600;
/// The most that the paths and rules of violations may take up, in bytes; the first is always told.
const VIOLATIONS_BYTES_MAX: usize = 2_500;
/// The longest name of a resource or value of metadata, in bytes.
const NAME_BYTES_MAX: usize = 300;

/// An error on its way to a caller.
struct Told {
    code: Code,
    reason: ErrorReason,
    message: String,
    details: ErrorDetails,
    metadata: HashMap<String, String>,
}

impl Told {
    fn new(code: Code, reason: ErrorReason, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: ErrorDetails::new(),
            metadata: HashMap::new(),
        }
    }

    fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.metadata.insert(key.to_owned(), head(&value.to_string(), NAME_BYTES_MAX).to_owned());
        self
    }

    fn resource(mut self, kind: &str, name: &str) -> Self {
        self.details.set_resource_info(kind, head(name, NAME_BYTES_MAX), "", "");
        self
    }

    fn retry_after(mut self, wait: Option<Duration>) -> Self {
        if let Some(wait) = wait {
            self.details.set_retry_info(Some(wait));
        }
        self
    }

    fn violations(mut self, violations: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut bytes = 0;
        let fits = violations.into_iter().enumerate().take_while(|(index, (field, rule))| {
            bytes += field.len() + rule.len() + 8;
            *index == 0 || bytes <= VIOLATIONS_BYTES_MAX
        });
        let told = fits.map(|(_, (field, rule))| {
            FieldViolation::new(field, head(&rule, VIOLATIONS_BYTES_MAX))
        });
        self.details.set_bad_request(told.collect::<Vec<_>>());
        self
    }

    fn status(mut self) -> Status {
        let name = self.reason.as_str_name().trim_start_matches("ERROR_REASON_");
        self.details.set_error_info(name, DOMAIN, self.metadata);
        let message = match head(&self.message, MESSAGE_BYTES_MAX) {
            all if all.len() == self.message.len() => self.message,
            beginning => format!("{beginning}…"),
        };
        Status::with_error_details(self.code, message, self.details)
    }
}

/// The beginning of a text, of at most so many bytes.
fn head(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// Tells of broken rules.
pub(super) fn invalid(violations: &Violations) -> Status {
    let listed = violations.as_slice().iter().map(|v| (v.field.clone(), v.rule.clone()));
    Told::new(Code::InvalidArgument, ErrorReason::Validation, violations.to_string())
        .violations(listed)
        .status()
}

/// Tells of a missing or unknown token.
pub(super) fn unauthenticated() -> Status {
    let message = "a known bearer token is needed in the authorization metadata";
    Told::new(Code::Unauthenticated, ErrorReason::Unauthenticated, message).status()
}

/// Tells of a message that is too large or cannot be decoded.
pub(super) fn malformed(what: &str) -> Status {
    let message = format!("the message was not taken: {what}");
    Told::new(Code::InvalidArgument, ErrorReason::MalformedMessage, message)
        .violations([(String::new(), what.to_owned())])
        .status()
}

/// Tells of a fault of our own, which stands in the log under the id that the caller gets.
pub(super) fn internal(error: &(dyn std::error::Error + 'static)) -> Status {
    let id = Uuid::new_v4().to_string();
    tracing::error!(request_id = id, error = telemetry::chain(error), "a call failed");
    let message = format!("an internal error; the log says more under {id}");
    let mut told = Told::new(Code::Internal, ErrorReason::Internal, message);
    told.details.set_request_info(id, "");
    told.status()
}

impl From<engine::Error> for Answered {
    fn from(error: engine::Error) -> Self {
        Self(match error {
            engine::Error::Refused(refusal) => refused(&refusal),
            engine::Error::Overloaded => {
                let message = "too many mutations are waiting; repeat it";
                Told::new(Code::ResourceExhausted, ErrorReason::Overloaded, message)
                    .retry_after(Some(OVERLOAD_RETRY))
                    .status()
            }
            engine::Error::CredentialRefused { vendor, problem } => {
                let message = format!("{vendor} refused the credential: {}", problem.message);
                let rule = (credential_path().to_owned(), problem.message.clone());
                vendor_metadata(
                    Told::new(Code::InvalidArgument, ErrorReason::CredentialRefused, message),
                    &problem,
                )
                .violations([rule])
                .status()
            }
            engine::Error::VendorUnavailable { vendor, problem, retry_after } => {
                let message = format!("{vendor} could not be asked: {}", problem.message);
                vendor_metadata(
                    Told::new(Code::Unavailable, ErrorReason::VendorUnavailable, message),
                    &problem,
                )
                .retry_after(retry_after.or(Some(STORE_RETRY)))
                .status()
            }
            engine::Error::ShuttingDown => {
                let message = "the server is shutting down; repeat it elsewhere or later";
                Told::new(Code::Unavailable, ErrorReason::ShuttingDown, message)
                    .retry_after(Some(STORE_RETRY))
                    .status()
            }
            engine::Error::Store(
                error @ (store::Error::Unavailable(_) | store::Error::InDoubt(_)),
            ) => {
                tracing::error!(error = telemetry::chain(&error), "the database is away");
                let message = "the database cannot be reached; whether a change took effect is \
                               unknown: repeat it with the same request_id";
                Told::new(Code::Unavailable, ErrorReason::StoreUnavailable, message)
                    .retry_after(Some(STORE_RETRY))
                    .status()
            }
            error @ (engine::Error::Store(_) | engine::Error::Internal(_)) => internal(&error),
        })
    }
}

/// A status made from one of our errors; `?` in a handler makes it.
pub(super) struct Answered(Status);

impl From<Answered> for Status {
    fn from(answered: Answered) -> Self {
        answered.0
    }
}

fn credential_path() -> &'static str {
    super::requests::HUBSPOT_CREDENTIAL_PATH
}

fn vendor_metadata(told: Told, problem: &Problem) -> Told {
    told.with("vendor_status", problem.vendor_status)
        .with("vendor_correlation_id", &problem.correlation_id)
}

fn refused(refusal: &Refusal) -> Status {
    let message = refusal.to_string();
    let told = |code, reason| Told::new(code, reason, message.clone());
    match refusal {
        Refusal::Invalid(violations) => return invalid(violations),
        Refusal::RequestIdReused => told(Code::InvalidArgument, ErrorReason::RequestIdReused)
            .violations([(
                "request_id".to_owned(),
                "was used before with another request".to_owned(),
            )]),
        Refusal::CompanyNotFound(id) => {
            told(Code::NotFound, ErrorReason::CompanyNotFound).resource("company", id.as_str())
        }
        Refusal::CompanyExists(id) => {
            told(Code::AlreadyExists, ErrorReason::CompanyExists).resource("company", id.as_str())
        }
        Refusal::FieldNotFound { name, .. } => {
            told(Code::NotFound, ErrorReason::FieldNotFound).resource("field", name)
        }
        Refusal::CadenceNotFound { cadence_id, .. } => {
            told(Code::NotFound, ErrorReason::CadenceNotFound).resource("cadence", cadence_id)
        }
        Refusal::CadenceExists { cadence_id, .. } => {
            told(Code::AlreadyExists, ErrorReason::CadenceExists).resource("cadence", cadence_id)
        }
        Refusal::FieldExists { name, .. } => {
            told(Code::AlreadyExists, ErrorReason::FieldExists).resource("field", name)
        }
        Refusal::RevisionNotFound { revision, present, .. } => {
            told(Code::NotFound, ErrorReason::RevisionNotFound)
                .resource("revision", &revision.to_string())
                .with("revision", present)
        }
        Refusal::RevisionMismatch { present, .. } => {
            told(Code::Aborted, ErrorReason::RevisionMismatch).with("revision", present)
        }
        Refusal::MinRevisionNotReached { present, .. } => {
            told(Code::FailedPrecondition, ErrorReason::MinRevisionNotReached)
                .with("revision", present)
        }
        Refusal::JobNotFound(id) => {
            told(Code::NotFound, ErrorReason::JobNotFound).resource("job", id)
        }
        Refusal::JobState { state, .. } => {
            told(Code::FailedPrecondition, ErrorReason::JobState).with("state", state.as_str())
        }
        Refusal::NotConnected { vendor, .. } => {
            told(Code::FailedPrecondition, ErrorReason::NotConnected).with("vendor", vendor)
        }
        Refusal::AccountTaken(vendor) => {
            told(Code::FailedPrecondition, ErrorReason::AccountTaken).with("vendor", vendor)
        }
        Refusal::LimitReached { limit, .. } => {
            told(Code::ResourceExhausted, ErrorReason::LimitReached).with("limit", limit)
        }
    }
    .status()
}
