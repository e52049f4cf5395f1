//! When calls are to be sent: the open loop's schedule.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// How long calls that are due at the end may still wait for a free client.
const GRACE: Duration = Duration::from_millis(100);
/// The longest wait without looking whether to stop.
const LOOK: Duration = Duration::from_millis(20);

/// Evenly spaced moments, which do not wait for answers.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pub(super) began_at: Instant,
    pub(super) per_second: f64,
    /// How many calls there are to be.
    pub(super) calls: u64,
    /// Whether calls that find no client in time are left out, or waited for.
    pub(super) cut_off: bool,
}

impl Schedule {
    /// Returns when a call is to be sent.
    pub(super) fn at(&self, call: u64) -> Instant {
        self.began_at + Duration::from_secs_f64(call as f64 / self.per_second)
    }

    /// Returns how many calls are due by a moment.
    fn due(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.began_at).as_secs_f64();
        ((elapsed * self.per_second) as u64).saturating_add(1).min(self.calls)
    }

    /// Hands out a permit for each call when its time has come, and closes `permits` when all
    /// calls were `sent`, or as many as found a client.
    ///
    /// Runs on a thread of its own: the runtime's timers go by the millisecond, a thread's sleep
    /// is off by some ten microseconds.
    pub(super) fn keep(&self, permits: &Semaphore, sent: &AtomicU64, stop: &CancellationToken) {
        let mut released = 0;
        while released < self.calls && !permits.is_closed() && !stop.is_cancelled() {
            let due = self.due(Instant::now());
            if due > released {
                permits.add_permits(usize::try_from(due - released).unwrap_or(0));
                released = due;
            }
            let wait = self.at(released).saturating_duration_since(Instant::now());
            if released < self.calls && !wait.is_zero() {
                std::thread::sleep(wait.min(LOOK));
            }
        }
        // Not before they were sent: a permit that is on its way to a client is void when it closes.
        let until = Instant::now() + GRACE;
        let settled = || {
            let late = self.cut_off && Instant::now() >= until;
            late || sent.load(Ordering::Relaxed) >= self.calls || permits.is_closed()
        };
        while !settled() && !stop.is_cancelled() {
            std::thread::sleep(Duration::from_millis(1));
        }
        permits.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_due_evenly_from_the_beginning_on() {
        let began_at = Instant::now();
        let schedule = Schedule { began_at, per_second: 100.0, calls: 5, cut_off: true };
        let due = |millis| schedule.due(began_at + Duration::from_millis(millis));
        assert_eq!([due(0), due(5), due(15), due(35), due(1_000)], [1, 1, 2, 4, 5]);
        assert_eq!(schedule.at(3), began_at + Duration::from_millis(30));
    }
}
