//! HubSpot's JSON, as far as it is read. HubSpot asks its clients to treat every field as optional
//! (its guide to error handling), so all are; what is unknown is passed over.

use serde::Deserialize;
use serde_json::Value;

/// A property definition.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Property {
    pub(super) name: Option<String>,
    pub(super) label: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) field_type: Option<String>,
    pub(super) group_name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) options: Option<Vec<PropertyOption>>,
    pub(super) external_options: Option<bool>,
    pub(super) calculation_formula: Option<String>,
    pub(super) has_unique_value: Option<bool>,
    pub(super) hidden: Option<bool>,
    pub(super) form_field: Option<bool>,
    pub(super) number_display_hint: Option<String>,
    pub(super) text_display_hint: Option<String>,
    pub(super) currency_property_name: Option<String>,
    pub(super) show_currency_symbol: Option<bool>,
    pub(super) data_sensitivity: Option<String>,
    pub(super) referenced_object_type: Option<String>,
    pub(super) display_order: Option<i64>,
    pub(super) hubspot_defined: Option<bool>,
    pub(super) archived: Option<bool>,
    pub(super) modification_metadata: Option<ModificationMetadata>,
}

/// One choice.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PropertyOption {
    pub(super) label: Option<String>,
    pub(super) value: Option<String>,
    pub(super) description: Option<String>,
    pub(super) hidden: Option<bool>,
    pub(super) display_order: Option<i64>,
}

/// What may be changed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ModificationMetadata {
    pub(super) archivable: Option<bool>,
    pub(super) read_only_definition: Option<bool>,
}

/// A property group.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PropertyGroup {
    pub(super) label: Option<String>,
    pub(super) display_order: Option<i64>,
}

/// The answer to a list. Entries are read one by one, so that one of a new kind spoils no other.
#[derive(Debug, Deserialize)]
pub(super) struct List {
    pub(super) results: Vec<Value>,
    /// Property lists have no pages; an answer that has some is not the whole list.
    #[serde(default)]
    pub(super) paging: Option<Value>,
}

impl List {
    /// Returns all entries with their names, or tells why this is not the whole list.
    pub(super) fn whole(self) -> Result<Vec<(String, Value)>, &'static str> {
        if self.paging.is_some_and(|paging| !paging.is_null()) {
            return Err("it is only a part of the list");
        }
        let named = |entry| match name_of(&entry).map(str::to_owned) {
            Some(name) => Ok((name, entry)),
            None => Err("the list has an entry without a name"),
        };
        self.results.into_iter().map(named).collect()
    }
}

/// The answer to a batch.
#[derive(Debug, Deserialize)]
pub(super) struct BatchAnswer {
    pub(super) results: Vec<Value>,
    #[serde(default)]
    pub(super) errors: Option<Vec<Value>>,
}

/// Returns the name that an entry of a list carries.
pub(super) fn name_of(entry: &Value) -> Option<&str> {
    entry.get("name").and_then(Value::as_str)
}
