//! Doorbells within one process.

use async_trait::async_trait;

use super::Broker;
use super::line::{Joined, Line};
use crate::store::Doorbell;

/// How many connections may wait; further ones are dropped, which costs the sweeper's interval.
const WAITING_MAX: usize = 16 * 1024;

/// An in-process broker.
#[derive(Debug)]
pub struct LocalBroker {
    line: Line<Doorbell>,
}

impl LocalBroker {
    /// Creates one.
    pub fn new() -> Self {
        Self { line: Line::new(WAITING_MAX) }
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
        if self.line.join(doorbell.clone()) == Joined::Full {
            tracing::debug!(%doorbell, "too many doorbells wait; left to the sweeper");
        }
    }

    /// Does nothing: the holder is another process, which finds the work by its own sweeper. To
    /// ring here instead would wake the very executor that was just turned away, without end.
    async fn ring_at(&self, _holder: &str, _doorbell: &Doorbell) {}

    async fn next(&self) -> Doorbell {
        self.line.next().await
    }
}

#[cfg(test)]
mod tests {
    use super::super::conformance::{Given, conformance};
    use super::*;

    conformance!(crate::broker::local::tests::fresh);

    async fn fresh() -> Option<Given> {
        Some(Given::alone(LocalBroker::new()))
    }
}
