//! A property definition as a portal keeps it and as the API writes it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::deals::{Column, Slot};
use super::options::PropertyOption;
use crate::sandbox::wire_time::WireTime;

/// `type`: what a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PropertyType {
    Bool,
    Date,
    Datetime,
    Enumeration,
    Number,
    PhoneNumber,
    String,
}

/// `fieldType`: how a value is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FieldType {
    Booleancheckbox,
    CalculationEquation,
    Checkbox,
    Date,
    File,
    Html,
    Number,
    Phonenumber,
    Radio,
    Select,
    Text,
    Textarea,
}

/// `dataSensitivity`. A list or read shows the definitions of one of these and no others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DataSensitivity {
    #[default]
    NonSensitive,
    Sensitive,
    HighlySensitive,
}

/// `numberDisplayHint`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NumberHint {
    Currency,
    Duration,
    Formatted,
    Percentage,
    Probability,
    Unformatted,
}

/// `textDisplayHint`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TextHint {
    DomainName,
    Email,
    IpAddress,
    MultiLine,
    PhoneNumber,
    PhysicalAddress,
    PostalCode,
    UnformattedSingleLine,
}

/// `modificationMetadata`: what may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModificationMetadata {
    pub(crate) archivable: bool,
    pub(crate) read_only_definition: bool,
    pub(crate) read_only_value: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) read_only_options: Option<bool>,
}

/// A property definition.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Property {
    /// Where deals keep its values; it goes into the recycle bin with them.
    #[serde(skip)]
    pub(crate) slot: Slot,
    /// The formula in the spelling of the create, which its answer repeats.
    #[serde(skip)]
    pub(crate) formula_as_sent: Option<String>,
    /// The place that reads show of a property that was given none.
    #[serde(skip)]
    pub(crate) generated_order: Option<i32>,
    pub(crate) name: String,
    pub(crate) label: String,
    #[serde(rename = "type")]
    pub(crate) kind: PropertyType,
    pub(crate) field_type: FieldType,
    pub(crate) group_name: String,
    pub(crate) description: String,
    pub(crate) options: Vec<PropertyOption>,
    pub(crate) display_order: i32,
    pub(crate) calculated: bool,
    pub(crate) external_options: bool,
    pub(crate) has_unique_value: bool,
    pub(crate) hidden: bool,
    pub(crate) hubspot_defined: bool,
    pub(crate) form_field: bool,
    pub(crate) data_sensitivity: DataSensitivity,
    pub(crate) modification_metadata: ModificationMetadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) referenced_object_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calculation_formula: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) currency_property_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) show_currency_symbol: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) number_display_hint: Option<NumberHint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text_display_hint: Option<TextHint>,
    /// Who made it; only edits in HubSpot's own screen leave a user behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created_user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) updated_user_id: Option<String>,
    pub(crate) created_at: WireTime,
    pub(crate) updated_at: WireTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) archived_at: Option<WireTime>,
}

impl Property {
    /// Writes the whole definition, as reads answer it.
    pub(crate) fn wire(&self) -> Value {
        let mut wire = json!(self);
        if let Some(wire) = wire.as_object_mut() {
            wire.insert("archived".into(), json!(self.archived_at.is_some()));
            if let (-1, Some(order)) = (self.display_order, self.generated_order) {
                wire.insert("displayOrder".into(), json!(order));
            }
        }
        wire
    }

    /// Writes the definition as a create answers it: HubSpot leaves the server's own times out, and
    /// repeats what was sent.
    pub(crate) fn wire_created(&self) -> Value {
        let mut wire = json!(self);
        if let Some(wire) = wire.as_object_mut() {
            wire.remove("createdAt");
            wire.remove("updatedAt");
            if let Some(formula) = &self.formula_as_sent {
                wire.insert("calculationFormula".into(), json!(formula));
            }
        }
        wire
    }

    /// Returns where the values of the property come from.
    pub(crate) fn column(&self) -> Column {
        match self.name.as_str() {
            "hs_object_id" => Column::Id,
            "createdate" => Column::Created,
            "hs_lastmodifieddate" => Column::Modified,
            _ => Column::Stored(self.slot),
        }
    }

    /// Returns whether the definition is HubSpot's own and locked.
    pub(crate) fn locked(&self) -> bool {
        self.modification_metadata.read_only_definition
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_types_keep_hubspots_spelling() {
        assert_eq!(json!(FieldType::Booleancheckbox), "booleancheckbox");
        assert_eq!(json!(FieldType::CalculationEquation), "calculation_equation");
        assert_eq!(json!(PropertyType::PhoneNumber), "phone_number");
    }
}
