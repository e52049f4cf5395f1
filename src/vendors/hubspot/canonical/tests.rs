use proptest::prelude::*;

use super::*;
use crate::domain::field::{DataSensitivity, FieldDetails, NumberDisplayHint, TextDisplayHint};
use crate::domain::{FieldDraft, FieldType, OptionDraft, ResourceId};

fn read(value: Value) -> Option<Attributes> {
    read_expecting(value, &Attributes::new())
}

fn read_expecting(value: Value, expected: &Attributes) -> Option<Attributes> {
    canonical(&serde_json::from_value(value).unwrap(), expected)
}

/// Details that suit a type and a way of editing.
fn some_details(kind: PropertyType, edited: FieldType) -> impl Strategy<Value = FieldDetails> {
    let is_number = kind == PropertyType::Number;
    let number = prop::option::of(prop::sample::select(NumberDisplayHint::ALL));
    let text = prop::option::of(prop::sample::select(TextDisplayHint::ALL));
    let sensitivity = prop::sample::select(DataSensitivity::ALL);
    let yes_or_no = || prop::option::of(any::<bool>());
    let place = prop::option::of(0..9i32);
    ((number, text, sensitivity), (yes_or_no(), yes_or_no(), any::<bool>()), any::<bool>(), place)
        .prop_map(move |(shown, (hidden, form_field, unique), currency, display_order)| {
            let (number, text, data_sensitivity) = shown;
            let is_calculated = edited == FieldType::CalculationEquation;
            let of_number = |text: &str| if is_number && currency { text } else { "" }.to_owned();
            FieldDetails {
                calculation_formula: if is_calculated { "Amount * 2" } else { "" }.to_owned(),
                has_unique_value: unique,
                hidden,
                form_field,
                number_display_hint: number.filter(|_| is_number),
                text_display_hint: text.filter(|_| kind == PropertyType::String),
                currency_property_name: of_number("deal_currency_code"),
                show_currency_symbol: (is_number && currency).then_some(true),
                data_sensitivity,
                display_order,
                ..FieldDetails::default()
            }
        })
}

fn option_drafts() -> impl Strategy<Value = Vec<OptionDraft>> {
    let one = ("[a-zä ]{0,8}", any::<bool>(), prop::option::of(0..50i32));
    prop::collection::vec(one, 1..8).prop_map(|drafts| {
        drafts
            .into_iter()
            .enumerate()
            .map(|(n, (description, hidden, order))| OptionDraft {
                label: format!("Label {n}"),
                value: format!("v{n}"),
                description,
                hidden,
                // Places need to differ, but not to follow upon each other.
                display_order: order.map(|order| order * 100 + i32::try_from(n).unwrap()),
            })
            .collect()
    })
}

/// Any field that can be decided.
pub(in crate::vendors::hubspot) fn fields() -> impl Strategy<Value = Field> {
    let kind = prop::sample::select(PropertyType::ALL.to_vec());
    let kind = kind.prop_flat_map(|kind| (Just(kind), prop::sample::select(kind.field_types())));
    let kind =
        kind.prop_flat_map(|(kind, edited)| (Just(kind), Just(edited), some_details(kind, edited)));
    (kind, "[A-Za-z][A-Za-zß ]{0,20}", "[a-z]{1,9}", "(?s:.){0,20}", option_drafts())
        .prop_filter_map(
            "the rules of fields",
            |((kind, edited, details), label, group_name, description, options)| {
                let draft = FieldDraft {
                    name: "tier".to_owned(),
                    label,
                    property_type: Some(kind),
                    field_type: Some(edited),
                    group_name,
                    description,
                    options: match kind {
                        PropertyType::Enumeration => options,
                        _ => Vec::new(),
                    },
                    details,
                    ..FieldDraft::default()
                };
                draft.complete(ResourceId::from_trusted("r")).ok()
            },
        )
}

/// What HubSpot makes of a body: it leaves out what is empty, gives options in any order and adds
/// attributes of its own.
pub(in crate::vendors::hubspot) fn answered(mut body: Value, turn: usize, sparse: bool) -> Value {
    let map = body.as_object_mut().unwrap();
    map.insert("hubspotDefined".to_owned(), Value::Null);
    map.entry("displayOrder").or_insert(json!(-1));
    map.entry("formField").or_insert(json!(true));
    if let Some(formula) = map.get_mut("calculationFormula") {
        *formula = json!("amount*2.0");
    }
    map.insert("somethingNew".to_owned(), json!({ "a": [1] }));
    map.entry("options").or_insert_with(|| json!([]));
    if sparse {
        map.retain(|_, value| *value != json!(""));
    }
    if let Some(Value::Array(options)) = map.get_mut("options") {
        let middle = turn % options.len().max(1);
        options.rotate_left(middle);
        for option in options.iter_mut().filter(|_| sparse).filter_map(Value::as_object_mut) {
            option.retain(|_, value| *value != json!(false) && *value != json!(""));
        }
    }
    body
}

proptest! {
    #[test]
    fn what_hubspot_answers_to_a_create_is_what_was_desired(
        field in fields(), turn in 0..8usize, sparse in any::<bool>(),
    ) {
        let desired = desired(&field);
        let answer = answered(create_body(&field.name, &desired), turn, sparse);
        prop_assert_eq!(read_expecting(answer, &desired), Some(desired));
    }

    #[test]
    fn a_patch_of_the_differences_leads_to_what_is_desired(
        (before, after) in (fields(), fields()), turn in 0..8usize, sparse in any::<bool>(),
    ) {
        let (before, after) = (desired(&before), desired(&after));
        let mut body = create_body("tier", &before);
        let patch = patch_body(&after.differing_from(&before), &after);
        for (name, value) in patch.as_object().unwrap() {
            body[name] = value.clone();
        }
        prop_assert_eq!(read_expecting(answered(body, turn, sparse), &after), Some(after));
    }

    #[test]
    fn no_answer_makes_it_panic(name in "[a-zA-Z]{1,12}", number in any::<i64>()) {
        let odd = json!({ "name": name, "type": "enumeration", "options": [{ "displayOrder": number }] });
        prop_assert_eq!(read(odd), None);
    }
}

#[test]
fn options_without_a_place_follow_those_that_have_one() {
    let option = |value: &str, place: Value| json!({ "value": value, "displayOrder": place });
    let property = json!({
        "label": "Tier", "type": "enumeration", "fieldType": "select", "groupName": "g",
        "options": [
            option("d", json!(-1)), option("b", json!(7)), option("e", Value::Null),
            option("a", json!(0)), option("c", json!(7)),
        ],
    });
    let attributes = read(property).unwrap();
    let options = attributes.get(OPTIONS).unwrap().as_array().unwrap();
    let values: Vec<_> = options.iter().map(|option| option["value"].as_str().unwrap()).collect();
    assert_eq!(values, ["a", "b", "c", "d", "e"]);
    assert_eq!(
        options[0],
        json!({ "label": "", "value": "a", "description": "", "hidden": false })
    );
}

#[test]
fn options_that_come_from_elsewhere_are_not_compared() {
    let property = json!({
        "label": "Owner", "type": "enumeration", "fieldType": "select", "groupName": "g",
        "externalOptions": true, "options": [{ "value": "1" }],
    });
    assert_eq!(read(property).unwrap().get(OPTIONS), None);
}

#[test]
fn a_type_goes_with_the_way_of_editing() {
    let expected = Attributes::from([
        (TYPE, json!("datetime")),
        (FIELD_TYPE, json!("date")),
        (LABEL, json!("New")),
    ]);
    let patch = |name: &str| {
        let value = expected.get(name).unwrap().clone();
        patch_body(&Attributes::from([(name, value)]), &expected)
    };
    let both = json!({ "type": "datetime", "fieldType": "date" });
    assert_eq!(patch(FIELD_TYPE), both);
    assert_eq!(patch(TYPE), json!({ "type": "datetime", "fieldType": "date", "options": [] }));
    assert_eq!(patch(LABEL), json!({ "label": "New" }));
}

#[test]
fn what_nobody_decided_is_no_difference() {
    let property = json!({
        "label": "Tier", "type": "number", "fieldType": "number", "groupName": "g",
        "hidden": true, "formField": true, "displayOrder": 7, "hasUniqueValue": true,
        "numberDisplayHint": "currency", "showCurrencySymbol": true,
    });
    let bare = read(property.clone()).unwrap();
    assert_eq!(bare.names(), ["description", "fieldType", "groupName", "label", "type"]);
    let expected =
        Attributes::from([("hidden", json!(false)), ("textDisplayHint", json!("email"))]);
    let seen = read_expecting(property, &expected).unwrap();
    assert_eq!(seen.get("hidden"), Some(&json!(true)));
    assert_eq!(seen.get("textDisplayHint"), Some(&Value::Null), "what is missing differs");
    assert_eq!(seen.get("formField"), None);
}

#[test]
fn a_formula_is_the_expected_one_when_it_says_the_same() {
    let held = |formula: &str| {
        json!({
            "label": "Sum", "type": "number", "fieldType": "calculation_equation",
            "groupName": "g", "calculationFormula": formula,
        })
    };
    let expected = Attributes::from([("calculationFormula", json!("IF a = 'X' THEN 1 ELSE 0"))]);
    let seen = |formula: &str| {
        let seen = read_expecting(held(formula), &expected).unwrap();
        seen.get("calculationFormula").unwrap().clone()
    };
    assert_eq!(seen("if a == \"X\" then 1 else 0"), json!("IF a = 'X' THEN 1 ELSE 0"));
    assert_eq!(seen("if a == \"x\" then 1 else 0"), json!("if a == \"x\" then 1 else 0"));
}

#[test]
fn types_that_gomark_does_not_know_keep_their_names() {
    let property = json!({
        "label": "Where", "type": "object_coordinates", "fieldType": "text", "groupName": "g",
    });
    assert_eq!(read(property).unwrap().get(TYPE), Some(&json!("object_coordinates")));
    assert!(FieldType::ALL.iter().all(|kind| kind.as_str() != "object_coordinates"));
}
