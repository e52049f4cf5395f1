//! The burst limit: so many calls of an application within a rolling window; and what an answer says
//! about it and about the other limits.

use std::collections::VecDeque;
use std::time::Duration;

use super::faults::Policy;
use crate::domain::Timestamp;

/// The recent calls of one application.
#[derive(Debug, Default)]
pub(crate) struct Window {
    calls: VecDeque<Timestamp>,
}

/// What is left of the calls of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Daily {
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
}

/// What the limiter decided, with what the answer's headers say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The limit that refuses the call.
    pub(crate) refused_by: Option<Policy>,
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) interval_ms: u64,
    /// How long until the oldest counted call leaves the window; zero when none is counted.
    pub(crate) reset: Duration,
    pub(crate) daily: Option<Daily>,
    /// Whether headers tell of all this.
    pub(crate) told: bool,
}

impl Window {
    /// Counts a call in and says whether it is within the limit; refused calls are not counted.
    pub(crate) fn admit(&mut self, now: Timestamp, limit: u32, window_ms: u64) -> Standing {
        let mut standing = self.standing(now, limit, window_ms);
        if standing.remaining > 0 {
            standing.remaining -= 1;
            self.consume(now, 1);
        } else {
            standing.refused_by = Some(Policy::TenSecondlyRolling);
        }
        standing.reset = self.reset(now, window_ms);
        standing
    }

    /// Says how things stand, without a call.
    pub(crate) fn standing(&mut self, now: Timestamp, limit: u32, window_ms: u64) -> Standing {
        let window = Duration::from_millis(window_ms);
        while self.calls.front().is_some_and(|first| now.since(*first) >= window) {
            self.calls.pop_front();
        }
        let used = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        Standing {
            refused_by: None,
            limit,
            remaining: limit.saturating_sub(used),
            interval_ms: window_ms,
            reset: self.reset(now, window_ms),
            daily: None,
            told: true,
        }
    }

    /// Counts calls in, whatever the limit is.
    pub(crate) fn consume(&mut self, now: Timestamp, calls: u32) {
        self.calls.extend((0..calls).map(|_| now));
    }

    fn reset(&self, now: Timestamp, window_ms: u64) -> Duration {
        let window = Duration::from_millis(window_ms);
        let oldest_leaves =
            self.calls.front().map(|first| window.saturating_sub(now.since(*first)));
        oldest_leaves.unwrap_or_default()
    }
}

impl Standing {
    /// Returns whether the call is within every limit.
    pub(crate) fn admitted(&self) -> bool {
        self.refused_by.is_none()
    }

    /// Turns it into that of HubSpot's search, which has a limit of its own and tells nothing of it.
    pub(crate) fn of_searches(mut self) -> Self {
        self.refused_by = self.refused_by.map(|_| Policy::Secondly);
        self.told = false;
        self
    }

    /// Returns the headers every answer of HubSpot's carries, but for those of the search.
    pub(crate) fn hubspot_headers(&self) -> Vec<(&'static str, u64)> {
        if !self.told {
            return Vec::new();
        }
        let mut headers = vec![
            ("x-hubspot-ratelimit-max", self.limit.into()),
            ("x-hubspot-ratelimit-remaining", self.remaining.into()),
            ("x-hubspot-ratelimit-interval-milliseconds", self.interval_ms),
        ];
        if let Some(daily) = self.daily {
            headers.push(("x-hubspot-ratelimit-daily", daily.limit));
            headers.push(("x-hubspot-ratelimit-daily-remaining", daily.remaining));
        }
        headers
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
        assert!(!admit(9_999).admitted());
        assert!(admit(10_000).admitted(), "the first call left the window");
        assert!(!admit(13_999).admitted());
        assert!(admit(14_000).admitted());
    }

    #[test]
    fn a_refused_call_is_told_when_the_next_one_is_admitted() {
        let mut window = Window::default();
        window.admit(at_ms(0), 1, 10_000);
        let refused = window.admit(at_ms(2_500), 1, 10_000);
        assert_eq!((refused.admitted(), refused.reset_seconds()), (false, 8));
        assert!(window.admit(at_ms(10_500), 1, 10_000).admitted());
    }

    #[test]
    fn another_client_of_the_application_uses_up_the_same_window() {
        let mut window = Window::default();
        window.consume(at_ms(0), 2);
        assert!(!window.admit(at_ms(1), 2, 10_000).admitted());
        assert!(window.admit(at_ms(10_000), 2, 10_000).admitted());
    }
}
