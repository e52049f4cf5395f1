//! The calls of a day: how many a vendor allows, and how many are left, as far as it tells.
//!
//! Days are the vendor's, so moments are told by the wall clock. Nothing is counted here: everybody
//! who calls the account uses the same budget, and only the vendor knows them all.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Lane, part};
use crate::domain::Timestamp;

/// The share of a day's calls, in percent, that work in the background leaves for changes.
const LEFT_FOR_CHANGES_PERCENT: u32 = 10;
/// How long what was told counts when it is not known when the day ends.
const COUNTS_FOR: Duration = Duration::from_secs(60 * 60);
/// The furthest end of a day that is believed: a day can have 25 hours.
const ENDS_WITHIN: Duration = Duration::from_secs(26 * 60 * 60);

/// What an answer says about the calls of the day; each part may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The calls allowed within a day.
    pub max: Option<u32>,
    /// How many of them are left.
    pub remaining: Option<u32>,
    /// When the day ends.
    pub ends_at: Option<Timestamp>,
}

/// What is known of the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Day {
    max: Option<u32>,
    /// How many calls are left, and until when that counts.
    remaining: Option<(u32, Timestamp)>,
    closed_until: Option<Timestamp>,
}

/// A day that was written down; moments in milliseconds since the epoch.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct DayRecord {
    #[serde(rename = "m", skip_serializing_if = "Option::is_none")]
    max: Option<u32>,
    #[serde(rename = "r", skip_serializing_if = "Option::is_none")]
    remaining: Option<(u32, i64)>,
    #[serde(rename = "c", skip_serializing_if = "Option::is_none")]
    closed_until: Option<i64>,
}

impl Day {
    /// Learns from an answer.
    pub(super) fn learn(&mut self, told: Told, now: Timestamp) {
        if let Some(max) = told.max.filter(|max| *max > 0) {
            self.max = Some(max);
        }
        if let Some(remaining) = told.remaining {
            let ends_at = told.ends_at.unwrap_or_else(|| now.plus(COUNTS_FOR));
            self.remaining = Some((remaining, ends_at.min(now.plus(ENDS_WITHIN))));
        }
    }

    /// Notes that no call is left until then.
    pub(super) fn close(&mut self, until: Timestamp) {
        self.closed_until = self.closed_until.max(Some(until));
    }

    /// Tells how long no call makes sense in a lane.
    pub(super) fn closed_for(
        &self,
        now: Timestamp,
        lane: Lane,
        reserve_percent: u32,
    ) -> Option<Duration> {
        let kept = match lane {
            Lane::Change => reserve_percent,
            Lane::Background => reserve_percent + LEFT_FOR_CHANGES_PERCENT,
        };
        let kept = self.max.map_or(0, |max| part(max as usize, kept));
        let used_up = self.remaining.filter(|(remaining, _)| *remaining as usize <= kept);
        let until = used_up.map(|(_, ends_at)| ends_at).max(self.closed_until)?;
        Some(until.since(now)).filter(|wait| !wait.is_zero())
    }

    /// Writes it down.
    pub(super) fn record(&self, now: Timestamp) -> DayRecord {
        let ms = |at: Timestamp| at.as_micros().div_euclid(1_000).saturating_add(1);
        let remaining = self.remaining.filter(|(_, ends_at)| *ends_at > now);
        DayRecord {
            max: self.max,
            remaining: remaining.map(|(remaining, ends_at)| (remaining, ms(ends_at))),
            closed_until: self.closed_until.filter(|until| *until > now).map(ms),
        }
    }

    /// Goes on from what was written down.
    pub(super) fn restored(record: &DayRecord, now: Timestamp) -> Self {
        let latest = now.plus(ENDS_WITHIN);
        let moment = |ms: i64| Timestamp::from_micros(ms.saturating_mul(1_000)).min(latest);
        Self {
            max: record.max(),
            remaining: record.remaining.map(|(remaining, ms)| (remaining, moment(ms))),
            closed_until: record.closed_until.map(moment),
        }
    }
}

impl DayRecord {
    /// The calls allowed within a day.
    pub(super) fn max(&self) -> Option<u32> {
        self.max.filter(|max| *max > 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.max.is_none() && self.remaining.is_none() && self.closed_until.is_none()
    }
}
