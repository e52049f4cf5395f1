//! The checks on a property's name, types and attributes.

use super::draft::Draft;
use super::property::{DataSensitivity, FieldType, Property, PropertyType};
use super::refusal::Refusal;

/// Longest internal name, in characters.
const NAME_CHARS_MAX: usize = 100;

/// Checks an internal name: lowercase, starts with a letter, at most 100 characters.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let mut chars = name.chars();
    let starts_well = chars.next().is_some_and(|c| c.is_ascii_lowercase());
    let goes_on_well = chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !starts_well || !goes_on_well || name.chars().count() > NAME_CHARS_MAX {
        return Err(Refusal::invalid(
            "Names for properties should be lowercase and have less than 100 characters: a letter \
             first, then letters, digits and underscores.",
        )
        .with("propertyName", vec![name.to_owned()]));
    }
    Ok(())
}

/// Refuses the prefix that HubSpot keeps for itself.
pub(super) fn check_prefix(name: &str) -> Result<(), Refusal> {
    if name.starts_with("hs_") {
        return Err(Refusal::invalid(format!(
            "The name '{name}' starts with the reserved prefix 'hs_'."
        ))
        .with("propertyName", vec![name.to_owned()]));
    }
    Ok(())
}

/// Checks that a type is entered with a field type that suits it.
pub(super) fn check_pair(kind: PropertyType, field_type: FieldType) -> Result<(), Refusal> {
    use FieldType as F;
    let suits = match kind {
        PropertyType::Enumeration => matches!(
            field_type,
            F::Booleancheckbox | F::Checkbox | F::Radio | F::Select | F::CalculationEquation
        ),
        PropertyType::Bool => matches!(field_type, F::Booleancheckbox | F::CalculationEquation),
        PropertyType::Number => matches!(field_type, F::Number | F::CalculationEquation),
        PropertyType::String => matches!(
            field_type,
            F::Text | F::Textarea | F::File | F::Html | F::Phonenumber | F::CalculationEquation
        ),
        PropertyType::Date | PropertyType::Datetime => field_type == F::Date,
        PropertyType::PhoneNumber => field_type == F::Phonenumber,
    };
    if suits {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "The field type {} does not suit the type {}.",
        serde_json::json!(field_type),
        serde_json::json!(kind)
    )))
}

/// Checks what only a create can say.
pub(super) fn check_create_only(draft: &Draft, sensitive_data: bool) -> Result<(), Refusal> {
    let sensitive = draft.data_sensitivity.unwrap_or_default() != DataSensitivity::NonSensitive;
    if sensitive && !sensitive_data {
        return Err(Refusal::invalid("This portal is not enabled for sensitive data.")
            .reason("PORTAL_NOT_ENABLED_FOR_SENSITIVE_DATA"));
    }
    if draft.external_options == Some(true)
        && (draft.referenced_object_type.is_none()
            || draft.options.as_ref().is_some_and(|options| !options.is_empty()))
    {
        return Err(Refusal::invalid(
            "A property with external options needs a referencedObjectType and no options.",
        ));
    }
    Ok(())
}

/// Checks a definition as a whole, as it would be kept; `before` is what a patch started from.
pub(super) fn check_definition(after: &Property, before: Option<&Property>) -> Result<(), Refusal> {
    if after.label.trim().is_empty() {
        return Err(Refusal::invalid("A property needs a label."));
    }
    check_pair(after.kind, after.field_type)?;
    if after.field_type == FieldType::CalculationEquation && after.calculation_formula.is_none() {
        return Err(Refusal::invalid("A calculated property needs a calculationFormula."));
    }
    super::options::check_against_type(after.kind, &after.options)?;
    if after.currency_property_name.is_some() && after.show_currency_symbol != Some(true) {
        return Err(match before.and_then(|before| before.currency_property_name.as_ref()) {
            Some(_) => Refusal::invalid(
                "The currency symbol cannot be turned off once a currency property is named.",
            ),
            None => Refusal::invalid("Only currency properties can name a currency property.")
                .reason("ONLY_CURRENCY_PROPERTIES_CAN_SPECIFY_CURRENCY"),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lowercase_start_with_a_letter_and_have_at_most_100_characters() {
        for good in ["a", "contract_tier", "x2_y", &"a".repeat(100)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "Tier", "2x", "_x", "a-b", "a.b", "a b", "é", &"a".repeat(101)] {
            assert_eq!(check_name(bad).unwrap_err().category, "VALIDATION_ERROR", "{bad}");
        }
    }

    #[test]
    fn the_prefix_of_hubspots_own_properties_is_reserved() {
        assert!(check_prefix("hs_tier").is_err());
        assert!(check_prefix("hst").is_ok());
    }

    #[test]
    fn only_suitable_field_types_are_taken() {
        assert!(check_pair(PropertyType::String, FieldType::Textarea).is_ok());
        assert!(check_pair(PropertyType::Datetime, FieldType::Date).is_ok());
        assert!(check_pair(PropertyType::Number, FieldType::Text).is_err());
        assert!(check_pair(PropertyType::Enumeration, FieldType::Text).is_err());
        assert!(check_pair(PropertyType::PhoneNumber, FieldType::Text).is_err());
    }
}
