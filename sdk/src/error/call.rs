//! A call that was refused or never answered.

use std::collections::BTreeMap;
use std::time::Duration;
use std::{error, fmt};

use tonic::{Code, Status};

use super::code::{self, Origin};
use super::details::{Details, FieldViolation, Resource};
use crate::retry::RETRYABLE_CODES;
use crate::v1::ErrorReason;

/// Describes a call that was refused or never answered. Its source is the original [`Status`].
///
/// The accessors are described at [`Error`](crate::Error), which has the same ones.
#[derive(Debug)]
pub struct CallError {
    status: Status,
    origin: Origin,
    code: Code,
    details: Details,
    request_id: Option<String>,
}

impl CallError {
    /// Returns the gRPC code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Returns the status as it came from the server or the transport.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Returns GoMark's reason, if it is known.
    pub fn reason(&self) -> Option<ErrorReason> {
        self.details.known_reason()
    }

    /// Returns GoMark's reason as it was sent.
    pub fn reason_str(&self) -> Option<&str> {
        self.details.reason.as_deref()
    }

    /// Returns what goes with the reason.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.details.metadata
    }

    /// Returns which fields of the request break which rules.
    pub fn field_violations(&self) -> &[FieldViolation] {
        &self.details.field_violations
    }

    /// Returns the thing that is unknown or exists already.
    pub fn resource(&self) -> Option<&Resource> {
        self.details.resource.as_ref()
    }

    /// Returns how long the server asks to wait before the call is repeated.
    pub fn retry_after(&self) -> Option<Duration> {
        self.details.retry_after
    }

    /// Returns whether the same call may succeed when it is repeated.
    pub fn is_retryable(&self) -> bool {
        RETRYABLE_CODES.contains(&self.code)
            && (self.code != Code::ResourceExhausted || self.retry_after().is_some())
    }

    /// Returns the request id that a mutation was sent with.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Returns the id under which GoMark's log says more about an internal error.
    pub fn log_id(&self) -> Option<&str> {
        self.details.log_id.as_deref()
    }

    /// Whether a stream that ended so may be opened again: after what is worth repeating, and
    /// after what GoMark never says, such as a reset by something between. Its own errors all
    /// have a reason.
    pub(crate) fn interrupts_a_stream(&self) -> bool {
        self.is_retryable()
            || self.origin == Origin::Reset
            || (self.code == Code::Unknown && self.reason_str().is_none())
    }

    /// The server or the transport may notice first that the time is up, each in its own words.
    pub(crate) fn at_deadline(mut self) -> Self {
        if self.code == Code::Cancelled {
            self.code = Code::DeadlineExceeded;
        }
        self
    }

    pub(crate) fn with_request_id(mut self, request_id: Option<String>) -> Self {
        self.request_id = request_id;
        self
    }
}

impl From<Status> for CallError {
    fn from(status: Status) -> Self {
        let details = Details::of(&status);
        let origin = Origin::of(&status);
        Self { code: origin.code(&status), origin, details, status, request_id: None }
    }
}

/// Code, reason, the server's message and every field that breaks a rule, in one line.
impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(code::name(self.code))?;
        if let Some(reason) = self.reason_str() {
            write!(f, " ({reason})")?;
        }
        let message = self.origin.message(&self.status);
        if !message.is_empty() {
            write!(f, ": {message}")?;
        }
        for violation in self.field_violations() {
            write!(f, "; {}: {}", violation.field, violation.rule)?;
        }
        if let Some(id) = self.log_id() {
            write!(f, " [{id}]")?;
        }
        Ok(())
    }
}

impl error::Error for CallError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.status)
    }
}
