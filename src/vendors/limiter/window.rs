//! The count of calls within the rolling interval: pure, told the time.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::day::Told;
use super::{Lane, Limits};

/// What HubSpot grants at least to an app of a portal within its interval (HubSpot's usage
/// guidelines); taken until an answer tells more.
const MAX_AT_FIRST: u32 = 100;
const INTERVAL_AT_FIRST: Duration = Duration::from_secs(10);
/// The intervals and limits of an answer that are believed.
const INTERVAL_RANGE_MS: std::ops::RangeInclusive<u64> = 100..=60_000;
const MAX_RANGE: std::ops::RangeInclusive<u32> = 1..=100_000;

/// The longest that a call is assumed to be on its way; an answer that comes sooner shortens it.
/// With it at most 4.5 % of the limit stay unused, in the worst case.
pub(super) const TRANSIT_MAX: Duration = Duration::from_millis(450);
/// What a count is held on to beyond the interval, for timers and clocks that round.
const EDGE: Duration = Duration::from_millis(20);
/// How many intervals places are left alone for others who once showed.
const CROWDED_INTERVALS: u32 = 12;
/// Which part of our places work in the background leaves for changes: the last eighth.
const LEFT_FOR_CHANGES: usize = 8;
/// The longest that a refusal closes the window.
pub(super) const CLOSED_MAX: Duration = Duration::from_secs(60 * 60);

/// What an answer says about the limit; each part may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// The calls allowed within the interval.
    pub max: Option<u32>,
    /// How many of them are left, this call counted.
    pub remaining: Option<u32>,
    /// The interval, in milliseconds.
    pub interval_ms: Option<u64>,
    /// What it says about the day.
    pub day: Told,
}

/// A call that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    id: u64,
    /// Our own calls that the vendor can have counted when this one was sent, this one included.
    own: u32,
    /// How many calls had ever been sent then.
    ever: u64,
}

/// The calls that the vendor may count now.
#[derive(Debug)]
pub(super) struct Window {
    /// The most that we may use within 10 s, whatever the vendor says.
    pub(super) cap_per_10s: Option<u32>,
    /// The share of the limit that is left to others, in percent.
    reserve_percent: u32,
    /// The limit that the vendor told.
    pub(super) max: Option<u32>,
    pub(super) interval: Duration,
    /// Our own calls, and the places that were taken for calls.
    pub(super) uses: VecDeque<Use>,
    /// How many calls of others there were at least, and when that was seen: a queue of falling
    /// counts, whose first is the most within the interval.
    pub(super) others: VecDeque<(Instant, u32)>,
    pub(super) closed_until: Option<Instant>,
    /// Until when others are to be reckoned with, even though none are seen.
    crowded_until: Option<Instant>,
    next_id: u64,
    ever: u64,
}

/// One call, or the place of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    id: u64,
    sent: bool,
    /// The latest moment at which the vendor can have counted it.
    pub(super) at: Instant,
}

impl Window {
    pub(super) fn new(limits: Limits) -> Self {
        let Limits { burst_per_10s, reserve_percent } = limits;
        Self {
            cap_per_10s: (burst_per_10s > 0).then_some(burst_per_10s),
            reserve_percent,
            max: None,
            interval: INTERVAL_AT_FIRST,
            uses: VecDeque::new(),
            others: VecDeque::new(),
            closed_until: None,
            crowded_until: None,
            next_id: 0,
            ever: 0,
        }
    }

    /// A window whose limit no answer tells.
    pub(super) fn fixed(max: u32, interval: Duration) -> Self {
        Self { max: Some(max), interval, ..Self::new(Limits::default()) }
    }

    /// Returns the moment from which `places` more calls may be made; `now` or earlier when they
    /// may be made now.
    pub(super) fn free_at(&mut self, now: Instant, lane: Lane, places: usize) -> Instant {
        self.forget(now);
        let open_at = self.closed_until.unwrap_or(now);
        if self.closed_until.is_none()
            && places <= self.free(lane, self.uses.len(), self.others_after(now))
        {
            return now;
        }
        let mut own_ends: Vec<Instant> = self.uses.iter().map(|u| u.at + self.span()).collect();
        own_ends.sort_unstable();
        let all_ends =
            own_ends.iter().copied().chain(self.others.iter().map(|o| o.0 + self.span()));
        let mut moments: Vec<Instant> = all_ends.filter(|end| *end > open_at).collect();
        moments.sort_unstable();
        let fits = |moment: &Instant| {
            let own = own_ends.len() - own_ends.partition_point(|end| end <= moment);
            places <= self.free(lane, own, self.others_after(*moment))
        };
        let last = moments.last().copied().unwrap_or(open_at);
        std::iter::once(open_at).chain(moments).find(fits).unwrap_or(last)
    }

    /// Takes the place of a call.
    pub(super) fn take(&mut self, now: Instant) {
        self.push(false, now + TRANSIT_MAX);
    }

    /// Gives the place of a call back that is not made.
    pub(super) fn give_back(&mut self) {
        if let Some(unused) = self.uses.iter().rposition(|u| !u.sent) {
            self.uses.remove(unused);
        }
    }

    /// Sends a call, in the place that was taken first.
    pub(super) fn send(&mut self, now: Instant) -> Sent {
        self.forget(now);
        let place = self.uses.iter().position(|u| !u.sent).and_then(|i| self.uses.remove(i));
        let id = match place {
            Some(Use { id, .. }) => {
                self.uses.push_back(Use { id, sent: true, at: now + TRANSIT_MAX });
                id
            }
            None => self.push(true, now + TRANSIT_MAX),
        };
        self.ever += 1;
        let own = self.uses.iter().filter(|u| u.sent).count();
        Sent { id, own: u32::try_from(own).unwrap_or(u32::MAX), ever: self.ever }
    }

    /// Learns from an answer.
    pub(super) fn answered(&mut self, now: Instant, sent: &Sent, quota: &Quota) {
        if let Some(u) = self.uses.iter_mut().find(|u| u.id == sent.id) {
            u.at = u.at.min(now);
        }
        self.learn_limit(quota);
        let (Some(max), Some(remaining)) = (self.max, quota.remaining) else { return };
        // Whatever we sent since then may have overtaken it.
        let since = u32::try_from(self.ever - sent.ever).unwrap_or(u32::MAX);
        let others = max.saturating_sub(remaining).saturating_sub(sent.own.saturating_add(since));
        self.see_others(now, others);
    }

    /// Closes the window after a refusal.
    pub(super) fn refused(
        &mut self,
        now: Instant,
        sent: &Sent,
        quota: &Quota,
        wait: Option<Duration>,
    ) {
        self.answered(now, sent, quota);
        let until = now + wait.unwrap_or_else(|| self.span()).min(CLOSED_MAX);
        self.close(until);
        // Our own count alone would not have let it come to this.
        self.reckon_with_others(until);
    }

    pub(super) fn close(&mut self, until: Instant) {
        self.closed_until = Some(self.closed_until.map_or(until, |earlier| earlier.max(until)));
    }

    /// Counts a call of an earlier holder.
    pub(super) fn recall(&mut self, at: Instant) {
        self.push(true, at);
    }

    /// Notes that others had at least so many calls in the window.
    pub(super) fn see_others(&mut self, at: Instant, count: u32) {
        while self.others.back().is_some_and(|(_, seen)| *seen <= count) {
            self.others.pop_back();
        }
        if count > 0 {
            self.others.push_back((at, count));
            self.reckon_with_others(at);
        }
    }

    fn reckon_with_others(&mut self, from: Instant) {
        self.crowded_until = Some(from + self.interval * CROWDED_INTERVALS);
    }

    /// Believes what an answer says of the limit, within reason.
    pub(super) fn learn_limit(&mut self, quota: &Quota) {
        if let Some(max) = quota.max.filter(|max| MAX_RANGE.contains(max)) {
            self.max = Some(max);
        }
        if let Some(ms) = quota.interval_ms.filter(|ms| INTERVAL_RANGE_MS.contains(ms)) {
            self.interval = Duration::from_millis(ms);
        }
    }

    /// Drops what the vendor cannot count any more.
    pub(super) fn forget(&mut self, now: Instant) {
        let span = self.span();
        self.uses.retain(|u| u.at + span > now);
        self.others.retain(|(at, _)| *at + span > now);
        self.closed_until = self.closed_until.filter(|until| *until > now);
        self.crowded_until = self.crowded_until.filter(|until| *until > now);
    }

    /// How long a call counts after it arrived.
    pub(super) fn span(&self) -> Duration {
        self.interval + EDGE
    }

    fn push(&mut self, sent: bool, at: Instant) -> u64 {
        self.next_id += 1;
        self.uses.push_back(Use { id: self.next_id, sent, at });
        self.next_id
    }

    /// How many of others' calls are assumed after `moment`.
    fn others_after(&self, moment: Instant) -> usize {
        let counts = self.others.iter().filter(|(at, _)| *at + self.span() > moment);
        counts.map(|(_, count)| *count).max().unwrap_or(0) as usize
    }

    /// How many more calls there may be with so many of our own and of others in the window.
    fn free(&self, lane: Lane, own: usize, others: usize) -> usize {
        let max = self.max.or(self.cap_per_10s).unwrap_or(MAX_AT_FIRST) as usize;
        let reserve = super::part(max, self.reserve_percent).min(max.saturating_sub(1));
        // What others do is done within the reserve first.
        let shared = max.saturating_sub((others + self.margin(others, max)).max(reserve));
        let ours = self.cap_per_10s.map_or(shared, |cap| shared.min(self.scaled(cap)));
        let left_free = match lane {
            Lane::Change => 0,
            // Of one place nothing can be left, or nothing would ever be done in the background.
            Lane::Background => (ours / LEFT_FOR_CHANGES).max(1).min(ours.saturating_sub(1)),
        };
        ours.saturating_sub(own + left_free)
    }

    /// A cap per 10 s, for the vendor's interval.
    fn scaled(&self, cap_per_10s: u32) -> usize {
        let scaled = u128::from(cap_per_10s) * self.interval.as_millis() / 10_000;
        usize::try_from(scaled).unwrap_or(usize::MAX).max(1)
    }

    /// The places left alone for what others do before we hear of it.
    fn margin(&self, others: usize, max: usize) -> usize {
        match self.crowded_until {
            None => 0,
            Some(_) => (others / 8 + 2).max(max / 12).min(max / 4),
        }
    }
}
