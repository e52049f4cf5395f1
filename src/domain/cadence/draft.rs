//! Cadences as callers write them, and how they become complete ones.

use super::{Cadence, CadenceRules, CadenceStatus, DEFAULT_TIMEZONE, SendWindow, StepDraft, step};
use crate::domain::text::slug;
use crate::domain::{CadenceId, ResourceId, VendorKind, Violation, Violations};

/// A new cadence as a caller wrote it: what is `None` or empty was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CadenceDraft {
    /// What callers will call it; derived from the name when empty.
    pub cadence_id: String,
    /// What people see; the cadence id when empty.
    pub name: String,
    /// Where it is carried out.
    pub vendor: VendorKind,
    /// Whether it is in force; active when left out, since a decision is there to be carried out
    /// and nobody is written to before somebody enrols them.
    pub status: Option<CadenceStatus>,
    /// The zone that the send window is told in; [`DEFAULT_TIMEZONE`] when empty.
    pub timezone: String,
    /// When steps may happen; at any time when left out.
    pub send_window: Option<SendWindow>,
    /// The steps, in their order.
    pub steps: Vec<StepDraft>,
}

impl CadenceDraft {
    /// Creates a draft that leaves everything out but the vendor.
    pub const fn new(vendor: VendorKind) -> Self {
        Self {
            cadence_id: String::new(),
            name: String::new(),
            vendor,
            status: None,
            timezone: String::new(),
            send_window: None,
            steps: Vec::new(),
        }
    }

    /// Returns the cadence id: the one given, or the one derived from the name, `Trial users` giving
    /// `trial-users`; empty when there is neither.
    pub fn resolved_id(&self) -> String {
        match self.cadence_id.is_empty() {
            true => slug(&self.name, '-', CadenceId::LENGTH_MAX),
            false => self.cadence_id.clone(),
        }
    }

    /// Completes the draft and checks it by what its vendor can hold.
    pub fn complete_for_vendor(self, id: ResourceId) -> Result<Cadence, Violations> {
        match self.vendor.capabilities().cadences {
            Some(rules) => self.complete(id, &rules),
            None => {
                let rule =
                    format!("must be a vendor that holds cadences; {} does not", self.vendor);
                Err(Violation::new("vendor", rule).into())
            }
        }
    }

    /// Completes the draft and checks it.
    pub fn complete(self, id: ResourceId, rules: &CadenceRules) -> Result<Cadence, Violations> {
        let cadence_id = self.resolved_id();
        let steps = step::complete(self.steps);
        let places = step::places(&steps);
        let cadence = Cadence {
            id,
            name: if self.name.is_empty() { cadence_id.clone() } else { self.name },
            cadence_id: CadenceId::from_trusted(cadence_id),
            vendor: self.vendor,
            status: self.status.unwrap_or(CadenceStatus::Active),
            timezone: timezone_or_default(self.timezone),
            send_window: self.send_window,
            steps,
        };
        cadence.check(rules, &places)
    }
}

pub(super) fn timezone_or_default(timezone: String) -> String {
    if timezone.is_empty() { DEFAULT_TIMEZONE.to_owned() } else { timezone }
}
