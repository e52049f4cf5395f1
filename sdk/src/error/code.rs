//! Which code a status stands for, whatever the transport called it.
//!
//! A status that the server sent stands for itself. One that the transport made has a source, and
//! its code depends on how tonic was compiled: a connection that broke can be `Unknown`,
//! `Internal` or `Cancelled`, a time limit `Cancelled`. The source says what really happened.

use std::error::Error;
use std::io;

use tonic::{Code, ConnectError, Status, TimeoutExpired};

/// What a status stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The server's word, or what comes to the same.
    Server,
    /// The server reset the stream, or something between did, without a word.
    Reset,
    NotConnected,
    Broken,
    TimedOut,
    /// Something between has nobody to pass the call on to, and does not speak gRPC.
    Proxy,
}

/// What tonic says of an answer that is no gRPC, before its HTTP status.
const NO_GRPC: &str = "while receiving response with status: ";
/// The HTTP statuses by which a proxy says that; gRPC takes them for UNAVAILABLE
/// (doc/http-grpc-status-mapping.md of gRPC).
const NOBODY_THERE: [&str; 4] = ["429", "502", "503", "504"];

impl Origin {
    pub(super) fn of(status: &Status) -> Self {
        let Some(source) = Error::source(status) else {
            let http = status.message().split_once(NO_GRPC).map(|(_, http)| http);
            let nobody =
                http.is_some_and(|http| NOBODY_THERE.iter().any(|nobody| http.starts_with(nobody)));
            return if nobody { Self::Proxy } else { Self::Server };
        };
        if find::<TimeoutExpired>(source).is_some() {
            return Self::TimedOut;
        }
        if find::<ConnectError>(source).is_some() {
            return Self::NotConnected;
        }
        if let Some(error) = find::<h2::Error>(source) {
            // A refused stream was not looked at, which is as good as a connection that broke.
            let refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
            return if error.is_reset() && !refused { Self::Reset } else { Self::Broken };
        }
        let broken = find::<tonic::transport::Error>(source).is_some()
            || find::<io::Error>(source).is_some()
            || matches!(status.code(), Code::Cancelled | Code::Unavailable);
        if broken { Self::Broken } else { Self::Server }
    }

    pub(super) fn code(self, status: &Status) -> Code {
        match self {
            Self::Server | Self::Reset => status.code(),
            Self::NotConnected | Self::Broken | Self::Proxy => Code::Unavailable,
            Self::TimedOut => Code::DeadlineExceeded,
        }
    }

    /// Says what happened, where the transport's own words say little.
    pub(super) fn message(self, status: &Status) -> &str {
        match self {
            Self::Server => status.message(),
            Self::Reset => "the call was reset without an answer",
            Self::NotConnected => "no connection could be made",
            Self::Broken => "the connection broke",
            Self::Proxy => "a proxy found no server",
            Self::TimedOut => "the time limit passed",
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_found_no_server_is_unavailable() {
        let said = |http: &str| {
            let text = "protocol error: received message with invalid compression flag: 60 (valid \
                        flags are 0 and 1) while receiving response with status: ";
            let status = Status::internal(format!("{text}{http}"));
            Origin::of(&status).code(&status)
        };
        assert_eq!(said("503 Service Unavailable"), Code::Unavailable);
        assert_eq!(said("504 Gateway Timeout"), Code::Unavailable);
        assert_eq!(said("500 Internal Server Error"), Code::Internal);
        assert_eq!(said("404 Not Found"), Code::Internal);
    }
}
