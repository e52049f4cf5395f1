//! The rules for fields: what is refused, with which words, and how fields are completed and changed.

mod completion;
mod details;
mod patches;
mod rules;
mod values;

use super::{Field, FieldDraft, FieldOption, FieldPatch, FieldType, OptionDraft, PropertyType};
use crate::domain::{ResourceId, Violations};

fn id() -> ResourceId {
    ResourceId::from_trusted("field-1")
}

/// A draft that breaks no rule.
fn draft() -> FieldDraft {
    FieldDraft { name: "deal_stage".to_owned(), ..FieldDraft::default() }
}

fn of_type(property_type: PropertyType) -> FieldDraft {
    let options = match property_type {
        PropertyType::Enumeration => vec![option("a", "A"), option("b", "B")],
        _ => Vec::new(),
    };
    FieldDraft { property_type: Some(property_type), options, ..draft() }
}

fn choice(options: Vec<OptionDraft>) -> FieldDraft {
    FieldDraft { options, ..of_type(PropertyType::Enumeration) }
}

fn option(value: &str, label: &str) -> OptionDraft {
    OptionDraft { value: value.to_owned(), label: label.to_owned(), ..OptionDraft::default() }
}

fn at(display_order: i32, option: OptionDraft) -> OptionDraft {
    OptionDraft { display_order: Some(display_order), ..option }
}

fn complete(draft: FieldDraft) -> Field {
    draft.complete(id()).expect("a draft that breaks no rule")
}

/// The paths and rules that a check found, in their order.
fn found(checked: Result<Field, Violations>) -> Vec<(String, String)> {
    let violations = match checked {
        Ok(_) => return Vec::new(),
        Err(violations) => violations,
    };
    assert!(!violations.is_empty());
    let pairs = violations.as_slice().iter();
    pairs.map(|violation| (violation.field.clone(), violation.rule.clone())).collect()
}

/// Checks that a draft breaks exactly these rules.
fn refused(draft: FieldDraft, expected: &[(&str, &str)]) {
    let shown = format!("{draft:.400?}");
    let found = found(draft.complete(id()));
    let found: Vec<_> = found.iter().map(|(path, rule)| (path.as_str(), rule.as_str())).collect();
    assert_eq!(found, expected, "{shown}");
}
