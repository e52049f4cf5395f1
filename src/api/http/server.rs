//! The address that is listened on, and its limits.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

use super::router::{State, Watched, router, router_without_calls};
use crate::api::readiness::Readiness;
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

    /// Serves until shutdown begins; calls under way are finished then. What watching over the program
    /// needs is always there, the calls where there is an engine for them.
    pub fn serve(
        self,
        calls: Option<(Engine, Policy)>,
        readiness: Readiness,
        metrics: Metrics,
        supervisor: &Supervisor,
    ) {
        let stopping = supervisor.stopping();
        let watched = Watched { metrics: Arc::new(metrics), readiness };
        let service = match calls {
            Some((engine, policy)) => {
                router(State { engine, policy: Arc::new(policy), stopping }, watched)
            }
            None => router_without_calls(watched),
        };
        let service = TowerToHyperService::new(service);
        let serving = http1::serve(self.listener, service, LIMITS, supervisor.clone());
        supervisor.spawn("http", serving);
    }
}
