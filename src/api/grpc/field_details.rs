//! Reads what callers sent about the details of fields.

use gomark_sdk::v1 as pb;

use super::mask::Mask;
use crate::domain::field::{
    DataSensitivity, DetailsPatch, FieldDetails, FixedDetails, NumberDisplayHint, TextDisplayHint,
};
use crate::domain::{Violation, Violations};
use crate::wire;

/// The details of a new field.
pub(super) fn draft(field: &pb::Field, found: &mut Violations) -> FieldDetails {
    let Enums { number_display_hint, text_display_hint, data_sensitivity } =
        Enums::read(field, found);
    FieldDetails {
        calculation_formula: field.calculation_formula.clone(),
        has_unique_value: field.has_unique_value,
        hidden: field.hidden,
        form_field: field.form_field,
        number_display_hint,
        text_display_hint,
        currency_property_name: field.currency_property_name.clone(),
        show_currency_symbol: field.show_currency_symbol,
        data_sensitivity: data_sensitivity.unwrap_or(DataSensitivity::NonSensitive),
        external_options: field.external_options,
        referenced_object_type: field.referenced_object_type.clone(),
        display_order: field.display_order,
    }
}

/// What changes about the details of a field.
pub(super) fn patch(field: &pb::Field, mask: &Mask, found: &mut Violations) -> DetailsPatch {
    let Enums { number_display_hint, text_display_hint, data_sensitivity } =
        Enums::read(field, found);
    let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let yes = |yes: bool| yes.then_some(true);
    DetailsPatch {
        calculation_formula: mask.take("calculation_formula", text(&field.calculation_formula)),
        hidden: mask.take("hidden", field.hidden.map(Some)),
        form_field: mask.take("form_field", field.form_field.map(Some)),
        number_display_hint: mask.take("number_display_hint", number_display_hint.map(Some)),
        text_display_hint: mask.take("text_display_hint", text_display_hint.map(Some)),
        currency_property_name: mask
            .take("currency_property_name", text(&field.currency_property_name)),
        show_currency_symbol: mask
            .take("show_currency_symbol", field.show_currency_symbol.map(Some)),
        display_order: mask.take("display_order", field.display_order.map(Some)),
        fixed: FixedDetails {
            has_unique_value: yes(field.has_unique_value),
            data_sensitivity,
            external_options: yes(field.external_options),
            referenced_object_type: text(&field.referenced_object_type),
        },
    }
}

/// The enumerations among the details; `None` where nothing was said.
struct Enums {
    number_display_hint: Option<NumberDisplayHint>,
    text_display_hint: Option<TextDisplayHint>,
    data_sensitivity: Option<DataSensitivity>,
}

impl Enums {
    fn read(field: &pb::Field, found: &mut Violations) -> Self {
        let fault = |name: &'static str| {
            move |error: wire::Unreadable| Violation::new(name, error.to_string())
        };
        let number = wire::number_display_hint(field.number_display_hint);
        let text = wire::text_display_hint(field.text_display_hint);
        let sensitivity = wire::data_sensitivity(field.data_sensitivity);
        Self {
            number_display_hint: found.take(number.map_err(fault("number_display_hint"))).flatten(),
            text_display_hint: found.take(text.map_err(fault("text_display_hint"))).flatten(),
            data_sensitivity: found.take(sensitivity.map_err(fault("data_sensitivity"))).flatten(),
        }
    }
}
