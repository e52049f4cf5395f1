//! The bus that makes job events prompt. The rows of the database are the truth.

mod local;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

pub use local::LocalBus;

use crate::domain::JobEvent;

/// Tells those who watch that something happened.
///
/// Not promised: that every event arrives. A watcher MUST read the database when it starts, when it
/// is told that it missed something, and once in a while.
pub trait EventBus: Send + Sync + fmt::Debug {
    /// Tells of an event that is in the database. Never waits.
    fn publish(&self, event: JobEvent);

    /// Begins to listen. Events published after this call are seen, or reported as missed.
    fn subscribe(&self) -> Box<dyn Subscription>;
}

/// A listener on the bus.
#[async_trait]
pub trait Subscription: Send {
    /// Waits for the next event; `None` means that some were missed. Cancel safe.
    async fn next(&mut self) -> Option<Arc<JobEvent>>;
}
