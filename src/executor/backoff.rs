//! How long executors wait after failures.

use std::time::Duration;

use crate::backoff::Backoff;

/// Our own waits. Times that a vendor names may be longer.
const WAITS: Backoff =
    Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(30) };

/// Returns how long to wait after `failures` failures in a row before this one.
pub(super) fn wait(failures: u32) -> Duration {
    WAITS.wait(failures)
}
