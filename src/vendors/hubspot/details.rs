//! The attributes of a property that are managed only where something is decided about them.
//!
//! HubSpot gives every property a value for each of them. Those that nobody decided are left out of
//! canonical forms, so that they are never a difference and never sent.

use serde_json::{Value, json};

use super::wire::Property;
use crate::domain::field::{DataSensitivity, FieldDetails, NumberDisplayHint, formula};
use crate::domain::{Attributes, PropertyType};

pub(super) const CALCULATION_FORMULA: &str = "calculationFormula";
pub(super) const HAS_UNIQUE_VALUE: &str = "hasUniqueValue";
pub(super) const HIDDEN: &str = "hidden";
pub(super) const FORM_FIELD: &str = "formField";
pub(super) const NUMBER_DISPLAY_HINT: &str = "numberDisplayHint";
pub(super) const TEXT_DISPLAY_HINT: &str = "textDisplayHint";
pub(super) const CURRENCY_PROPERTY_NAME: &str = "currencyPropertyName";
pub(super) const SHOW_CURRENCY_SYMBOL: &str = "showCurrencySymbol";
pub(super) const DATA_SENSITIVITY: &str = "dataSensitivity";
pub(super) const EXTERNAL_OPTIONS: &str = "externalOptions";
pub(super) const REFERENCED_OBJECT_TYPE: &str = "referencedObjectType";
pub(super) const DISPLAY_ORDER: &str = "displayOrder";

/// All of them. `dateDisplayHint` is none: HubSpot ignores it (observed by third parties).
pub(super) const ALL: [&str; 12] = [
    CALCULATION_FORMULA,
    HAS_UNIQUE_VALUE,
    HIDDEN,
    FORM_FIELD,
    NUMBER_DISPLAY_HINT,
    TEXT_DISPLAY_HINT,
    CURRENCY_PROPERTY_NAME,
    SHOW_CURRENCY_SYMBOL,
    DATA_SENSITIVITY,
    EXTERNAL_OPTIONS,
    REFERENCED_OBJECT_TYPE,
    DISPLAY_ORDER,
];

/// Returns those that something was decided about.
pub(super) fn desired(details: &FieldDetails) -> impl Iterator<Item = (String, Value)> {
    let text = |text: &String| (!text.is_empty()).then(|| json!(text));
    let yes = |yes: bool| yes.then_some(json!(true));
    let sensitivity = Some(details.data_sensitivity);
    let sensitivity =
        sensitivity.filter(|sensitivity| *sensitivity != DataSensitivity::NonSensitive);
    let pairs = [
        (CALCULATION_FORMULA, text(&details.calculation_formula)),
        (HAS_UNIQUE_VALUE, yes(details.has_unique_value)),
        (HIDDEN, details.hidden.map(Value::from)),
        (FORM_FIELD, details.form_field.map(Value::from)),
        (NUMBER_DISPLAY_HINT, details.number_display_hint.map(|hint| json!(hint.as_str()))),
        (TEXT_DISPLAY_HINT, details.text_display_hint.map(|hint| json!(hint.as_str()))),
        (CURRENCY_PROPERTY_NAME, text(&details.currency_property_name)),
        (SHOW_CURRENCY_SYMBOL, details.show_currency_symbol.map(Value::from)),
        (DATA_SENSITIVITY, sensitivity.map(|it| json!(it.as_str()))),
        (EXTERNAL_OPTIONS, yes(details.external_options)),
        (REFERENCED_OBJECT_TYPE, text(&details.referenced_object_type)),
        (DISPLAY_ORDER, details.display_order.map(Value::from)),
    ];
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)))
}

/// Returns of what HubSpot holds those that are expected. What it leaves out is its default.
pub(super) fn held<'a>(
    property: &'a Property,
    expected: &'a Attributes,
) -> impl Iterator<Item = (String, Value)> + 'a {
    let value = move |name: &&'static str| {
        let wanted = expected.get(name)?;
        let value = match *name {
            CALCULATION_FORMULA => spelled(property.calculation_formula.as_deref(), wanted),
            HAS_UNIQUE_VALUE => json!(property.has_unique_value.unwrap_or(false)),
            HIDDEN => json!(property.hidden.unwrap_or(false)),
            FORM_FIELD => json!(property.form_field.unwrap_or(false)),
            NUMBER_DISPLAY_HINT => json!(property.number_display_hint),
            TEXT_DISPLAY_HINT => json!(property.text_display_hint),
            CURRENCY_PROPERTY_NAME => json!(property.currency_property_name),
            SHOW_CURRENCY_SYMBOL => json!(property.show_currency_symbol.unwrap_or(false)),
            DATA_SENSITIVITY => json!(
                property
                    .data_sensitivity
                    .as_deref()
                    .unwrap_or(DataSensitivity::NonSensitive.as_str())
            ),
            EXTERNAL_OPTIONS => json!(property.external_options.unwrap_or(false)),
            REFERENCED_OBJECT_TYPE => json!(property.referenced_object_type),
            _ => json!(property.display_order.unwrap_or(-1)),
        };
        Some(((*name).to_owned(), value))
    };
    ALL.iter().filter_map(value)
}

/// Returns of what HubSpot holds those that say something, which is what somebody may have decided.
///
/// HubSpot's defaults are left out, and so is what does not suit the type: HubSpot keeps hints that
/// were given to a type before. A place is left out as well, since HubSpot gives one to every
/// property (observed by third parties), and `formatted`, which is how numbers show without a hint.
pub(super) fn told(property: &Property) -> Attributes {
    let is = |kind: PropertyType| property.kind.as_deref() == Some(kind.as_str());
    let (is_number, is_text) = (is(PropertyType::Number), is(PropertyType::String));
    let said = |text: &Option<String>, default: &str| {
        let text = text.as_deref().filter(|text| !text.is_empty() && *text != default);
        text.map(Value::from)
    };
    let text = |text: &Option<String>| said(text, "");
    let yes = |flag: Option<bool>| flag.filter(|yes| *yes).map(Value::from);
    let number_display_hint =
        said(&property.number_display_hint, NumberDisplayHint::Formatted.as_str());
    let currency = text(&property.currency_property_name);
    let symbol = yes(property.show_currency_symbol);
    let pairs = [
        (CALCULATION_FORMULA, text(&property.calculation_formula)),
        (HAS_UNIQUE_VALUE, yes(property.has_unique_value)),
        (HIDDEN, yes(property.hidden)),
        (FORM_FIELD, yes(property.form_field)),
        (NUMBER_DISPLAY_HINT, number_display_hint.filter(|_| is_number)),
        (TEXT_DISPLAY_HINT, text(&property.text_display_hint).filter(|_| is_text)),
        (CURRENCY_PROPERTY_NAME, currency.filter(|_| is_number)),
        (SHOW_CURRENCY_SYMBOL, symbol.filter(|_| is_number)),
        (
            DATA_SENSITIVITY,
            said(&property.data_sensitivity, DataSensitivity::NonSensitive.as_str()),
        ),
        (EXTERNAL_OPTIONS, yes(property.external_options)),
        (REFERENCED_OBJECT_TYPE, text(&property.referenced_object_type)),
    ];
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Tells under which sensitivity HubSpot shows a property: the one that is expected. It shows each
/// property under its own alone.
pub(super) fn sensitivity(expected: &Attributes) -> DataSensitivity {
    let name = expected.get(DATA_SENSITIVITY).and_then(Value::as_str);
    let mut all = DataSensitivity::ALL.iter().copied();
    all.find(|one| Some(one.as_str()) == name).unwrap_or(DataSensitivity::NonSensitive)
}

/// Returns a formula in the spelling that is expected, where it says the same.
fn spelled(held: Option<&str>, expected: &Value) -> Value {
    let same =
        |held: &str, expected: &str| formula::canonical(held) == formula::canonical(expected);
    match (held, expected.as_str()) {
        (Some(held), Some(text)) if same(held, text) => json!(text),
        (held, _) => json!(held),
    }
}
