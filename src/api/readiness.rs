//! Whether this process can do what it is for, as load balancers ask for it: health over gRPC and
//! HTTP rests on it.
//!
//! The database is asked again and again. One answer is enough to be ready; to be no longer ready
//! takes several seconds without any, so that a short trouble does not send everyone elsewhere.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::store::{self, Store};
use crate::supervisor::Supervisor;
use crate::telemetry;

/// How often the database is asked.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long its answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// How long it may be silent before this process is not ready any more.
const SILENCE_MAX: Duration = Duration::from_secs(3);

/// How this process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It works.
    Ready,
    /// The database is away; calls are answered that it is.
    NotReady,
    /// It is about to end: nothing should be sent here any more.
    Draining,
}

/// Tells how this process stands, as it changes.
#[derive(Clone, Debug)]
pub struct Readiness(watch::Receiver<Standing>);

impl Readiness {
    /// Begins to ask the database, which was there a moment ago.
    pub fn start(store: Arc<dyn Store>, supervisor: &Supervisor) -> Self {
        let (standing, told) = watch::channel(Standing::Ready);
        let draining = supervisor.draining();
        supervisor.spawn("readiness", async move {
            let asking = Asking { store, standing, answered_at: Instant::now() };
            asking.run(draining).await;
        });
        Self(told)
    }

    /// Returns how it stands now.
    pub fn now(&self) -> Standing {
        *self.0.borrow()
    }

    /// Lets [`next`](Self::next) answer at once.
    pub fn reset(&mut self) {
        self.0.mark_changed();
    }

    /// Waits until it stands otherwise than when this was called before, and returns how.
    pub async fn next(&mut self) -> Standing {
        // Whoever tells it does so until the end; after that nothing changes any more.
        if self.0.changed().await.is_err() && self.now() == Standing::Draining {
            std::future::pending::<()>().await;
        }
        *self.0.borrow_and_update()
    }
}

struct Asking {
    store: Arc<dyn Store>,
    standing: watch::Sender<Standing>,
    answered_at: Instant,
}

impl Asking {
    async fn run(mut self, draining: CancellationToken) {
        let mut turns = interval(INTERVAL);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let asked = async {
                turns.tick().await;
                timeout(ANSWER_MAX, self.store.check()).await
            };
            tokio::select! {
                () = draining.cancelled() => break,
                answer = asked => match answer {
                    Ok(answer) => self.take(answer),
                    Err(_) => self.take(Err(store::Error::Unavailable("it does not answer".into()))),
                },
            }
        }
        self.standing.send_replace(Standing::Draining);
    }

    fn take(&mut self, answer: Result<(), store::Error>) {
        let before = *self.standing.borrow();
        match answer {
            Ok(()) => {
                self.answered_at = Instant::now();
                if before == Standing::NotReady {
                    tracing::info!("the database is there again");
                    self.standing.send_replace(Standing::Ready);
                }
            }
            Err(error)
                if before == Standing::Ready && self.answered_at.elapsed() >= SILENCE_MAX =>
            {
                tracing::error!(error = telemetry::chain(&error), "the database is away");
                self.standing.send_replace(Standing::NotReady);
            }
            Err(error) => {
                tracing::debug!(error = telemetry::chain(&error), "the database did not answer");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::store::hooked::Hooked;

    const BOUND: Duration = Duration::from_secs(20);

    async fn within<T>(work: impl Future<Output = T>) -> T {
        timeout(BOUND, work).await.unwrap()
    }

    #[tokio::test]
    async fn it_takes_seconds_to_be_not_ready_and_one_answer_to_be_ready_again() {
        let supervisor = Supervisor::new();
        let (store, _folder) = Hooked::with_acme(&supervisor).await;
        let mut readiness = Readiness::start(store.clone(), &supervisor);
        assert_eq!(readiness.now(), Standing::Ready);
        let begun = Instant::now();
        store.reads_fail.store(true, Ordering::Relaxed);
        assert_eq!(within(readiness.next()).await, Standing::NotReady);
        assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
        store.reads_fail.store(false, Ordering::Relaxed);
        let begun = Instant::now();
        assert_eq!(within(readiness.next()).await, Standing::Ready);
        assert!(begun.elapsed() < Duration::from_millis(1_900), "{:?}", begun.elapsed());
        supervisor.drain();
        assert_eq!(within(readiness.next()).await, Standing::Draining);
        assert!(futures::poll!(Box::pin(readiness.next())).is_pending());
        assert!(supervisor.shutdown(BOUND).await);
    }
}
