//! How long to wait after failures.

use std::time::Duration;

use rand::RngExt;

/// Waits that grow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    /// The first wait.
    pub(crate) first: Duration,
    /// The longest wait.
    pub(crate) longest: Duration,
}

impl Backoff {
    /// Returns how long to wait after `failures` failures in a row before this one: twice as long
    /// each time, shortened at random by up to a fifth so that many do not come back at the same
    /// moment.
    pub(crate) fn wait(self, failures: u32) -> Duration {
        let full = self.first.saturating_mul(1 << failures.min(10)).min(self.longest);
        full.mul_f64(rand::rng().random_range(0.8..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_the_first_to_the_longest() {
        let backoff =
            Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(30) };
        for (failures, full) in
            [(0, 0.5), (1, 1.0), (3, 4.0), (6, 30.0), (40, 30.0), (u32::MAX, 30.0)]
        {
            let wait = backoff.wait(failures).as_secs_f64();
            assert!((full * 0.8..=full).contains(&wait), "{failures}: {wait}");
        }
    }
}
