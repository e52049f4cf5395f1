//! The choices of a field.

use super::{Field, PropertyType, check_long_text, check_text};
use crate::domain::Violations;
use crate::domain::text::check_trimmed;

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
pub(super) fn check(found: &mut Violations, field: &Field) {
    let Field { property_type, options, .. } = field;
    if !property_type.has_options() {
        found.require(
            options.is_empty(),
            "options",
            format!("must be empty: only enumeration and bool have options, not {property_type}"),
        );
        return;
    }
    if field.details.external_options {
        let rule = "must be empty: with external_options they come from elsewhere";
        found.require(options.is_empty(), "options", rule);
        return;
    }
    found.require(!options.is_empty(), "options", "must have at least one option");
    found.require(options.len() <= OPTIONS_MAX, "options", "must be at most 5000");
    if *property_type == PropertyType::Bool {
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
    found.require_unique("options", "label", options.iter().map(|option| &option.label));
    found.require_unique("options", "value", options.iter().map(|option| &option.value));
    let places = options.iter().map(|option| option.display_order);
    found.require_unique("options", "display_order", places);
}

fn check_one(found: &mut Violations, index: usize, option: &FieldOption) {
    for (name, text) in [("label", &option.label), ("value", &option.value)] {
        let path = format!("options[{index}].{name}");
        check_trimmed(found, &path, text);
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
