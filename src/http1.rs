//! Serves HTTP/1.1 connections, and ends them when the program does.

use std::error::Error;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::connections;
use crate::supervisor::Supervisor;

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
    let stopping = supervisor.stopping();
    let carry = |stream| connection(stream, service.clone(), limits, stopping.clone());
    connections::accept(listener, limits.connections_max, supervisor, "http connection", carry)
        .await;
}

async fn connection<S>(stream: TcpStream, service: S, limits: Limits, stopping: CancellationToken)
where
    S: Service<Request<Incoming>, Response = Response<Body>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
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
