//! What holds for every call, before a service sees it: how long it may take, and how many there
//! may be at once.
//!
//! The clock starts when the head of a request is there; nobody is queued. A call that is not answered
//! by its deadline is answered that it is late, and what still works for it is dropped. An answer
//! without an end has no deadline but the caller's own, and ends with its connection.

mod stream;
mod timeout;

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::Service;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use tonic::body::Body;
use tonic::service::Routes;
use tower::ServiceExt as _;

use super::{DESCRIPTORS, status};
use crate::http2::Ending;
use stream::Ended;

/// How long a call may take at most, also when its caller would wait longer.
pub(super) const CALL_MAX: Duration = Duration::from_secs(60);

/// The path that health is asked at.
const HEALTH: &str = "/grpc.health.v1.Health/";
/// The paths of answers without an end that are not described by our own protos.
const OTHER_STREAMS: [&str; 3] = [
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// When the caller of a request stops waiting, among the request's extensions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(pub(super) Option<Instant>);

/// Serves calls under these rules.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    routes: Routes,
    streams: Arc<HashSet<String>>,
    calls_room: Arc<Semaphore>,
    streams_room: Arc<Semaphore>,
}

impl Calls {
    /// Serves so many calls, and so many answers without an end, at once.
    pub(super) fn new(
        routes: Routes,
        calls_max: usize,
        streams_max: usize,
    ) -> Result<Self, prost::DecodeError> {
        let room = |most: usize| Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        Ok(Self {
            routes: routes.prepare(),
            streams: Arc::new(streams(DESCRIPTORS)?),
            calls_room: room(calls_max),
            streams_room: room(streams_max),
        })
    }

    async fn answer(self, mut request: Request<Incoming>) -> Response<Body> {
        let arrived_at = Instant::now();
        let path = request.uri().path();
        let (is_stream, is_health) = (self.streams.contains(path), path.starts_with(HEALTH));
        let Ok(asked) = timeout::read(request.headers()) else {
            return status::malformed("its grpc-timeout cannot be read").into_http();
        };
        let of_caller = asked.and_then(|timeout| arrived_at.checked_add(timeout));
        let at_most = arrived_at + CALL_MAX;
        let deadline = of_caller.map_or(at_most, |deadline| deadline.min(at_most));
        let place = match is_health {
            true => None,
            false => match self.place(is_stream) {
                Ok(place) => Some(place),
                Err(full) => return status::overloaded(full).into_http(),
            },
        };
        let until = if is_stream { of_caller } else { Some(deadline) };
        request.extensions_mut().insert(Deadline(until));
        let ending = request.extensions().get::<Ending>().cloned();
        let answered = match timeout_at(deadline, self.routes.oneshot(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(never)) => match never {},
            Err(_) => return status::late().into_http(),
        };
        match ending {
            Some(ending) if is_stream => {
                let ended = Ended::of(ending, of_caller, is_health);
                answered.map(|body| ended.applied_to(body, place))
            }
            _ => answered,
        }
    }

    /// Takes a place among those that are under way; fails with what there are too many of.
    fn place(&self, is_stream: bool) -> Result<OwnedSemaphorePermit, &'static str> {
        let (room, full) = match is_stream {
            true => (&self.streams_room, "streams are open"),
            false => (&self.calls_room, "calls are under way"),
        };
        Arc::clone(room).try_acquire_owned().map_err(|_| full)
    }
}

impl Service<Request<Incoming>> for Calls {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let calls = self.clone();
        Box::pin(async move { Ok(calls.answer(request).await) })
    }
}

/// The paths of all calls whose answer has no end of its own.
fn streams(descriptors: &[u8]) -> Result<HashSet<String>, prost::DecodeError> {
    let files = FileDescriptorSet::decode(descriptors)?.file;
    let mut paths: HashSet<_> = OTHER_STREAMS.map(str::to_owned).into();
    for file in &files {
        for service in &file.service {
            let streams = service.method.iter().filter(|method| method.server_streaming());
            paths.extend(
                streams.map(|method| {
                    format!("/{}.{}/{}", file.package(), service.name(), method.name())
                }),
            );
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_answers_have_no_end_is_read_from_the_protos() {
        let streams = streams(DESCRIPTORS).unwrap();
        for path in [
            "/gomark.v1.ConfigService/WatchJob",
            "/gomark.v1.ConfigService/WatchConfig",
            "/gomark.v1.DriftService/WatchDrift",
        ] {
            assert!(streams.contains(path), "{path} of {streams:?}");
        }
        assert_eq!(streams.len(), 3 + OTHER_STREAMS.len(), "{streams:?}");
    }
}
