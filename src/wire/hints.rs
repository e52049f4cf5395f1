//! How values of fields are shown, and how sensitive they are.

use gomark_sdk::v1 as pb;

use super::Unreadable;
use crate::domain::field::{DataSensitivity, NumberDisplayHint, TextDisplayHint};

/// Reads a value of an enumeration: `None` when it was not said.
pub(super) fn known<T: Copy, P: From<T> + Into<i32>>(
    all: &[T],
    number: i32,
    name: &str,
) -> Result<Option<T>, Unreadable> {
    if number == 0 {
        return Ok(None);
    }
    let is_it = |one: &T| Into::<i32>::into(P::from(*one)) == number;
    let found = all.iter().copied().find(is_it);
    found.map(Some).ok_or_else(|| Unreadable::new(format!("is not a value of {name}")))
}

/// Reads how a number is shown: `None` when it was not said.
pub(crate) fn number_display_hint(number: i32) -> Result<Option<NumberDisplayHint>, Unreadable> {
    known::<_, pb::NumberDisplayHint>(NumberDisplayHint::ALL, number, "NumberDisplayHint")
}

/// Reads what kind of text a text is: `None` when it was not said.
pub(crate) fn text_display_hint(number: i32) -> Result<Option<TextDisplayHint>, Unreadable> {
    known::<_, pb::TextDisplayHint>(TextDisplayHint::ALL, number, "TextDisplayHint")
}

/// Reads how sensitive values are: `None` when it was not said.
pub(crate) fn data_sensitivity(number: i32) -> Result<Option<DataSensitivity>, Unreadable> {
    known::<_, pb::DataSensitivity>(DataSensitivity::ALL, number, "DataSensitivity")
}

/// Writes how sensitive values are. That they are not is not written: it goes without saying, and
/// fields that were written before it could be said have to read as they did.
pub(super) fn said_sensitivity(sensitivity: DataSensitivity) -> pb::DataSensitivity {
    match sensitivity {
        DataSensitivity::NonSensitive => pb::DataSensitivity::Unspecified,
        said => said.into(),
    }
}

/// Writes how a number is shown.
pub(super) fn number_hint(hint: Option<NumberDisplayHint>) -> pb::NumberDisplayHint {
    hint.map_or(pb::NumberDisplayHint::Unspecified, Into::into)
}

/// Writes what kind of text a text is.
pub(super) fn text_hint(hint: Option<TextDisplayHint>) -> pb::TextDisplayHint {
    hint.map_or(pb::TextDisplayHint::Unspecified, Into::into)
}

impl From<NumberDisplayHint> for pb::NumberDisplayHint {
    fn from(hint: NumberDisplayHint) -> Self {
        match hint {
            NumberDisplayHint::Unformatted => Self::Unformatted,
            NumberDisplayHint::Formatted => Self::Formatted,
            NumberDisplayHint::Currency => Self::Currency,
            NumberDisplayHint::Percentage => Self::Percentage,
            NumberDisplayHint::Duration => Self::Duration,
            NumberDisplayHint::Probability => Self::Probability,
        }
    }
}

impl From<TextDisplayHint> for pb::TextDisplayHint {
    fn from(hint: TextDisplayHint) -> Self {
        match hint {
            TextDisplayHint::UnformattedSingleLine => Self::UnformattedSingleLine,
            TextDisplayHint::MultiLine => Self::MultiLine,
            TextDisplayHint::Email => Self::Email,
            TextDisplayHint::PhoneNumber => Self::PhoneNumber,
            TextDisplayHint::DomainName => Self::DomainName,
            TextDisplayHint::IpAddress => Self::IpAddress,
            TextDisplayHint::PhysicalAddress => Self::PhysicalAddress,
            TextDisplayHint::PostalCode => Self::PostalCode,
        }
    }
}

impl From<DataSensitivity> for pb::DataSensitivity {
    fn from(sensitivity: DataSensitivity) -> Self {
        match sensitivity {
            DataSensitivity::NonSensitive => Self::NonSensitive,
            DataSensitivity::Sensitive => Self::Sensitive,
            DataSensitivity::HighlySensitive => Self::HighlySensitive,
        }
    }
}
