//! Durations as settings write them: a whole number and `ms`, `s` or `m`.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Reads a duration: `500ms`, `10s`, `2m`.
///
/// # Errors
///
/// Says what would be right.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no duration; write 500ms, 10s or 2m");
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).map(Duration::from_millis).ok_or_else(wrong)
}

/// Reads a duration within bounds.
pub(super) fn parse_within(
    text: &str,
    bounds: RangeInclusive<Duration>,
) -> Result<Duration, String> {
    let duration = parse(text)?;
    if bounds.contains(&duration) {
        return Ok(duration);
    }
    let (least, most) = (show(*bounds.start()), show(*bounds.end()));
    Err(format!("{text} is not between {least} and {most}"))
}

/// Writes a duration as [`parse`] reads it, to the millisecond.
pub fn show(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis == 0 {
        "0s".to_owned()
    } else if millis.is_multiple_of(60_000) {
        format!("{}m", millis / 60_000)
    } else if millis.is_multiple_of(1_000) {
        format!("{}s", millis / 1_000)
    } else {
        format!("{millis}ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(parse("2m"), Ok(Duration::from_secs(120)));
        let endless = format!("{}m", u64::MAX);
        for bad in ["", "10", "s", "10 s", "1.5s", "-1s", "+1s", "10h", "10S", &endless] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_shown_is_read_back() {
        for millis in [0, 1, 999, 1_000, 1_500, 60_000, 90_000] {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse(&show(duration)), Ok(duration));
        }
    }
}
