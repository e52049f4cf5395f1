//! The limits of a portal beyond the burst of an application: calls of a day, searches of a second,
//! and how many properties and deals there may be.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Portal;
use super::refusal::Refusal;
use crate::domain::Timestamp;
use crate::sandbox::limiter::{Daily, Standing, Window};
use crate::sandbox::wire_time::WireTime;

/// Properties of all objects together, and deals, that a portal may hold.
const OVERALL_PROPERTIES_MAX: usize = 10_000;
const DEALS_MAX: usize = 15_000_000;

/// What a portal pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tier {
    Starter,
    Professional,
    Enterprise,
    /// Enterprise with one limit increase.
    Increased,
}

impl Tier {
    /// Returns the calls of one private app within ten seconds.
    pub(crate) fn burst(self) -> u32 {
        match self {
            Self::Starter => 100,
            Self::Professional | Self::Enterprise => 190,
            Self::Increased => 250,
        }
    }

    /// Returns the calls of all private apps in a day.
    fn daily(self) -> u64 {
        match self {
            Self::Starter => 250_000,
            Self::Professional => 625_000,
            Self::Enterprise => 1_000_000,
            Self::Increased => 2_000_000,
        }
    }
}

/// What was used up of the limits of a portal.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    day: Option<Date>,
    today: u64,
    searches: Window,
}

impl Portal {
    fn time_zone(&self) -> TimeZone {
        TimeZone::get(&self.switches.time_zone).unwrap_or(TimeZone::UTC)
    }

    /// Returns a moment as the clocks of the portal show it.
    pub(crate) fn local(&self, now: Timestamp) -> jiff::Zoned {
        let moment = jiff::Timestamp::from_microsecond(now.as_micros()).unwrap_or_default();
        moment.to_zoned(self.time_zone())
    }

    /// Returns how much of the day's calls is left. The count begins anew at the portal's midnight.
    pub(crate) fn daily(&mut self, now: Timestamp) -> Daily {
        let day = Some(self.local(now).date());
        if self.usage.day != day {
            (self.usage.day, self.usage.today) = (day, 0);
        }
        let tier = self.switches.tier.unwrap_or(Tier::Professional);
        let limit = self.switches.daily_limit.unwrap_or(tier.daily());
        Daily { limit, remaining: limit.saturating_sub(self.usage.today) }
    }

    /// Counts calls of the day.
    pub(crate) fn count_today(&mut self, calls: u64) {
        self.usage.today += calls;
    }

    /// Says how many calls of the day were made.
    pub(crate) fn set_today(&mut self, used: u64, now: Timestamp) -> Daily {
        self.daily(now);
        self.usage.today = used;
        self.daily(now)
    }

    /// Counts a search in and says whether it is within the limit.
    pub(crate) fn admit_search(&mut self, now: Timestamp) -> Standing {
        self.usage.searches.admit(now, self.switches.searches_per_second, 1_000).of_searches()
    }

    /// Writes what private apps used today. Service keys and OAuth tokens are not told of.
    pub(crate) fn daily_report(&mut self, now: Timestamp, told: bool) -> Value {
        let daily = self.daily(now);
        let midnight = self.local(now).date().tomorrow();
        let resets_at = midnight
            .and_then(|day| day.to_zoned(self.time_zone()))
            .map(|zoned| WireTime(Timestamp::from_micros(zoned.timestamp().as_microsecond())));
        let report = json!({
            "name": "private-apps-api-calls-daily",
            "usageLimit": daily.limit,
            "currentUsage": if told { daily.limit - daily.remaining } else { 0 },
            "collectedAt": WireTime(now),
            "fetchStatus": "SUCCESS",
            "resetsAt": resets_at.ok(),
        });
        json!({ "results": [report] })
    }

    /// Writes how many properties there are and may be.
    pub(crate) fn property_limits(&self) -> Value {
        let (used, max) = (self.custom_properties(), self.switches.custom_properties_max);
        json!({
            "overallLimit": OVERALL_PROPERTIES_MAX,
            "overallUsage": used,
            "overallPercentage": percentage(used, OVERALL_PROPERTIES_MAX),
            "byObjectType": [of_deals(used, max)],
        })
    }

    /// Writes how many deals there are and may be.
    pub(crate) fn record_limits(&self) -> Value {
        json!({
            "hubspotDefinedObjectTypes": [of_deals(self.deals.active().count(), DEALS_MAX)],
            "customObjectTypes": {
                "overallLimit": 0, "overallUsage": 0, "overallPercentage": 0, "byObjectType": [],
            },
        })
    }

    fn custom_properties(&self) -> usize {
        self.active.values().filter(|property| !property.hubspot_defined).count()
    }

    /// Refuses one property more than there may be.
    pub(super) fn check_room(&self) -> Result<(), Refusal> {
        let max = self.switches.custom_properties_max;
        if self.custom_properties() < max {
            return Ok(());
        }
        let said = format!("The limit of {max} custom properties for deals is reached.");
        Err(Refusal::invalid(said).sub("Properties.PROPERTY_LIMIT_REACHED"))
    }
}

fn of_deals(used: usize, max: usize) -> Value {
    json!({
        "objectTypeId": "0-3",
        "singularLabel": "Deal",
        "pluralLabel": "Deals",
        "limit": max,
        "usage": used,
        "percentage": percentage(used, max),
    })
}

fn percentage(used: usize, max: usize) -> usize {
    (100 * used).checked_div(max).unwrap_or(100)
}
