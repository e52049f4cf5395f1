//! What is filled in where a caller left something out.

use proptest::prelude::*;

use super::*;

fn derived(label: &str) -> String {
    FieldDraft { label: label.to_owned(), ..FieldDraft::default() }.resolved_name()
}

#[test]
fn names_are_derived_from_labels() {
    let long = "Very ".repeat(40);
    let cut = "very_".repeat(20);
    for (label, name) in [
        ("Deal Stage", "deal_stage"),
        ("deal_stage", "deal_stage"),
        ("  Deal -- Stage!  ", "deal_stage"),
        ("Budget (EUR) 2026", "budget_eur_2026"),
        ("Größe", "gr_e"),
        ("Ärger", "rger"),
        ("Straße 7", "stra_e_7"),
        ("A", "a"),
        ("__x__", "x"),
        ("HS Score", "hs_score"),
        (&long, cut.trim_end_matches('_')),
        (&"x".repeat(120), &"x".repeat(100)),
    ] {
        assert_eq!(derived(label), name, "{label}");
    }
}

#[test]
fn no_name_is_derived_where_none_can_be() {
    let rule = "must be given where no name can be derived from the label";
    for label in ["", " ", "1st deal", "2026", "!?", "预算", "Ö"] {
        assert_eq!(derived(label), "", "{label}");
        let draft = FieldDraft { label: label.to_owned(), ..FieldDraft::default() };
        refused(draft, &[("name", rule)]);
    }
}

#[test]
fn a_name_that_is_given_is_taken_as_it_is() {
    let named = FieldDraft { label: "Deal Stage".to_owned(), ..draft() };
    let field = complete(FieldDraft { name: "stage".to_owned(), ..named });
    assert_eq!((field.name.as_str(), field.label.as_str()), ("stage", "Deal Stage"));
}

#[test]
fn what_is_left_out_is_filled_in() {
    let expected = Field {
        id: id(),
        name: "deal_stage".to_owned(),
        label: "deal_stage".to_owned(),
        property_type: PropertyType::String,
        field_type: FieldType::Text,
        group_name: "dealinformation".to_owned(),
        description: String::new(),
        options: Vec::new(),
        default_value: String::new(),
        details: Box::default(),
    };
    assert_eq!(complete(draft()), expected);
}

#[test]
fn each_type_has_its_usual_way_of_editing() {
    let usual = PropertyType::ALL.map(|kind| complete(of_type(kind)).field_type.as_str());
    let expected = ["text", "number", "date", "date", "select", "booleancheckbox", "phonenumber"];
    assert_eq!(usual, expected);
}

#[test]
fn a_type_is_never_inferred_from_options() {
    let untyped = FieldDraft { options: vec![option("a", "A")], ..draft() };
    let rule = "must be empty: only enumeration and bool have options, not string";
    refused(untyped, &[("options", rule)]);
}

#[test]
fn a_bool_without_options_is_given_yes_and_no() {
    let field = complete(of_type(PropertyType::Bool));
    let options: Vec<_> = field
        .options
        .iter()
        .map(|option| (option.value.as_str(), option.label.as_str(), option.display_order))
        .collect();
    assert_eq!(options, [("true", "Yes", 0), ("false", "No", 1)]);
}

#[test]
fn options_take_the_places_that_were_asked_for_or_their_own_in_the_list() {
    let options = vec![
        at(7, option("d", "D")),
        option("b", "B"),
        at(0, option("a", "A")),
        OptionDraft { hidden: true, description: "last".to_owned(), ..option("c", "C") },
    ];
    let field = complete(choice(options));
    let expected = [("a", 0), ("b", 1), ("c", 3), ("d", 7)].map(|(value, display_order)| {
        let last = value == "c";
        FieldOption {
            label: value.to_uppercase(),
            value: value.to_owned(),
            description: if last { "last".to_owned() } else { String::new() },
            hidden: last,
            display_order,
        }
    });
    assert_eq!(field.options, expected);
}

#[test]
fn only_the_default_value_makes_no_difference_to_hubspot() {
    let field = complete(of_type(PropertyType::Enumeration));
    let defaulted = Field { default_value: "a".to_owned(), ..field.clone() };
    assert!(field.same_at_vendor(&defaulted));
    let mut hidden = field.clone();
    hidden.options[0].hidden = true;
    for other in [
        Field { label: "Other".to_owned(), ..field.clone() },
        Field { field_type: FieldType::Radio, ..field.clone() },
        Field { group_name: "other".to_owned(), ..field.clone() },
        Field { description: "other".to_owned(), ..field.clone() },
        Field { options: Vec::new(), ..field.clone() },
        hidden,
    ] {
        assert!(!field.same_at_vendor(&other), "{other:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_derived_name_is_always_one_that_hubspot_takes(label in "\\PC{0,140}") {
        let name = derived(&label);
        if !name.is_empty() {
            prop_assert!(name.len() <= 100 && !name.ends_with('_'));
            let given = FieldDraft { name: name.clone(), ..FieldDraft::default() };
            if !name.starts_with("hs_") {
                prop_assert_eq!(given.complete(id()).map(|field| field.name), Ok(name.clone()));
            }
            prop_assert_eq!(derived(&name), name, "deriving again changes nothing");
        }
    }
}
