//! Connections. A fault must be able to close one unanswered: then the gate answers with an error.

use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use tokio::net::TcpListener;

use super::gate::Gate;
use crate::http1::{self, Limits};
use crate::supervisor::Supervisor;

/// More than any test opens, and few enough for the descriptors of a process.
const LIMITS: Limits = Limits {
    connections_max: 16_384,
    head_timeout: Duration::from_secs(30),
    head_bytes_max: 64 * 1024,
};

/// Accepts connections until the supervisor stops.
pub(crate) async fn serve(listener: TcpListener, gate: Gate, supervisor: Supervisor) {
    let gate = Arc::new(gate);
    let service = service_fn(move |request| {
        let gate = Arc::clone(&gate);
        async move { gate.serve(request).await }
    });
    http1::serve(listener, service, LIMITS, supervisor).await;
}
