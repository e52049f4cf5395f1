//! How fields are changed.

use super::*;

fn patch() -> FieldPatch {
    FieldPatch::default()
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn typed(property_type: PropertyType) -> FieldPatch {
    FieldPatch { property_type: Some(property_type), ..patch() }
}

fn apply(patch: FieldPatch, field: &Field) -> Field {
    patch.apply(field).expect("a change that breaks no rule")
}

fn refuses(patch: FieldPatch, field: &Field, expected: &[(&str, &str)]) {
    let found = found(patch.apply(field));
    let found: Vec<_> = found.iter().map(|(path, rule)| (path.as_str(), rule.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn an_empty_change_changes_nothing() {
    for property_type in PropertyType::ALL {
        let field = complete(of_type(property_type));
        assert_eq!(apply(patch(), &field), field);
    }
}

#[test]
fn only_what_is_given_is_changed() {
    let field = complete(FieldDraft { description: "old".to_owned(), ..draft() });
    for (patch, expected) in [
        (
            FieldPatch { label: text("New"), ..patch() },
            Field { label: "New".to_owned(), ..field.clone() },
        ),
        (
            FieldPatch { field_type: Some(FieldType::Html), ..patch() },
            Field { field_type: FieldType::Html, ..field.clone() },
        ),
        (
            FieldPatch { group_name: text("other"), ..patch() },
            Field { group_name: "other".to_owned(), ..field.clone() },
        ),
        (
            FieldPatch { description: text("new"), ..patch() },
            Field { description: "new".to_owned(), ..field.clone() },
        ),
        (
            FieldPatch { default_value: text("x"), ..patch() },
            Field { default_value: "x".to_owned(), ..field.clone() },
        ),
    ] {
        assert_eq!(apply(patch, &field), expected);
    }
}

#[test]
fn what_is_given_empty_is_cleared_where_it_may_be() {
    let full = FieldDraft {
        label: "Deal Stage".to_owned(),
        group_name: "other".to_owned(),
        description: "old".to_owned(),
        default_value: "x".to_owned(),
        ..draft()
    };
    let field = complete(full);
    let cleared = FieldPatch {
        group_name: text(""),
        description: text(""),
        default_value: text(""),
        ..patch()
    };
    let expected = complete(FieldDraft { label: "Deal Stage".to_owned(), ..draft() });
    assert_eq!(apply(cleared, &field), expected);
    let unlabelled = FieldPatch { label: text(""), ..patch() };
    refuses(unlabelled, &field, &[("label", "must not be blank")]);
}

#[test]
fn a_new_type_keeps_the_way_of_editing_that_goes_with_it() {
    let phone = FieldDraft { field_type: Some(FieldType::Phonenumber), ..draft() };
    let changed = apply(typed(PropertyType::PhoneNumber), &complete(phone));
    assert_eq!(changed.field_type, FieldType::Phonenumber);
    let moment = apply(typed(PropertyType::Datetime), &complete(of_type(PropertyType::Date)));
    assert_eq!(moment.field_type, FieldType::Date);
    let boxed = FieldDraft {
        field_type: Some(FieldType::Booleancheckbox),
        ..of_type(PropertyType::Enumeration)
    };
    let bool = apply(typed(PropertyType::Bool), &complete(boxed));
    assert_eq!(bool.field_type, FieldType::Booleancheckbox);
}

#[test]
fn a_new_type_replaces_the_way_of_editing_that_does_not_go_with_it() {
    for old in PropertyType::ALL {
        for new in PropertyType::ALL.into_iter().filter(|new| *new != PropertyType::Enumeration) {
            let field = complete(of_type(old));
            let changed = apply(typed(new), &field);
            let expected = match new.goes_with(field.field_type) {
                true => field.field_type,
                false => new.field_types()[0],
            };
            assert_eq!(changed.field_type, expected, "{old} to {new}");
            assert_eq!((changed.id, changed.name), (field.id, field.name));
        }
    }
}

#[test]
fn a_way_of_editing_that_is_given_is_never_replaced() {
    let wrong = FieldPatch { field_type: Some(FieldType::Text), ..typed(PropertyType::Number) };
    let rule = "text does not go with type number; it takes number, calculation_equation";
    refuses(wrong, &complete(draft()), &[("field_type", rule)]);
}

#[test]
fn options_go_with_the_type_that_had_them() {
    let field = complete(of_type(PropertyType::Enumeration));
    for new in PropertyType::ALL.into_iter().filter(|new| !new.has_options()) {
        assert_eq!(apply(typed(new), &field).options, [], "{new}");
    }
    let options = Some(vec![option("a", "A")]);
    let kept = FieldPatch { options, ..typed(PropertyType::String) };
    let rule = "must be empty: only enumeration and bool have options, not string";
    refuses(kept, &field, &[("options", rule)]);
}

#[test]
fn a_field_that_becomes_a_bool_is_given_yes_and_no() {
    let expected = complete(of_type(PropertyType::Bool)).options;
    for old in PropertyType::ALL {
        let changed = apply(typed(PropertyType::Bool), &complete(of_type(old)));
        assert_eq!(changed.options, expected, "{old}");
    }
}

#[test]
fn a_bool_keeps_the_labels_it_was_given() {
    let options = vec![option("false", "Nein"), option("true", "Ja")];
    let field = complete(FieldDraft { options, ..of_type(PropertyType::Bool) });
    assert_eq!(apply(typed(PropertyType::Bool), &field), field);
    let choice = apply(typed(PropertyType::Enumeration), &field);
    assert_eq!(choice.options, field.options);
}

#[test]
fn a_field_that_becomes_an_enumeration_needs_options() {
    let rule = "must have at least one option";
    refuses(typed(PropertyType::Enumeration), &complete(draft()), &[("options", rule)]);
    let options = Some(vec![option("a", "A")]);
    let given = FieldPatch { options, ..typed(PropertyType::Enumeration) };
    assert_eq!(apply(given, &complete(draft())).options.len(), 1);
}

#[test]
fn options_that_are_given_replace_all_and_stand_in_their_order() {
    let field = complete(of_type(PropertyType::Enumeration));
    let options = vec![at(2, option("z", "Z")), at(1, option("a", "Again"))];
    let changed = apply(FieldPatch { options: Some(options), ..patch() }, &field);
    let values: Vec<_> = changed.options.iter().map(|option| option.value.as_str()).collect();
    assert_eq!(values, ["a", "z"]);
    let none = FieldPatch { options: Some(Vec::new()), ..patch() };
    refuses(none, &field, &[("options", "must have at least one option")]);
}

#[test]
fn a_default_value_has_to_go_with_what_the_field_becomes() {
    let path = "default_value";
    let chosen = FieldDraft { default_value: "a".to_owned(), ..of_type(PropertyType::Enumeration) };
    let field = complete(chosen);
    let options = Some(vec![option("b", "B")]);
    let without = FieldPatch { options, ..patch() };
    refuses(without.clone(), &field, &[(path, "must be the value of an option")]);
    let replaced = FieldPatch { default_value: text("b"), ..without };
    assert_eq!(apply(replaced, &field).default_value, "b");
    let number = typed(PropertyType::Number);
    refuses(number.clone(), &field, &[(path, "must be a decimal number, such as -12.5")]);
    assert_eq!(apply(FieldPatch { default_value: text(""), ..number }, &field).default_value, "");
}
