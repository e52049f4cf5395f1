//! Moments, as they stand in answers.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::domain::Timestamp;

/// A moment as vendors write it: ISO 8601 in UTC with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WireTime(pub(crate) Timestamp);

impl fmt::Display for WireTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_microsecond(self.0.as_micros()).unwrap_or_default();
        write!(f, "{}", moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }
}

impl Serialize for WireTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_milliseconds() {
        let time = WireTime(Timestamp::from_micros(1_767_323_045_678_901));
        assert_eq!(time.to_string(), "2026-01-02T03:04:05.678Z");
    }
}
