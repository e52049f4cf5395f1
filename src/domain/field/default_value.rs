//! Whether a default value suits its field.

use super::{DEFAULT_VALUE_LENGTH_MAX, Field, FieldType, PropertyType, check_long_text};
use crate::domain::Violations;

/// Checks the default value of a field.
pub(super) fn check(found: &mut Violations, field: &Field) {
    const PATH: &str = "default_value";
    let value = field.default_value.as_str();
    if value.is_empty() {
        return;
    }
    check_long_text(found, PATH, value, DEFAULT_VALUE_LENGTH_MAX);
    if field.field_type == FieldType::CalculationEquation {
        found.add(PATH, "must be empty: HubSpot works the value out");
        return;
    }
    let is_option = |text: &str| field.options.iter().any(|option| option.value == text);
    match field.property_type {
        PropertyType::String | PropertyType::PhoneNumber => {}
        PropertyType::Number => {
            found.require(is_decimal(value), PATH, "must be a decimal number, such as -12.5");
        }
        PropertyType::Date => {
            found.require(is_date(value), PATH, "must be a date, such as 2026-05-31");
        }
        PropertyType::Datetime => {
            let right = value.parse::<jiff::Timestamp>().is_ok();
            found.require(right, PATH, "must be a moment, such as 2026-05-31T12:00:00Z");
        }
        PropertyType::Bool => {
            found.require(matches!(value, "true" | "false"), PATH, "must be true or false");
        }
        PropertyType::Enumeration if field.details.external_options => {}
        PropertyType::Enumeration if field.field_type == FieldType::Checkbox => {
            let right = value.split(';').all(is_option);
            found.require(right, PATH, "must be values of options, separated by ;");
        }
        PropertyType::Enumeration => {
            found.require(is_option(value), PATH, "must be the value of an option");
        }
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_plain() {
        for good in ["0", "-1", "12.50"] {
            assert!(is_decimal(good), "{good}");
        }
        for bad in ["", "-", ".5", "5.", "1e3", "+1", "1,5", "NaN", " 1"] {
            assert!(!is_decimal(bad), "{bad}");
        }
    }

    #[test]
    fn dates_exist() {
        assert!(is_date("2026-05-31"));
        for bad in ["2026-02-30", "2026-5-1", "31.05.2026", "2026-05-31T00:00:00"] {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
