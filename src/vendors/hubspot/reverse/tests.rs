use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::{FieldOption, Resource, ResourceKind};
use crate::vendors::Entry;
use crate::vendors::hubspot::canonical::tests::{answered, fields};
use crate::vendors::hubspot::listing::canonical_of;
use crate::vendors::hubspot::wire::Property;

fn id() -> ResourceId {
    ResourceId::from_trusted("r")
}

fn reversed(attributes: &Attributes, base: Option<&Field>) -> Result<Field, String> {
    field(id(), "tier", attributes, base)
}

/// Some fields have their options from elsewhere.
fn any_field() -> impl Strategy<Value = Field> {
    (fields(), any::<bool>()).prop_map(|(field, external)| {
        if field.property_type != PropertyType::Enumeration || !external {
            return field;
        }
        let details = FieldDetails {
            external_options: true,
            referenced_object_type: "OWNER".to_owned(),
            ..*field.details
        };
        Field { options: Vec::new(), details: Box::new(details), ..field }
    })
}

/// With options that stand one after the other, which is all that a form tells.
fn packed(field: &Field) -> Field {
    let options = field.options.iter().cloned().zip(0..);
    let options = options.map(|(option, display_order)| FieldOption { display_order, ..option });
    Field { options: options.collect(), ..field.clone() }
}

/// What HubSpot holds, listed, with nothing expected of it.
fn told(held: &Value) -> Attributes {
    canonical_of(&entry(held), None).unwrap()
}

fn entry(held: &Value) -> Entry {
    Entry {
        kind: ResourceKind::Field,
        name: "tier".to_owned(),
        body: held.clone(),
        protected: false,
        made: None,
        changed_by: None,
    }
}

fn held(changes: Value) -> Value {
    let mut held = json!({
        "label": "Tier", "type": "string", "fieldType": "text", "groupName": "g",
        "description": "", "options": [],
    });
    held.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    held
}

proptest! {
    #[test]
    fn a_field_comes_back_from_its_form(field in any_field(), default in any::<bool>()) {
        let desired = canonical::desired(&field);
        let default_value = match field.options.first() {
            Some(option) if default && field.field_type != FieldType::CalculationEquation => {
                option.value.clone()
            }
            _ => String::new(),
        };
        let field = Field { default_value, ..field };
        prop_assert_eq!(reversed(&desired, Some(&field)), Ok(field.clone()));
        let alone = reversed(&desired, None).unwrap();
        prop_assert_eq!(canonical::desired(&alone), desired);
        let field = packed(&Field { default_value: String::new(), ..field });
        prop_assert_eq!(alone, field);
    }

    #[test]
    fn what_hubspot_holds_can_be_decided_as_it_is(
        field in any_field(), turn in 0..8usize, sparse in any::<bool>(),
    ) {
        let body = canonical::create_body(&field.name, &canonical::desired(&field));
        let held = answered(body, turn, sparse);
        let told = told(&held);
        let taken = reversed(&told, None).unwrap();
        let desired = canonical::desired(&taken);
        prop_assert_eq!(&desired, &told);
        let seen = canonical_of(&entry(&held), Some(&desired)).unwrap();
        prop_assert!(desired.differing_from(&seen).is_empty());
        prop_assert!(seen.differing_from(&desired).is_empty());
    }

    #[test]
    fn a_form_of_something_else_is_refused_or_decided_as_it_is(
        (one, other) in (any_field(), any_field()), taken in any::<[bool; 20]>(),
    ) {
        let mixed = canonical::desired(&one);
        let others = canonical::desired(&other);
        let some = others.iter().zip(taken).filter(|(_, taken)| *taken);
        let some = some.map(|((name, value), _)| (name.to_owned(), value.clone()));
        let mixed = mixed.with(&some.collect());
        match reversed(&mixed, Some(&one)) {
            Ok(field) => prop_assert_eq!(canonical::desired(&field), mixed),
            Err(rule) => prop_assert!(rule.contains(": "), "{}", rule),
        }
    }
}

#[test]
fn hubspots_defaults_are_nobodys_decision() {
    let plain = ["description", "fieldType", "groupName", "label", "type"];
    let defaults = held(json!({
        "hidden": false, "formField": false, "displayOrder": 7, "hasUniqueValue": false,
        "calculationFormula": "", "dataSensitivity": "non_sensitive", "externalOptions": false,
        "textDisplayHint": null, "referencedObjectType": "",
    }));
    assert_eq!(told(&defaults).names(), plain);
    let number = held(json!({
        "type": "number", "fieldType": "number", "numberDisplayHint": "formatted",
        "showCurrencySymbol": false, "currencyPropertyName": null,
    }));
    assert_eq!(told(&number).names(), plain);
}

#[test]
fn what_a_type_before_left_behind_is_nobodys_decision() {
    let left = held(json!({
        "numberDisplayHint": "currency", "showCurrencySymbol": true,
        "currencyPropertyName": "deal_currency_code",
    }));
    assert!(reversed(&told(&left), None).is_ok());
    let left = held(json!({ "type": "date", "fieldType": "date", "textDisplayHint": "email" }));
    assert!(reversed(&told(&left), None).is_ok());
}

#[test]
fn what_says_something_is_told() {
    let number = held(json!({
        "type": "number", "fieldType": "number", "numberDisplayHint": "currency",
        "showCurrencySymbol": true, "currencyPropertyName": "deal_currency_code",
        "hidden": true, "formField": true, "hasUniqueValue": true, "dataSensitivity": "sensitive",
    }));
    let field = reversed(&told(&number), None).unwrap();
    let expected = FieldDetails {
        number_display_hint: Some(NumberDisplayHint::Currency),
        show_currency_symbol: Some(true),
        currency_property_name: "deal_currency_code".to_owned(),
        hidden: Some(true),
        form_field: Some(true),
        has_unique_value: true,
        data_sensitivity: DataSensitivity::Sensitive,
        ..FieldDetails::default()
    };
    assert_eq!(*field.details, expected);
}

/// What cannot be decided, and how that is told.
#[test]
fn what_gomark_does_not_allow_is_told_by_attribute_and_rule() {
    let option = |label: &str, value: &str| json!({ "label": label, "value": value });
    let choice = |options: Value| {
        held(json!({ "type": "enumeration", "fieldType": "select", "options": options }))
    };
    for (held, rule) in [
        (
            held(json!({ "type": "object_coordinates" })),
            "type: must be one of string, number, date, datetime, enumeration, bool, \
             phone_number, not \"object_coordinates\"",
        ),
        (held(json!({ "fieldType": "calculation_rollup" })), "field_type: must be one of text, "),
        (held(json!({ "fieldType": "number" })), "field_type: number does not go with type string"),
        (held(json!({ "label": "" })), "label: cannot be decided as HubSpot holds it"),
        (held(json!({ "label": " Tier" })), "label: must not begin or end with white space"),
        (held(json!({ "groupName": "Group" })), "group_name: must match"),
        (held(json!({ "groupName": "" })), "groupName: cannot be decided as HubSpot holds it"),
        (held(json!({ "textDisplayHint": "runes" })), "text_display_hint: must be one of "),
        (held(json!({ "calculationFormula": "a * 2" })), "calculation_formula: goes only with"),
        (held(json!({ "referencedObjectType": "DEAL" })), "referenced_object_type: goes only"),
        (held(json!({ "dataSensitivity": "secret" })), "data_sensitivity: must be one of "),
        (choice(json!([])), "options: must have at least one option"),
        (choice(json!([option("A", "a;b")])), "options[0].value: must not contain ;"),
        (choice(json!([option("A", "a"), option("A", "b")])), "options[1].label: must differ"),
        (
            held(json!({ "type": "bool", "fieldType": "booleancheckbox" })),
            "options: cannot be decided as HubSpot holds it",
        ),
    ] {
        let found = reversed(&told(&held), None).unwrap_err();
        assert!(found.contains(rule), "{found} for {rule}");
        assert!(!found.contains('\n'));
    }
    let named = |name| field(id(), name, &told(&held(json!({}))), None);
    assert!(named("Tier").unwrap_err().starts_with("name: must match"));
    assert!(named("7up").unwrap_err().starts_with("name: must match"));
    assert!(named("seven_up").is_ok());
    let odd = Attributes::from([("label", json!(["a".repeat(90)])), ("type", json!("string"))]);
    let found = reversed(&odd, None).unwrap_err();
    assert!(found.starts_with("label: must be a text, not [\"aaa") && found.len() < 80, "{found}");
}

#[test]
fn a_default_value_that_no_longer_suits_is_told() {
    let base = Field {
        default_value: "12.5".to_owned(),
        ..reversed(&told(&held(json!({ "type": "number", "fieldType": "number" }))), None).unwrap()
    };
    let text = reversed(&told(&held(json!({}))), Some(&base)).unwrap();
    assert_eq!(text.default_value, "12.5");
    let date = told(&held(json!({ "type": "date", "fieldType": "date" })));
    let found = reversed(&date, Some(&base)).unwrap_err();
    assert!(found.starts_with("default_value: must be a date"), "{found}");
}

/// What a form says of something that is expected and that HubSpot does not hold.
#[test]
fn what_is_not_held_is_not_decided() {
    let expected = Attributes::from([
        ("textDisplayHint", json!("email")),
        ("hidden", json!(true)),
        ("hasUniqueValue", json!(true)),
        ("dataSensitivity", json!("sensitive")),
        ("referencedObjectType", json!("OWNER")),
        ("displayOrder", json!(3)),
    ]);
    let property = serde_json::from_value::<Property>(held(json!({}))).unwrap();
    let seen = canonical::canonical(&property, &expected).unwrap();
    let field = reversed(&seen, None).unwrap();
    let wanted = FieldDetails { hidden: Some(false), ..FieldDetails::default() };
    assert_eq!(*field.details, wanted);
}

#[test]
fn options_that_changed_stand_one_after_the_other() {
    let options = |values: [&str; 2]| {
        let option = |value: &str| json!({ "label": value.to_uppercase(), "value": value });
        told(&held(json!({
            "type": "enumeration", "fieldType": "select", "options": values.map(option),
        })))
    };
    let mut base = reversed(&options(["a", "b"]), None).unwrap();
    for (option, place) in base.options.iter_mut().zip([10, 20]) {
        option.display_order = place;
    }
    let places = |form: &Attributes| {
        let field = reversed(form, Some(&base)).unwrap();
        field.options.iter().map(|option| option.display_order).collect::<Vec<_>>()
    };
    assert_eq!(places(&options(["a", "b"])), [10, 20]);
    assert_eq!(places(&options(["b", "a"])), [0, 1]);
    assert_eq!(places(&options(["a", "c"])), [0, 1]);
}

#[test]
fn a_group_comes_back_from_its_form() {
    for display_order in [None, Some(0), Some(7)] {
        let (name, label) = ("sales_ops".to_owned(), "Operations".to_owned());
        let decided = GroupDraft { name, label, display_order }.complete(id()).unwrap();
        let desired = groups::desired(&decided);
        assert_eq!(group(id(), "sales_ops", &desired), Ok(decided));
    }
    let label = |label: &str| Attributes::from([("label", json!(label))]);
    let unplaced = Attributes::from([("label", json!("Ops")), ("displayOrder", json!(-1))]);
    assert_eq!(group(id(), "ops", &unplaced).unwrap().display_order, None);
    for (name, form, rule) in [
        ("ops", label(""), "label: cannot be decided as HubSpot holds it"),
        ("ops", label("\u{200b}Ops"), "label: must not contain invisible characters"),
        ("Ops", label("Ops"), "name: must match"),
        ("dealinformation", label("Ops"), "name: must be neither dealinformation nor"),
        ("ops", unplaced.with(&Attributes::from([("displayOrder", json!(-2))])), "display_order"),
        ("ops", unplaced.with(&Attributes::from([("displayOrder", json!("x"))])), "display_order"),
        ("ops", unplaced.with(&Attributes::from([("displayOrder", json!(1e9))])), "display_order"),
    ] {
        let found = group(id(), name, &form).unwrap_err();
        assert!(found.starts_with(rule), "{found}");
    }
}

#[test]
fn what_hubspot_does_not_hold_cannot_be_decided_from_it() {
    use crate::vendors::Vendor as _;
    let hubspot = crate::vendors::hubspot::tests::hubspot();
    let form = told(&held(json!({})));
    let resource = |kind, base| hubspot.resource(id(), kind, "tier", &form, base);
    assert!(resource(ResourceKind::Cadence, None).is_err());
    let group = Group {
        id: id(),
        name: "tier".to_owned(),
        label: "Tier".to_owned(),
        display_order: Some(1),
    };
    let group = Resource::Group(group);
    let field = resource(ResourceKind::Field, Some(&group)).unwrap();
    assert_eq!(field.kind(), ResourceKind::Field, "a base of another kind says nothing");
}
