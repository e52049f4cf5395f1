//! Doorbells within one process.

use async_trait::async_trait;
use tokio::sync::{Mutex, mpsc};

use super::Broker;
use crate::store::Doorbell;

/// How many doorbells may wait; more are dropped, which costs the sweeper's interval.
const WAITING_MAX: usize = 16 * 1024;

/// An in-process broker.
#[derive(Debug)]
pub struct LocalBroker {
    sender: mpsc::Sender<Doorbell>,
    receiver: Mutex<mpsc::Receiver<Doorbell>>,
}

impl LocalBroker {
    /// Creates one.
    pub fn new() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        Self { sender, receiver: Mutex::new(receiver) }
    }
}

impl Default for LocalBroker {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Broker for LocalBroker {
    async fn ring(&self, doorbell: &Doorbell) {
        if self.sender.try_send(doorbell.clone()).is_err() {
            tracing::debug!(%doorbell, "too many doorbells wait; left to the sweeper");
        }
    }

    async fn ring_at(&self, _holder: &str, _doorbell: &Doorbell) {
        // There is one executor in a process, and it holds its own leases.
    }

    async fn next(&self) -> Doorbell {
        match self.receiver.lock().await.recv().await {
            Some(doorbell) => doorbell,
            // The sender lives as long as `self`, so the channel is never closed.
            None => std::future::pending().await,
        }
    }
}
