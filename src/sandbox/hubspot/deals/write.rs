//! Writes to one deal.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Deal, Hand, Slot, values};
use crate::sandbox::hubspot::property::Property;
use crate::sandbox::hubspot::refusal::Detail;
use crate::sandbox::hubspot::{Portal, Refusal};

/// The body of a create or patch of a deal.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DealDraft {
    #[serde(default)]
    pub(crate) properties: Map<String, Value>,
}

/// Values that were found fit to be written.
pub(super) type Fit = Vec<(Slot, String)>;

impl Portal {
    /// Finds a deal by its id, or by a property with unique values.
    pub(crate) fn deal_id(&mut self, key: &str, id_property: Option<&str>) -> Result<u64, Refusal> {
        let found = match id_property {
            None | Some("hs_object_id") => key.parse().ok(),
            Some(name) => {
                let property = self.active.get(name).filter(|property| property.has_unique_value);
                let property = property.ok_or_else(|| {
                    Refusal::invalid(format!("'{name}' is no property with unique values."))
                })?;
                let slot = property.slot;
                self.deals.holder(slot, key)
            }
        };
        found.filter(|id| self.deals.get(*id).is_some()).ok_or_else(|| missing(key))
    }

    /// Returns a deal.
    pub(crate) fn deal(&self, id: u64, archived: bool) -> Result<&Deal, Refusal> {
        let found = self.deals.any(id).filter(|deal| deal.archived_at.is_some() == archived);
        found.ok_or_else(|| missing(&id.to_string()))
    }

    /// Makes a deal.
    pub(crate) fn create_deal(&mut self, draft: &DealDraft, hand: &Hand) -> Result<u64, Refusal> {
        let fit = self.check_values(None, &draft.properties)?;
        let id = self.deals.open(hand.now);
        self.deals.effects.created += 1;
        self.write_values(id, fit, hand);
        Ok(id)
    }

    /// Changes values of a deal.
    pub(crate) fn update_deal(
        &mut self,
        id: u64,
        draft: &DealDraft,
        hand: &Hand,
    ) -> Result<(), Refusal> {
        let fit = self.check_values(Some(id), &draft.properties)?;
        self.deals.effects.updated += 1;
        self.write_values(id, fit, hand);
        Ok(())
    }

    pub(super) fn write_values(&mut self, id: u64, fit: Fit, hand: &Hand) {
        for (slot, value) in fit {
            self.deals.put(id, slot, &value, hand);
        }
    }

    /// Checks all the values a request gives a deal; a refusal names every one that does not do.
    pub(super) fn check_values(
        &mut self,
        id: Option<u64>,
        properties: &Map<String, Value>,
    ) -> Result<Fit, Refusal> {
        let (mut fit, mut unfit) = (Vec::with_capacity(properties.len()), Vec::new());
        for (name, value) in properties {
            let Some(text) = text(value) else { continue };
            match self.check_value(id, name, &text) {
                Ok(value) => fit.push(value),
                Err((code, said)) => unfit.push(detail(name, &code, said)),
            }
        }
        if unfit.is_empty() { Ok(fit) } else { Err(not_valid(unfit)) }
    }

    fn check_value(
        &mut self,
        id: Option<u64>,
        name: &str,
        text: &str,
    ) -> Result<(Slot, String), values::Unfit> {
        let Some(property) = self.active.get(name) else {
            return Err((
                "PROPERTY_DOESNT_EXIST".into(),
                format!("Property '{name}' does not exist"),
            ));
        };
        if property.read_only_value() {
            return Err(("READ_ONLY_VALUE".into(), format!("'{name}' is a read only property")));
        }
        let value = if text.is_empty() { String::new() } else { values::settle(property, text)? };
        self.check_not_refused(id, name, &value)?;
        let slot = property.slot;
        if property.has_unique_value
            && !value.is_empty()
            && let Some(holder) =
                self.deals.holder(slot, &value).filter(|holder| Some(*holder) != id)
        {
            let said = format!("The deal {holder} has the value '{value}' of '{name}' already");
            return Err(("CONFLICTING_UNIQUE_VALUE".into(), said));
        }
        Ok((slot, value))
    }
}

impl Property {
    /// Returns whether the values of the property are computed.
    pub(crate) fn read_only_value(&self) -> bool {
        self.calculated || self.modification_metadata.read_only_value
    }
}

/// Reads a value as text. HubSpot takes numbers and bools for what they look like, and passes over
/// nulls.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

pub(super) fn detail(name: &str, code: &str, message: String) -> Detail {
    let context = BTreeMap::from([("propertyName", vec![name.to_owned()])]);
    Detail { message, code: code.to_owned(), context }
}

/// 400, with the details both as `errors` and inside the message, where HubSpot puts them as well.
pub(super) fn not_valid(details: Vec<Detail>) -> Refusal {
    let told: Vec<Value> = details
        .iter()
        .map(|detail| {
            json!({
                "isValid": false,
                "message": detail.message,
                "error": detail.code,
                "name": detail.context.get("propertyName").and_then(|names| names.first()),
            })
        })
        .collect();
    let mut refusal =
        Refusal::invalid(format!("Property values were not valid: {}", Value::Array(told)));
    refusal.details = details.into();
    refusal
}

pub(super) fn missing(id: &str) -> Refusal {
    Refusal::not_found("resource not found").with("ids", vec![id.to_owned()])
}
