//! Property groups: the headings under which deal fields stand.
//!
//! A field may name a group that is not decided; the vendor's module then makes one ad hoc. A group
//! that is decided has a label and, where that matters, a place.

mod draft;

pub use draft::{GroupDraft, GroupPatch};

use super::field::{DEFAULT_GROUP, check_label, check_name};
use super::{ResourceId, Violations};

/// The most groups that a company may have. Ours.
pub const GROUPS_MAX: usize = 500;
/// The highest place of a group. Ours.
const DISPLAY_ORDER_MAX: i32 = 1_000_000;

/// A property group, checked and complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// GoMark's stable identity.
    pub id: ResourceId,
    /// HubSpot's internal name.
    pub name: String,
    /// What people see.
    pub label: String,
    /// Where it stands among the groups; wherever HubSpot puts it when `None`.
    pub display_order: Option<i32>,
}

impl Group {
    /// Tells whether HubSpot sees no difference between the two.
    pub fn same_at_vendor(&self, other: &Self) -> bool {
        self == other
    }

    /// Returns how many bytes its texts take up.
    pub fn bytes(&self) -> usize {
        self.name.len() + self.label.len()
    }

    /// Checks every rule.
    fn check(self) -> Result<Self, Violations> {
        let mut found = Violations::new();
        check_name(&mut found, "name", &self.name);
        found.require(
            !is_hubspots_own(&self.name),
            "name",
            "must be neither dealinformation nor begin with hs_: these groups are HubSpot's own",
        );
        check_label(&mut found, &self.label, &self.name);
        found.require(
            self.display_order.is_none_or(|place| (0..=DISPLAY_ORDER_MAX).contains(&place)),
            "display_order",
            "must be from 0 to 1000000, or -1 for wherever HubSpot puts it",
        );
        found.or(self)
    }
}

/// Tells whether a group of this name is HubSpot's own, as far as its name tells: nothing else at
/// HubSpot does.
pub fn is_hubspots_own(name: &str) -> bool {
    name == DEFAULT_GROUP || name.starts_with("hs_")
}

/// Makes a label from an internal name: `sales_ops` gives `Sales ops`.
pub fn label_of(name: &str) -> String {
    let words: Vec<_> = name.split('_').filter(|word| !word.is_empty()).collect();
    let text = words.join(" ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
