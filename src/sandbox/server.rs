//! Connections: an accept loop of our own, because a fault must be able to close one unanswered.

use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::gate::Gate;
use crate::supervisor::Supervisor;

/// Accepts connections until the supervisor stops.
pub(crate) async fn serve(listener: TcpListener, gate: Gate, supervisor: Supervisor) {
    let gate = Arc::new(gate);
    let stopping = supervisor.stopping();
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, Arc::clone(&gate), supervisor.stopping());
                supervisor.spawn("sandbox connection", connection);
            }
            // One client's trouble (or a lack of descriptors that passes) is no reason to end.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, gate: Arc<Gate>, stopping: CancellationToken) {
    // Latency is what the settings say, not what Nagle's algorithm adds.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let gate = Arc::clone(&gate);
        async move { gate.serve(request).await }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
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
