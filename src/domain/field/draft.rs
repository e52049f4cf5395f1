//! Fields as callers write them, and how they become complete ones.

use super::{
    DEFAULT_GROUP, DetailsPatch, Field, FieldDetails, FieldOption, FieldType, OptionDraft,
    PropertyType, options,
};
use crate::domain::text::slug;
use crate::domain::{ResourceId, Violations};

/// A new field as a caller wrote it: what is `None` or empty was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldDraft {
    /// The internal name; derived from the label when empty.
    pub name: String,
    /// The label; the name when empty.
    pub label: String,
    /// The type; text when left out.
    pub property_type: Option<PropertyType>,
    /// The way of editing; the usual one of the type when left out.
    pub field_type: Option<FieldType>,
    /// The group; [`DEFAULT_GROUP`] when empty.
    pub group_name: String,
    /// What it is for.
    pub description: String,
    /// The choices.
    pub options: Vec<OptionDraft>,
    /// The value a new deal should hold.
    pub default_value: String,
    /// What else HubSpot knows of a property.
    pub details: FieldDetails,
}

impl FieldDraft {
    /// Returns the internal name: the one given, or the one derived from the label; empty when
    /// there is neither.
    pub fn resolved_name(&self) -> String {
        if self.name.is_empty() { derive_name(&self.label) } else { self.name.clone() }
    }

    /// Completes the draft and checks it.
    pub fn complete(self, id: ResourceId) -> Result<Field, Violations> {
        let mut found = Violations::new();
        let name = self.resolved_name();
        if name.is_empty() {
            let rule = "must be given where no name can be derived from the label";
            found.add("name", rule);
            return Err(found);
        }
        let label = if self.label.is_empty() { name.clone() } else { self.label };
        let property_type = self.property_type.unwrap_or(PropertyType::String);
        let usual = property_type.field_types().first().copied().unwrap_or(FieldType::Text);
        let field = Field {
            id,
            name,
            label,
            property_type,
            field_type: self.field_type.unwrap_or(usual),
            group_name: match self.group_name.is_empty() {
                true => DEFAULT_GROUP.to_owned(),
                false => self.group_name,
            },
            description: self.description,
            options: options::complete(property_type, self.options),
            default_value: self.default_value,
            details: Box::new(self.details.complete()),
        };
        field.check().map(in_order)
    }
}

/// A change of a field as a caller wrote it: `None` leaves the attribute as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPatch {
    /// The new internal name.
    pub new_name: Option<String>,
    /// The new label.
    pub label: Option<String>,
    /// The new type.
    pub property_type: Option<PropertyType>,
    /// The new way of editing.
    pub field_type: Option<FieldType>,
    /// The new group; empty for [`DEFAULT_GROUP`].
    pub group_name: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// The new choices, in place of all.
    pub options: Option<Vec<OptionDraft>>,
    /// The new default value; empty for none.
    pub default_value: Option<String>,
    /// What else changes.
    pub details: DetailsPatch,
}

impl FieldPatch {
    /// Applies the change to a field and checks the result.
    ///
    /// A new type without a new way of editing keeps the old way where it goes with the type, and
    /// takes the usual one otherwise; options go when the new type has none.
    pub fn apply(self, field: &Field) -> Result<Field, Violations> {
        let property_type = self.property_type.unwrap_or(field.property_type);
        let field_type = self.field_type.unwrap_or_else(|| {
            let usual = property_type.field_types().first().copied();
            let keeps = property_type.goes_with(field.field_type);
            usual.filter(|_| !keeps).unwrap_or(field.field_type)
        });
        let mut found = Violations::new();
        let details = self.details.apply(&mut found, field, property_type);
        let was_calculated = field.field_type == FieldType::CalculationEquation;
        found.require(
            !was_calculated || field_type == FieldType::CalculationEquation,
            "field_type",
            "cannot be changed from calculation_equation, which HubSpot fixes when it is created",
        );
        let group_name = self.group_name.unwrap_or_else(|| field.group_name.clone());
        let options = match self.options {
            Some(drafts) => options::complete(property_type, drafts),
            None if !property_type.has_options() => Vec::new(),
            None if property_type != field.property_type && property_type == PropertyType::Bool => {
                options::complete(property_type, Vec::new())
            }
            None => field.options.clone(),
        };
        let changed = Field {
            id: field.id.clone(),
            name: self.new_name.unwrap_or_else(|| field.name.clone()),
            label: self.label.unwrap_or_else(|| field.label.clone()),
            property_type,
            field_type,
            group_name: match group_name.is_empty() {
                true => DEFAULT_GROUP.to_owned(),
                false => group_name,
            },
            description: self.description.unwrap_or_else(|| field.description.clone()),
            options,
            default_value: self.default_value.unwrap_or_else(|| field.default_value.clone()),
            details: Box::new(details),
        };
        let checked = changed.check();
        if found.is_empty() {
            return checked.map(in_order);
        }
        found.take_all(checked);
        Err(found)
    }
}

fn in_order(mut field: Field) -> Field {
    field.options.sort_by_key(|option: &FieldOption| option.display_order);
    field
}

/// Derives an internal name from a label, as HubSpot's own screens do: `Deal Stage` gives
/// `deal_stage`. Empty when the label does not begin with something to make it from, a letter.
pub fn derive_name(label: &str) -> String {
    let name = slug(label, '_', super::NAME_LENGTH_MAX);
    if name.starts_with(|c: char| c.is_ascii_lowercase()) { name } else { String::new() }
}
