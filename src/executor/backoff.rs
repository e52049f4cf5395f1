//! How long to wait after failures.

use std::time::Duration;

use rand::RngExt;

/// The first wait.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait of our own. Times that a vendor names may be longer.
const LONGEST: Duration = Duration::from_secs(30);

/// Returns how long to wait after `failures` failures in a row before this one: twice as long each
/// time, from 0.5 s to 30 s, shortened at random by up to a fifth so that many do not come back at
/// the same moment.
pub(super) fn wait(failures: u32) -> Duration {
    let full = FIRST.saturating_mul(1 << failures.min(10)).min(LONGEST);
    full.mul_f64(rand::rng().random_range(0.8..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_half_a_second_to_half_a_minute() {
        for (failures, full) in
            [(0, 0.5), (1, 1.0), (3, 4.0), (6, 30.0), (40, 30.0), (u32::MAX, 30.0)]
        {
            let wait = wait(failures).as_secs_f64();
            assert!((full * 0.8..=full).contains(&wait), "{failures}: {wait}");
        }
    }
}
