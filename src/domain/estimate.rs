//! What work takes at a vendor: how long, and how much of what the vendor allows within a day.

/// The calls that we may make at an account, as far as that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// How many within a window, and how long that is, in milliseconds.
    pub window: Option<(u32, u64)>,
    /// How many the vendor allows within a day, to all who call the account.
    pub daily: Option<u32>,
    /// How many records there are, as they were counted last.
    pub records: Option<i64>,
}

/// What work takes at vendors.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// The calls.
    pub calls: u64,
    /// The seconds until the last of them may be made; `None` while no limit is known.
    pub seconds: Option<u64>,
    /// The share of the calls that the vendor allows within a day; `None` while that is not known.
    pub share_of_day: Option<f64>,
}

impl Allowance {
    /// The share of it that work in the background may use.
    #[must_use]
    pub fn in_background(self) -> Self {
        let window = self.window.map(|(places, ms)| ((places - places / 8).max(1), ms));
        Self { window, ..self }
    }
}

impl Estimate {
    /// Estimates what so many calls take, begun now with nothing else under way: as many as the
    /// window allows can be made at once, as many again when it is over.
    pub fn of(calls: u64, allowance: &Allowance) -> Self {
        let seconds = |(places, ms): (u32, u64)| {
            let windows = calls.saturating_sub(1) / u64::from(places.max(1));
            windows.saturating_mul(ms).div_ceil(1_000)
        };
        let share = |daily: u32| calls as f64 / f64::from(daily);
        Self {
            calls,
            seconds: allowance.window.map(seconds),
            share_of_day: allowance.daily.filter(|daily| *daily > 0).map(share),
        }
    }

    /// What it takes together with work at another vendor, which goes on at the same time.
    #[must_use]
    pub fn beside(self, other: Self) -> Self {
        let shares = self.share_of_day.into_iter().chain(other.share_of_day);
        Self {
            calls: self.calls.saturating_add(other.calls),
            seconds: self.seconds.zip(other.seconds).map(|(one, other)| one.max(other)),
            share_of_day: shares.reduce(f64::max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowance(places: u32, daily: u32) -> Allowance {
        Allowance { window: Some((places, 10_000)), daily: Some(daily), records: None }
    }

    #[test]
    fn a_window_is_used_up_before_anything_waits() {
        for (calls, seconds) in [(0, 0), (1, 0), (100, 0), (101, 10), (200, 10), (2_000, 190)] {
            let estimate = Estimate::of(calls, &allowance(100, 250_000));
            assert_eq!(estimate.seconds, Some(seconds), "{calls} calls");
        }
    }

    #[test]
    fn a_days_share_is_of_what_the_vendor_allows_to_all() {
        assert_eq!(Estimate::of(2_500, &allowance(100, 250_000)).share_of_day, Some(0.01));
    }

    #[test]
    fn nothing_is_made_up_where_nothing_is_known() {
        let estimate = Estimate::of(7, &Allowance::default());
        assert_eq!(estimate, Estimate { calls: 7, seconds: None, share_of_day: None });
        let no_calls_at_all =
            Allowance { window: Some((0, 10_000)), daily: Some(0), records: None };
        assert_eq!(Estimate::of(2, &no_calls_at_all).seconds, Some(10));
        assert_eq!(Estimate::of(2, &no_calls_at_all).share_of_day, None);
    }

    #[test]
    fn the_background_is_slower() {
        let estimate = Estimate::of(800, &allowance(80, 1_000).in_background());
        assert_eq!(estimate.seconds, Some(110));
        let one = Allowance { window: Some((1, 1_000)), ..Allowance::default() };
        assert_eq!(one.in_background(), one);
    }

    #[test]
    fn two_vendors_work_at_the_same_time() {
        let slow = Estimate::of(30, &allowance(10, 100));
        let fast =
            Estimate::of(5, &Allowance { window: Some((10, 10_000)), ..Allowance::default() });
        let both = slow.beside(fast);
        assert_eq!((both.calls, both.seconds, both.share_of_day), (35, Some(20), Some(0.3)));
        let unknown = Estimate::of(1, &Allowance::default());
        assert_eq!(slow.beside(unknown).seconds, None);
    }
}
