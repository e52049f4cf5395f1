//! Deal fields: what they are, and the rules that HubSpot sets for them.

mod default_value;
mod details;
mod draft;
pub mod formula;
mod hints;
mod options;
mod types;

pub use details::{DetailsPatch, FieldDetails, FixedDetails};
pub use draft::{FieldDraft, FieldPatch, derive_name};
pub use hints::{DataSensitivity, NumberDisplayHint, TextDisplayHint};
pub use options::{FieldOption, OptionDraft};
pub use types::{FieldType, PropertyType};

use super::text::{check_long_text, check_text};
use super::{ResourceId, Violations};

/// The group that every portal has.
pub const DEFAULT_GROUP: &str = "dealinformation";
/// The longest internal name of a property or group, in characters (HubSpot's knowledge base).
pub const NAME_LENGTH_MAX: usize = 100;
/// The longest label, in characters. HubSpot documents no limit; this one is ours.
pub const LABEL_LENGTH_MAX: usize = 255;
/// The longest description, in characters. HubSpot documents no limit; this one is ours.
pub const DESCRIPTION_LENGTH_MAX: usize = 4_000;
/// The longest default value, in characters. Ours: HubSpot has no such attribute.
pub const DEFAULT_VALUE_LENGTH_MAX: usize = 4_000;
/// The most fields of a company whose values are unique (HubSpot's properties guide).
pub const UNIQUE_FIELDS_MAX: usize = 10;
/// The most that the texts of one field may take up, in bytes. Ours: an audit entry holds a field
/// twice and has to fit into a message.
pub const FIELD_BYTES_MAX: usize = 512 * 1024;

/// A deal field, checked and complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// GoMark's stable identity.
    pub id: ResourceId,
    /// HubSpot's internal name.
    pub name: String,
    /// What people see.
    pub label: String,
    /// What kind of value it holds.
    pub property_type: PropertyType,
    /// How it is edited.
    pub field_type: FieldType,
    /// The property group, by internal name.
    pub group_name: String,
    /// What it is for.
    pub description: String,
    /// The choices, in the order of their `display_order`.
    pub options: Vec<FieldOption>,
    /// The value a new deal should hold; empty for none. Not known to HubSpot.
    pub default_value: String,
    /// What else HubSpot knows of a property; aside, since most fields say nothing of it.
    pub details: Box<FieldDetails>,
}

impl Field {
    /// Tells whether HubSpot sees no difference between the two.
    pub fn same_at_vendor(&self, other: &Self) -> bool {
        let blank = |field: &Self| Self { default_value: String::new(), ..field.clone() };
        blank(self) == blank(other)
    }

    /// Returns how many bytes its texts take up.
    pub fn bytes(&self) -> usize {
        let options = self
            .options
            .iter()
            .map(|option| option.label.len() + option.value.len() + option.description.len() + 16);
        self.name.len()
            + self.label.len()
            + self.group_name.len()
            + self.description.len()
            + self.default_value.len()
            + self.details.bytes()
            + options.sum::<usize>()
    }

    /// Checks every rule that concerns more than how a request was written.
    fn check(self) -> Result<Self, Violations> {
        let mut found = Violations::new();
        check_name(&mut found, "name", &self.name);
        found.require(
            !self.name.starts_with("hs_"),
            "name",
            "must not begin with hs_, which HubSpot keeps for its own properties",
        );
        check_label(&mut found, &self.label, &self.name);
        check_name(&mut found, "group_name", &self.group_name);
        check_long_text(&mut found, "description", &self.description, DESCRIPTION_LENGTH_MAX);
        found.require(
            self.property_type.goes_with(self.field_type),
            "field_type",
            format!(
                "{} does not go with type {}; it takes {}",
                self.field_type,
                self.property_type,
                self.property_type.field_types_listed()
            ),
        );
        options::check(&mut found, &self);
        details::check(&mut found, &self);
        default_value::check(&mut found, &self);
        found.require(
            self.bytes() <= FIELD_BYTES_MAX,
            "options",
            "must leave the field at most 512 KiB of text altogether",
        );
        found.or(self)
    }
}

/// Checks the label of what has this name.
pub(super) fn check_label(found: &mut Violations, label: &str, name: &str) {
    check_text(found, "label", label, LABEL_LENGTH_MAX);
    let trimmed = label.trim();
    found.require(!trimmed.is_empty(), "label", "must not be blank");
    found.require(
        trimmed == label || trimmed.is_empty() || label == name,
        "label",
        "must not begin or end with white space",
    );
}

/// Checks an internal name by HubSpot's rules.
pub(super) fn check_name(found: &mut Violations, field: &str, name: &str) {
    let mut bytes = name.bytes();
    let right = bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
        && name.len() <= NAME_LENGTH_MAX;
    found.require(right, field, "must match ^[a-z][a-z0-9_]{0,99}$");
}

#[cfg(test)]
mod tests;
