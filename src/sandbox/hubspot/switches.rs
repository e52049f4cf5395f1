//! What is switched on and off in one portal: where sources disagree about HubSpot, and where it is
//! to give trouble.

use serde::{Deserialize, Serialize};

use super::limits::Tier;
use crate::sandbox::Recreate;

/// What becomes of a batch of updates that holds a value that is not valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BadValue {
    /// Its deal is named in a 207; the others are written.
    #[default]
    Partial,
    /// The whole batch is refused with 400 and nothing is written.
    Whole,
}

/// The switches of a portal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Switches {
    /// How long a write of a deal takes to be found by the search.
    pub(crate) search_lag_ms: u64,
    pub(crate) bad_value: BadValue,
    /// What a create under an archived name does; none: what the settings say.
    pub(crate) recreate: Option<Recreate>,
    /// For how long after a write reads of definitions still show what was before it.
    pub(crate) stale_ms: u64,
    /// How many reads of a definition after a write still show what was before it.
    pub(crate) stale_reads: u64,
    /// What the portal pays for, which decides about its limits.
    pub(crate) tier: Option<Tier>,
    /// Calls a day of all private apps together; none: what the tier says.
    pub(crate) daily_limit: Option<u64>,
    pub(crate) searches_per_second: u32,
    /// Where midnight is. A name of the IANA time zone database.
    pub(crate) time_zone: String,
    /// How many properties somebody may define.
    pub(crate) custom_properties_max: usize,
    /// Whether reads show a generated place of a property that was given none.
    pub(crate) generated_order: bool,
    /// Whether the feature for sensitive data is on.
    pub(crate) sensitive_data: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            search_lag_ms: 0,
            bad_value: BadValue::Partial,
            recreate: None,
            stale_ms: 0,
            stale_reads: 0,
            tier: None,
            daily_limit: None,
            searches_per_second: 5,
            time_zone: "UTC".to_owned(),
            custom_properties_max: 1_000,
            generated_order: false,
            sensitive_data: false,
        }
    }
}

impl Switches {
    /// Says what is wrong with the switches.
    pub(crate) fn check(&self) -> Result<(), String> {
        match jiff::tz::TimeZone::get(&self.time_zone) {
            Ok(_) => Ok(()),
            Err(_) => Err(format!("there is no time zone '{}'", self.time_zone)),
        }
    }
}
