//! What HubSpot knows of a property beyond its type: which goes with which, and what stays as it was.

use super::*;
use crate::domain::field::{
    DataSensitivity, DetailsPatch, FieldDetails, FixedDetails, NumberDisplayHint, TextDisplayHint,
};

fn with(property_type: PropertyType, details: FieldDetails) -> FieldDraft {
    FieldDraft { details, ..of_type(property_type) }
}

fn calculated(formula: &str) -> FieldDraft {
    let calculation_formula = formula.to_owned();
    FieldDraft {
        field_type: Some(FieldType::CalculationEquation),
        ..with(PropertyType::Number, FieldDetails { calculation_formula, ..Default::default() })
    }
}

fn currency() -> FieldDetails {
    FieldDetails {
        show_currency_symbol: Some(true),
        currency_property_name: "deal_currency_code".to_owned(),
        ..FieldDetails::default()
    }
}

fn from_owners() -> FieldDetails {
    FieldDetails {
        external_options: true,
        referenced_object_type: "OWNER".to_owned(),
        ..FieldDetails::default()
    }
}

fn patch(details: DetailsPatch) -> FieldPatch {
    FieldPatch { details, ..FieldPatch::default() }
}

/// The paths of what a change breaks.
fn broken(field: &Field, patch: FieldPatch) -> Vec<String> {
    found(patch.apply(field)).into_iter().map(|(path, _)| path).collect()
}

#[test]
fn a_formula_goes_with_a_calculated_field_and_with_no_other() {
    assert_eq!(complete(calculated("amount * 2")).details.calculation_formula, "amount * 2");
    const PATH: &str = "calculation_formula";
    refused(calculated(""), &[(PATH, "must be given for calculation_equation")]);
    refused(calculated(" \t"), &[(PATH, "must not be blank")]);
    refused(
        calculated("a\u{7}"),
        &[(PATH, "must not contain control characters other than line breaks and tabs")],
    );
    refused(calculated("a = 'b"), &[(PATH, "must end every text that it begins")]);
    refused(calculated(&"1".repeat(4_001)), &[(PATH, "must be at most 4000 characters long")]);
    let entered = FieldDraft { field_type: None, ..calculated("amount") };
    let rule = "goes only with field type calculation_equation, not number";
    refused(entered, &[(PATH, rule)]);
    let date = FieldDraft { property_type: Some(PropertyType::Date), ..calculated("closedate") };
    let rule = "calculation_equation does not go with type date; it takes date";
    refused(date, &[("field_type", rule)]);
    let defaults = FieldDraft { default_value: "1".to_owned(), ..calculated("amount") };
    refused(defaults, &[("default_value", "must be empty: HubSpot works the value out")]);
}

#[test]
fn a_calculated_field_stays_calculated() {
    let field = complete(calculated("amount"));
    let entered = FieldPatch { field_type: Some(FieldType::Number), ..FieldPatch::default() };
    assert!(broken(&field, entered).contains(&"field_type".to_owned()));
    let dated = FieldPatch { property_type: Some(PropertyType::Date), ..FieldPatch::default() };
    assert!(broken(&field, dated).contains(&"field_type".to_owned()));
    let text = FieldPatch { property_type: Some(PropertyType::String), ..FieldPatch::default() };
    let text = text.apply(&field).unwrap();
    assert_eq!(text.field_type, FieldType::CalculationEquation);
    let formula = Some("amount * 2".to_owned());
    let changed = patch(DetailsPatch { calculation_formula: formula, ..Default::default() });
    assert_eq!(changed.apply(&field).unwrap().details.calculation_formula, "amount * 2");
    let cleared =
        patch(DetailsPatch { calculation_formula: Some(String::new()), ..Default::default() });
    assert_eq!(broken(&field, cleared), ["calculation_formula"]);
}

#[test]
fn hints_suit_the_type() {
    for hint in NumberDisplayHint::ALL {
        let number_display_hint = Some(*hint);
        let details = FieldDetails { number_display_hint, ..FieldDetails::default() };
        complete(with(PropertyType::Number, details.clone()));
        let rule = "goes only with type number, not string";
        refused(with(PropertyType::String, details), &[("number_display_hint", rule)]);
    }
    for hint in TextDisplayHint::ALL {
        let text_display_hint = Some(*hint);
        let details = FieldDetails { text_display_hint, ..FieldDetails::default() };
        complete(with(PropertyType::String, details.clone()));
        let rule = "goes only with type string, not phone_number";
        refused(with(PropertyType::PhoneNumber, details), &[("text_display_hint", rule)]);
    }
}

#[test]
fn a_hint_that_was_set_is_changed_and_not_cleared() {
    let hint = |hint| FieldDetails { number_display_hint: hint, ..FieldDetails::default() };
    let change =
        |hint| patch(DetailsPatch { number_display_hint: Some(hint), ..Default::default() });
    let field = complete(with(PropertyType::Number, hint(Some(NumberDisplayHint::Percentage))));
    let changed = change(Some(NumberDisplayHint::Formatted)).apply(&field).unwrap();
    assert_eq!(changed.details.number_display_hint, Some(NumberDisplayHint::Formatted));
    assert_eq!(broken(&field, change(None)), ["number_display_hint"]);
    let unset = complete(with(PropertyType::Number, hint(None)));
    assert_eq!(change(None).apply(&unset).unwrap(), unset);
    // With a type that has no such hint it is none of our business any more.
    let text = FieldPatch { property_type: Some(PropertyType::String), ..FieldPatch::default() };
    assert_eq!(*text.apply(&field).unwrap().details, FieldDetails::default());
    let details =
        FieldDetails { text_display_hint: Some(TextDisplayHint::Email), ..Default::default() };
    let field = complete(with(PropertyType::String, details));
    let cleared = patch(DetailsPatch { text_display_hint: Some(None), ..Default::default() });
    assert_eq!(broken(&field, cleared), ["text_display_hint"]);
}

#[test]
fn a_currency_needs_its_symbol_and_keeps_it() {
    let field = complete(with(PropertyType::Number, currency()));
    let off = patch(DetailsPatch { show_currency_symbol: Some(Some(false)), ..Default::default() });
    assert!(broken(&field, off).contains(&"show_currency_symbol".to_owned()));
    let unmanaged = patch(DetailsPatch { show_currency_symbol: Some(None), ..Default::default() });
    assert!(broken(&field, unmanaged).contains(&"show_currency_symbol".to_owned()));
    let unnamed =
        patch(DetailsPatch { currency_property_name: Some(String::new()), ..Default::default() });
    assert_eq!(broken(&field, unnamed), ["currency_property_name"]);
    for symbol in [None, Some(false)] {
        let details = FieldDetails { show_currency_symbol: symbol, ..currency() };
        let rule = "needs show_currency_symbol to be true";
        refused(with(PropertyType::Number, details), &[("currency_property_name", rule)]);
    }
    let rule = "goes only with type number, not date";
    let both = [("currency_property_name", rule), ("show_currency_symbol", rule)];
    refused(with(PropertyType::Date, currency()), &both);
    // Without a property that says which, the symbol comes and goes.
    let details = FieldDetails { show_currency_symbol: Some(true), ..FieldDetails::default() };
    let field = complete(with(PropertyType::Number, details));
    let off = patch(DetailsPatch { show_currency_symbol: Some(Some(false)), ..Default::default() });
    assert_eq!(off.apply(&field).unwrap().details.show_currency_symbol, Some(false));
}

#[test]
fn options_from_elsewhere_are_those_of_owners() {
    let choice =
        |details, options| FieldDraft { options, ..with(PropertyType::Enumeration, details) };
    let field = complete(choice(from_owners(), Vec::new()));
    assert!(field.options.is_empty());
    let rule = "must be empty: with external_options they come from elsewhere";
    refused(choice(from_owners(), vec![option("a", "A")]), &[("options", rule)]);
    for of in ["", "CONTACT", "owner"] {
        let details = FieldDetails { referenced_object_type: of.to_owned(), ..from_owners() };
        let rule = "must be OWNER with external_options";
        refused(choice(details, Vec::new()), &[("referenced_object_type", rule)]);
    }
    let alone = FieldDetails { external_options: false, ..from_owners() };
    let rule = "goes only with external_options";
    refused(with(PropertyType::String, alone), &[("referenced_object_type", rule)]);
    let rule = "goes only with type enumeration, not string";
    refused(with(PropertyType::String, from_owners()), &[("external_options", rule)]);
    let with_default =
        FieldDraft { default_value: "17".to_owned(), ..choice(from_owners(), Vec::new()) };
    complete(with_default);
}

#[test]
fn what_is_fixed_at_creation_stays_as_it_is() {
    let details = FieldDetails {
        has_unique_value: true,
        data_sensitivity: DataSensitivity::Sensitive,
        ..FieldDetails::default()
    };
    let field = complete(with(PropertyType::String, details));
    let fixed = |fixed| patch(DetailsPatch { fixed, ..Default::default() });
    let same = FixedDetails {
        has_unique_value: Some(true),
        data_sensitivity: Some(DataSensitivity::Sensitive),
        external_options: Some(false),
        referenced_object_type: Some(String::new()),
    };
    assert_eq!(fixed(same).apply(&field).unwrap(), field);
    let other = FixedDetails {
        has_unique_value: Some(false),
        data_sensitivity: Some(DataSensitivity::NonSensitive),
        external_options: Some(true),
        referenced_object_type: Some("OWNER".to_owned()),
    };
    let paths =
        ["has_unique_value", "data_sensitivity", "external_options", "referenced_object_type"];
    assert_eq!(broken(&field, fixed(other)), paths);
    // Whatever else changes.
    let label = FieldPatch { label: Some("Other".to_owned()), ..FieldPatch::default() };
    assert_eq!(label.apply(&field).unwrap().details, field.details);
}

#[test]
fn what_is_left_out_is_not_managed_and_can_be_let_go_again() {
    let field = complete(with(PropertyType::String, FieldDetails::default()));
    let set = DetailsPatch {
        hidden: Some(Some(false)),
        form_field: Some(Some(true)),
        display_order: Some(Some(4)),
        ..DetailsPatch::default()
    };
    let managed = patch(set).apply(&field).unwrap();
    assert_eq!(managed.details.hidden, Some(false));
    assert!(!managed.same_at_vendor(&field));
    let let_go = DetailsPatch {
        hidden: Some(None),
        form_field: Some(None),
        display_order: Some(Some(-1)),
        ..DetailsPatch::default()
    };
    assert_eq!(patch(let_go).apply(&managed).unwrap(), field);
    for place in [-2, 1_000_001] {
        let details = FieldDetails { display_order: Some(place), ..FieldDetails::default() };
        let rule = "must be from 0 to 1000000, or -1 for wherever HubSpot puts it";
        refused(with(PropertyType::String, details), &[("display_order", rule)]);
    }
}
