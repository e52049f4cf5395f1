//! The bus that makes news prompt. The rows of the database are the truth.

mod fanout;
mod letter;
mod local;
mod redis;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

pub use local::LocalBus;
pub use redis::RedisBus;

use crate::domain::{CompanyId, JobEvent, Revision};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A job took a step.
    Job(JobEvent),
    /// A company has reached a revision.
    Revision(CompanyId, Revision),
}

/// Tells those who watch that something happened.
///
/// Not promised: that all news arrives, or in order. A watcher MUST read the database when it
/// starts, when it is told that it missed something, and once in a while.
pub trait EventBus: Send + Sync + fmt::Debug {
    /// Tells of something that is in the database. Never waits.
    fn publish(&self, news: News);

    /// Begins to listen. What is published after this call is seen, or reported as missed.
    fn subscribe(&self) -> Box<dyn Subscription>;
}

/// A listener on the bus.
#[async_trait]
pub trait Subscription: Send {
    /// Waits for the next news; `None` means that some was missed. Cancel safe.
    async fn next(&mut self) -> Option<Arc<News>>;
}
