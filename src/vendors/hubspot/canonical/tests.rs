use proptest::prelude::*;

use super::*;
use crate::domain::{FieldDraft, FieldType, OptionDraft, ResourceId};

fn read(value: Value) -> Option<Attributes> {
    canonical(&serde_json::from_value(value).unwrap())
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
fn fields() -> impl Strategy<Value = Field> {
    let kind = prop::sample::select(PropertyType::ALL.to_vec());
    let kind = kind.prop_flat_map(|kind| (Just(kind), prop::sample::select(kind.field_types())));
    (kind, "[A-Za-z][A-Za-zß ]{0,20}", "[a-z]{1,9}", "(?s:.){0,20}", option_drafts())
        .prop_filter_map(
            "the rules of fields",
            |((kind, edited), label, group_name, description, options)| {
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
                    ..FieldDraft::default()
                };
                draft.complete(ResourceId::from_trusted("r")).ok()
            },
        )
}

/// What HubSpot makes of a body: it leaves out what is empty, gives options in any order and adds
/// attributes of its own.
fn answered(mut body: Value, turn: usize, sparse: bool) -> Value {
    let map = body.as_object_mut().unwrap();
    map.insert("hubspotDefined".to_owned(), Value::Null);
    map.insert("displayOrder".to_owned(), json!(-1));
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
        prop_assert_eq!(read(answer), Some(desired));
    }

    #[test]
    fn a_patch_of_the_differences_leads_to_what_is_desired(
        (before, after) in (fields(), fields()), turn in 0..8usize, sparse in any::<bool>(),
    ) {
        let (before, after) = (desired(&before), desired(&after));
        let mut body = create_body("tier", &before);
        let patch = patch_body(&after.differing_from(&before));
        for (name, value) in patch.as_object().unwrap() {
            body[name] = value.clone();
        }
        prop_assert_eq!(read(answered(body, turn, sparse)), Some(after));
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
fn a_change_of_type_goes_with_the_only_way_of_editing() {
    let patch = |name: &str, value: &str| patch_body(&Attributes::from([(name, json!(value))]));
    let number = json!({ "type": "number", "fieldType": "number", "options": [] });
    assert_eq!(patch(TYPE, "number"), number);
    assert_eq!(patch(TYPE, "enumeration"), json!({ "type": "enumeration" }));
    assert_eq!(patch(FIELD_TYPE, "radio"), json!({ "fieldType": "radio", "type": "enumeration" }));
    assert_eq!(patch(FIELD_TYPE, "date"), json!({ "fieldType": "date" }));
    assert_eq!(patch(LABEL, "New"), json!({ "label": "New" }));
}

#[test]
fn types_that_gomark_does_not_know_keep_their_names() {
    let property = json!({
        "label": "Where", "type": "object_coordinates", "fieldType": "text", "groupName": "g",
    });
    assert_eq!(read(property).unwrap().get(TYPE), Some(&json!("object_coordinates")));
    assert!(FieldType::ALL.iter().all(|kind| kind.as_str() != "object_coordinates"));
}
