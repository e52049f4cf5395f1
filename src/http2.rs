//! Serves HTTP/2 connections. Each one ends: when its client is gone, when it has reached its age, or
//! with the program.
//!
//! A connection ends in an orderly way: the client is told to open another one (GOAWAY), what is under
//! way is finished, and whoever answers without an end learns of it by [`Ending`]. What has not
//! ended in time after that is cut off.

mod hello;
#[cfg(test)]
mod tests;

use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::rt::Executor;
use hyper::server::conn::http2::Builder;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use rand::RngExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::connections;
use crate::supervisor::Supervisor;
use hello::Hello;

/// By how much the age of connections differs, so that they do not all end at once.
const AGE_JITTER: f64 = 0.1;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What one listener takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How many connections may be open; further ones wait to be accepted.
    pub(crate) connections_max: usize,
    /// How long a client may take until it has said that it speaks HTTP/2.
    pub(crate) hello_timeout: Duration,
    /// How old a connection becomes, a tenth more or less; without one, as old as its client likes.
    pub(crate) age: Option<Duration>,
    /// How long what is under way may take then.
    pub(crate) aged_grace: Duration,
    /// How long it may take when the program ends.
    pub(crate) stopped_grace: Duration,
    /// How often a silent client is asked whether it is still there.
    pub(crate) keepalive_interval: Duration,
    /// How long its answer may take.
    pub(crate) keepalive_timeout: Duration,
    /// How many streams one connection may have open.
    pub(crate) streams_max: u32,
    /// How many streams a client may have reset before its connection is closed (RUSTSEC-2024-0003).
    pub(crate) local_resets_max: usize,
    /// How many streams that were reset may wait to be looked at (CVE-2023-44487).
    pub(crate) pending_resets_max: usize,
    /// The largest head of a request, in bytes.
    pub(crate) head_bytes_max: u32,
    /// How much of an answer is buffered for one stream, in bytes.
    pub(crate) send_buffer_bytes: usize,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It has reached its age.
    Age,
    /// The program ends.
    Stop,
}

/// Tells a call when its connection ends; each request has one among its extensions.
#[derive(Clone, Debug)]
pub(crate) struct Ending(watch::Receiver<Option<Cause>>);

impl Ending {
    /// Waits until the connection ends.
    pub(crate) async fn begun(mut self) -> Cause {
        let begun = self.0.wait_for(Option::is_some).await.map(|cause| *cause);
        match begun {
            Ok(cause) => cause.unwrap_or(Cause::Stop),
            // The connection is gone already, and with it whoever waits.
            Err(_) => std::future::pending().await,
        }
    }
}

/// Serves until the supervisor stops; calls under way are finished then.
pub(crate) async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    limits: Limits,
    supervisor: Supervisor,
) where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError> + Send + Sync,
{
    let carry = |stream| connection(stream, service.clone(), limits, supervisor.clone());
    let (most, of) = (limits.connections_max, supervisor.clone());
    connections::accept(listener, most, of, "grpc connection", carry).await;
}

async fn connection<S, B>(stream: TcpStream, service: S, limits: Limits, supervisor: Supervisor)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError> + Send + Sync,
{
    let stopping = supervisor.stopping();
    let (cause, ending) = watch::channel(None);
    let (stream, hello) = Hello::of(stream);
    let service = Telling { service, ending: Ending(ending) };
    let served = builder(limits, supervisor).serve_connection(TokioIo::new(stream), service);
    tokio::pin!(served);
    let mut begun = tokio::select! {
        ended = served.as_mut() => return note(ended),
        () = hello.is_missing_after(limits.hello_timeout) => return note_late("said nothing"),
        () = reached(limits.age) => Cause::Age,
        () = stopping.cancelled() => Cause::Stop,
    };
    if !hello.has_come() {
        return note_late("said nothing");
    }
    loop {
        served.as_mut().graceful_shutdown();
        cause.send_replace(Some(begun));
        let grace = match begun {
            Cause::Age => limits.aged_grace,
            Cause::Stop => limits.stopped_grace,
        };
        tokio::select! {
            ended = served.as_mut() => return note(ended),
            () = sleep(grace) => return note_late("did not end"),
            () = stopping.cancelled(), if begun == Cause::Age => begun = Cause::Stop,
        }
    }
}

fn builder(limits: Limits, supervisor: Supervisor) -> Builder<Tasks> {
    let mut builder = Builder::new(Tasks(supervisor));
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.keepalive_interval)
        .keep_alive_timeout(limits.keepalive_timeout)
        .max_concurrent_streams(limits.streams_max)
        .max_local_error_reset_streams(limits.local_resets_max)
        .max_pending_accept_reset_streams(limits.pending_resets_max)
        .max_header_list_size(limits.head_bytes_max)
        .max_send_buf_size(limits.send_buffer_bytes);
    builder
}

/// Waits for the age of a connection.
async fn reached(age: Option<Duration>) {
    let Some(age) = age else { return std::future::pending().await };
    let factor = rand::rng().random_range(1.0 - AGE_JITTER..=1.0 + AGE_JITTER);
    sleep_until(Instant::now() + age.mul_f64(factor)).await;
}

fn note(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

fn note_late(what: &str) {
    tracing::debug!("a connection is cut off: its client {what} in time");
}

/// Runs the calls of connections.
#[derive(Clone, Debug)]
struct Tasks(Supervisor);

impl<F> Executor<F> for Tasks
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, call: F) {
        self.0.spawn("grpc call", call);
    }
}

/// A service that tells each request when its connection ends.
#[derive(Debug)]
struct Telling<S> {
    service: S,
    ending: Ending,
}

impl<S: Service<Request<Incoming>>> Service<Request<Incoming>> for Telling<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<Incoming>) -> S::Future {
        request.extensions_mut().insert(self.ending.clone());
        self.service.call(request)
    }
}
