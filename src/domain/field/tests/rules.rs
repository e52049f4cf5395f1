//! Every rule for a new field, with its path and its words.

use super::*;
use crate::domain::field::{
    DESCRIPTION_LENGTH_MAX, FIELD_BYTES_MAX, LABEL_LENGTH_MAX, NAME_LENGTH_MAX,
};

const NAME: &str = "must match ^[a-z][a-z0-9_]{0,99}$";
const CONTROL: &str = "must not contain control characters";
const CONTROL_LONG: &str = "must not contain control characters other than line breaks and tabs";
const BLANK: &str = "must not be blank";
const EDGES: &str = "must not begin or end with white space";

#[test]
fn names_begin_with_a_letter_and_go_on_with_letters_digits_and_underscores() {
    for bad in ["Deal", "1st", "_x", "deal stage", "deal-stage", "deal.stage", "größe", "x\n", " x"]
    {
        refused(FieldDraft { name: bad.to_owned(), ..draft() }, &label_too(bad));
        let group = FieldDraft { group_name: bad.to_owned(), ..draft() };
        refused(group, &[("group_name", NAME)]);
    }
    for good in ["a", "a1", "deal_stage_2", "hs", "hsx_1", "x_"] {
        assert_eq!(complete(FieldDraft { name: good.to_owned(), ..draft() }).name, good);
    }
}

/// The label falls back to the name, so that a line break is found in both.
fn label_too(name: &str) -> Vec<(&'static str, &'static str)> {
    match name.contains('\n') {
        true => vec![("name", NAME), ("label", CONTROL)],
        false => vec![("name", NAME)],
    }
}

#[test]
fn names_have_at_most_a_hundred_characters() {
    let longest = "n".repeat(NAME_LENGTH_MAX);
    complete(FieldDraft { name: longest.clone(), group_name: longest.clone(), ..draft() });
    let name = format!("{longest}n");
    refused(
        FieldDraft { name: name.clone(), group_name: name, ..draft() },
        &[("name", NAME), ("group_name", NAME)],
    );
}

#[test]
fn names_that_hubspot_keeps_for_itself_are_refused() {
    let rule = "must not begin with hs_, which HubSpot keeps for its own properties";
    for name in ["hs_", "hs_deal_stage"] {
        refused(FieldDraft { name: name.to_owned(), ..draft() }, &[("name", rule)]);
    }
    let derived = FieldDraft { label: "HS score".to_owned(), ..FieldDraft::default() };
    refused(derived, &[("name", rule)]);
    let group = FieldDraft { group_name: "hs_group".to_owned(), ..draft() };
    assert_eq!(complete(group).group_name, "hs_group");
}

#[test]
fn labels_are_one_line_that_is_not_blank() {
    let labelled = |label: &str| FieldDraft { label: label.to_owned(), ..draft() };
    refused(labelled(" "), &[("label", BLANK)]);
    refused(labelled("\u{a0}\u{2003}"), &[("label", BLANK)]);
    refused(labelled("a\tb"), &[("label", CONTROL)]);
    refused(labelled("a\u{0}"), &[("label", CONTROL)]);
    refused(labelled("\n"), &[("label", CONTROL), ("label", BLANK)]);
    refused(labelled(" a"), &[("label", "must not begin or end with white space")]);
    let invisible = "must not contain invisible characters";
    refused(labelled("a\u{200b}b"), &[("label", invisible)]);
    refused(labelled("\u{feff}a"), &[("label", invisible)]);
    complete(labelled(&"ü".repeat(LABEL_LENGTH_MAX)));
    let long = labelled(&"ü".repeat(LABEL_LENGTH_MAX + 1));
    refused(long, &[("label", "must be at most 255 characters long")]);
}

#[test]
fn descriptions_may_have_several_lines() {
    let described = |text: &str| FieldDraft { description: text.to_owned(), ..draft() };
    complete(described("one\r\n\ttwo"));
    complete(described(&"ü".repeat(DESCRIPTION_LENGTH_MAX)));
    refused(described("a\u{7}"), &[("description", CONTROL_LONG)]);
    let long = described(&"ü".repeat(DESCRIPTION_LENGTH_MAX + 1));
    refused(long, &[("description", "must be at most 4000 characters long")]);
}

#[test]
fn each_type_takes_its_own_ways_of_editing_and_no_other() {
    use FieldType as F;
    use PropertyType as P;
    let pairs: [(P, &[F]); 7] = [
        (
            P::String,
            &[F::Text, F::Textarea, F::File, F::Html, F::Phonenumber, F::CalculationEquation],
        ),
        (P::Number, &[F::Number, F::CalculationEquation]),
        (P::Date, &[F::Date]),
        (P::Datetime, &[F::Date]),
        (
            P::Enumeration,
            &[F::Select, F::Radio, F::Checkbox, F::Booleancheckbox, F::CalculationEquation],
        ),
        (P::Bool, &[F::Booleancheckbox, F::CalculationEquation]),
        (P::PhoneNumber, &[F::Phonenumber]),
    ];
    assert_eq!(pairs.map(|(property_type, _)| property_type), P::ALL);
    for (property_type, taken) in pairs {
        let names: Vec<_> = taken.iter().map(|kind| kind.as_str()).collect();
        for field_type in F::ALL {
            let mut draft = FieldDraft { field_type: Some(field_type), ..of_type(property_type) };
            if field_type == F::CalculationEquation {
                draft.details.calculation_formula = "amount".to_owned();
            }
            if taken.contains(&field_type) {
                assert_eq!(complete(draft).field_type, field_type);
            } else {
                let rule = format!(
                    "{field_type} does not go with type {property_type}; it takes {}",
                    names.join(", ")
                );
                refused(draft, &[("field_type", &rule)]);
            }
        }
    }
}

#[test]
fn only_enumerations_and_bools_have_options() {
    for property_type in PropertyType::ALL {
        let options = vec![option("true", "Yes"), option("false", "No")];
        let draft = FieldDraft { options, ..of_type(property_type) };
        if matches!(property_type, PropertyType::Enumeration | PropertyType::Bool) {
            complete(draft);
        } else {
            let rule = format!(
                "must be empty: only enumeration and bool have options, not {property_type}"
            );
            refused(draft, &[("options", &rule)]);
        }
    }
}

#[test]
fn an_enumeration_has_from_one_to_five_thousand_options() {
    let many = |count: usize| {
        choice((0..count).map(|n| option(&format!("v{n}"), &format!("l{n}"))).collect())
    };
    refused(choice(Vec::new()), &[("options", "must have at least one option")]);
    complete(many(1));
    complete(many(5_000));
    refused(many(5_001), &[("options", "must be at most 5000")]);
}

#[test]
fn a_bool_has_exactly_the_values_true_and_false() {
    let rule = "of a bool must have exactly the values true and false";
    let bool_of = |values: &[&str]| {
        let options = values.iter().zip(0..).map(|(value, n)| option(value, &format!("l{n}")));
        FieldDraft { options: options.collect(), ..of_type(PropertyType::Bool) }
    };
    complete(bool_of(&["false", "true"]));
    for wrong in [&["true"][..], &["yes", "no"], &["True", "False"], &["true", "false", "maybe"]] {
        refused(bool_of(wrong), &[("options", rule)]);
    }
    let twice = "must differ from options[0].value";
    refused(bool_of(&["true", "true"]), &[("options", rule), ("options[1].value", twice)]);
}

#[test]
fn labels_and_values_of_options_are_clean_and_short() {
    let long = "x".repeat(1_001);
    let rules: [(&str, &[&str]); 8] = [
        ("", &[BLANK]),
        (" ", &[BLANK, EDGES]),
        (" x", &[EDGES]),
        ("x ", &[EDGES]),
        ("\u{a0}x", &[EDGES]),
        ("x\u{1}y", &[CONTROL]),
        ("x\ny", &[CONTROL]),
        (&long, &["must be at most 1000 characters long"]),
    ];
    for (text, rules) in rules {
        let at = |path| rules.iter().map(|rule| (path, *rule)).collect::<Vec<_>>();
        let labelled = choice(vec![option("a", "A"), option("b", text)]);
        refused(labelled, &at("options[1].label"));
        let valued = choice(vec![option("a", "A"), option(text, "B")]);
        refused(valued, &at("options[1].value"));
    }
    let longest = "ü".repeat(1_000);
    complete(choice(vec![OptionDraft {
        description: longest.clone(),
        ..option(&longest, &longest)
    }]));
}

#[test]
fn values_of_options_do_not_contain_what_separates_several_of_them() {
    let rule = "must not contain ; which separates several values at HubSpot";
    refused(choice(vec![option("a;b", "A")]), &[("options[0].value", rule)]);
    complete(choice(vec![option("a", "A; B")]));
}

#[test]
fn descriptions_of_options_are_short() {
    let described =
        |text: &str| choice(vec![OptionDraft { description: text.to_owned(), ..option("a", "A") }]);
    complete(described("one\ntwo"));
    refused(described("a\u{7}"), &[("options[0].description", CONTROL_LONG)]);
    let rule = "must be at most 1000 characters long";
    refused(described(&"x".repeat(1_001)), &[("options[0].description", rule)]);
    let together = "must have at most 3000 characters of label, value and description together";
    refused(
        described(&"x".repeat(2_999)),
        &[("options[0].description", rule), ("options[0]", together)],
    );
}

#[test]
fn options_differ_in_label_value_and_place() {
    let first = at(5, option("a", "A"));
    for (second, path, rule) in [
        (at(6, option("b", "A")), "options[1].label", "must differ from options[0].label"),
        (at(6, option("a", "B")), "options[1].value", "must differ from options[0].value"),
        (
            at(5, option("b", "B")),
            "options[1].display_order",
            "must differ from options[0].display_order",
        ),
    ] {
        refused(choice(vec![first.clone(), second]), &[(path, rule)]);
    }
    complete(choice(vec![option("a", "A"), option("A", "a")]));
    // A place that was left out is the place in the list, which another option may have asked for.
    refused(
        choice(vec![at(1, option("a", "A")), option("b", "B")]),
        &[("options[1].display_order", "must differ from options[0].display_order")],
    );
}

#[test]
fn places_of_options_are_small_numbers() {
    let rule = "must be from 0 to 1000000";
    for wrong in [-1, 1_000_001, i32::MIN, i32::MAX] {
        let options = vec![option("a", "A"), at(wrong, option("b", "B"))];
        refused(choice(options), &[("options[1].display_order", rule)]);
    }
    complete(choice(vec![at(0, option("a", "A")), at(1_000_000, option("b", "B"))]));
}

#[test]
fn paths_follow_the_order_in_which_the_options_were_written() {
    let options = vec![at(9, option("c", "C")), at(1, option("a", " ")), at(5, option("b", "B"))];
    refused(choice(options), &[("options[1].label", BLANK), ("options[1].label", EDGES)]);
}

#[test]
fn a_field_has_at_most_half_a_mebibyte_of_text() {
    let sized = |bytes_more: usize| {
        let text = "x".repeat(1_000);
        let describe = |n: usize| OptionDraft {
            description: text.clone(),
            ..option(&format!("v{n:05}"), &format!("{n:05}"))
        };
        let options: Vec<_> = (0..510).map(describe).collect();
        let mut draft = choice(options);
        let present = complete(draft.clone()).bytes();
        draft.description = "d".repeat(FIELD_BYTES_MAX + bytes_more - present);
        draft
    };
    assert_eq!(complete(sized(0)).bytes(), FIELD_BYTES_MAX);
    let rule = "must leave the field at most 512 KiB of text altogether";
    refused(sized(1), &[("options", rule)]);
}

#[test]
fn all_broken_rules_are_told_at_once() {
    let broken = FieldDraft {
        name: "Deal".to_owned(),
        label: " ".to_owned(),
        group_name: "G".to_owned(),
        default_value: "z".to_owned(),
        field_type: Some(FieldType::Text),
        ..choice(vec![option("a", "")])
    };
    refused(
        broken,
        &[
            ("name", NAME),
            ("label", BLANK),
            ("group_name", NAME),
            (
                "field_type",
                "text does not go with type enumeration; it takes select, radio, checkbox, \
                 booleancheckbox, calculation_equation",
            ),
            ("options[0].label", BLANK),
            ("default_value", "must be the value of an option"),
        ],
    );
}
