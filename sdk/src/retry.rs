//! When a call is repeated, and how long to wait before.

use std::time::Duration;

use tokio::time::Instant;
use tonic::Code;
use uuid::Uuid;

use crate::error::CallError;

/// The codes after which a call is repeated; no other ever is.
///
/// `Unavailable` means that the outcome is unknown: reads are repeated as they are, mutations
/// because they carry a request id, which makes the repeat change nothing twice.
/// `ResourceExhausted` counts only with a `google.rpc.RetryInfo`, whose delay is kept; without one
/// it is a limit that waiting does not lift.
pub const RETRYABLE_CODES: [Code; 2] = [Code::Unavailable, Code::ResourceExhausted];

/// Says how often and how long a call is repeated, and a broken stream resumed.
///
/// Waits grow from the first to the longest by doubling, each shortened at random by up to half so
/// that clients do not come back in step. A `google.rpc.RetryInfo` in an answer is never undercut.
/// A call ends with the last error when the next wait would not fit into the limits, nor into the
/// client's time-out.
///
/// Default: 8 attempts within 20 s, waits from 0.1 s to 5 s, streams resumed for 5 minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    attempts_max: u32,
    elapsed_max: Duration,
    wait_min: Duration,
    wait_max: Duration,
    resume_max: Duration,
}

impl RetryPolicy {
    /// Repeats and resumes nothing.
    pub fn none() -> Self {
        Self { attempts_max: 1, resume_max: Duration::ZERO, ..Self::default() }
    }

    /// Sets how often a call is sent at most, the first time included; 0 is taken as 1.
    #[must_use]
    pub fn attempts_max(mut self, attempts: u32) -> Self {
        self.attempts_max = attempts.max(1);
        self
    }

    /// Sets how long after its beginning a call may be sent again.
    #[must_use]
    pub fn elapsed_max(mut self, elapsed: Duration) -> Self {
        self.elapsed_max = elapsed;
        self
    }

    /// Sets the first and the longest wait between two attempts.
    #[must_use]
    pub fn waits(mut self, first: Duration, longest: Duration) -> Self {
        self.wait_min = first;
        self.wait_max = longest.max(first);
        self
    }

    /// Sets for how long the broken stream of a watch is resumed without any success, before
    /// the watch ends with the error.
    #[must_use]
    pub fn resume_max(mut self, elapsed: Duration) -> Self {
        self.resume_max = elapsed;
        self
    }

    pub(crate) fn for_call(&self) -> Backoff {
        Backoff::new(self, self.attempts_max, self.elapsed_max)
    }

    pub(crate) fn for_stream(&self) -> Backoff {
        Backoff::new(self, u32::MAX, self.resume_max)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts_max: 8,
            elapsed_max: Duration::from_secs(20),
            wait_min: Duration::from_millis(100),
            wait_max: Duration::from_secs(5),
            resume_max: Duration::from_secs(300),
        }
    }
}

/// Counts the failures of one call, or of one interruption of a stream.
#[derive(Debug)]
pub(crate) struct Backoff {
    attempts_left: u32,
    elapsed_max: Duration,
    wait: Duration,
    wait_max: Duration,
    began_at: Instant,
}

impl Backoff {
    fn new(policy: &RetryPolicy, attempts_max: u32, elapsed_max: Duration) -> Self {
        Self {
            attempts_left: attempts_max - 1,
            elapsed_max,
            wait: policy.wait_min,
            wait_max: policy.wait_max,
            began_at: Instant::now(),
        }
    }

    /// Returns when to try again after `error`; `None` if it is not to be tried again.
    pub(crate) fn after(&mut self, error: &CallError) -> Option<Instant> {
        if !error.is_retryable() {
            return None;
        }
        self.next(error.retry_after())
    }

    /// Returns when to open a stream again after `error`; `None` if it is not to be.
    pub(crate) fn after_interruption(&mut self, error: &CallError) -> Option<Instant> {
        if !error.interrupts_a_stream() {
            return None;
        }
        self.next(error.retry_after())
    }

    /// Returns when to try again, `at_least` from now; `None` once the limits are reached.
    pub(crate) fn next(&mut self, at_least: Option<Duration>) -> Option<Instant> {
        self.attempts_left = self.attempts_left.checked_sub(1)?;
        let wait = match at_least {
            Some(delay) => delay.checked_add(delay.mul_f64(random() / 10.0))?,
            None => self.wait.mul_f64(0.5 + random() / 2.0),
        };
        self.wait = self.wait.saturating_mul(2).min(self.wait_max);
        let at = Instant::now().checked_add(wait)?;
        (at.duration_since(self.began_at) <= self.elapsed_max).then_some(at)
    }
}

/// A number from 0 up to 1. Request ids need a source of randomness anyway, so it serves here too.
fn random() -> f64 {
    let (high, _) = Uuid::new_v4().as_u64_pair();
    f64::from((high >> 32) as u32) / f64::from(u32::MAX)
}
