//! Fields and groups from their canonical forms: the reverse of what is desired.
//!
//! What comes out keeps every rule of a field or group that a caller decides, and is desired in just
//! the form that it came from. What HubSpot holds and GoMark's rules do not allow is told, never
//! changed on the way.

use serde::Deserialize as _;
use serde_json::Value;

use super::wire::PropertyOption;
use super::{canonical, details, groups};
use crate::domain::field::{DataSensitivity, FieldDetails, NumberDisplayHint, TextDisplayHint};
use crate::domain::{
    Attributes, Field, FieldDraft, FieldType, Group, GroupDraft, OptionDraft, PropertyType,
    ResourceId, Violations,
};

/// How much of what HubSpot holds is shown where it cannot be read, in characters.
const SHOWN_MAX: usize = 40;

/// Returns the field that a form stands for, with the default value of `base` and the places that
/// its options have there, which no form tells.
///
/// # Errors
///
/// Tells people which attribute breaks which rule.
pub(super) fn field(
    id: ResourceId,
    name: &str,
    attributes: &Attributes,
    base: Option<&Field>,
) -> Result<Field, String> {
    let mut form = Form { attributes, found: Violations::new() };
    let draft = FieldDraft {
        name: name.to_owned(),
        label: form.text(canonical::LABEL, "label"),
        property_type: form.one_of(
            canonical::TYPE,
            "type",
            &PropertyType::ALL,
            PropertyType::as_str,
        ),
        field_type: form.one_of(
            canonical::FIELD_TYPE,
            "field_type",
            &FieldType::ALL,
            FieldType::as_str,
        ),
        group_name: form.text(canonical::GROUP_NAME, "group_name"),
        description: form.text(canonical::DESCRIPTION, "description"),
        options: form.options(base),
        default_value: base.map(|field| field.default_value.clone()).unwrap_or_default(),
        details: form.details(),
    };
    let draft = form.found.or(draft).map_err(|found| found.to_string())?;
    let field = draft.complete(id).map_err(|found| found.to_string())?;
    unchanged(&canonical::desired(&field), attributes)?;
    Ok(field)
}

/// Returns the group that a form stands for.
///
/// # Errors
///
/// Tells people which attribute breaks which rule.
pub(super) fn group(id: ResourceId, name: &str, attributes: &Attributes) -> Result<Group, String> {
    let mut form = Form { attributes, found: Violations::new() };
    let draft = GroupDraft {
        name: name.to_owned(),
        label: form.text(groups::LABEL, "label"),
        display_order: form.place(groups::DISPLAY_ORDER),
    };
    let draft = form.found.or(draft).map_err(|found| found.to_string())?;
    let group = draft.complete(id).map_err(|found| found.to_string())?;
    unchanged(&groups::desired(&group), attributes)?;
    Ok(group)
}

/// Makes sure that nothing was filled in where HubSpot holds nothing: an empty label, say, for which
/// a draft takes the name.
fn unchanged(decided: &Attributes, held: &Attributes) -> Result<(), String> {
    match decided.differing_from(held).names().first() {
        None => Ok(()),
        Some(name) => Err(format!("{name}: cannot be decided as HubSpot holds it")),
    }
}

/// A form that is read, and what is wrong with it. Null in it is what HubSpot does not hold.
struct Form<'a> {
    attributes: &'a Attributes,
    found: Violations,
}

impl Form<'_> {
    /// Reads an attribute, or notes that it is something else than `wanted`, by GoMark's path.
    fn read<T>(
        &mut self,
        name: &str,
        path: &str,
        wanted: impl FnOnce() -> String,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.attributes.get(name).filter(|value| !value.is_null())?;
        let read = read(value);
        if read.is_none() {
            let shown: String = value.to_string().chars().take(SHOWN_MAX).collect();
            self.found.add(path, format!("must be {}, not {shown}", wanted()));
        }
        read
    }

    fn text(&mut self, name: &str, path: &str) -> String {
        let read = |value: &Value| value.as_str().map(str::to_owned);
        self.read(name, path, || "a text".to_owned(), read).unwrap_or_default()
    }

    fn flag(&mut self, name: &str, path: &str) -> Option<bool> {
        self.read(name, path, || "true or false".to_owned(), Value::as_bool)
    }

    /// Reads a place; one that is too large for a place stays so.
    fn place(&mut self, name: &str) -> Option<i32> {
        let read = |value: &Value| Some(i32::try_from(value.as_i64()?).unwrap_or(i32::MAX));
        self.read(name, "display_order", || "a whole number".to_owned(), read)
    }

    fn one_of<T: Copy>(
        &mut self,
        name: &str,
        path: &str,
        all: &[T],
        as_str: fn(T) -> &'static str,
    ) -> Option<T> {
        let known = || {
            let names: Vec<_> = all.iter().map(|one| as_str(*one)).collect();
            format!("one of {}", names.join(", "))
        };
        let read = |value: &Value| all.iter().copied().find(|one| *value == as_str(*one));
        self.read(name, path, known, read)
    }

    /// Reads the options. They have the places that they have in `base` where they are the same ones
    /// in the same order.
    fn options(&mut self, base: Option<&Field>) -> Vec<OptionDraft> {
        let read = |value: &Value| Vec::<PropertyOption>::deserialize(value).ok();
        let wanted = || "a list of options".to_owned();
        let options = self.read(canonical::OPTIONS, "options", wanted, read).unwrap_or_default();
        let before = base.map(|field| field.options.as_slice()).unwrap_or_default();
        let values = options.iter().map(|option| option.value.as_deref().unwrap_or_default());
        let same = values.eq(before.iter().map(|option| option.value.as_str()));
        let place = |at: usize| before.get(at).filter(|_| same).map(|option| option.display_order);
        let draft = |(at, option): (usize, PropertyOption)| OptionDraft {
            label: option.label.unwrap_or_default(),
            value: option.value.unwrap_or_default(),
            description: option.description.unwrap_or_default(),
            hidden: option.hidden.unwrap_or(false),
            display_order: place(at),
        };
        options.into_iter().enumerate().map(draft).collect()
    }

    fn details(&mut self) -> FieldDetails {
        let sensitivity = self.one_of(
            details::DATA_SENSITIVITY,
            "data_sensitivity",
            DataSensitivity::ALL,
            DataSensitivity::as_str,
        );
        FieldDetails {
            calculation_formula: self.text(details::CALCULATION_FORMULA, "calculation_formula"),
            has_unique_value: self
                .flag(details::HAS_UNIQUE_VALUE, "has_unique_value")
                .unwrap_or(false),
            hidden: self.flag(details::HIDDEN, "hidden"),
            form_field: self.flag(details::FORM_FIELD, "form_field"),
            number_display_hint: self.one_of(
                details::NUMBER_DISPLAY_HINT,
                "number_display_hint",
                NumberDisplayHint::ALL,
                NumberDisplayHint::as_str,
            ),
            text_display_hint: self.one_of(
                details::TEXT_DISPLAY_HINT,
                "text_display_hint",
                TextDisplayHint::ALL,
                TextDisplayHint::as_str,
            ),
            currency_property_name: self
                .text(details::CURRENCY_PROPERTY_NAME, "currency_property_name"),
            show_currency_symbol: self.flag(details::SHOW_CURRENCY_SYMBOL, "show_currency_symbol"),
            data_sensitivity: sensitivity.unwrap_or(DataSensitivity::NonSensitive),
            external_options: self
                .flag(details::EXTERNAL_OPTIONS, "external_options")
                .unwrap_or(false),
            referenced_object_type: self
                .text(details::REFERENCED_OBJECT_TYPE, "referenced_object_type"),
            display_order: self.place(details::DISPLAY_ORDER),
        }
    }
}
#[cfg(test)]
mod tests;
