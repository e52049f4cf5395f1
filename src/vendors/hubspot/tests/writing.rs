//! Creating, changing and archiving.

use super::*;
use crate::domain::{Attributes, Effect};
use crate::vendors::{Answer, Call};

fn create(name: &str, attributes: Attributes) -> Call {
    call(name, Effect::Create(attributes))
}

fn creates(names: &[&str]) -> Vec<Call> {
    names.iter().map(|name| create(name, text_attributes())).collect()
}

fn held(name: &str) -> Value {
    property(name, &text_attributes())
}

fn exists(name: &str) -> Value {
    json!({
        "status": "error", "category": "OBJECT_ALREADY_EXISTS",
        "subCategory": "Properties.PROPERTY_WITH_NAME_EXISTS",
        "message": format!("A property named '{name}' already exists."),
        "context": { "name": [name] },
    })
}

#[tokio::test]
async fn a_create_sends_the_whole_definition_and_returns_what_hubspot_holds() {
    let attributes = choice_attributes();
    let scene = Scene::new([json(201, property("tier", &attributes))]).await;
    let answer = scene.carry_out_one(create("tier", attributes.clone())).await;
    assert_eq!(answer, Ok(Answer::Holds(attributes)));
    let asked = scene.asked().pop().unwrap();
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", DEALS));
    assert_eq!(asked.body["name"], "tier");
    assert_eq!(asked.body["groupName"], "dealinformation");
    assert_eq!(asked.body["options"][1]["value"], "silver");
    assert_eq!(asked.body["options"][1]["displayOrder"], 1);
}

#[tokio::test]
async fn what_hubspot_made_of_it_is_passed_on_as_it_is() {
    let mut changed = held("tier");
    changed["description"] = json!("HubSpot knows better");
    let scene = Scene::new([json(201, changed)]).await;
    let answer = scene.carry_out_one(create("tier", text_attributes())).await.unwrap();
    let Answer::Holds(attributes) = answer else { panic!("{answer:?}") };
    assert_eq!(attributes.get("description"), Some(&json!("HubSpot knows better")));
}

#[tokio::test]
async fn a_name_that_is_taken_is_told_apart_from_a_refusal() {
    for answer in [json(409, exists("tier")), html(409)] {
        let scene = Scene::new([answer]).await;
        let answer = scene.carry_out_one(create("tier", text_attributes())).await;
        assert_eq!(answer, Ok(Answer::Unexpected));
    }
    let scene = Scene::new([error(409, "CONFLICT", "busy")]).await;
    assert!(scene.carry_out_one(create("tier", text_attributes())).await.is_err());
}

#[tokio::test]
async fn a_change_sends_only_what_changes() {
    let scene = Scene::new([json(200, held("tier"))]).await;
    let changes = Attributes::from([("label", json!("New"))]);
    let answer = scene.carry_out_one(call("tier", Effect::Update(changes))).await;
    assert_eq!(answer, Ok(Answer::Holds(text_attributes())));
    let asked = scene.asked().pop().unwrap();
    assert_eq!((asked.method, asked.path), ("PATCH".to_owned(), format!("{DEALS}/tier")));
    assert_eq!(asked.body, json!({ "label": "New" }));
}

#[tokio::test]
async fn a_change_of_what_somebody_removed_finds_nothing() {
    let scene = Scene::new([error(404, "OBJECT_NOT_FOUND", "No property named 'tier'")]).await;
    let changes = Attributes::from([("label", json!("New"))]);
    let answer = scene.carry_out_one(call("tier", Effect::Update(changes))).await;
    assert_eq!(answer, Ok(Answer::Gone));
}

#[tokio::test]
async fn an_archive_succeeds_when_nothing_is_left_to_archive() {
    for answer in [empty(204), error(404, "OBJECT_NOT_FOUND", "No property named 'tier'")] {
        let scene = Scene::new([answer]).await;
        assert_eq!(scene.carry_out_one(call("tier", Effect::Archive)).await, Ok(Answer::Gone));
        assert_eq!(scene.asked_lines(), [format!("DELETE {DEALS}/tier")]);
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_hubspots_words() {
    let inner = json!({
        "category": "VALIDATION_ERROR", "subCategory": "A.CANNOT_DELETE_PROPERTY_IN_USE",
        "message": "It is in use.",
        "errors": [{ "message": "Used by the list 'Big deals'.", "in": "options[2].value" }],
    });
    let nested = json!({ "message": inner.to_string(), "correlationId": "c-7" });
    let scene = Scene::new([json(400, nested)]).await;
    let failure = scene.carry_out_one(call("tier", Effect::Archive)).await.unwrap_err();
    assert_eq!(
        failure.problem.message,
        "HubSpot refused it (400): VALIDATION_ERROR, A.CANNOT_DELETE_PROPERTY_IN_USE: \
         It is in use.; Used by the list 'Big deals'."
    );
    assert_eq!(failure.problem.correlation_id, "c-7");
    assert_eq!(failure.problem.attributes, ["options"]);
}

#[tokio::test]
async fn many_creates_are_one_call_and_results_may_come_in_any_order() {
    let body = json!({ "status": "COMPLETE", "results": [held("c"), held("a"), held("b")] });
    for status in [200, 201, 207] {
        let scene = Scene::new([json(status, body.clone())]).await;
        let answers = scene.carry_out(&creates(&["a", "b", "c"])).await;
        assert!(answers.iter().all(|answer| *answer == Ok(Answer::Holds(text_attributes()))));
        let asked = scene.asked();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].path, format!("{DEALS}/batch/create"));
        assert_eq!(asked[0].body["inputs"][2]["name"], "c");
    }
}

#[tokio::test]
async fn each_in_a_batch_has_its_own_outcome() {
    let refused = json!({
        "category": "VALIDATION_ERROR", "message": "bad option", "context": { "name": ["c"] },
    });
    let body = json!({ "results": [held("a")], "errors": [exists("b"), refused], "numErrors": 2 });
    let scene = Scene::new([json(207, body)]).await;
    let answers = scene.carry_out(&creates(&["a", "b", "c", "d"])).await;
    assert_eq!(answers[0], Ok(Answer::Holds(text_attributes())));
    assert_eq!(answers[1], Ok(Answer::Unexpected));
    let refused = answers[2].as_ref().unwrap_err();
    assert_eq!((refused.scope, refused.effect_unknown), (FailureScope::Refused, false));
    assert_eq!(refused.problem.vendor_status, 207);
    let unknown = answers[3].as_ref().unwrap_err();
    assert_eq!((unknown.scope, unknown.effect_unknown), (FailureScope::Resource, true));
}

#[tokio::test]
async fn one_bad_definition_does_not_hold_up_the_batch() {
    let bad = || error(400, "VALIDATION_ERROR", "bad input");
    let scene = Scene::new([
        bad(),                                                   // a b c d
        json(201, json!({ "results": [held("a"), held("b")] })), // a b
        bad(),                                                   // c d
        bad(),                                                   // c
        json(201, held("d")),                                    // d
    ])
    .await;
    let answers = scene.carry_out(&creates(&["a", "b", "c", "d"])).await;
    let came_well: Vec<_> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(came_well, [true, true, false, true]);
    assert_eq!(answers[2].as_ref().unwrap_err().scope, FailureScope::Refused);
    assert_eq!(scene.asked().len(), 5);
}

fn groups(names: &[&str]) -> Script {
    let results: Vec<_> = names.iter().map(|name| json!({ "name": name })).collect();
    json(200, json!({ "results": results }))
}

#[tokio::test]
async fn a_missing_group_is_made_once() {
    let made = json(201, json!({ "name": "sales_ops" }));
    let property = || json(201, property("x", &grouped("sales_ops")));
    let scene = Scene::new([groups(&["dealinformation"]), made, property(), property()]).await;
    for _ in 0..2 {
        scene.carry_out_one(create("x", grouped("sales_ops"))).await.unwrap();
    }
    let groups_path = format!("{DEALS}/groups");
    let expected = [
        format!("GET {groups_path}"),
        format!("POST {groups_path}"),
        format!("POST {DEALS}"),
        format!("POST {DEALS}"),
    ];
    assert_eq!(scene.asked_lines(), expected);
    assert_eq!(scene.asked()[1].body, json!({ "name": "sales_ops", "label": "Sales ops" }));
}

#[tokio::test]
async fn a_group_that_somebody_else_made_is_there() {
    let property = json(200, property("x", &grouped("ops")));
    let scene = Scene::new([groups(&[]), html(409), property]).await;
    let changes = Attributes::from([("groupName", json!("ops"))]);
    assert!(scene.carry_out_one(call("x", Effect::Update(changes))).await.is_ok());
}

#[tokio::test]
async fn a_group_that_cannot_be_made_leaves_the_property_alone() {
    let scene = Scene::new([groups(&[]), html(500)]).await;
    let failure = scene.carry_out_one(create("x", grouped("ops"))).await.unwrap_err();
    assert!(!failure.effect_unknown);
    assert!(failure.problem.message.starts_with("property group ops: "), "{failure}");
    assert_eq!(scene.asked().len(), 2);
}

#[tokio::test]
async fn a_group_that_was_removed_since_is_made_again() {
    let missing = || error(400, "VALIDATION_ERROR", "The property group 'ops' does not exist.");
    let property = || json(201, property("x", &grouped("ops")));
    let made = json(201, json!({}));
    let scene =
        Scene::new([groups(&["ops"]), property(), missing(), groups(&[]), made, property()]).await;
    let create = || create("x", grouped("ops"));
    scene.carry_out_one(create()).await.unwrap();
    let failure = scene.carry_out_one(create()).await.unwrap_err();
    assert_eq!((failure.scope, failure.effect_unknown), (FailureScope::Resource, false));
    scene.carry_out_one(create()).await.unwrap();
    assert_eq!(scene.asked().len(), 6);
}

#[tokio::test]
async fn a_group_that_hubspot_lists_and_does_not_take_is_a_refusal() {
    let missing = error(400, "VALIDATION_ERROR", "The property group 'ops' does not exist.");
    let scene = Scene::new([groups(&["ops"]), missing]).await;
    let failure = scene.carry_out_one(create("x", grouped("ops"))).await.unwrap_err();
    assert_eq!(failure.scope, FailureScope::Refused);
}
