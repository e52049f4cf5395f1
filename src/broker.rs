//! Doorbells: they wake the executors. No data, no order, no promise; the job rows are the queue.

#[cfg(test)]
mod conformance;
mod line;
mod local;
mod rabbit;

use std::fmt;

use async_trait::async_trait;

pub use local::LocalBroker;
pub use rabbit::{RabbitBroker, RabbitSettings};

use crate::store::Doorbell;

/// Carries doorbells from those who accept changes to those who carry them out.
///
/// Not promised: delivery, order, or that a doorbell arrives once. A doorbell that is lost is made
/// up for by the sweeper; one too many finds nothing to do. An implementation MUST NOT let the
/// doorbells of one company hold up those of another, and MUST keep a bounded number of them.
#[async_trait]
pub trait Broker: Send + Sync + fmt::Debug {
    /// Rings a doorbell. MUST NOT wait for the executors, nor for a server.
    async fn ring(&self, doorbell: &Doorbell);

    /// Hands a doorbell on to the executor that holds the connection's lease, by the name under
    /// which it holds it. MUST NOT wait either. A holder that cannot be reached is no failure.
    async fn ring_at(&self, holder: &str, doorbell: &Doorbell);

    /// Waits for the next doorbell. Cancel safe as far as a doorbell can be lost at all.
    async fn next(&self) -> Doorbell;
}
