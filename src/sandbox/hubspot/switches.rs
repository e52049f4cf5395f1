//! What is switched on and off in one portal: where sources disagree about HubSpot, and where it is
//! to give trouble.

use serde::{Deserialize, Serialize};

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Switches {
    /// How long a write of a deal takes to be found by the search.
    pub(crate) search_lag_ms: u64,
    pub(crate) bad_value: BadValue,
}
