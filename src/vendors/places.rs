//! The calls that one request to an account takes, each in a place that the limiter gave.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::limiter::{Lane, Limiter};
use super::{Failure, FailureScope};
use crate::domain::{Problem, ProblemReason};

/// How long what only reads may wait beside: a little longer than HubSpot's window is.
pub const PATIENCE: Duration = Duration::from_secs(12);

/// The places of one request.
///
/// Together its calls take at most one call time-out, however long the limiter would make them
/// wait: the lease, and whoever waits for calls in doubt to settle, reckon with that. The last of
/// them begins while at least a quarter of that time is left.
#[derive(Debug)]
pub struct Places<'a> {
    limiter: &'a Limiter,
    /// What people call the vendor.
    vendor: &'static str,
    call_timeout: Duration,
    lane: Lane,
    has_place: bool,
    ends_at: Instant,
}

impl<'a> Places<'a> {
    /// Begins a request that waits for every place itself.
    pub fn none(limiter: &'a Limiter, vendor: &'static str, call_timeout: Duration) -> Self {
        let ends_at = Instant::now() + call_timeout;
        Self { limiter, vendor, call_timeout, lane: Lane::Change, has_place: false, ends_at }
    }

    /// Gives it the time that the vendor's window takes to open, too: for what only reads, so that no
    /// lease and no doubt reckon with its end.
    #[must_use]
    pub fn patient(mut self) -> Self {
        self.ends_at += PATIENCE;
        self
    }

    /// Has it wait in this lane; usually it is that of changes.
    #[must_use]
    pub fn in_lane(mut self, lane: Lane) -> Self {
        self.lane = lane;
        self
    }

    /// Begins a request whose caller took the place of its first call.
    #[must_use]
    pub fn with_first(mut self) -> Self {
        self.has_place = true;
        self
    }

    /// Begins another part of the request, which waits for every place itself.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self { has_place: false, ..*self }
    }

    /// Tells until when a call may be begun.
    pub fn begins_until(&self) -> Instant {
        self.ends_at - self.call_timeout / 4
    }

    /// Takes the place of a call, which has to end at the moment that this answers.
    ///
    /// # Errors
    ///
    /// The call is not to be made: the vendor just refused another one, the calls of the day are used
    /// up, or others before it took up the time. It had no effect.
    pub async fn next(&mut self) -> Result<Instant, Failure> {
        self.check_day()?;
        if std::mem::take(&mut self.has_place) {
            // The place was taken before the vendor refused somebody else's call.
            if let Some(wait) = self.limiter.closed_for() {
                return Err(self.closed(wait));
            }
        } else {
            self.wait_for(self.limiter).await?;
        }
        self.in_time()
    }

    /// Takes the place of a call that another limiter counts, as [`Places::next`] does.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn next_of(&mut self, other: &Limiter) -> Result<Instant, Failure> {
        self.check_day()?;
        self.wait_for(other).await?;
        self.in_time()
    }

    async fn wait_for(&self, limiter: &Limiter) -> Result<(), Failure> {
        let admitted = timeout_at(self.begins_until(), limiter.admit(self.lane)).await;
        admitted.map_err(|_| self.no_time(limiter))
    }

    fn in_time(&self) -> Result<Instant, Failure> {
        match Instant::now() > self.begins_until() {
            true => Err(self.no_time_left()),
            false => Ok(self.ends_at),
        }
    }

    /// What was begun in the background is brought to its end with the calls that are left for
    /// changes.
    fn check_day(&self) -> Result<(), Failure> {
        match self.limiter.day_closed_for(Lane::Change) {
            Some(wait) => Err(day_is_over(self.vendor, wait)),
            None => Ok(()),
        }
    }

    /// Tells that a call was not made because others before it took up the time.
    pub fn no_time_left(&self) -> Failure {
        self.no_time(self.limiter)
    }

    fn no_time(&self, limiter: &Limiter) -> Failure {
        Failure {
            scope: FailureScope::Resource,
            effect_unknown: false,
            retry_after: Some(limiter.wait(self.lane)),
            problem: Problem::new(
                ProblemReason::RateLimited,
                "the rate limit left no time for a call that was needed after others",
            ),
        }
    }

    fn closed(&self, wait: Duration) -> Failure {
        let message = format!("{}'s rate limit is used up", self.vendor);
        Failure {
            scope: FailureScope::Connection,
            effect_unknown: false,
            retry_after: Some(wait),
            problem: Problem::new(ProblemReason::RateLimited, message),
        }
    }
}

impl Drop for Places<'_> {
    fn drop(&mut self) {
        if self.has_place {
            self.limiter.give_back();
        }
    }
}

/// Tells that no call is made any more today.
fn day_is_over(vendor: &str, wait: Duration) -> Failure {
    let message = format!("the calls of the day that {vendor} leaves us are used up");
    Failure {
        scope: FailureScope::Connection,
        effect_unknown: false,
        retry_after: Some(wait),
        problem: Problem::new(ProblemReason::DailyLimit, message),
    }
}
