//! Which code a status stands for, whatever the transport called it.
//!
//! A status that the server sent stands for itself. One that the transport made has a source, and
//! its code depends on how tonic was compiled: a connection that broke can be `Unknown`,
//! `Internal` or `Cancelled`, a time limit `Cancelled`. The source says what really happened.

use std::error::Error;
use std::io;

use tonic::{Code, Status, TimeoutExpired};

/// Returns the code that `status` stands for.
pub(super) fn effective(status: &Status) -> Code {
    let Some(source) = Error::source(status) else {
        return status.code();
    };
    if find::<TimeoutExpired>(source).is_some() {
        return Code::DeadlineExceeded;
    }
    if let Some(error) = find::<h2::Error>(source) {
        // A single stream that was reset is the server's word, not a broken connection.
        let lost = !error.is_reset() || error.reason() == Some(h2::Reason::REFUSED_STREAM);
        return if lost { Code::Unavailable } else { status.code() };
    }
    let lost = find::<tonic::transport::Error>(source).is_some()
        || find::<io::Error>(source).is_some()
        || status.code() == Code::Cancelled;
    if lost { Code::Unavailable } else { status.code() }
}

fn find<'a, E: Error + 'static>(mut error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    loop {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        error = error.source()?;
    }
}

/// Returns the name of a code as the API's documents spell it.
pub(super) fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
