//! Doorbells over RabbitMQ, between the processes that share a database.
//!
//! One task owns everything: it connects, declares, consumes and publishes, and does all of that
//! anew after any failure. Whatever happens to the server, nobody waits for it: doorbells wait in
//! two short lines, and what finds no room there, or no server, is left to the sweeper.

mod address;
mod consume;
mod error;
mod keeper;
mod link;
mod message;
mod publish;
mod rarely;
#[cfg(test)]
mod tests;
mod topology;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Broker;
use super::line::{Joined, Line};
use crate::backoff::Backoff;
use crate::config::ServerUrl;
use crate::store::Doorbell;
use crate::supervisor::Supervisor;
use keeper::Keeper;
use publish::Errand;
use rarely::Rarely;

/// How many doorbells may wait to be published. Each names another connection.
const OUTBOX_MAX: usize = 4 * 1024;
/// How many doorbells may wait for the executor of this process; the server keeps what does not fit.
const INBOX_MAX: usize = 4 * 1024;
/// How often one kind of trouble is logged at most.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// How a process takes part.
#[derive(Clone, Debug)]
pub struct RabbitSettings {
    /// The name under which this process holds leases; it hears doorbells only with one.
    pub holder: Option<String>,
    /// What the names at the server begin with. Processes that share a database share it.
    pub prefix: String,
}

impl RabbitSettings {
    /// What the names at the server begin with, usually.
    pub const PREFIX: &str = "gomark.doorbells";

    /// Returns the usual settings: with a `holder` it hears doorbells, without it only rings.
    pub fn new(holder: Option<String>) -> Self {
        Self { holder, prefix: Self::PREFIX.to_owned() }
    }
}

/// How long things may take. Tests have less time.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// For a connection that can be used.
    connect: Duration,
    /// For everything that is declared.
    declare: Duration,
    /// For the server to say that it has a doorbell.
    confirm: Duration,
    /// For what still waits to be published when the process ends, and again for the goodbye.
    farewell: Duration,
    /// Between two attempts to connect.
    between: Backoff,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            declare: Duration::from_secs(30),
            confirm: Duration::from_secs(10),
            farewell: Duration::from_secs(1),
            between: Backoff {
                first: Duration::from_millis(200),
                longest: Duration::from_secs(10),
            },
        }
    }
}

/// A broker over RabbitMQ.
pub struct RabbitBroker {
    lines: Arc<Lines>,
}

/// Where doorbells wait on this side of the server.
#[derive(Debug)]
struct Lines {
    /// For the server.
    outbox: Line<Errand>,
    /// For the executor of this process.
    inbox: Line<Doorbell>,
    dropped: Rarely,
}

impl RabbitBroker {
    /// Begins to connect, and goes on until shutdown begins. Never fails and never waits: the
    /// server may come later, or never.
    pub fn start(url: &ServerUrl, settings: RabbitSettings, supervisor: &Supervisor) -> Self {
        Self::start_with(url, settings, Times::default(), supervisor)
    }

    fn start_with(
        url: &ServerUrl,
        settings: RabbitSettings,
        times: Times,
        supervisor: &Supervisor,
    ) -> Self {
        let lines = Arc::new(Lines {
            outbox: Line::new(OUTBOX_MAX),
            inbox: Line::new(INBOX_MAX),
            dropped: Rarely::new(TOLD_EVERY),
        });
        let stopping = supervisor.stopping();
        match address::read(url.expose()) {
            Ok(address) => {
                let keeper = Keeper::new(address, settings, times, Arc::clone(&lines), stopping);
                supervisor.spawn("rabbitmq", keeper.run());
            }
            Err(fault) => {
                tracing::error!(%url, fault, "RabbitMQ's URL cannot be used; the sweeper does without it");
            }
        }
        Self { lines }
    }

    fn send(&self, errand: Errand) {
        if self.lines.outbox.join(errand) == Joined::Full {
            self.lines.dropped.tell(1, |count| {
                tracing::info!(count, "too many doorbells wait for RabbitMQ; left to the sweeper");
            });
        }
    }
}

impl fmt::Debug for RabbitBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitBroker").finish_non_exhaustive()
    }
}

#[async_trait]
impl Broker for RabbitBroker {
    async fn ring(&self, doorbell: &Doorbell) {
        self.send(Errand::ring(doorbell));
    }

    /// The holder has a queue of its own. When it is gone, so is the queue, and the doorbell ends
    /// there.
    async fn ring_at(&self, holder: &str, doorbell: &Doorbell) {
        self.send(Errand::hand_on(holder, doorbell));
    }

    async fn next(&self) -> Doorbell {
        self.lines.inbox.next().await
    }
}
