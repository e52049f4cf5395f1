//! Stand-ins for vendors, with latency, limits and faults on request: for HubSpot, deals,
//! their properties and groups over HTTP, faithful enough to be driven by HubSpot's official clients; for a cadence
//! vendor, what GoMark's own contract says.
//!
//! The one imitates what has been documented or observed and nothing else; `docs/sandbox.md` says
//! which. The other imitates nobody. They keep everything in memory, know no real account and must
//! never be given a real token.
//!
//! Inside, HubSpot's rules (`hubspot`) and the cadence vendor's (`upso`) are pure state machines.
//! Around them lie the paths of HubSpot's API (`api`) and of the other's (`upso::api`), what may
//! happen to a call on its way (`gate`, with `vendor`, `registry`, `limiter`, `faults` and `calls`)
//! and the endpoints by which a test steers all that (`control`).

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::supervisor::Supervisor;

mod answer;
mod api;
mod calls;
mod control;
mod faults;
mod gate;
mod hubspot;
mod limiter;
mod oauth;
mod registry;
mod server;
mod upso;
mod vendor;
mod wire_time;
mod world;

/// What happens when a property is created under the name of an archived one.
///
/// Two public sources saw different behaviour, so it is a switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Recreate {
    /// The archived property returns with its old `createdAt`, defined as the new request says.
    #[default]
    Restore,
    /// A new property comes into being; the archived one stays in the recycle bin.
    Fresh,
    /// The create is refused with 409.
    Conflict,
}

/// How a sandbox listens and behaves at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on; port 0 picks a free one.
    pub listen: SocketAddr,
    /// How long every API call takes, in milliseconds. Its effect happens at the end of that time.
    pub latency_ms: u64,
    /// How many calls a token may make within the window.
    pub burst_limit: u32,
    /// The length of the rolling window, in milliseconds.
    pub burst_window_ms: u64,
    /// What a create under an archived name does.
    pub recreate: Recreate,
    /// How many deals a portal has when it is opened.
    pub deals: u32,
    /// The seed of every random choice, that is of faults with a rate.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            latency_ms: 0,
            burst_limit: 190,
            burst_window_ms: 10_000,
            recreate: Recreate::Restore,
            deals: 0,
            seed: 1,
        }
    }
}

/// The stand-in; see [`Sandbox::start`].
#[derive(Clone, Copy, Debug)]
pub struct Sandbox;

impl Sandbox {
    /// Binds the address and serves in tasks of `supervisor` until it stops.
    ///
    /// # Errors
    ///
    /// Fails when the address cannot be bound.
    pub async fn start(
        config: Config,
        supervisor: &Supervisor,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Running> {
        let listener = tokio::net::TcpListener::bind(config.listen).await.map_err(|error| {
            let listen = config.listen;
            io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}"))
        })?;
        let local_addr = listener.local_addr()?;
        let world = world::World::new(&config, supervisor.clone(), clock)?;
        let gate = gate::Gate::new(Arc::new(world));
        supervisor.spawn("sandbox", server::serve(listener, gate, supervisor.clone()));
        Ok(Running { local_addr })
    }
}

/// A sandbox that serves.
#[derive(Clone, Copy)]
pub struct Running {
    local_addr: SocketAddr,
}

impl Running {
    /// Returns the address it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Returns the URL to use in place of a vendor's own, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.local_addr)
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("base_url", &self.base_url()).finish()
    }
}

#[cfg(test)]
mod tests;
