//! The one place that builds a [`tonic::Status`]: what is [`Told`] becomes a code and details.

use std::collections::HashMap;
use std::time::Duration;

use gomark_sdk::v1::ErrorReason;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use crate::api::answer::Told;
use crate::domain::{Violation, Violations};
use crate::engine;
use crate::http2::Cause;

/// The domain that every reason belongs to.
const DOMAIN: &str = "gomark";

/// The longest message, in bytes. Message and details travel in headers, of which clients take
/// 8 KiB (gRPC's own) or 16 KiB (tonic's); one that gets more breaks the connection. Of what is
/// told here, the worst case (each character in three, details in base64, the message in both) is
/// under 8 KiB.
const MESSAGE_BYTES_MAX: usize = 600;
/// The most that the paths and rules of violations may take up, in bytes; the first is always told.
const VIOLATIONS_BYTES_MAX: usize = 2_500;
/// The longest name of a resource or value of metadata, in bytes.
const NAME_BYTES_MAX: usize = 300;

/// Gives what is told its form.
fn status(told: Told) -> Status {
    let (code, reason) = (code(told.reason), told.reason_name());
    let metadata = told.metadata.into_iter();
    let metadata =
        metadata.map(|(key, value)| (key.to_owned(), head(&value, NAME_BYTES_MAX).to_owned()));
    let mut details = ErrorDetails::new();
    details.set_error_info(reason, DOMAIN, metadata.collect::<HashMap<_, _>>());
    if !told.violations.is_empty() {
        details.set_bad_request(listed(told.violations));
    }
    if let Some((kind, name)) = told.resource {
        details.set_resource_info(kind, head(&name, NAME_BYTES_MAX), "", "");
    }
    if let Some(wait) = told.retry_after {
        details.set_retry_info(Some::<Duration>(wait));
    }
    if let Some(id) = told.log_id {
        details.set_request_info(id, "");
    }
    let message = match head(&told.message, MESSAGE_BYTES_MAX) {
        all if all.len() == told.message.len() => told.message,
        beginning => format!("{beginning}…"),
    };
    Status::with_error_details(code, message, details)
}

/// Lists as many violations as there is room for.
fn listed(violations: Vec<Violation>) -> Vec<FieldViolation> {
    let mut bytes = 0;
    let fits = violations.into_iter().enumerate().take_while(|(index, violation)| {
        bytes += violation.field.len() + violation.rule.len() + 8;
        *index == 0 || bytes <= VIOLATIONS_BYTES_MAX
    });
    let told = fits.map(|(_, violation)| {
        FieldViolation::new(violation.field, head(&violation.rule, VIOLATIONS_BYTES_MAX))
    });
    told.collect()
}

/// The beginning of a text, of at most so many bytes.
fn head(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// Returns the code that a reason has.
fn code(reason: ErrorReason) -> Code {
    use ErrorReason as R;
    match reason {
        R::Validation | R::RequestIdReused | R::MalformedMessage | R::CredentialRefused => {
            Code::InvalidArgument
        }
        R::CompanyNotFound
        | R::FieldNotFound
        | R::CadenceNotFound
        | R::GroupNotFound
        | R::JobNotFound
        | R::DriftNotFound
        | R::RevisionNotFound => Code::NotFound,
        R::CompanyExists | R::FieldExists | R::CadenceExists | R::GroupExists => {
            Code::AlreadyExists
        }
        R::RevisionMismatch => Code::Aborted,
        R::MinRevisionNotReached
        | R::JobState
        | R::NotConnected
        | R::NotScanned
        | R::DriftState
        | R::AccountTaken
        | R::FieldAmbiguous
        | R::GroupInUse
        | R::FieldGoing => Code::FailedPrecondition,
        R::LimitReached | R::Overloaded => Code::ResourceExhausted,
        R::Unauthenticated => Code::Unauthenticated,
        R::StoreUnavailable | R::VendorUnavailable | R::ShuttingDown | R::ConnectionAged => {
            Code::Unavailable
        }
        R::DeadlineExceeded => Code::DeadlineExceeded,
        R::Internal | R::Unspecified => Code::Internal,
    }
}

/// Tells of broken rules.
pub(super) fn invalid(violations: &Violations) -> Status {
    status(Told::invalid(violations))
}

/// Tells of a missing or unknown token.
pub(super) fn unauthenticated() -> Status {
    status(Told::unauthenticated())
}

/// Tells of a message that is too large or cannot be decoded.
pub(super) fn malformed(what: &str) -> Status {
    status(Told::malformed(what))
}

/// Tells that the time of a call is over.
pub(super) fn late() -> Status {
    status(Told::late())
}

/// Tells that more is under way than may be.
pub(super) fn overloaded(what: &str) -> Status {
    status(Told::overloaded(what))
}

/// Tells that a stream ends with its connection.
pub(super) fn connection_ends(cause: Cause) -> Status {
    status(match cause {
        Cause::Age => Told::connection_aged(),
        Cause::Stop => Told::shutting_down(),
    })
}

/// Tells that health is not told under this name; as gRPC's health service says it, without more.
pub(super) fn no_such_service() -> Status {
    Status::not_found("no service of this name")
}

/// Tells of a fault of our own.
pub(super) fn internal(error: &(dyn std::error::Error + 'static)) -> Status {
    status(Told::internal(error))
}

/// A status made from one of our errors; `?` in a handler makes it.
pub(super) struct Answered(Status);

impl From<engine::Error> for Answered {
    fn from(error: engine::Error) -> Self {
        Self(status(error.into()))
    }
}

impl From<Answered> for Status {
    fn from(answered: Answered) -> Self {
        answered.0
    }
}
