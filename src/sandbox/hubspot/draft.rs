//! What a request says about a property or a group, before any rule was applied.

use serde::Deserialize;
use serde_json::Value;

use super::options::OptionDraft;
use super::property::{DataSensitivity, FieldType, NumberHint, PropertyType, TextHint};
use super::refusal::Refusal;

/// The body of a property create or patch. Attributes HubSpot does not know are ignored, and a
/// `null` counts as left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Draft {
    pub(crate) name: Option<String>,
    pub(crate) label: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<PropertyType>,
    pub(crate) field_type: Option<FieldType>,
    pub(crate) group_name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) options: Option<Vec<OptionDraft>>,
    pub(crate) display_order: Option<i32>,
    pub(crate) has_unique_value: Option<bool>,
    pub(crate) hidden: Option<bool>,
    pub(crate) form_field: Option<bool>,
    pub(crate) external_options: Option<bool>,
    pub(crate) referenced_object_type: Option<String>,
    pub(crate) data_sensitivity: Option<DataSensitivity>,
    pub(crate) calculation_formula: Option<String>,
    pub(crate) currency_property_name: Option<String>,
    pub(crate) show_currency_symbol: Option<bool>,
    pub(crate) number_display_hint: Option<NumberHint>,
    pub(crate) text_display_hint: Option<TextHint>,
}

/// The body of a group create or patch.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupDraft {
    pub(crate) name: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) display_order: Option<i32>,
}

/// The body of a batch of creates.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct BatchCreate {
    pub(crate) inputs: Vec<Draft>,
}

/// The body of a batch of reads or archives.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchNames {
    #[serde(default)]
    pub(crate) archived: bool,
    #[serde(default)]
    pub(crate) data_sensitivity: DataSensitivity,
    pub(crate) inputs: Vec<BatchName>,
}

/// One name in a batch.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct BatchName {
    pub(crate) name: String,
}

/// Reads a JSON value as `T`, or refuses it the way HubSpot refuses malformed JSON.
pub(crate) fn parse<T: for<'de> Deserialize<'de>>(body: Value) -> Result<T, Refusal> {
    serde_json::from_value(body)
        .map_err(|error| Refusal::invalid(format!("Invalid input JSON: {error}")))
}
