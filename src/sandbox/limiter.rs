//! The burst limit: so many calls of a token within a rolling window.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::Timestamp;

/// What HubSpot advertises to a Professional portal. It is shown, not enforced.
const DAILY_LIMIT: u64 = 625_000;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The recent calls of one token.
#[derive(Debug, Default)]
pub(crate) struct Window {
    calls: VecDeque<Timestamp>,
    day: i64,
    calls_today: u64,
}

/// What the limiter decided, with what the answer's headers say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) admitted: bool,
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) interval_ms: u64,
    pub(crate) daily_remaining: u64,
    /// How long until the oldest counted call leaves the window; zero when none is counted.
    pub(crate) reset: Duration,
}

impl Window {
    /// Counts a call in and says whether it is within the limit; refused calls are not counted.
    pub(crate) fn admit(&mut self, now: Timestamp, limit: u32, window_ms: u64) -> Standing {
        let window = Duration::from_millis(window_ms);
        while self.calls.front().is_some_and(|first| now.since(*first) >= window) {
            self.calls.pop_front();
        }
        let day = now.as_micros().div_euclid(i64::try_from(DAY.as_micros()).unwrap_or(i64::MAX));
        if day != self.day {
            (self.day, self.calls_today) = (day, 0);
        }
        let used = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        let admitted = used < limit;
        if admitted {
            self.calls.push_back(now);
            self.calls_today += 1;
        }
        let oldest_leaves =
            self.calls.front().map(|first| window.saturating_sub(now.since(*first)));
        Standing {
            admitted,
            limit,
            remaining: limit.saturating_sub(used).saturating_sub(u32::from(admitted)),
            interval_ms: window_ms,
            daily_remaining: DAILY_LIMIT.saturating_sub(self.calls_today),
            reset: oldest_leaves.unwrap_or_default(),
        }
    }
}

impl Standing {
    /// Returns the headers every answer of HubSpot's carries.
    pub(crate) fn hubspot_headers(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("x-hubspot-ratelimit-max", self.limit.into()),
            ("x-hubspot-ratelimit-remaining", self.remaining.into()),
            ("x-hubspot-ratelimit-interval-milliseconds", self.interval_ms),
            ("x-hubspot-ratelimit-daily", DAILY_LIMIT),
            ("x-hubspot-ratelimit-daily-remaining", self.daily_remaining),
        ]
    }

    /// Returns the headers every answer of Upso's carries; none but a 401 or a 413 is without them.
    pub(crate) fn upso_headers(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("ratelimit-limit", self.limit.into()),
            ("ratelimit-remaining", self.remaining.into()),
            ("ratelimit-reset", self.reset_seconds()),
        ]
    }

    /// Returns the whole seconds until a call is admitted again, rounded up.
    pub(crate) fn reset_seconds(&self) -> u64 {
        self.reset.as_secs() + u64::from(self.reset.subsec_nanos() > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: i64) -> Timestamp {
        Timestamp::from_micros(ms * 1_000)
    }

    #[test]
    fn the_window_rolls() {
        let mut window = Window::default();
        let mut admit = |ms| window.admit(at_ms(ms), 2, 10_000);
        assert_eq!((admit(0).remaining, admit(4_000).remaining), (1, 0));
        assert!(!admit(9_999).admitted);
        assert!(admit(10_000).admitted, "the first call left the window");
        assert!(!admit(13_999).admitted);
        assert!(admit(14_000).admitted);
    }

    #[test]
    fn a_refused_call_is_told_when_the_next_one_is_admitted() {
        let mut window = Window::default();
        window.admit(at_ms(0), 1, 10_000);
        let refused = window.admit(at_ms(2_500), 1, 10_000);
        assert_eq!((refused.admitted, refused.reset_seconds()), (false, 8));
        assert!(window.admit(at_ms(10_500), 1, 10_000).admitted);
    }

    #[test]
    fn the_daily_count_starts_anew_at_midnight() {
        let mut window = Window::default();
        let midnight_ms = 24 * 60 * 60 * 1_000;
        window.admit(at_ms(midnight_ms - 1), 190, 10_000);
        assert_eq!(window.admit(at_ms(midnight_ms), 190, 10_000).daily_remaining, DAILY_LIMIT - 1);
    }
}
