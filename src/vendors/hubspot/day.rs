//! The portal's day: the calls of a day are counted from midnight to midnight in the portal's own
//! time zone (HubSpot's usage guidelines).

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp as Moment, ToSpan as _};

use serde_json::Value;

use crate::domain::Timestamp;

/// Where the time zone stands among what a limiter wrote down.
const ZONE: &str = "z";
/// How long after midnight the first call is made, for clocks that differ.
const MARGIN: Duration = Duration::from_secs(60);
/// A refusal this soon after midnight may still be about the day before: clocks differ, and nobody
/// promises that all of HubSpot begins the day at once.
const EARLY: Duration = Duration::from_secs(60 * 60);
/// How long is waited after such a refusal.
const EARLY_WAIT: Duration = Duration::from_secs(10 * 60);

/// Tells when the first call of the next day may be made.
pub(super) fn over_at(zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    end(zone, now).map(|end| end.plus(MARGIN))
}

/// Tells when the day ends that this moment is in.
fn end(zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let today = moment(now)?.to_zoned(zone.clone());
    let end = today.checked_add(1.day()).ok()?.start_of_day().ok()?;
    Some(Timestamp::from_micros(end.timestamp().as_microsecond()))
}

/// Tells how long to wait when the calls of the day are used up.
pub(super) fn wait(zone: &TimeZone, now: Timestamp) -> Option<Duration> {
    let begun = moment(now)?.to_zoned(zone.clone()).start_of_day().ok()?;
    let begun = Timestamp::from_micros(begun.timestamp().as_microsecond());
    if now.since(begun) < EARLY {
        return Some(EARLY_WAIT);
    }
    Some(over_at(zone, now)?.since(now))
}

/// Notes the time zone in what a limiter wrote down: a portal whose day is used up does not tell it.
pub(super) fn note(zone: &TimeZone, record: &str) -> Option<String> {
    let mut record: Value = serde_json::from_str(record).ok()?;
    record.as_object_mut()?.insert(ZONE.to_owned(), zone.iana_name()?.into());
    Some(record.to_string())
}

/// Reads the time zone that was noted.
pub(super) fn noted(record: &str) -> Option<TimeZone> {
    let record: Value = serde_json::from_str(record).ok()?;
    TimeZone::get(record.get(ZONE)?.as_str()?).ok()
}

fn moment(at: Timestamp) -> Option<Moment> {
    Moment::from_microsecond(at.as_micros()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_micros(text.parse::<Moment>().unwrap().as_microsecond())
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    #[test]
    fn the_day_ends_at_midnight_in_the_portals_time_zone() {
        for (name, now, expected) in [
            ("US/Eastern", "2026-03-03T04:59:59Z", "2026-03-03T05:00:00Z"),
            ("US/Eastern", "2026-03-03T05:00:00Z", "2026-03-04T05:00:00Z"),
            ("Asia/Kolkata", "2026-03-03T12:00:00Z", "2026-03-03T18:30:00Z"),
            // The days on which clocks change have 23 and 25 hours.
            ("Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T22:00:00Z"),
            ("Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T23:00:00Z"),
        ] {
            assert_eq!(end(&zone(name), at(now)), Some(at(expected)), "{name} {now}");
        }
    }

    #[test]
    fn a_used_up_day_is_waited_for_and_a_little_longer() {
        let zone = zone("US/Eastern");
        let wait = |now| wait(&zone, at(now)).unwrap();
        assert_eq!(wait("2026-03-03T23:00:00Z"), Duration::from_secs(6 * 3_600) + MARGIN);
    }

    #[test]
    fn the_time_zone_is_noted_with_the_limiters_record() {
        let record = note(&zone("US/Eastern"), "{\"v\":1}").unwrap();
        assert_eq!(noted(&record), Some(zone("US/Eastern")));
        for nothing in ["{\"v\":1}", "{\"z\":\"Nowhere\"}", "{\"z\":1}", "[]", ""] {
            assert_eq!(noted(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_refusal_right_after_midnight_does_not_cost_a_day() {
        let zone = zone("US/Eastern");
        assert_eq!(wait(&zone, at("2026-03-03T05:00:30Z")), Some(EARLY_WAIT));
    }
}
