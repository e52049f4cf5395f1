//! The options of an enumeration or a bool, and the rules HubSpot applies to them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::property::PropertyType;
use super::refusal::Refusal;

/// Most options a property may have, as HubSpot's knowledge base states.
pub(crate) const OPTIONS_MAX: usize = 5_000;
/// Most characters of label, value and description of one option together.
const OPTION_CHARS_MAX: usize = 3_000;

/// An option as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PropertyOption {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) description: String,
    pub(crate) display_order: i32,
    pub(crate) hidden: bool,
}

/// An option as a request carries it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OptionDraft {
    pub(crate) label: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) display_order: Option<i32>,
    pub(crate) hidden: Option<bool>,
}

/// Checks a list of options on its own and fills in what was left out.
///
/// A missing display order (or -1) becomes the next free number; a missing `hidden` becomes false.
pub(crate) fn settle(drafts: Vec<OptionDraft>) -> Result<Vec<PropertyOption>, Refusal> {
    if drafts.len() > OPTIONS_MAX {
        return Err(Refusal::invalid(format!(
            "A property may have at most {OPTIONS_MAX} options, but {} were given.",
            drafts.len()
        )));
    }
    let (mut labels, mut values) = (BTreeSet::new(), BTreeSet::new());
    let mut options = Vec::with_capacity(drafts.len());
    let mut next_order = 0;
    for draft in drafts {
        let option = settle_one(draft, next_order)?;
        next_order = next_order.max(option.display_order.saturating_add(1));
        if !values.insert(option.value.clone()) {
            return Err(Refusal::invalid(format!(
                "Option values must be unique: '{}' is given twice.",
                option.value
            )));
        }
        if !labels.insert(option.label.clone()) {
            return Err(Refusal::invalid(format!(
                "Option labels must be unique: '{}' is given twice.",
                option.label
            )));
        }
        options.push(option);
    }
    Ok(options)
}

fn settle_one(draft: OptionDraft, next_order: i32) -> Result<PropertyOption, Refusal> {
    let label = required(draft.label, "label")?;
    let value = required(draft.value, "value")?;
    if has_stray_whitespace(&value) {
        return Err(Refusal::invalid(format!(
            "The option value '{value}' has leading, trailing or invisible whitespace."
        ))
        .reason("LEADING_TRAILING_WHITESPACE"));
    }
    let description = draft.description.unwrap_or_default();
    let chars = label.chars().count() + value.chars().count() + description.chars().count();
    if chars > OPTION_CHARS_MAX {
        return Err(Refusal::invalid(format!(
            "An option may have at most {OPTION_CHARS_MAX} characters, but '{}' has {chars}.",
            value.chars().take(40).collect::<String>()
        )));
    }
    let display_order = draft.display_order.filter(|order| *order >= 0).unwrap_or(next_order);
    let hidden = draft.hidden.unwrap_or(false);
    Ok(PropertyOption { label, value, description, display_order, hidden })
}

fn required(text: Option<String>, attribute: &str) -> Result<String, Refusal> {
    text.filter(|text| !text.is_empty())
        .ok_or_else(|| Refusal::invalid(format!("Every option needs a {attribute}.")))
}

/// Returns whether HubSpot's check of April 2025 would refuse this value.
fn has_stray_whitespace(value: &str) -> bool {
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}')
    };
    value.trim() != value || value.chars().any(invisible)
}

/// Checks the options against the type they would be kept under.
pub(crate) fn check_against_type(
    kind: PropertyType,
    options: &[PropertyOption],
) -> Result<(), Refusal> {
    if kind != PropertyType::Bool {
        return Ok(());
    }
    let values: BTreeSet<&str> = options.iter().map(|option| option.value.as_str()).collect();
    if options.len() == 2 && values == BTreeSet::from(["false", "true"]) {
        return Ok(());
    }
    Err(Refusal::invalid(
        "A bool property has exactly two options, with the values true and false.",
    )
    .reason("INVALID_BOOLEAN_OPTION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(label: &str, value: &str) -> OptionDraft {
        OptionDraft {
            label: Some(label.into()),
            value: Some(value.into()),
            ..OptionDraft::default()
        }
    }

    #[test]
    fn a_missing_display_order_is_appended_and_hidden_defaults_to_false() {
        let mut second = option("B", "b");
        second.display_order = Some(7);
        let settled = settle(vec![option("A", "a"), second, option("C", "c")]).unwrap();
        let orders: Vec<i32> = settled.iter().map(|option| option.display_order).collect();
        assert_eq!(orders, [0, 7, 8]);
        assert!(settled.iter().all(|option| !option.hidden));
    }

    #[test]
    fn labels_and_values_are_unique_within_a_property() {
        assert!(settle(vec![option("A", "a"), option("B", "a")]).is_err());
        assert!(settle(vec![option("A", "a"), option("A", "b")]).is_err());
        assert!(settle(vec![option("A", "a"), option("B", "b")]).is_ok());
    }

    #[test]
    fn whitespace_around_a_value_is_refused_by_name() {
        for value in [" a", "a ", "a\u{200B}", "\ta"] {
            let refusal = settle(vec![option("A", value)]).unwrap_err();
            assert_eq!(refusal.sub_category, Some("LEADING_TRAILING_WHITESPACE"), "{value:?}");
        }
        assert!(settle(vec![option("A", "a b")]).is_ok());
    }

    #[test]
    fn an_option_needs_a_label_and_a_value() {
        assert!(settle(vec![OptionDraft::default()]).is_err());
        assert!(settle(vec![option("A", "")]).is_err());
    }

    #[test]
    fn more_than_five_thousand_options_are_too_many() {
        let many = |n: usize| (0..n).map(|i| option(&format!("L{i}"), &format!("v{i}"))).collect();
        assert!(settle(many(OPTIONS_MAX)).is_ok());
        assert!(settle(many(OPTIONS_MAX + 1)).is_err());
    }

    #[test]
    fn a_bool_has_exactly_true_and_false() {
        let pair = settle(vec![option("Yes", "true"), option("No", "false")]).unwrap();
        assert!(check_against_type(PropertyType::Bool, &pair).is_ok());
        for wrong in
            [vec![], vec![option("Yes", "true")], vec![option("Y", "yes"), option("N", "no")]]
        {
            let wrong = settle(wrong).unwrap();
            let refusal = check_against_type(PropertyType::Bool, &wrong).unwrap_err();
            assert_eq!(refusal.sub_category, Some("INVALID_BOOLEAN_OPTION"));
        }
    }
}
