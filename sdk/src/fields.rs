//! Short forms of the usual fields.
//!
//! Each gives a [`Field`] with a label, a type and the way it is edited; the internal name is left
//! to GoMark, which derives it from the label. Further attributes by struct update:
//!
//! ```
//! use gomark_sdk::{fields, v1::Field};
//!
//! let field = Field { group_name: "sales".into(), ..fields::text("Deal Stage") };
//! ```

use crate::v1::{Field, FieldOption, FieldType, PropertyType};

/// Describes a field of one line of text.
pub fn text(label: impl Into<String>) -> Field {
    field(label, PropertyType::String, FieldType::Text)
}

/// Describes a field of several lines of text.
pub fn text_area(label: impl Into<String>) -> Field {
    field(label, PropertyType::String, FieldType::Textarea)
}

/// Describes a field that holds a number.
pub fn number(label: impl Into<String>) -> Field {
    field(label, PropertyType::Number, FieldType::Number)
}

/// Describes a field that holds a day.
pub fn date(label: impl Into<String>) -> Field {
    field(label, PropertyType::Date, FieldType::Date)
}

/// Describes a field that holds a moment.
pub fn date_time(label: impl Into<String>) -> Field {
    field(label, PropertyType::Datetime, FieldType::Date)
}

/// Describes a field that holds yes or no. GoMark supplies its two options.
pub fn yes_no(label: impl Into<String>) -> Field {
    field(label, PropertyType::Bool, FieldType::Booleancheckbox)
}

/// Describes a drop-down list of `(label, value)` options, of which one is chosen.
///
/// ```
/// let field = gomark_sdk::fields::select("Priority", [("High", "high"), ("Low", "low")]);
/// assert_eq!(field.options[1].value, "low");
/// ```
pub fn select<L, V>(label: impl Into<String>, options: impl IntoIterator<Item = (L, V)>) -> Field
where
    L: Into<String>,
    V: Into<String>,
{
    let options = options
        .into_iter()
        .map(|(label, value)| FieldOption {
            label: label.into(),
            value: value.into(),
            ..FieldOption::default()
        })
        .collect();
    Field { options, ..field(label, PropertyType::Enumeration, FieldType::Select) }
}

fn field(label: impl Into<String>, value: PropertyType, edited: FieldType) -> Field {
    Field {
        label: label.into(),
        r#type: value.into(),
        field_type: edited.into(),
        ..Field::default()
    }
}
