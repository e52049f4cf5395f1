use serde_json::{Map, Value, json};

use super::batch::{BatchRead, BatchUpdate};
use super::search::Search;
use super::seed::Fill;
use super::view::{Asked, Page};
use super::write::DealDraft;
use super::*;
use crate::sandbox::Recreate;
use crate::sandbox::hubspot::draft::parse;
use crate::sandbox::hubspot::{Portal, Refusal};

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn hand(seconds: i64) -> Hand {
    Hand::of_api(at(seconds))
}

/// A portal with properties of several types and some deals.
fn portal(deals: u32) -> Portal {
    let mut portal = Portal::open(at(0));
    for (name, kind, field_type) in [
        ("note", "string", "text"),
        ("size", "number", "number"),
        ("due", "date", "date"),
        ("seen", "datetime", "date"),
        ("tags", "enumeration", "checkbox"),
        ("code", "string", "text"),
    ] {
        define(&mut portal, name, kind, field_type, Recreate::Restore);
    }
    portal.seed_deals(deals, at(1));
    portal
}

fn define(portal: &mut Portal, name: &str, kind: &str, field_type: &str, recreate: Recreate) {
    let options = match kind {
        "enumeration" => {
            json!([{ "label": "Red", "value": "red" }, { "label": "Blue", "value": "blue" }])
        }
        _ => json!([]),
    };
    let body = json!({
        "name": name, "label": name, "type": kind, "fieldType": field_type, "options": options,
        "groupName": "dealinformation", "hasUniqueValue": name == "code",
    });
    portal.create(parse(body).unwrap(), recreate, at(0)).unwrap();
}

fn first() -> u64 {
    ID_FIRST
}

fn set(
    portal: &mut Portal,
    id: u64,
    name: &str,
    value: Value,
    seconds: i64,
) -> Result<(), Refusal> {
    let properties = Map::from_iter([(name.to_owned(), value)]);
    portal.update_deal(id, &DealDraft { properties }, &hand(seconds))
}

fn shown(portal: &Portal, id: u64, name: &str) -> Value {
    let asked = Asked { properties: vec![name.to_owned()], ..Asked::default() };
    let view = portal.view(&asked);
    portal.deal(id, false).unwrap().wire(&view)["properties"][name].clone()
}

fn code(refusal: &Refusal) -> &str {
    refusal.details.first().map_or("", |detail| detail.code.as_str())
}

fn found(portal: &Portal, body: Value, now: i64) -> (u64, Vec<u64>) {
    let search: Search = parse(body).unwrap();
    let answer = portal.search_deals(&search, at(now)).unwrap();
    let id = |deal: &Value| deal["id"].as_str().unwrap().parse::<u64>().unwrap() - first();
    let ids = answer["results"].as_array().unwrap().iter().map(id).collect();
    (answer["total"].as_u64().unwrap(), ids)
}

#[test]
fn every_value_keeps_its_history_newest_first() {
    let mut portal = portal(1);
    for (value, seconds) in [("one", 2), ("two", 3), ("two", 4), ("", 5)] {
        set(&mut portal, first(), "note", json!(value), seconds).unwrap();
    }
    let asked = Asked { with_history: vec!["note".to_owned()], ..Asked::default() };
    let view = portal.view(&asked);
    let deal = portal.deal(first(), false).unwrap().wire(&view);
    let history = deal["propertiesWithHistory"]["note"].as_array().unwrap();
    let values: Vec<&Value> = history.iter().map(|entry| &entry["value"]).collect();
    assert_eq!(values, ["", "two", "one"]);
    assert_eq!(history[1]["timestamp"], "1970-01-01T00:00:03.000Z");
    assert_eq!(history[0]["sourceType"], "INTEGRATION");
    assert_eq!(deal["updatedAt"], "1970-01-01T00:00:05.000Z");
}

#[test]
fn values_are_checked_against_the_type_of_their_property() {
    let mut portal = portal(1);
    for (name, good, kept) in [
        ("size", json!("12.5"), "12.5"),
        ("size", json!(7), "7"),
        ("due", json!("2026-01-31"), "2026-01-31"),
        ("due", json!("1769817600000"), "2026-01-31"),
        ("seen", json!("1769817600001"), "2026-01-31T00:00:00.001Z"),
        ("tags", json!("red;blue"), "red;blue"),
        ("note", json!("anything"), "anything"),
    ] {
        set(&mut portal, first(), name, good, 2).unwrap();
        assert_eq!(shown(&portal, first(), name), kept);
    }
    for (name, bad, expected) in [
        ("size", "1,5", "INVALID_LONG"),
        ("size", "NaN", "INVALID_LONG"),
        ("due", "31.1.2026", "INVALID_DATE"),
        ("due", "1769817600001", "INVALID_DATE"),
        ("seen", "soon", "INVALID_DATE"),
        ("tags", "red;green", "INVALID_OPTION"),
        ("dealstage", "nowhere", "INVALID_OPTION"),
        ("hs_object_id", "1", "READ_ONLY_VALUE"),
        ("unheard_of", "1", "PROPERTY_DOESNT_EXIST"),
    ] {
        let refusal = set(&mut portal, first(), name, json!(bad), 3).unwrap_err();
        assert_eq!((refusal.status, code(&refusal)), (400, expected), "{name} = {bad}");
        assert_eq!(refusal.details[0].context["propertyName"], [name]);
    }
    assert_eq!(shown(&portal, first(), "size"), "7", "a refused write changes nothing");
}

#[test]
fn a_unique_value_belongs_to_one_deal() {
    let mut portal = portal(2);
    set(&mut portal, first(), "code", json!("a"), 2).unwrap();
    set(&mut portal, first(), "code", json!("a"), 2).unwrap();
    let refusal = set(&mut portal, first() + 1, "code", json!("a"), 2).unwrap_err();
    assert_eq!(code(&refusal), "CONFLICTING_UNIQUE_VALUE");
    assert_eq!(portal.deal_id("a", Some("code")).unwrap(), first());
    set(&mut portal, first(), "code", json!("b"), 3).unwrap();
    set(&mut portal, first() + 1, "code", json!("a"), 3).unwrap();
    assert_eq!(portal.deal_id("a", Some("code")).unwrap(), first() + 1);
}

#[test]
fn pages_follow_one_another_by_id_and_end() {
    let portal = portal(5);
    let mut page = Page { limit: Some(2), ..Page::default() };
    let mut sizes = Vec::new();
    loop {
        let listed = portal.list_deals(page, &Asked::default()).unwrap();
        sizes.push(listed.results.len());
        match listed.after {
            Some(after) => page.after = after,
            None => break,
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
}

#[test]
fn a_page_with_histories_is_smaller() {
    let portal = portal(1);
    let page = |limit| Page { limit: Some(limit), ..Page::default() };
    let with_history = Asked { with_history: vec!["note".to_owned()], ..Asked::default() };
    assert!(portal.list_deals(page(100), &Asked::default()).is_ok());
    assert_eq!(portal.list_deals(page(101), &Asked::default()).unwrap_err().status, 400);
    assert_eq!(portal.list_deals(page(0), &Asked::default()).unwrap_err().status, 400);
    assert!(portal.list_deals(page(50), &with_history).is_ok());
    assert_eq!(portal.list_deals(page(51), &with_history).unwrap_err().status, 400);
}

#[test]
fn unknown_names_in_a_read_are_passed_over() {
    let portal = portal(1);
    let asked = Asked { properties: vec!["note".into(), "unheard_of".into()], ..Asked::default() };
    let listed = portal.list_deals(Page::default(), &asked).unwrap();
    let properties = listed.results[0]["properties"].as_object().unwrap();
    let names: Vec<&String> = properties.keys().collect();
    assert_eq!(names, ["createdate", "hs_lastmodifieddate", "hs_object_id", "note"]);
    assert_eq!(properties["note"], Value::Null);
}

fn update_batch(portal: &mut Portal, inputs: &Value, whole: bool) -> Result<(u16, Value), Refusal> {
    let batch: BatchUpdate = parse(json!({ "inputs": inputs })).unwrap();
    let outcome = portal.update_deals(batch, whole, &hand(2))?;
    Ok((outcome.status(200), outcome.body(at(2))))
}

#[test]
fn a_batch_writes_what_it_can_and_names_the_rest() {
    let mut portal = portal(2);
    let id = |n: u64| (first() + n).to_string();
    let inputs = json!([
        { "id": id(0), "properties": { "note": "kept" } },
        { "id": id(1), "properties": { "unheard_of": "x" } },
        { "id": "7", "properties": { "note": "x" } },
        { "id": "8", "properties": { "note": "x" } },
    ]);
    let (status, body) = update_batch(&mut portal, &inputs, false).unwrap();
    assert_eq!((status, &body["numErrors"]), (207, &json!(2)));
    assert_eq!(body["results"][0]["properties"]["note"], "kept");
    assert_eq!(body["errors"][0]["errors"][0]["code"], "PROPERTY_DOESNT_EXIST");
    assert_eq!(body["errors"][0]["context"]["ids"], json!([id(1)]));
    assert_eq!(body["errors"][1]["category"], "OBJECT_NOT_FOUND");
    assert_eq!(body["errors"][1]["context"]["ids"], json!(["7", "8"]));
}

#[test]
fn a_batch_can_be_refused_whole_for_one_bad_value() {
    let mut portal = portal(2);
    let inputs = json!([
        { "id": first().to_string(), "properties": { "note": "kept" } },
        { "id": (first() + 1).to_string(), "properties": { "size": "x" } },
    ]);
    let refusal = update_batch(&mut portal, &inputs, true).unwrap_err();
    assert_eq!((refusal.status, code(&refusal)), (400, "INVALID_LONG"));
    assert_eq!(shown(&portal, first(), "note"), Value::Null);
}

#[test]
fn a_batch_that_names_a_deal_twice_or_too_many_is_refused() {
    let mut portal = portal(1);
    let one = json!({ "id": first().to_string(), "properties": { "note": "x" } });
    let refusal = update_batch(&mut portal, &json!([one, one]), false).unwrap_err();
    assert_eq!((refusal.status, &refusal.context["ids"]), (400, &vec![first().to_string()]));
    let many: Vec<Value> = (0..101).map(|n| json!({ "id": n.to_string() })).collect();
    assert_eq!(update_batch(&mut portal, &json!(many), false).unwrap_err().status, 400);
}

#[test]
fn a_batch_of_reads_tells_the_missing_from_the_found() {
    let mut portal = portal(2);
    portal.deals.archive(first(), at(2));
    let read = |portal: &mut Portal, archived| {
        let inputs = json!([{ "id": first().to_string() }, { "id": (first() + 1).to_string() }]);
        let batch: BatchRead = parse(json!({ "inputs": inputs, "properties": [] })).unwrap();
        portal.read_deals(batch, archived).unwrap().body(at(3))
    };
    let body = read(&mut portal, false);
    assert_eq!(body["results"][0]["id"], (first() + 1).to_string());
    assert_eq!(body["errors"][0]["context"]["ids"], json!([first().to_string()]));
    assert_eq!(read(&mut portal, true)["results"][0]["archived"], true);
}

#[test]
fn filters_are_joined_within_a_group_and_groups_are_alternatives() {
    let mut portal = portal(4);
    for (n, size) in [(0, "5"), (1, "10"), (2, "30")] {
        set(&mut portal, first() + n, "size", json!(size), 2).unwrap();
    }
    let filter = |operator: &str, value: &str| json!({ "propertyName": "size", "operator": operator, "value": value });
    let by = |filters: Value| found(&portal, json!({ "filterGroups": filters }), 9).1;
    let all = |filters: Value| by(json!([{ "filters": filters }]));
    assert_eq!(all(json!([filter("EQ", "10.0")])), [1]);
    assert_eq!(all(json!([filter("NEQ", "10")])), [0, 2]);
    assert_eq!(all(json!([filter("GT", "5"), filter("LTE", "30")])), [1, 2]);
    assert_eq!(all(json!([filter("GTE", "5"), filter("LT", "30")])), [0, 1]);
    let between = json!({
        "propertyName": "size", "operator": "BETWEEN", "value": "6", "highValue": "30"
    });
    assert_eq!(all(json!([between])), [1, 2]);
    let list = |operator: &str| json!({ "propertyName": "size", "operator": operator, "values": ["5", "30"] });
    assert_eq!(all(json!([list("IN")])), [0, 2]);
    assert_eq!(all(json!([list("NOT_IN")])), [1]);
    let has = |operator: &str| json!({ "propertyName": "size", "operator": operator });
    assert_eq!(all(json!([has("HAS_PROPERTY")])), [0, 1, 2]);
    assert_eq!(all(json!([has("NOT_HAS_PROPERTY")])), [3]);
    let either =
        json!([{ "filters": [filter("EQ", "5")] }, { "filters": [has("NOT_HAS_PROPERTY")] }]);
    assert_eq!(by(either), [0, 3]);
    let id = json!({ "propertyName": "hs_object_id", "operator": "GT", "value": first() + 1 });
    assert_eq!(all(json!([id])), [2, 3]);
}

#[test]
fn a_search_sorts_by_one_property_and_pages_by_offset() {
    let mut portal = portal(3);
    for (n, size) in [(0, "30"), (1, "4"), (2, "100")] {
        set(&mut portal, first() + n, "size", json!(size), 2).unwrap();
    }
    let sorted = |sort: Value, after: Value| {
        found(&portal, json!({ "sorts": [sort], "limit": 2, "after": after }), 9)
    };
    assert_eq!(sorted(json!("size"), json!(0)), (3, vec![1, 0]));
    assert_eq!(sorted(json!("size"), json!("2")), (3, vec![2]));
    let down = json!({ "propertyName": "size", "direction": "DESCENDING" });
    assert_eq!(sorted(down, json!(0)), (3, vec![2, 0]));
}

#[test]
fn a_search_shows_ten_thousand_results_and_counts_all() {
    let portal = portal(10_001);
    let search = |after| parse::<Search>(json!({ "limit": 200, "after": after })).unwrap();
    let last = portal.search_deals(&search(9_900), at(9)).unwrap();
    assert_eq!((last["results"].as_array().unwrap().len(), &last["total"]), (100, &json!(10_001)));
    assert_eq!(last["paging"]["next"]["after"], "10000");
    assert_eq!(portal.search_deals(&search(10_000), at(9)).unwrap_err().status, 400);
}

#[test]
fn the_index_of_the_search_may_lag_behind() {
    let mut portal = portal(1);
    portal.switches.search_lag_ms = 10_000;
    set(&mut portal, first(), "note", json!("new"), 20).unwrap();
    let has = json!([{ "filters": [{ "propertyName": "note", "operator": "HAS_PROPERTY" }] }]);
    let seen = |portal: &Portal, now| found(portal, json!({ "filterGroups": has }), now).1;
    assert!(seen(&portal, 29).is_empty());
    assert_eq!(seen(&portal, 30), [0]);
    portal.deals.archive(first(), at(31));
    assert!(seen(&portal, 31).is_empty(), "archived deals are never returned");
}

#[test]
fn an_archived_property_takes_its_values_along_and_brings_them_back() {
    for (recreate, expected) in [(Recreate::Restore, json!("old")), (Recreate::Fresh, Value::Null)]
    {
        let mut portal = portal(1);
        set(&mut portal, first(), "note", json!("old"), 2).unwrap();
        portal.archive("note", at(3)).unwrap();
        let refusal = set(&mut portal, first(), "note", json!("new"), 4).unwrap_err();
        assert_eq!(code(&refusal), "PROPERTY_DOESNT_EXIST");
        assert_eq!(shown(&portal, first(), "note"), Value::Null);
        define(&mut portal, "note", "string", "text", recreate);
        assert_eq!(shown(&portal, first(), "note"), expected, "{recreate:?}");
    }
}

#[test]
fn many_deals_are_filled_at_once_and_tell_what_they_hold() {
    let mut portal = portal(10);
    let fill = |body: Value| serde_json::from_value::<Fill>(body).unwrap();
    let every_third = fill(json!({ "property": "note", "every": 3, "value": "v-{id}" }));
    assert_eq!(portal.fill_deals(&every_third, &hand(2)).unwrap(), 4);
    let turns = fill(json!({ "property": "tags", "values": ["red", "blue"], "offset": 8 }));
    assert_eq!(portal.fill_deals(&turns, &hand(2)).unwrap(), 2);
    assert_eq!(shown(&portal, first() + 3, "note"), format!("v-{}", first() + 3));
    assert_eq!(shown(&portal, first() + 9, "tags"), "blue");
    let note = portal.property("note", false).unwrap();
    let holding = portal.holding(note, true);
    assert_eq!((&holding["held"], &holding["writes"]), (&json!(4), &json!(4)));
    let value = &holding["values"][first().to_string()];
    assert_eq!(value["at"], "1970-01-01T00:00:02.000Z");
    let unfit = fill(json!({ "property": "tags", "value": "green" }));
    assert_eq!(portal.fill_deals(&unfit, &hand(2)).unwrap_err().status, 400);
}

#[test]
fn writes_are_refused_where_a_test_says_so() {
    let mut portal = portal(3);
    let refused = json!([
        { "deal_ids": [first()], "code": "MADE_UP", "message": "Not this one" },
        { "property": "note", "value": "bad" },
    ]);
    portal.refused_writes = parse(refused).unwrap();
    let refusal = set(&mut portal, first(), "size", json!("1"), 2).unwrap_err();
    assert_eq!((code(&refusal), refusal.details[0].message.as_str()), ("MADE_UP", "Not this one"));
    let refusal = set(&mut portal, first() + 1, "note", json!("bad"), 2).unwrap_err();
    assert_eq!(code(&refusal), "MISSING_CONDITIONAL_REQUIRED_PROPERTY");
    assert!(set(&mut portal, first() + 1, "note", json!("good"), 2).is_ok());
}

#[test]
fn deals_keep_a_value_whose_option_is_gone() {
    let mut portal = portal(1);
    set(&mut portal, first(), "tags", json!("red"), 2).unwrap();
    let options = json!({ "options": [{ "label": "Blue", "value": "blue" }] });
    portal.update("tags", parse(options).unwrap(), at(3)).unwrap();
    assert_eq!(shown(&portal, first(), "tags"), "red");
    assert!(set(&mut portal, first(), "tags", json!("red"), 4).is_err());
}
