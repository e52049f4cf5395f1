//! Finds out who calls, and gives tonic's own refusals the form that ours have.

use std::sync::Arc;

use tokio::time::Instant;
use tonic::body::Body;
use tonic::service::Interceptor;
use tonic::{Code, Extensions, Request, Status};

use super::calls::Deadline;
use super::status;
use crate::auth::Policy;
use crate::domain::{Caller, Door};

/// Puts the [`Caller`] into the request, or refuses it.
#[derive(Clone, Debug)]
pub(super) struct Authenticate(pub(super) Arc<Policy>);

impl Interceptor for Authenticate {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let header = request.metadata().get("authorization").map(|value| value.to_str());
        let header = header.transpose().map_err(|_| status::unauthenticated())?;
        let mut caller =
            self.0.authenticate(header, Door::Grpc).map_err(|_| status::unauthenticated())?;
        let deadline = request.extensions().get::<Deadline>().and_then(|deadline| deadline.0);
        caller.deadline = deadline.map(Instant::into_std);
        request.extensions_mut().insert(caller);
        Ok(request)
    }
}

/// Takes the caller that [`Authenticate`] found. Without one nothing is let through.
pub(super) fn caller(extensions: &Extensions) -> Result<Caller, Status> {
    extensions.get::<Caller>().cloned().ok_or_else(status::unauthenticated)
}

/// Gives tonic's refusal of a message that is too large or cannot be decoded our form. Statuses of
/// ours always have details; those that tonic makes itself have none.
pub(super) fn dress(response: http::Response<Body>) -> http::Response<Body> {
    let headers = response.headers();
    let bare = !headers.contains_key("grpc-status-details-bin");
    let found = Status::from_header_map(headers).filter(|_| bare);
    match found {
        Some(found) if found.code() == Code::OutOfRange => {
            status::malformed("it must be at most 4 MiB").into_http()
        }
        Some(found) if found.code() == Code::Internal => {
            tracing::debug!(status = found.message(), "a message could not be read");
            status::malformed("it cannot be decoded").into_http()
        }
        _ => response,
    }
}
