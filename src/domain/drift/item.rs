//! What the inbox holds: a change that somebody else made, and what became of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Mode;
use crate::domain::{ResourceId, ResourceKind, Timestamp};

/// After how long without another round a fight is over.
pub const FIGHT_ENDS_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest that a change is left before it is reverted once more.
const HOLD_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// A change that somebody else made at the vendor. Whatever happens to the same attribute while it
/// is open, and for a day after it was reverted, happens to the same item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftItem {
    /// Its number; 0 until it is written.
    #[serde(default)]
    pub id: i64,
    /// Grows with every change of any item of the company.
    #[serde(default)]
    pub seq: i64,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// The resource; `None` where it is not decided.
    pub resource_id: Option<ResourceId>,
    /// Its name at the vendor.
    pub name: String,
    /// The attribute, by the vendor's name; `None` where it is about the resource being there.
    pub attribute: Option<String>,
    /// What happened.
    pub change: DriftChange,
    /// What was decided, or what was there before.
    pub from: Option<Value>,
    /// What the vendor holds.
    pub to: Option<Value>,
    /// The last scan that did not show it, in microseconds; `None` where there was none.
    pub after_micros: Option<i64>,
    /// When it was shown first, in microseconds.
    pub found_micros: i64,
    /// When it was shown last, in microseconds.
    pub seen_micros: i64,
    /// Who did it, as far as the vendor tells.
    pub by: Option<String>,
    /// What the policy was.
    pub mode: Mode,
    /// What became of it.
    pub state: DriftState,
    /// How often it was set right.
    #[serde(default)]
    pub reverts: u32,
    /// Until when it is left because it comes back again and again, in microseconds.
    #[serde(default)]
    pub held_until_micros: Option<i64>,
    /// Who resolved it.
    #[serde(default)]
    pub resolved_by: String,
    /// Why they did, or why it cannot be set right.
    #[serde(default)]
    pub reason: String,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftChange {
    /// An attribute was changed.
    Changed,
    /// The resource was removed.
    Removed,
    /// It was removed, and something else has its name.
    Recreated,
    /// Something was created that nobody decided.
    Created,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftState {
    /// It is left for now, and somebody may resolve it.
    Open,
    /// It is being set right.
    Reverting,
    /// It was set right.
    Reverted,
    /// It was adopted: it is decided now.
    Adopted,
    /// It is left by a policy.
    Ignored,
    /// It is gone by itself: somebody else undid it, or something else was decided.
    Cleared,
}

impl DriftState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Reverting, Self::Reverted, Self::Adopted, Self::Ignored, Self::Cleared];

    /// Returns the name that the database uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Reverting => "reverting",
            Self::Reverted => "reverted",
            Self::Adopted => "adopted",
            Self::Ignored => "ignored",
            Self::Cleared => "cleared",
        }
    }

    /// Tells whether it is at the vendor as far as is known.
    pub const fn is_standing(self) -> bool {
        matches!(self, Self::Open | Self::Reverting | Self::Ignored)
    }
}

impl DriftItem {
    /// Tells whether another change of the same attribute is another round of this one.
    pub fn goes_on(&self, now: Timestamp) -> bool {
        let quiet = now.since(Timestamp::from_micros(self.seen_micros));
        let lately = matches!(self.state, DriftState::Reverted | DriftState::Cleared);
        self.state.is_standing() || (lately && quiet < FIGHT_ENDS_AFTER)
    }

    /// Notes that it stands because nothing can be carried out for its resource. Nobody has resolved it.
    pub(super) fn is_stuck(&mut self, reason: String) {
        self.state = DriftState::Open;
        self.resolved_by.clear();
        self.reason = reason;
    }

    /// Tells whether it may be set right now, however often it came back.
    pub fn may_revert(&self, now: Timestamp) -> bool {
        self.held_until_micros.is_none_or(|until| until <= now.as_micros())
    }

    /// Notes that it is to be set right. Each time it comes back after that it is left twice as long.
    pub fn revert(&mut self, interval: Duration, now: Timestamp) {
        let doubled = interval.saturating_mul(1u32.checked_shl(self.reverts).unwrap_or(u32::MAX));
        let hold = doubled.min(HOLD_MAX.max(interval));
        self.reverts = self.reverts.saturating_add(1);
        // The first time may have been a slip.
        self.held_until_micros = (self.reverts > 1).then(|| now.plus(hold).as_micros());
    }
}
