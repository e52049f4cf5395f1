//! The choices of a field.

use std::collections::HashMap;

use super::{PropertyType, check_long_text, check_text};
use crate::domain::Violations;

/// The most options a field may have (HubSpot's knowledge base).
const OPTIONS_MAX: usize = 5_000;
/// The most characters that label, value and description of an option may have together
/// (HubSpot's knowledge base).
const OPTION_LENGTH_MAX: usize = 3_000;
/// The most characters that each of them may have. Ours.
const OPTION_TEXT_LENGTH_MAX: usize = 1_000;
/// The highest place of an option. Ours.
const DISPLAY_ORDER_MAX: i32 = 1_000_000;

/// One choice of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldOption {
    /// What people see.
    pub label: String,
    /// What is stored; its identity within the field.
    pub value: String,
    /// What it means.
    pub description: String,
    /// Whether it is kept from people's screens.
    pub hidden: bool,
    /// Where it stands; unique within the field.
    pub display_order: i32,
}

/// A choice as a caller wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionDraft {
    /// What people see.
    pub label: String,
    /// What is stored.
    pub value: String,
    /// What it means.
    pub description: String,
    /// Whether it is kept from people's screens.
    pub hidden: bool,
    /// Where it stands; its place in the list when left out.
    pub display_order: Option<i32>,
}

/// Fills in what was left out and puts the options in their order.
pub(super) fn complete(property_type: PropertyType, drafts: Vec<OptionDraft>) -> Vec<FieldOption> {
    if drafts.is_empty() && property_type == PropertyType::Bool {
        return [("Yes", "true"), ("No", "false")]
            .into_iter()
            .zip(0..)
            .map(|((label, value), display_order)| FieldOption {
                label: label.to_owned(),
                value: value.to_owned(),
                description: String::new(),
                hidden: false,
                display_order,
            })
            .collect();
    }
    drafts
        .into_iter()
        .zip(0..)
        .map(|(draft, place)| FieldOption {
            label: draft.label,
            value: draft.value,
            description: draft.description,
            hidden: draft.hidden,
            display_order: draft.display_order.unwrap_or(place),
        })
        .collect()
}

/// Checks the options in the order in which the caller wrote them.
pub(super) fn check(found: &mut Violations, property_type: PropertyType, options: &[FieldOption]) {
    if !property_type.has_options() {
        found.require(
            options.is_empty(),
            "options",
            format!("must be empty: only enumeration and bool have options, not {property_type}"),
        );
        return;
    }
    found.require(!options.is_empty(), "options", "must have at least one option");
    found.require(options.len() <= OPTIONS_MAX, "options", "must be at most 5000");
    if property_type == PropertyType::Bool {
        let mut values: Vec<_> = options.iter().map(|option| option.value.as_str()).collect();
        values.sort_unstable();
        found.require(
            values == ["false", "true"],
            "options",
            "of a bool must have exactly the values true and false",
        );
    }
    for (index, option) in options.iter().enumerate().take(OPTIONS_MAX) {
        check_one(found, index, option);
    }
    check_unique(found, options, "label", |option| option.label.clone());
    check_unique(found, options, "value", |option| option.value.clone());
    check_unique(found, options, "display_order", |option| option.display_order.to_string());
}

fn check_one(found: &mut Violations, index: usize, option: &FieldOption) {
    for (name, text) in [("label", &option.label), ("value", &option.value)] {
        let path = format!("options[{index}].{name}");
        found.require(!text.trim().is_empty(), &path, "must not be blank");
        found.require(text.trim() == text, &path, "must not begin or end with white space");
        check_text(found, &path, text, OPTION_TEXT_LENGTH_MAX);
    }
    found.require(
        !option.value.contains(';'),
        format!("options[{index}].value"),
        "must not contain ; which separates several values at HubSpot",
    );
    let path = format!("options[{index}].description");
    check_long_text(found, &path, &option.description, OPTION_TEXT_LENGTH_MAX);
    let together = [&option.label, &option.value, &option.description];
    found.require(
        together.iter().map(|text| text.chars().count()).sum::<usize>() <= OPTION_LENGTH_MAX,
        format!("options[{index}]"),
        "must have at most 3000 characters of label, value and description together",
    );
    found.require(
        (0..=DISPLAY_ORDER_MAX).contains(&option.display_order),
        format!("options[{index}].display_order"),
        "must be from 0 to 1000000",
    );
}

fn check_unique(
    found: &mut Violations,
    options: &[FieldOption],
    name: &str,
    key: impl Fn(&FieldOption) -> String,
) {
    let mut seen = HashMap::new();
    for (index, option) in options.iter().enumerate() {
        if let Some(first) = seen.insert(key(option), index) {
            let rule = format!("must differ from options[{first}].{name}");
            found.add(format!("options[{index}].{name}"), rule);
        }
    }
}
