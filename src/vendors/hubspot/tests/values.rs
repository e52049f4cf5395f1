//! Values of deals: what each kind of answer means at each step of carrying them, and what is asked.

use super::table::{Row, check, rows};
use super::*;
use crate::domain::carry::{Carry, Fill, LastLook, Left, Page, Retire};
use crate::domain::{Effect, ProblemReason as R};
use crate::vendors::FailureScope::{Refused, Resource};
use crate::vendors::{Answer, Call};

/// The first look at all deals, from `old` to `new`.
pub(super) fn carry() -> Carry {
    let left = Left {
        name: "old".to_owned(),
        held: text_attributes(),
        target_until_micros: None,
        own_since_micros: None,
    };
    Carry {
        from: vec![left],
        since_micros: 1_700_000_000_000_000,
        foreign: false,
        cursor: None,
        first_pass: true,
        count: false,
    }
}

fn long(effect: Effect) -> Call {
    call("new", effect)
}

fn deal(id: &str, old: &str, new: &str) -> serde_json::Value {
    json!({ "id": id, "properties": { "old": old, "new": new } })
}

pub(super) fn deals(results: &[serde_json::Value]) -> Script {
    json(200, json!({ "results": results }))
}

/// A deal with histories: each name's values, the newest first.
pub(super) fn with_history(
    id: &str,
    old: &[(&str, &str)],
    new: &[(&str, &str)],
) -> serde_json::Value {
    let entries = |of: &[(&str, &str)]| {
        let entry = |(value, at): &(&str, &str)| json!({ "value": value, "timestamp": at });
        of.iter().map(entry).collect::<Vec<_>>()
    };
    let latest = |of: &[(&str, &str)]| of.first().map(|(value, _)| (*value).to_owned());
    json!({
        "id": id, "properties": { "old": latest(old), "new": latest(new) },
        "propertiesWithHistory": { "old": entries(old), "new": entries(new) },
    })
}

/// The definition of `old`, which is looked for before anything else.
fn there() -> Script {
    json(200, json!({ "name": "old" }))
}

pub(super) fn updated(ids: &[&str]) -> Script {
    json(200, json!({ "results": ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>() }))
}

async fn page(scene: &Scene, effect: Effect) -> Page {
    match scene.carry_out_one(long(effect)).await.unwrap() {
        Answer::Page(page) => page,
        other => panic!("{other:?}"),
    }
}

/// Checks every answer of the table after these; a step may take some of them for something else.
async fn check_after(before: &[Script], effect: &Effect, writes: bool, differs: fn(&Row) -> bool) {
    for row in rows().iter().filter(|row| !differs(row)) {
        let scripts = before.iter().cloned().chain([row.answer.clone()]);
        let scene = Scene::new(scripts).await;
        let failure = scene.carry_out_one(long(effect.clone())).await.unwrap_err();
        check(row, &failure, writes);
    }
}

fn none(_: &Row) -> bool {
    false
}

#[tokio::test]
async fn every_answer_to_a_page_of_deals_means_what_the_table_says() {
    check_after(&[], &Effect::Carry(carry()), false, none).await;
    check_after(&[there()], &Effect::Carry(carry()), false, none).await;
    let fill = Fill { value: "x".to_owned(), cursor: None, count: false };
    check_after(&[], &Effect::Fill(fill), false, none).await;
}

#[tokio::test]
async fn every_answer_to_a_read_of_histories_means_what_the_table_says() {
    let differ = deals(&[deal("1", "a", "b")]);
    check_after(&[there(), differ], &Effect::Carry(carry()), false, none).await;
}

#[tokio::test]
async fn every_answer_to_a_change_of_deals_means_what_the_table_says() {
    let found = [there(), deals(&[deal("1", "a", "")])];
    // A refusal of a single deal is one of its value; it is counted, and the others go on.
    let of_value = |row: &Row| row.scope == Refused && row.answer.0 == 400;
    check_after(&found, &Effect::Carry(carry()), true, of_value).await;
}

#[tokio::test]
async fn every_answer_to_a_search_means_what_the_table_says() {
    let last_look =
        Some(LastLook { to: "new".to_owned(), carry: carry(), since_micros: 0, at_last: false });
    let retire = Retire { name: "old".to_owned(), last_look };
    // The limit of searches is one of its own and says nothing of the connection.
    let of_searches = |row: &Row| {
        row.answer.0 == 429
            && row.answer.2.contains("SECONDLY")
            && !row.answer.2.contains("TEN_SECONDLY")
    };
    check_after(&[], &Effect::Retire(retire), false, of_searches).await;
    let guarded = Call { allow_loss: false, ..long(Effect::Archive) };
    for row in rows().iter().filter(|row| !of_searches(row)) {
        let scene = Scene::new([row.answer.clone()]).await;
        let failure = scene.carry_out_one(guarded.clone()).await.unwrap_err();
        check(row, &failure, false);
    }
    let scene = Scene::new([json(429, json!({ "policyName": "SECONDLY" }))]).await;
    let failure = scene.carry_out_one(guarded).await.unwrap_err();
    assert_eq!((failure.scope, failure.problem.reason), (Resource, R::RateLimited));
}

#[tokio::test]
async fn values_are_carried_where_nothing_is_there_yet_without_asking_for_histories() {
    let found = deals(&[deal("1", "a", ""), deal("2", "b", "b"), deal("3", "", "")]);
    let scene = Scene::new([there(), found, updated(&["1"])]).await;
    let page = page(&scene, Effect::Carry(carry())).await;
    assert_eq!((page.looked, page.written, page.refused.count), (3, 1, 0));
    let asked = scene.asked();
    assert_eq!(asked[1].query.as_deref(), Some("limit=100&properties=new%2Cold"));
    assert_eq!(asked[2].body, json!({ "inputs": [{ "id": "1", "properties": { "new": "a" } }] }));
}

#[tokio::test]
async fn where_both_hold_something_else_the_history_decides() {
    let found = deals(&[deal("1", "a", "b"), deal("2", "", "b"), deal("3", "c", "d")]);
    let histories = deals(&[
        // A copy of what the old name held a moment before; that one was written to since.
        with_history(
            "1",
            &[("a", "2023-11-14T22:14:00Z"), ("b", "2023-11-14T22:13:58Z")],
            &[("b", "2023-11-14T22:13:59Z")],
        ),
        // Cleared under the old name after it was carried.
        with_history(
            "2",
            &[("", "2023-11-14T22:14:00Z"), ("b", "2023-11-14T22:13:50Z")],
            &[("b", "2023-11-14T22:13:51Z")],
        ),
        // Written by somebody to the new name.
        with_history(
            "3",
            &[("c", "2023-11-14T22:13:50Z")],
            &[("d", "2023-11-14T22:14:00Z"), ("c", "2023-11-14T22:13:51Z")],
        ),
    ]);
    let scene = Scene::new([there(), found, histories, updated(&["1", "2"])]).await;
    assert_eq!(page(&scene, Effect::Carry(carry())).await.written, 2);
    let mut inputs = scene.asked()[3].body["inputs"].as_array().unwrap().clone();
    inputs.sort_by_key(|input| input["id"].as_str().unwrap().to_owned());
    assert_eq!(inputs[0]["properties"], json!({ "new": "a" }));
    assert_eq!(inputs[1]["properties"], json!({ "new": "" }));
}

#[tokio::test]
async fn what_belonged_to_another_field_counts_for_nothing() {
    let found = deals(&[deal("1", "", "theirs"), deal("2", "a", "theirs")]);
    let theirs = [("theirs", "2023-11-14T20:00:00Z")];
    let histories = deals(&[
        with_history("1", &[], &theirs),
        with_history("2", &[("a", "2023-11-14T19:00:00Z")], &theirs),
    ]);
    let scene = Scene::new([there(), found, histories, updated(&["1", "2"])]).await;
    let foreign = Carry { foreign: true, ..carry() };
    assert_eq!(page(&scene, Effect::Carry(foreign)).await.written, 2);
    let inputs = scene.asked()[3].body["inputs"].as_array().unwrap().clone();
    let value = |id: &str| {
        let input = inputs.iter().find(|input| input["id"] == id).unwrap();
        input["properties"]["new"].as_str().unwrap().to_owned()
    };
    assert_eq!((value("1"), value("2")), (String::new(), "a".to_owned()));
}

#[tokio::test]
async fn a_refused_value_is_told_and_the_others_are_written() {
    let found = deals(&[deal("1", "a", ""), deal("2", "b", ""), deal("3", "c", "")]);
    let mixed = json(
        207,
        json!({
            "results": [{ "id": "1" }],
            "errors": [
                { "category": "VALIDATION_ERROR", "message": "not so", "context": { "ids": ["2"] } },
                { "category": "OBJECT_NOT_FOUND", "message": "gone", "context": { "ids": ["3"] } },
            ],
        }),
    );
    let scene = Scene::new([there(), found, mixed]).await;
    let page = page(&scene, Effect::Carry(carry())).await;
    assert_eq!((page.written, page.refused.count), (1, 1), "what is gone has no value");
    assert_eq!(page.refused.first[0].record_id, "2");
    assert!(page.refused.first[0].reason.contains("not so"));
}

#[tokio::test]
async fn a_call_that_is_refused_as_a_whole_is_halved_until_the_deal_is_found() {
    let found = deals(&[deal("1", "a", ""), deal("2", "b", "")]);
    let no = || error(400, "VALIDATION_ERROR", "not so");
    let scene = Scene::new([there(), found, no(), updated(&["1"]), no()]).await;
    let page = page(&scene, Effect::Carry(carry())).await;
    assert_eq!((page.written, page.refused.count), (1, 1));
    assert_eq!(page.refused.first[0].record_id, "2");
}

#[tokio::test]
async fn an_answer_that_passes_over_a_deal_is_no_success() {
    let found = deals(&[deal("1", "a", ""), deal("2", "b", "")]);
    let scene = Scene::new([there(), found, updated(&["1"])]).await;
    let failure = scene.carry_out_one(long(Effect::Carry(carry()))).await.unwrap_err();
    assert_eq!((failure.scope, failure.effect_unknown), (Resource, true));
}

#[tokio::test]
async fn a_property_that_hubspot_does_not_know_everywhere_yet_is_waited_for() {
    let found = || deals(&[deal("1", "a", "")]);
    let missing = json!({ "category": "VALIDATION_ERROR", "message": "no",
                          "errors": [{ "code": "PROPERTY_DOESNT_EXIST", "message": "new" }] });
    let in_batch = json!({ "results": [], "errors": [{ "category": "VALIDATION_ERROR",
        "context": { "ids": ["1"] }, "errors": [{ "code": "PROPERTY_DOESNT_EXIST" }] }] });
    for answer in [json(400, missing), json(207, in_batch)] {
        let scene = Scene::new([there(), found(), answer]).await;
        let failure = scene.carry_out_one(long(Effect::Carry(carry()))).await.unwrap_err();
        assert_eq!((failure.scope, failure.problem.reason), (Resource, R::VendorUnavailable));
    }
}

#[tokio::test]
async fn what_uses_a_property_is_named_where_hubspot_does_not_archive_it() {
    let in_use = json!({
        "status": "error", "category": "VALIDATION_ERROR", "message": "in use", "correlationId": "c-1",
        "subCategory": "PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE",
        "errors": [{ "message": "used", "context": {
            "parentName": ["Big deals"], "parentDisplayType": ["Workflow"] } }],
    });
    let scene = Scene::new([json(400, in_use)]).await;
    let failure = scene.carry_out_one(long(Effect::Archive)).await.unwrap_err();
    assert_eq!((failure.scope, failure.problem.reason), (Resource, R::InUse));
    assert_eq!(failure.problem.details.unwrap().used_by, ["Workflow Big deals"]);
    assert_eq!(failure.problem.correlation_id, "c-1");
    assert!(!failure.effect_unknown);
}

#[tokio::test]
async fn what_is_gone_at_hubspot_has_not_been_carried() {
    let archived = json!({ "name": "old", "archived": true });
    for answer in [error(404, "OBJECT_NOT_FOUND", "no"), json(200, archived)] {
        let scene = Scene::new([answer]).await;
        let failure = scene.carry_out_one(long(Effect::Carry(carry()))).await.unwrap_err();
        assert_eq!((failure.scope, failure.problem.reason), (Refused, R::Conflict));
        assert!(failure.problem.message.starts_with("old is gone"), "{failure:?}");
    }
    let last_look =
        Some(LastLook { to: "new".to_owned(), carry: carry(), since_micros: 0, at_last: false });
    let retire = Effect::Retire(Retire { name: "old".to_owned(), last_look });
    let scene = Scene::new([deals(&[]), error(404, "OBJECT_NOT_FOUND", "no")]).await;
    let failure = scene.carry_out_one(call("old", retire)).await.unwrap_err();
    assert_eq!((failure.scope, failure.problem.reason), (Refused, R::Conflict));
}

#[tokio::test]
async fn a_history_that_does_not_tell_of_the_value_is_not_relied_on() {
    let found = || deals(&[deal("1", "a", "b")]);
    for history in [
        with_history("2", &[], &[]),
        json!({ "id": "1", "properties": { "old": "a", "new": "b" } }),
        json!({ "id": "1", "properties": { "old": "a", "new": "b" },
                "propertiesWithHistory": { "old": [{ "value": "a", "timestamp": "soon" }] } }),
    ] {
        let scene = Scene::new([there(), found(), deals(&[history])]).await;
        let failure = scene.carry_out_one(long(Effect::Carry(carry()))).await.unwrap_err();
        assert_eq!((failure.scope, failure.effect_unknown), (Resource, false), "{failure:?}");
    }
    let gone = json!({ "results": [], "errors": [
        { "category": "OBJECT_NOT_FOUND", "message": "gone", "context": { "ids": ["1"] } }] });
    let scene = Scene::new([there(), found(), json(207, gone)]).await;
    assert_eq!(page(&scene, Effect::Carry(carry())).await.written, 0);
}

#[tokio::test]
async fn a_fault_of_hubspots_own_is_no_refusal_of_a_value() {
    let found = deals(&[deal("1", "a", "")]);
    let fault = json!({ "results": [], "errors": [
        { "category": "INTERNAL_ERROR", "message": "oh", "context": { "ids": ["1"] } }] });
    let scene = Scene::new([there(), found, json(207, fault)]).await;
    let failure = scene.carry_out_one(long(Effect::Carry(carry()))).await.unwrap_err();
    assert_eq!((failure.scope, failure.effect_unknown), (Resource, true));
}
