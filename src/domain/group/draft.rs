//! Groups as callers write them, and how they become complete ones.

use super::{Group, label_of};
use crate::domain::field::derive_name;
use crate::domain::{ResourceId, Violations};

/// A new group as a caller wrote it: what is `None` or empty was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupDraft {
    /// The internal name; derived from the label when empty.
    pub name: String,
    /// The label; made from the name when empty.
    pub label: String,
    /// Where it stands; -1, as at HubSpot, is the same as left out.
    pub display_order: Option<i32>,
}

impl GroupDraft {
    /// Returns the internal name: the one given, or the one derived from the label; empty when
    /// there is neither.
    pub fn resolved_name(&self) -> String {
        if self.name.is_empty() { derive_name(&self.label) } else { self.name.clone() }
    }

    /// Completes the draft and checks it.
    pub fn complete(self, id: ResourceId) -> Result<Group, Violations> {
        let name = self.resolved_name();
        if name.is_empty() {
            let mut found = Violations::new();
            found.add("name", "must be given where no name can be derived from the label");
            return Err(found);
        }
        let label = if self.label.is_empty() { label_of(&name) } else { self.label };
        Group { id, name, label, display_order: managed(self.display_order) }.check()
    }
}

/// A change of a group as a caller wrote it: `None` leaves the attribute as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupPatch {
    /// The new label.
    pub label: Option<String>,
    /// The new place; `Some(None)` leaves it to HubSpot.
    pub display_order: Option<Option<i32>>,
}

impl GroupPatch {
    /// Applies the change to a group and checks the result.
    pub fn apply(self, group: &Group) -> Result<Group, Violations> {
        let changed = Group {
            id: group.id.clone(),
            name: group.name.clone(),
            label: self.label.unwrap_or_else(|| group.label.clone()),
            display_order: self.display_order.map_or(group.display_order, managed),
        };
        changed.check()
    }
}

/// Takes -1 for what it means at HubSpot.
fn managed(display_order: Option<i32>) -> Option<i32> {
    display_order.filter(|place| *place != -1)
}
