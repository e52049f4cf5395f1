//! Owns background tasks, so that shutdown waits for them and nothing outlives the program by accident.
//!
//! The end comes in two steps: first nothing new is to be sent here ([`Supervisor::draining`]), then
//! everything stops.
//!
//! Every task of GoMark is spawned here (a lint bans the bare function). A task learns of the
//! shutdown from [`Supervisor::stopping`], which is handed down as a value and never a global.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// Spawns tasks, tells them to stop and waits for them. Clones share the same tasks.
#[derive(Clone, Debug, Default)]
pub struct Supervisor {
    tasks: TaskTracker,
    drain: CancellationToken,
    stop: CancellationToken,
}

impl Supervisor {
    /// Creates a supervisor with no tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the token that is cancelled when others should send nothing here any more. What they
    /// still send is done as before.
    pub fn draining(&self) -> CancellationToken {
        self.drain.clone()
    }

    /// Lets others know that they should send nothing here any more.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Returns the token that is cancelled when shutdown begins.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Spawns a task under a name that its log lines carry.
    #[allow(clippy::disallowed_methods)] // the one place
    pub fn spawn<F>(&self, name: &'static str, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let span = tracing::debug_span!("task", name);
        tokio::spawn(self.tasks.track_future(future.instrument(span)))
    }

    /// Tells every task to stop and waits for them, at most `grace` long.
    ///
    /// Returns whether all of them ended in time.
    pub async fn shutdown(&self, grace: Duration) -> bool {
        self.drain.cancel();
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(grace, self.tasks.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shutdown_waits_for_tasks_that_heed_it() {
        let supervisor = Supervisor::new();
        let stopping = supervisor.stopping();
        let task = supervisor.spawn("heeds", async move { stopping.cancelled().await });
        assert!(supervisor.shutdown(Duration::from_secs(5)).await);
        assert!(task.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn shutdown_gives_up_on_a_task_that_never_ends() {
        let supervisor = Supervisor::new();
        let _task = supervisor.spawn("deaf", std::future::pending::<()>());
        assert!(!supervisor.shutdown(Duration::from_secs(1)).await);
    }
}
