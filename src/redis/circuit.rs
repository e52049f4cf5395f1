//! Keeps callers from waiting for a server that does not answer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// For how long nobody asks after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// After a failure lets one try a second, and everybody again once that worked.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    broken_until: Mutex<Option<Instant>>,
}

impl Circuit {
    /// Tells whether the caller may try.
    pub(super) fn lets_through(&self) -> bool {
        let mut broken_until = self.broken_until();
        let now = Instant::now();
        match *broken_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                // The caller tries for all others.
                *broken_until = Some(now + PAUSE);
                true
            }
        }
    }

    pub(super) fn worked(&self) {
        *self.broken_until() = None;
    }

    pub(super) fn failed(&self) {
        *self.broken_until() = Some(Instant::now() + PAUSE);
    }

    fn broken_until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.broken_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_one_tries_each_second_until_it_worked() {
        let circuit = Circuit::default();
        assert!(circuit.lets_through() && circuit.lets_through());
        circuit.failed();
        for _ in 0..3 {
            assert!(!circuit.lets_through());
            tokio::time::advance(PAUSE).await;
            assert!(circuit.lets_through());
            assert!(!circuit.lets_through());
        }
        circuit.worked();
        assert!(circuit.lets_through() && circuit.lets_through());
    }
}
