//! Which default values go with which field.

use super::*;

const NUMBER: &str = "must be a decimal number, such as -12.5";
const DATE: &str = "must be a date, such as 2026-05-31";
const MOMENT: &str = "must be a moment, such as 2026-05-31T12:00:00Z";
const BOOL: &str = "must be true or false";
const OPTION: &str = "must be the value of an option";
const OPTIONS: &str = "must be values of options, separated by ;";

fn defaulting(property_type: PropertyType, default_value: &str) -> FieldDraft {
    FieldDraft { default_value: default_value.to_owned(), ..of_type(property_type) }
}

#[test]
fn every_type_may_go_without_a_default_value() {
    for property_type in PropertyType::ALL {
        assert_eq!(complete(defaulting(property_type, "")).default_value, "");
    }
}

#[test]
fn a_default_value_has_the_form_of_its_type() {
    use PropertyType as P;
    let cases: [(P, &[&str], &[&str], &str); 5] = [
        (
            P::Number,
            &["0", "-12.5", "007", "12345678901234567890.5"],
            &["abc", "1e3", "+1", "1,5", ".5", "5.", "-", " 1", "٣", "NaN"],
            NUMBER,
        ),
        (
            P::Date,
            &["2026-05-31", "2024-02-29", "1999-01-01"],
            &[
                "2026-02-29",
                "2026-13-01",
                "31.05.2026",
                "2026-5-31",
                "20260531",
                "2026-05-31 ",
                "20260531T1",
                "2026-05-31T00:00:00Z",
                "tomorrow",
            ],
            DATE,
        ),
        (
            P::Datetime,
            &["2026-05-31T12:00:00Z", "2026-05-31T12:00:00.5+02:00"],
            &["2026-05-31", "2026-05-31T12:00:00", "12:00", "1780000000", "now"],
            MOMENT,
        ),
        (P::Bool, &["true", "false"], &["True", "yes", "1", " true", "true;false"], BOOL),
        (P::Enumeration, &["a", "b"], &["c", "A", "a;b", " a", ";"], OPTION),
    ];
    for (property_type, good, bad, rule) in cases {
        for value in good {
            assert_eq!(complete(defaulting(property_type, value)).default_value, *value);
        }
        for value in bad {
            refused(defaulting(property_type, value), &[("default_value", rule)]);
        }
    }
}

#[test]
fn texts_and_telephone_numbers_may_default_to_anything_short_and_printable() {
    for property_type in [PropertyType::String, PropertyType::PhoneNumber] {
        complete(defaulting(property_type, "one\ntwo"));
        complete(defaulting(property_type, &"ü".repeat(4_000)));
        let long = "must be at most 4000 characters long";
        refused(defaulting(property_type, &"x".repeat(4_001)), &[("default_value", long)]);
        let control = "must not contain control characters other than line breaks and tabs";
        refused(defaulting(property_type, "a\u{0}"), &[("default_value", control)]);
    }
}

#[test]
fn several_check_boxes_may_be_ticked_by_default() {
    let boxes = |default_value: &str| FieldDraft {
        field_type: Some(FieldType::Checkbox),
        ..defaulting(PropertyType::Enumeration, default_value)
    };
    for good in ["a", "b;a"] {
        assert_eq!(complete(boxes(good)).default_value, good);
    }
    for bad in ["c", "a;c", "a;", ";a", "a; b", "a,b"] {
        refused(boxes(bad), &[("default_value", OPTIONS)]);
    }
}

#[test]
fn a_hidden_option_may_be_the_default() {
    let hidden = OptionDraft { hidden: true, ..option("a", "A") };
    let draft = FieldDraft { default_value: "a".to_owned(), ..choice(vec![hidden]) };
    assert_eq!(complete(draft).default_value, "a");
}
