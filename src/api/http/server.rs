//! The address that is listened on, and its limits.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

use super::router::{State, Watched, router, router_without_calls};
use crate::auth::Policy;
use crate::engine::Engine;
use crate::http1::{self, Limits};
use crate::metrics::Metrics;
use crate::supervisor::Supervisor;

const LIMITS: Limits = Limits {
    connections_max: 1_024,
    head_timeout: Duration::from_secs(10),
    head_bytes_max: 16 * 1024,
};

/// An address that is listened on; calls wait until it is served.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    local_addr: SocketAddr,
}

impl Listening {
    /// Takes an address.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let local_addr = listener.local_addr()?;
        Ok(Self { listener, local_addr })
    }

    /// Returns the address, with the port that was given for port 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until shutdown begins; calls under way are finished then.
    pub fn serve(self, engine: Engine, policy: Policy, metrics: Metrics, supervisor: &Supervisor) {
        let state = State { engine, policy: Arc::new(policy), stopping: supervisor.stopping() };
        self.serve_router(router(state, watched(metrics, supervisor)), supervisor);
    }

    /// Serves only what watching over the program needs, in a process that takes no calls.
    pub fn serve_without_calls(self, metrics: Metrics, supervisor: &Supervisor) {
        self.serve_router(router_without_calls(watched(metrics, supervisor)), supervisor);
    }

    fn serve_router(self, router: Router, supervisor: &Supervisor) {
        let service = TowerToHyperService::new(router);
        let serving = http1::serve(self.listener, service, LIMITS, supervisor.clone());
        supervisor.spawn("http", serving);
    }
}

fn watched(metrics: Metrics, supervisor: &Supervisor) -> Watched {
    Watched { metrics: Arc::new(metrics), stopping: supervisor.stopping() }
}
