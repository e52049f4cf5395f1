//! Fields.

use gomark_sdk::v1 as pb;

use super::Unreadable;
use crate::domain::{Field, FieldOption, FieldType, OptionDraft, PropertyType, ResourceId};

impl From<PropertyType> for pb::PropertyType {
    fn from(kind: PropertyType) -> Self {
        match kind {
            PropertyType::String => Self::String,
            PropertyType::Number => Self::Number,
            PropertyType::Date => Self::Date,
            PropertyType::Datetime => Self::Datetime,
            PropertyType::Enumeration => Self::Enumeration,
            PropertyType::Bool => Self::Bool,
            PropertyType::PhoneNumber => Self::PhoneNumber,
        }
    }
}

impl From<FieldType> for pb::FieldType {
    fn from(kind: FieldType) -> Self {
        match kind {
            FieldType::Text => Self::Text,
            FieldType::Textarea => Self::Textarea,
            FieldType::Select => Self::Select,
            FieldType::Radio => Self::Radio,
            FieldType::Checkbox => Self::Checkbox,
            FieldType::Booleancheckbox => Self::Booleancheckbox,
            FieldType::Number => Self::Number,
            FieldType::Date => Self::Date,
            FieldType::File => Self::File,
            FieldType::Html => Self::Html,
            FieldType::Phonenumber => Self::Phonenumber,
        }
    }
}

/// Reads a property type: `None` when it was not said.
pub(crate) fn property_type(number: i32) -> Result<Option<PropertyType>, Unreadable> {
    if number == pb::PropertyType::Unspecified as i32 {
        return Ok(None);
    }
    let mut all = PropertyType::ALL.into_iter();
    let found = all.find(|kind| pb::PropertyType::from(*kind) as i32 == number);
    found.map(Some).ok_or_else(|| Unreadable::new("is not a value of PropertyType"))
}

/// Reads a field type: `None` when it was not said.
pub(crate) fn field_type(number: i32) -> Result<Option<FieldType>, Unreadable> {
    if number == pb::FieldType::Unspecified as i32 {
        return Ok(None);
    }
    let mut all = FieldType::ALL.into_iter();
    let found = all.find(|kind| pb::FieldType::from(*kind) as i32 == number);
    found.map(Some).ok_or_else(|| Unreadable::new("is not a value of FieldType"))
}

impl From<&Field> for pb::Field {
    fn from(field: &Field) -> Self {
        Self {
            field_id: field.id.to_string(),
            name: field.name.clone(),
            label: field.label.clone(),
            r#type: pb::PropertyType::from(field.property_type) as i32,
            field_type: pb::FieldType::from(field.field_type) as i32,
            group_name: field.group_name.clone(),
            description: field.description.clone(),
            options: field.options.iter().map(Into::into).collect(),
            default_value: field.default_value.clone(),
            migrating_from: String::new(),
        }
    }
}

impl From<&FieldOption> for pb::FieldOption {
    fn from(option: &FieldOption) -> Self {
        Self {
            label: option.label.clone(),
            value: option.value.clone(),
            description: option.description.clone(),
            hidden: option.hidden,
            display_order: Some(option.display_order),
        }
    }
}

impl From<pb::FieldOption> for OptionDraft {
    fn from(option: pb::FieldOption) -> Self {
        Self {
            label: option.label,
            value: option.value,
            description: option.description,
            hidden: option.hidden,
            display_order: option.display_order,
        }
    }
}

impl TryFrom<pb::Field> for Field {
    type Error = Unreadable;

    fn try_from(field: pb::Field) -> Result<Self, Unreadable> {
        let missing = || Unreadable::new("a field has no type");
        let option = |option: pb::FieldOption| FieldOption {
            display_order: option.display_order.unwrap_or_default(),
            label: option.label,
            value: option.value,
            description: option.description,
            hidden: option.hidden,
        };
        Ok(Self {
            id: ResourceId::from_trusted(field.field_id),
            property_type: property_type(field.r#type)?.ok_or_else(missing)?,
            field_type: field_type(field.field_type)?.ok_or_else(missing)?,
            name: field.name,
            label: field.label,
            group_name: field.group_name,
            description: field.description,
            options: field.options.into_iter().map(option).collect(),
            default_value: field.default_value,
        })
    }
}
