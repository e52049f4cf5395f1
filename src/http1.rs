//! Accepts HTTP/1.1 connections, as many at once as are allowed, and ends them when the program does.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::supervisor::Supervisor;

/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What one listener takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How many connections may be open; further ones wait to be accepted.
    pub(crate) connections_max: usize,
    /// How long the head of a request may take, and how long a connection may be idle.
    pub(crate) head_timeout: Duration,
    /// The largest head of a request, in bytes.
    pub(crate) head_bytes_max: usize,
}

/// Serves until the supervisor stops; calls under way are finished then.
pub(crate) async fn serve<S>(
    listener: TcpListener,
    service: S,
    limits: Limits,
    supervisor: Supervisor,
) where
    S: Service<Request<Incoming>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let room = Arc::new(Semaphore::new(limits.connections_max));
    let stopping = supervisor.stopping();
    loop {
        let next = async {
            // The semaphore is never closed.
            let place = room.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = stopping.cancelled() => return,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, service.clone(), limits, supervisor.stopping());
                supervisor.spawn("http connection", async move {
                    connection.await;
                    drop(place);
                });
            }
            // One client's trouble (or a lack of descriptors that passes) is no reason to end.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection<S>(stream: TcpStream, service: S, limits: Limits, stopping: CancellationToken)
where
    S: Service<Request<Incoming>, Response = Response<Body>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    // Latency is what the work takes, not what Nagle's algorithm adds.
    let _ = stream.set_nodelay(true);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_header_size(limits.head_bytes_max)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stopping.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
