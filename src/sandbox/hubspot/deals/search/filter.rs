//! One filter of a search.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::domain::Timestamp;
use crate::sandbox::hubspot::Refusal;
use crate::sandbox::hubspot::deals::values::moment;
use crate::sandbox::hubspot::deals::{Column, Deal};
use crate::sandbox::hubspot::property::{Property, PropertyType};

/// Most values of `IN` and `NOT_IN`.
const VALUES_MAX: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Operator {
    Eq,
    Neq,
    Lt,
    Lte,
    Gt,
    Gte,
    Between,
    In,
    NotIn,
    HasProperty,
    NotHasProperty,
}

/// A filter as a request carries it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FilterDraft {
    property_name: String,
    operator: Operator,
    value: Option<Value>,
    high_value: Option<Value>,
    #[serde(default)]
    values: Vec<Value>,
}

/// A filter whose property is known and whose values are read.
#[derive(Debug)]
pub(super) struct Filter {
    column: Column,
    kind: PropertyType,
    operator: Operator,
    /// The value; the low and the high one; or all of the list.
    values: Vec<Ordered>,
}

/// A value that can be put in order: as a number where the property holds numbers or moments.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ordered {
    Number(f64),
    Text(String),
}

impl Ordered {
    pub(super) fn new(kind: PropertyType, text: &str) -> Self {
        let number = match kind {
            PropertyType::Number => text.parse().ok(),
            #[expect(clippy::cast_precision_loss, reason = "moments of our age are exact")]
            PropertyType::Date | PropertyType::Datetime => {
                moment(text).map(|moment| moment.as_micros() as f64)
            }
            _ => None,
        };
        number.map_or_else(|| Self::Text(text.to_owned()), Self::Number)
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(two)) => one.total_cmp(two),
            (Self::Text(one), Self::Text(two)) => one.cmp(two),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

impl Filter {
    /// Reads a filter, or refuses one that lacks a property or a value.
    pub(super) fn new(
        draft: &FilterDraft,
        properties: &BTreeMap<String, Property>,
    ) -> Result<Self, Refusal> {
        use Operator as O;
        let name = &draft.property_name;
        let property = properties.get(name).ok_or_else(|| unknown(name))?;
        let operator = draft.operator;
        let given: Vec<&Value> = match operator {
            O::HasProperty | O::NotHasProperty => Vec::new(),
            O::In | O::NotIn => draft.values.iter().collect(),
            O::Between => draft.value.iter().chain(&draft.high_value).collect(),
            _ => draft.value.iter().collect(),
        };
        let enough = match operator {
            O::HasProperty | O::NotHasProperty => true,
            O::In | O::NotIn => (1..=VALUES_MAX).contains(&given.len()),
            O::Between => given.len() == 2,
            _ => given.len() == 1,
        };
        if !enough {
            return Err(Refusal::invalid(format!(
                "The filter of '{name}' does not have the values that its operator takes."
            )));
        }
        let read = |value: &&Value| match value {
            Value::String(text) => Ordered::new(property.kind, text),
            other => Ordered::new(property.kind, &other.to_string()),
        };
        let values = given.iter().map(read).collect();
        Ok(Self { column: property.column(), kind: property.kind, operator, values })
    }

    /// Returns whether a deal meets the filter, as far as the index knows.
    pub(super) fn admits(&self, deal: &Deal, as_of: Timestamp) -> bool {
        use Operator as O;
        let value = deal.value(self.column, Some(as_of)).filter(|value| !value.is_empty());
        let Some(value) = value else { return self.operator == O::NotHasProperty };
        if matches!(self.operator, O::HasProperty | O::NotHasProperty) {
            return self.operator == O::HasProperty;
        }
        let value = Ordered::new(self.kind, &value);
        let order = |index: usize| self.values.get(index).map(|wanted| value.compare(wanted));
        match self.operator {
            O::Eq => order(0) == Some(Ordering::Equal),
            O::Neq => order(0) != Some(Ordering::Equal),
            O::Lt => order(0) == Some(Ordering::Less),
            O::Lte => order(0).is_some_and(Ordering::is_le),
            O::Gt => order(0) == Some(Ordering::Greater),
            O::Gte => order(0).is_some_and(Ordering::is_ge),
            O::Between => {
                order(0).is_some_and(Ordering::is_ge) && order(1).is_some_and(Ordering::is_le)
            }
            O::In => self.values.contains(&value),
            O::NotIn => !self.values.contains(&value),
            O::HasProperty | O::NotHasProperty => false,
        }
    }
}

/// 400 for a property that is not there.
pub(super) fn unknown(name: &str) -> Refusal {
    Refusal::invalid(format!("There is no property '{name}' to search by."))
        .with("propertyName", vec![name.to_owned()])
}
