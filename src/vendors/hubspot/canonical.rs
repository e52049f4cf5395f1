//! The canonical form of a property, from what was decided and from what HubSpot holds, and the
//! bodies that bring the one about from the other.

use serde_json::{Map, Value, json};

use super::details;
use super::wire::{Property, PropertyOption};
use crate::domain::{Attributes, Field, PropertyType};

pub(super) const LABEL: &str = "label";
pub(super) const TYPE: &str = "type";
pub(super) const FIELD_TYPE: &str = "fieldType";
pub(super) const GROUP_NAME: &str = "groupName";
pub(super) const DESCRIPTION: &str = "description";
pub(super) const OPTIONS: &str = "options";

/// The attributes that GoMark manages.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    let always = [LABEL, TYPE, FIELD_TYPE, GROUP_NAME, DESCRIPTION, OPTIONS];
    always.into_iter().chain(details::ALL)
}

/// Returns the canonical form of a field as decided.
pub(super) fn desired(field: &Field) -> Attributes {
    let mut attributes = Attributes::from([
        (LABEL, json!(field.label)),
        (TYPE, json!(field.property_type.as_str())),
        (FIELD_TYPE, json!(field.field_type.as_str())),
        (GROUP_NAME, json!(field.group_name)),
        (DESCRIPTION, json!(field.description)),
    ]);
    if field.property_type.has_options() && !field.details.external_options {
        let mut options: Vec<_> = field.options.iter().collect();
        options.sort_by_key(|option| option.display_order);
        let options = options
            .into_iter()
            .map(|option| choice(&option.label, &option.value, &option.description, option.hidden))
            .collect();
        attributes.set(OPTIONS, Value::Array(options));
    }
    attributes.extend(details::desired(&field.details));
    attributes
}

/// Returns the canonical form of what HubSpot holds, as far as it is expected; `None` when an
/// attribute is missing that HubSpot's description of the API says is always there.
pub(super) fn canonical(property: &Property, expected: &Attributes) -> Option<Attributes> {
    let kind = property.kind.as_deref()?;
    let mut attributes = Attributes::from([
        (LABEL, json!(property.label.as_deref()?)),
        (TYPE, json!(kind)),
        (FIELD_TYPE, json!(property.field_type.as_deref()?)),
        (GROUP_NAME, json!(property.group_name.as_deref()?)),
        (DESCRIPTION, json!(property.description.as_deref().unwrap_or_default())),
    ]);
    let has_options = known_type(kind).is_some_and(PropertyType::has_options);
    // External options come from elsewhere, such as the owners.
    if has_options && property.external_options != Some(true) {
        attributes.set(OPTIONS, in_order(property.options.as_deref().unwrap_or_default()));
    }
    attributes.extend(details::held(property, expected));
    Some(attributes)
}

/// Tells whether a property is HubSpot's own, or locked.
pub(super) fn is_protected(property: &Property) -> bool {
    let locked = property.modification_metadata.as_ref().is_some_and(|metadata| {
        metadata.read_only_definition == Some(true) || metadata.archivable == Some(false)
    });
    locked || property.hubspot_defined == Some(true)
}

/// Returns the body that creates a property.
pub(super) fn create_body(name: &str, attributes: &Attributes) -> Value {
    let mut body = written(attributes);
    body.insert("name".to_owned(), json!(name));
    Value::Object(body)
}

/// Returns the body that changes these attributes of a property of which all that is expected is to
/// hold then.
///
/// HubSpot's guide wants type and field type together, its published description does not; so the
/// one that did not change goes along with the other. Options that a type without any would keep are
/// cleared: HubSpot keeps what a change leaves out.
pub(super) fn patch_body(changes: &Attributes, expected: &Attributes) -> Value {
    let mut body = written(changes);
    let types = [TYPE, FIELD_TYPE];
    if types.iter().any(|name| changes.get(name).is_some()) {
        let missing = types.iter().filter(|name| changes.get(name).is_none());
        body.extend(missing.filter_map(|name| {
            expected.get(name).map(|value| ((*name).to_owned(), value.clone()))
        }));
    }
    let kind = changes.get(TYPE).and_then(Value::as_str).and_then(known_type);
    if kind.is_some_and(|kind| !kind.has_options()) {
        body.insert(OPTIONS.to_owned(), json!([]));
    }
    Value::Object(body)
}

/// Writes attributes the way HubSpot takes them: options carry their place as a number.
fn written(attributes: &Attributes) -> Map<String, Value> {
    let mut body: Map<_, _> =
        attributes.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    if let Some(Value::Array(options)) = body.get_mut(OPTIONS) {
        for (place, option) in options.iter_mut().enumerate() {
            if let Value::Object(option) = option {
                option.insert("displayOrder".to_owned(), json!(place));
            }
        }
    }
    body
}

/// Puts options in the order in which people see them. A place of -1 or none at all is one that
/// HubSpot gives as it likes (observed by third parties), behind those that have one.
fn in_order(options: &[PropertyOption]) -> Value {
    let mut ordered: Vec<_> = options.iter().collect();
    ordered
        .sort_by_key(|option| option.display_order.filter(|place| *place >= 0).unwrap_or(i64::MAX));
    ordered
        .into_iter()
        .map(|option| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let hidden = option.hidden.unwrap_or(false);
            choice(&text(&option.label), &text(&option.value), &text(&option.description), hidden)
        })
        .collect()
}

fn choice(label: &str, value: &str, description: &str, hidden: bool) -> Value {
    json!({ "label": label, "value": value, "description": description, "hidden": hidden })
}

fn known_type(name: &str) -> Option<PropertyType> {
    PropertyType::ALL.into_iter().find(|kind| kind.as_str() == name)
}

#[cfg(test)]
pub(super) mod tests;
