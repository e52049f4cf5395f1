//! Drift: what others change at a vendor behind GoMark's back.
//!
//! A scan lists what an account holds. [`judge`] compares it with what the vendor last confirmed,
//! says what somebody else changed, and what follows by the company's [`Policies`]. What is to be
//! set right is only noted here; the one planner does that, from what the vendor holds now. What is
//! left as it is, is planned as if it were decided so ([`Outside::as_left`]).

mod inbox;
mod item;
mod judge;
mod outside;
mod policy;
mod revert;
mod taken;

use std::time::Duration;

pub use item::{DriftChange, DriftItem, DriftState, FIGHT_ENDS_AFTER};
pub use judge::{Judged, Scanned, judge};
pub use outside::{Held, LeftAs, Outside};
pub use policy::{Mode, PAUSE, Policies, Policy, PolicyTarget, Which};
pub use revert::revert;
pub use taken::TakenNames;

use super::{Attributes, ResourceKind, Timestamp};

/// For how long after a write of our own reads may show what the vendor held before it (observed by
/// third parties: reads of definitions lag behind writes by up to minutes).
pub const SETTLING: Duration = Duration::from_secs(5 * 60);

/// Something that an account holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its kind.
    pub kind: ResourceKind,
    /// Its name at the vendor.
    pub name: String,
    /// What it is like, in canonical form: as far as it is expected where it is managed, and all
    /// that there is otherwise.
    pub attributes: Attributes,
    /// Whether it is the vendor's own and not to be touched.
    pub protected: bool,
    /// What tells it from another one that had the name before, where the vendor says so.
    pub made: Option<String>,
    /// Who changed it last, in the vendor's words, as far as it tells.
    pub changed_by: Option<String>,
}

/// What an account held when it was listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// When the list was asked for, by the database's clock.
    pub at: Timestamp,
    /// All that could be managed, and all that is.
    pub resources: Vec<Listed>,
}

impl Observation {
    /// Finds something by kind and name.
    pub fn find(&self, kind: ResourceKind, name: &str) -> Option<&Listed> {
        self.resources.iter().find(|listed| listed.kind == kind && listed.name == name)
    }
}

#[cfg(test)]
mod tests;
