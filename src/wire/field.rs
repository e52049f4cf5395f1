//! Fields.

use gomark_sdk::v1 as pb;

use super::Unreadable;
use super::hints::{
    data_sensitivity, known, number_display_hint, number_hint, said_sensitivity, text_display_hint,
    text_hint,
};
use crate::domain::field::{DataSensitivity, FieldDetails};
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
            FieldType::CalculationEquation => Self::CalculationEquation,
        }
    }
}

/// Reads a property type: `None` when it was not said.
pub(crate) fn property_type(number: i32) -> Result<Option<PropertyType>, Unreadable> {
    known::<_, pb::PropertyType>(&PropertyType::ALL, number, "PropertyType")
}

/// Reads a field type: `None` when it was not said.
pub(crate) fn field_type(number: i32) -> Result<Option<FieldType>, Unreadable> {
    known::<_, pb::FieldType>(&FieldType::ALL, number, "FieldType")
}

impl From<&Field> for pb::Field {
    fn from(field: &Field) -> Self {
        let details = &field.details;
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
            calculation_formula: details.calculation_formula.clone(),
            has_unique_value: details.has_unique_value,
            hidden: details.hidden,
            form_field: details.form_field,
            number_display_hint: number_hint(details.number_display_hint) as i32,
            text_display_hint: text_hint(details.text_display_hint) as i32,
            currency_property_name: details.currency_property_name.clone(),
            show_currency_symbol: details.show_currency_symbol,
            data_sensitivity: said_sensitivity(details.data_sensitivity) as i32,
            external_options: details.external_options,
            referenced_object_type: details.referenced_object_type.clone(),
            display_order: details.display_order,
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
        let details = FieldDetails {
            calculation_formula: field.calculation_formula,
            has_unique_value: field.has_unique_value,
            hidden: field.hidden,
            form_field: field.form_field,
            number_display_hint: number_display_hint(field.number_display_hint)?,
            text_display_hint: text_display_hint(field.text_display_hint)?,
            currency_property_name: field.currency_property_name,
            show_currency_symbol: field.show_currency_symbol,
            // Fields that were written before it could be said are not sensitive.
            data_sensitivity: data_sensitivity(field.data_sensitivity)?
                .unwrap_or(DataSensitivity::NonSensitive),
            external_options: field.external_options,
            referenced_object_type: field.referenced_object_type,
            display_order: field.display_order,
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
            details: Box::new(details),
        })
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    /// A field as it was written before there were details.
    fn plain() -> pb::Field {
        pb::Field {
            field_id: "field-2".to_owned(),
            name: "tier".to_owned(),
            label: "Tier".to_owned(),
            r#type: pb::PropertyType::String as i32,
            field_type: pb::FieldType::Text as i32,
            group_name: "dealinformation".to_owned(),
            ..pb::Field::default()
        }
    }

    #[test]
    fn a_field_of_before_is_read_and_written_as_it_was() {
        let bytes = plain().encode_to_vec();
        let field = Field::try_from(pb::Field::decode(&*bytes).unwrap()).unwrap();
        assert_eq!(*field.details, FieldDetails::default());
        // What was hashed with it hashes as before.
        assert_eq!(pb::Field::from(&field).encode_to_vec(), bytes);
    }

    #[test]
    fn details_are_read_as_they_were_written() {
        let details = pb::Field {
            calculation_formula: "amount * 2".to_owned(),
            has_unique_value: true,
            hidden: Some(false),
            form_field: Some(true),
            number_display_hint: pb::NumberDisplayHint::Duration as i32,
            text_display_hint: pb::TextDisplayHint::PostalCode as i32,
            currency_property_name: "deal_currency_code".to_owned(),
            show_currency_symbol: Some(true),
            data_sensitivity: pb::DataSensitivity::HighlySensitive as i32,
            external_options: true,
            referenced_object_type: "OWNER".to_owned(),
            display_order: Some(0),
            ..plain()
        };
        let field = Field::try_from(details.clone()).unwrap();
        assert_eq!(pb::Field::from(&field), details);
    }
}
