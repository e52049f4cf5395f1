//! Why a connection to RabbitMQ was given up. Each reason has the same consequence: another one.

use std::time::Duration;

/// Why a connection was given up.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// No connection came about.
    #[error("could not connect")]
    Connect(#[source] lapin::Error),
    /// Something took too long.
    #[error("{0} took longer than {1:?}")]
    Late(&'static str, Duration),
    /// What is needed could not be declared.
    #[error("could not declare {0}")]
    Declare(String, #[source] lapin::Error),
    /// A queue could not be listened to.
    #[error("could not consume from {0}")]
    Consume(String, #[source] lapin::Error),
    /// A queue does not answer: it has no leader.
    #[error("the queue {0} did not answer within {1:?}")]
    Stuck(String, Duration),
    /// The connection or the channel broke.
    #[error("the connection broke")]
    Broken(#[source] lapin::Error),
    /// The server ended a consumer: its queue is gone, or moves.
    #[error("the server stopped delivering from {0}")]
    Cancelled(String),
    /// A doorbell fitted no queue: what was declared is gone.
    #[error("the queue for {0} is gone")]
    Unroutable(String),
}
