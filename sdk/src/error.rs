//! The one error type of the SDK.

mod call;
mod code;
mod details;

use std::collections::BTreeMap;
use std::time::Duration;

pub use call::CallError;
pub use details::{FieldViolation, Resource};
use tonic::{Code, Status};

use crate::v1::{ErrorReason, Job};

/// The result of the SDK's calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Describes why the SDK could not do what it was asked to.
///
/// The accessors ([`code`](Self::code), [`reason`](Self::reason), ...) answer for every kind, with
/// `None` or nothing where a kind has no such thing, so that few callers need to match.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The endpoint that was given to the builder cannot be used.
    #[error("the endpoint `{endpoint}` cannot be used: {problem}")]
    InvalidEndpoint {
        /// The endpoint, without a user and password if it had them.
        endpoint: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The token that was given to the builder cannot be sent: it is empty or holds characters
    /// other than visible ASCII.
    #[error("the token is empty or holds characters other than visible ASCII")]
    InvalidToken,
    /// The user agent that was given to the builder cannot be sent in a header.
    #[error("the user agent holds characters other than visible ASCII and spaces")]
    InvalidUserAgent,
    /// The certificate authority that was given to the builder holds no certificate in PEM.
    #[error("the certificate authority holds no certificate in PEM")]
    InvalidCertificate,
    /// TLS could not be set up: the certificate authority or the domain name is not valid, or the
    /// system has no certificate authorities.
    #[error("TLS could not be set up")]
    Tls {
        /// What the transport says.
        #[source]
        source: tonic::transport::Error,
    },
    /// A client was made outside a Tokio runtime, which it needs.
    #[error("a client can be made only within a Tokio runtime")]
    NoRuntime,
    /// No connection could be made.
    #[error("no connection to {endpoint}")]
    Connect {
        /// The endpoint.
        endpoint: String,
        /// What the transport says.
        #[source]
        source: tonic::transport::Error,
    },
    /// A call was refused or did not reach the server, after the repeats that were safe.
    #[error(transparent)]
    Call(Box<CallError>),
    /// The job that was waited for failed.
    #[error("job {} failed: {}", job.job_id, details::trouble(job))]
    JobFailed {
        /// The job.
        job: Box<Job>,
    },
    /// The job that was waited for was cancelled.
    #[error("job {} was cancelled", job.job_id)]
    JobCancelled {
        /// The job.
        job: Box<Job>,
    },
    /// The server left out events of a job, also when it was asked again.
    #[error("job {job_id}: event {seq} came after event {after_seq}")]
    EventGap {
        /// The job.
        job_id: String,
        /// The last event without a gap before it.
        after_seq: i64,
        /// The event that came next.
        seq: i64,
    },
    /// The server left out revisions of a followed company, also when it was asked again.
    #[error("company {company_id}: revision {revision} came after revision {after_revision}")]
    RevisionGap {
        /// The company.
        company_id: String,
        /// The last revision without a gap before it.
        after_revision: i64,
        /// The revision that came next.
        revision: i64,
    },
    /// The server's answer breaks the API's contract.
    #[error("the server's answer is not as agreed: {problem}")]
    Answer {
        /// What is wrong with it.
        problem: &'static str,
    },
}

static NO_METADATA: BTreeMap<String, String> = BTreeMap::new();

impl Error {
    /// Returns the gRPC code, where a call or a connection failed.
    ///
    /// A connection that broke is `Unavailable` and a time limit that passed `DeadlineExceeded`,
    /// whatever the transport calls it.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Connect { .. } => Some(Code::Unavailable),
            _ => self.call().map(CallError::code),
        }
    }

    /// Returns the status as it came from the server or the transport.
    pub fn status(&self) -> Option<&Status> {
        self.call().map(CallError::status)
    }

    /// Returns GoMark's reason, if the answer had one that this version of the SDK knows.
    pub fn reason(&self) -> Option<ErrorReason> {
        self.call().and_then(CallError::reason)
    }

    /// Returns GoMark's reason as it was sent, for example `REVISION_MISMATCH`, known or not.
    pub fn reason_str(&self) -> Option<&str> {
        self.call().and_then(CallError::reason_str)
    }

    /// Returns what goes with the reason, for example `revision` with `REVISION_MISMATCH`.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        self.call().map_or(&NO_METADATA, CallError::metadata)
    }

    /// Returns which fields of the request break which rules.
    pub fn field_violations(&self) -> &[FieldViolation] {
        self.call().map_or(&[], CallError::field_violations)
    }

    /// Returns the thing that is unknown or exists already.
    pub fn resource(&self) -> Option<&Resource> {
        self.call().and_then(CallError::resource)
    }

    /// Returns how long the server asks to wait before the call is repeated.
    pub fn retry_after(&self) -> Option<Duration> {
        self.call().and_then(CallError::retry_after)
    }

    /// Returns whether the same call may succeed when it is repeated: see
    /// [`RETRYABLE_CODES`](crate::RETRYABLE_CODES). A mutation is repeated with the same
    /// [`request_id`](Self::request_id).
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect { .. } => true,
            _ => self.call().is_some_and(CallError::is_retryable),
        }
    }

    /// Returns the request id that a mutation was sent with, given or made. Repeat the mutation
    /// with it when the outcome is unknown (`Unavailable`, `DeadlineExceeded`).
    pub fn request_id(&self) -> Option<&str> {
        self.call().and_then(CallError::request_id)
    }

    /// Returns the id under which GoMark's log says more about an internal error.
    pub fn log_id(&self) -> Option<&str> {
        self.call().and_then(CallError::log_id)
    }

    /// Returns the job that failed or was cancelled.
    pub fn job(&self) -> Option<&Job> {
        match self {
            Self::JobFailed { job } | Self::JobCancelled { job } => Some(job),
            _ => None,
        }
    }

    fn call(&self) -> Option<&CallError> {
        match self {
            Self::Call(error) => Some(error),
            _ => None,
        }
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        Self::Call(Box::new(error))
    }
}

/// Reads a status that a call over the raw clients was refused with.
impl From<Status> for Error {
    fn from(status: Status) -> Self {
        CallError::from(status).into()
    }
}
