//! The window as a text, so that whoever holds the account next goes on from it.
//!
//! Moments are written by the wall clock, in buckets, because the holders' own clocks have
//! nothing in common. A bucket stands for its end, so that rounding is on the polite side.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::day::{Day, DayRecord};
use super::window::{CLOSED_MAX, Quota, TRANSIT_MAX, Window};
use crate::domain::Timestamp;

const VERSION: u32 = 1;
const BUCKET_MS: i64 = 500;

/// More than any vendor allows within one interval: a text that claims more is garbage.
const USES_MAX: u64 = 100_000;

#[derive(Serialize, Deserialize)]
struct Record {
    #[serde(rename = "v")]
    version: u32,
    #[serde(rename = "i")]
    interval_ms: u64,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    max: Option<u32>,
    /// Our own calls: moment in milliseconds since the epoch, and how many.
    #[serde(rename = "u", default, skip_serializing_if = "Vec::is_empty")]
    uses: Vec<(i64, u32)>,
    /// Calls of others, alike.
    #[serde(rename = "o", default, skip_serializing_if = "Vec::is_empty")]
    others: Vec<(i64, u32)>,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    closed_until: Option<i64>,
    #[serde(rename = "d", default, skip_serializing_if = "DayRecord::is_empty")]
    day: DayRecord,
}

/// What a limit was learned to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// The calls allowed within the interval.
    pub max: Option<u32>,
    /// The interval, in milliseconds.
    pub interval_ms: Option<u64>,
    /// The calls allowed within a day.
    pub daily: Option<u32>,
}

/// Reads what was learned of the limits from a window that was written down.
pub fn learned(text: &str) -> Option<Learned> {
    let record: Record = serde_json::from_str(text).ok().filter(Record::is_sound)?;
    let Record { max, interval_ms, day, .. } = record;
    Some(Learned { max, interval_ms: Some(interval_ms), daily: day.max() })
}

/// Writes the window down.
pub(super) fn write(window: &mut Window, day: &Day, now: Instant, wall: Timestamp) -> String {
    window.forget(now);
    let wall_ms = |moment: Instant| {
        let ms = wall.as_micros().div_euclid(1_000);
        let ahead = moment.saturating_duration_since(now).as_millis();
        let ago = now.saturating_duration_since(moment).as_millis();
        let shifted = ms.saturating_add(short(ahead)).saturating_sub(short(ago));
        shifted.saturating_add(BUCKET_MS - 1).div_euclid(BUCKET_MS).saturating_mul(BUCKET_MS)
    };
    let mut uses = BTreeMap::new();
    for used in &window.uses {
        *uses.entry(wall_ms(used.at)).or_insert(0) += 1;
    }
    let record = Record {
        version: VERSION,
        interval_ms: u64::try_from(window.interval.as_millis()).unwrap_or(u64::MAX),
        max: window.max,
        uses: uses.into_iter().collect(),
        others: window.others.iter().map(|(at, count)| (wall_ms(*at), *count)).collect(),
        closed_until: window.closed_until.map(wall_ms),
        day: day.record(wall),
    };
    // A record is numbers only, which can always be written.
    serde_json::to_string(&record).unwrap_or_default()
}

/// Goes on from a window that was written down. What is over by now is left out; what cannot be
/// read closes the window for an interval, because it may have been used up.
pub(super) fn restore(
    window: &mut Window,
    day: &mut Day,
    text: &str,
    now: Instant,
    wall: Timestamp,
) {
    let record = serde_json::from_str(text).ok().filter(Record::is_sound);
    let Some(record) = record else {
        window.close(now + window.span());
        return;
    };
    let interval_ms = Some(record.interval_ms);
    window.learn_limit(&Quota { max: record.max, interval_ms, ..Quota::default() });
    *day = Day::restored(&record.day, wall);
    let span = window.span();
    let wall_ms = wall.as_micros().div_euclid(1_000);
    // Calls lie at most this far ahead, even if the wall clock was set back since.
    let moment = |ms: i64, ahead_max: Duration| {
        let ahead = ms.saturating_sub(wall_ms);
        let distance = Duration::from_millis(ahead.unsigned_abs());
        if ahead >= 0 { Some(now + distance.min(ahead_max)) } else { now.checked_sub(distance) }
    };
    for (ms, count) in record.uses {
        // Further back than this machine's clock goes is long over.
        if let Some(at) = moment(ms, TRANSIT_MAX).filter(|at| *at + span > now) {
            (0..count).for_each(|_| window.recall(at));
        }
    }
    for (ms, count) in record.others {
        if let Some(at) = moment(ms, TRANSIT_MAX) {
            window.see_others(at, count);
        }
    }
    if let Some(until) = record.closed_until.and_then(|ms| moment(ms, CLOSED_MAX)) {
        window.close(until);
    }
    window.forget(now);
}

impl Record {
    fn is_sound(&self) -> bool {
        let uses = self.uses.iter().map(|(_, count)| u64::from(*count)).sum::<u64>();
        self.version == VERSION && uses <= USES_MAX
    }
}

fn short(ms: u128) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
