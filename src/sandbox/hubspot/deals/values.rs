//! Whether a value suits its property, and how it is kept.

use std::borrow::Cow;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::Timestamp;
use crate::sandbox::hubspot::property::{FieldType, Property, PropertyType};
use crate::sandbox::wire_time::WireTime;

/// Most characters of a text.
const TEXT_CHARS_MAX: usize = 65_536;

/// Why a value is refused: HubSpot's code, and words.
pub(super) type Unfit = (Cow<'static, str>, String);

/// Checks a value, which is not empty, and returns it as HubSpot keeps it.
pub(super) fn settle(property: &Property, text: &str) -> Result<String, Unfit> {
    match property.kind {
        PropertyType::Number => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(text.to_owned()),
            _ => Err(("INVALID_LONG".into(), format!("'{text}' is not a number."))),
        },
        PropertyType::Bool => match text {
            "true" | "false" => Ok(text.to_owned()),
            _ => Err(("INVALID_OPTION".into(), format!("'{text}' is neither true nor false."))),
        },
        PropertyType::Date => date(text)
            .map(|date| date.to_string())
            .ok_or_else(|| ("INVALID_DATE".into(), format!("'{text}' is not a day."))),
        PropertyType::Datetime => moment(text)
            .map(|moment| WireTime(moment).to_string())
            .ok_or_else(|| ("INVALID_DATE".into(), format!("'{text}' is not a moment."))),
        PropertyType::Enumeration => option(property, text),
        PropertyType::String | PropertyType::PhoneNumber => {
            if text.chars().count() > TEXT_CHARS_MAX {
                let said = format!("A text has at most {TEXT_CHARS_MAX} characters.");
                return Err(("PROPERTY_VALUE_TOO_LONG".into(), said));
            }
            Ok(text.to_owned())
        }
    }
}

/// One of the options, or several with semicolons between them where a property takes several.
fn option(property: &Property, text: &str) -> Result<String, Unfit> {
    if property.external_options {
        return Ok(text.to_owned());
    }
    let known = |value: &str| property.options.iter().any(|option| option.value == value);
    let all_known = match property.field_type {
        FieldType::Checkbox => text.split(';').filter(|value| !value.is_empty()).all(known),
        _ => known(text),
    };
    if all_known {
        return Ok(text.to_owned());
    }
    Err(("INVALID_OPTION".into(), format!("'{text}' was not one of the allowed options.")))
}

/// Reads a day: as `2026-01-31`, or as the milliseconds of its midnight in UTC.
fn date(text: &str) -> Option<Date> {
    if let Ok(date) = text.parse::<Date>()
        && text.len() == "2026-01-31".len()
    {
        return Some(date);
    }
    let midnight = jiff::Timestamp::from_millisecond(text.parse().ok()?).ok()?;
    let zoned = midnight.to_zoned(TimeZone::UTC);
    (zoned.time() == jiff::civil::Time::midnight()).then(|| zoned.date())
}

/// Reads a moment: in ISO 8601 or as milliseconds.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let moment = match text.parse::<i64>() {
        Ok(ms) => jiff::Timestamp::from_millisecond(ms).ok()?,
        Err(_) => match text.parse::<jiff::Timestamp>() {
            Ok(moment) => moment,
            Err(_) => date(text)?.to_zoned(TimeZone::UTC).ok()?.timestamp(),
        },
    };
    Some(Timestamp::from_micros(moment.as_microsecond()))
}
