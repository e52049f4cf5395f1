//! Keeps calls within a vendor's burst limit: so many within a rolling interval.
//!
//! The vendor counts a call when it arrives, which we do not see; we know when it was sent and
//! when its answer came. A call is therefore counted until one interval after the latest moment at
//! which it can have arrived. Alone on its quota GoMark is so never told to slow down, whatever
//! the network does within [`window::TRANSIT_MAX`].
//!
//! Others may use the same quota. What the vendor says is left tells how many calls of theirs are
//! in the window; that knowledge only ever takes places away, it never adds any to our own count.
//!
//! Nothing here knows a vendor: who makes a call reports what its answer said about the limit.

mod day;
mod lane;
mod record;
mod window;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Clock;
use crate::domain::{Allowance, Timestamp};

use day::Day;
pub use day::Told;
pub use lane::Lane;
use lane::Line;
pub use record::{Learned, learned};
use window::Window;
pub use window::{Quota, Sent};

/// What is set about the limits of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The most that it may be called within 10 s; 0 learns the limit from the answers.
    pub burst_per_10s: u32,
    /// The share of the limits that is left to whoever else calls it, in percent: never used, of the
    /// burst as of the day.
    pub reserve_percent: u32,
}

impl Limits {
    /// Tells how many calls we may make where the vendor's limits were learned to be these.
    pub fn allowance(self, learned: Learned) -> Allowance {
        let cap = (self.burst_per_10s > 0).then_some(self.burst_per_10s);
        let places = learned.max.or(cap).map(|max| {
            let ours = max - part(max as usize, self.reserve_percent).min(max as usize) as u32;
            cap.map_or(ours, |cap| ours.min(cap)).max(1)
        });
        let interval_ms = learned.interval_ms.unwrap_or(10_000);
        let window = places.map(|places| (places, interval_ms));
        Allowance { window, daily: learned.daily, records: None }
    }
}

/// The limiter of one account.
pub struct Limiter {
    clock: Arc<dyn Clock>,
    window: Mutex<Window>,
    day: Mutex<Day>,
    limits: Limits,
    changes: Line,
    background: Line,
}

impl Limiter {
    /// Creates a limiter.
    ///
    /// `earlier` is what [`Limiter::record`] of an earlier holder returned: without any, the whole
    /// limit is free; one that cannot be read counts as used up.
    pub fn new(limits: Limits, earlier: Option<&str>, clock: Arc<dyn Clock>) -> Self {
        let now = Instant::now();
        let (mut window, mut day) = (Window::new(limits), Day::default());
        if let Some(text) = earlier {
            record::restore(&mut window, &mut day, text, now, clock.now());
        }
        Self { limits, ..Self::of(window, day, clock) }
    }

    /// Creates a limiter for `max` calls within an interval, of which no answer tells. Where there
    /// was an earlier holder, it counts as used up.
    pub fn fixed(max: u32, interval: Duration, is_new: bool, clock: Arc<dyn Clock>) -> Self {
        let mut window = Window::fixed(max, interval);
        if !is_new {
            window.close(Instant::now() + window.span());
        }
        Self::of(window, Day::default(), clock)
    }

    fn of(window: Window, day: Day, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            window: Mutex::new(window),
            day: Mutex::new(day),
            limits: Limits::default(),
            changes: Line::default(),
            background: Line::default(),
        }
    }

    /// Waits until one more call may be made, and takes the place of one. Within a lane first come,
    /// first served; work in the background is served only while no change stands in line.
    ///
    /// Cancel safe: a place is taken only when it returns.
    pub async fn admit(&self, lane: Lane) {
        let line = self.line(lane);
        // Dropped last: whoever leaves the line of changes lets the background look again.
        let _look_again = WakeBackground(self);
        let _counted = line.enter();
        let _first_in_line = line.first().await;
        loop {
            let Err(free_at) = self.take(lane) else { return };
            tokio::select! {
                () = until(free_at) => {}
                () = line.changed() => {}
            }
        }
    }

    /// Takes a place if one is free; otherwise tells when one may be, where that is only a matter of
    /// time.
    fn take(&self, lane: Lane) -> Result<(), Option<Instant>> {
        let now = Instant::now();
        let mut window = self.window();
        if lane == Lane::Background && self.changes.length() > 0 {
            return Err(None);
        }
        let free_at = window.free_at(now, lane, 1).max(self.day_opens_at(now, lane));
        if free_at > now {
            return Err(Some(free_at));
        }
        window.take(now);
        Ok(())
    }

    /// Tells how long [`Limiter::admit`] would wait now, behind all who wait already and go first.
    pub fn wait(&self, lane: Lane) -> Duration {
        let now = Instant::now();
        let ahead = match lane {
            Lane::Change => self.changes.length(),
            Lane::Background => self.changes.length().saturating_add(self.background.length()),
        };
        let free_at = self.window().free_at(now, lane, ahead.saturating_add(1));
        free_at.max(self.day_opens_at(now, lane)).saturating_duration_since(now)
    }

    /// Gives back the place of a call that is not made.
    pub fn give_back(&self) {
        self.window().give_back();
        self.look_again();
    }

    /// Tells how long calls make no sense in a lane because the calls of the day are used up, as far
    /// as this lane may use them; `None` when there are some left.
    ///
    /// Work in the background waits for that in line. A change does not: whoever makes it has to be
    /// told that it will be long.
    pub fn day_closed_for(&self, lane: Lane) -> Option<Duration> {
        self.day().closed_for(self.clock.now(), lane, self.limits.reserve_percent)
    }

    fn day_opens_at(&self, now: Instant, lane: Lane) -> Instant {
        match lane {
            Lane::Change => now,
            Lane::Background => self.day_closed_for(lane).map_or(now, |wait| now + wait),
        }
    }

    fn line(&self, lane: Lane) -> &Line {
        match lane {
            Lane::Change => &self.changes,
            Lane::Background => &self.background,
        }
    }

    /// Tells how long it stays closed after a refusal, whoever has a place already; `None` when it
    /// is open.
    pub fn closed_for(&self) -> Option<Duration> {
        let now = Instant::now();
        let until = self.window().closed_until?;
        Some(until.saturating_duration_since(now)).filter(|wait| !wait.is_zero())
    }

    /// Notes that a call is sent now. It uses up the place that was taken first.
    pub fn send(&self) -> Sent {
        self.window().send(Instant::now())
    }

    /// Notes that the answer to a call came, and what it says about the limit.
    pub fn answered(&self, sent: &Sent, quota: &Quota) {
        self.window().answered(Instant::now(), sent, quota);
        self.day().learn(quota.day, self.clock.now());
        self.look_again();
    }

    /// Notes that the vendor refused a call because the limit was used up: nothing is sent for
    /// `wait`, or for a whole interval when the vendor did not say.
    pub fn refused(&self, sent: &Sent, quota: &Quota, wait: Option<Duration>) {
        self.window().refused(Instant::now(), sent, quota, wait);
        self.day().learn(quota.day, self.clock.now());
        self.look_again();
    }

    /// Notes that the vendor refuses calls for a while, which it said to a call that others count.
    pub fn close(&self, wait: Duration) {
        self.window().close(Instant::now() + wait.min(window::CLOSED_MAX));
        self.look_again();
    }

    /// Notes that the vendor refused a call because the calls of the day are used up, until this
    /// moment.
    pub fn day_is_over(&self, until: Timestamp) {
        self.day().close(until);
    }

    /// Tells how many calls we may make, as far as that is known.
    pub fn allowance(&self) -> Allowance {
        self.limits.allowance(learned(&self.record()).unwrap_or_default())
    }

    /// Writes down the window, for a later holder to go on from.
    pub fn record(&self) -> String {
        record::write(&mut self.window(), &self.day(), Instant::now(), self.clock.now())
    }

    fn look_again(&self) {
        self.changes.look_again();
        self.background.look_again();
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        // The window is left whole by every method, so a panic elsewhere does not spoil it.
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn day(&self) -> MutexGuard<'_, Day> {
        self.day.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A share of something, in percent, rounded up.
fn part(of: usize, percent: u32) -> usize {
    of.saturating_mul(percent as usize).div_ceil(100)
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let window = self.window();
        f.debug_struct("Limiter")
            .field("max", &window.max)
            .field("uses", &window.uses.len())
            .field("others", &window.others.front())
            .field("closed_until", &window.closed_until)
            .finish_non_exhaustive()
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Has the background look again, when dropped.
struct WakeBackground<'a>(&'a Limiter);

impl Drop for WakeBackground<'_> {
    fn drop(&mut self) {
        self.0.background.look_again();
    }
}

#[cfg(test)]
mod day_tests;
#[cfg(test)]
mod lane_tests;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
