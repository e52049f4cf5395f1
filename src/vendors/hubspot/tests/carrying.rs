//! Carrying values along: how many calls it takes, and what becomes of it when time is short.

use super::sandbox::Portal;
use super::*;
use crate::domain::Effect;
use crate::domain::carry::{Carry, LastLook, Left, Retire};
use crate::sandbox::Config;
use crate::vendors::Answer;

/// Carries from `tier` to `level`, from the first deal on.
fn carry(first_pass: bool) -> Carry {
    let left = Left {
        name: "tier".to_owned(),
        held: text_attributes(),
        target_until_micros: None,
        own_since_micros: None,
    };
    Carry {
        from: vec![left],
        since_micros: 0,
        foreign: false,
        cursor: None,
        first_pass,
        count: false,
    }
}

/// A portal with both properties, of which every so many deals have a value of `tier`.
async fn with_deals(deals: u32, every: u32) -> (Portal, String) {
    let portal = Portal::open(Config { deals, ..Config::default() }).await;
    for name in ["tier", "level"] {
        portal.one(name, Effect::Create(text_attributes())).await.unwrap();
    }
    let portals = portal.control("GET", "portals", Value::Null).await;
    let deals = format!("portals/{}/deals", portals["portals"][0]["portal_id"]);
    let fill = json!({ "property": "tier", "every": every, "value": "v-{id}" });
    portal.control("POST", &format!("{deals}/fill"), fill).await;
    (portal, deals)
}

async fn calls(portal: &Portal, kind: &str) -> Value {
    portal.control("GET", "calls/counts", Value::Null).await["counts"][kind]["calls"].take()
}

#[tokio::test]
async fn pages_of_which_few_deals_have_a_value_are_written_together() {
    let (portal, deals) = with_deals(1_000, 2).await;
    let Ok(Answer::Page(page)) = portal.one("level", Effect::Carry(carry(true))).await else {
        panic!("no page");
    };
    assert_eq!((page.looked, page.written), (200, 100));
    assert!(page.next.is_some());
    let made = (calls(&portal, "deals.list").await, calls(&portal, "deals.batch_update").await);
    assert_eq!(made, (json!(2), json!(1)));
    let held = portal.control("GET", &format!("{deals}?properties=level"), Value::Null).await;
    assert_eq!(held["properties"]["level"]["held"], 100);
}

#[tokio::test]
async fn what_was_read_before_a_page_that_fails_is_written() {
    let results = json!([{ "id": "1", "properties": { "tier": "gold" } }]);
    let paging = json!({ "next": { "after": "p2" } });
    let first = json(200, json!({ "results": results, "paging": paging }));
    let written = json(200, json!({ "results": [{ "id": "1", "properties": {} }] }));
    let there = json(200, json!({ "name": "tier" }));
    let scene = Scene::new([there, first, html(500), written]).await;
    let answer = scene.carry_out_one(call("level", Effect::Carry(carry(true)))).await;
    let Ok(Answer::Page(page)) = answer else { panic!("{answer:?}") };
    assert_eq!((page.next.as_deref(), page.looked, page.written), (Some("p2"), 1, 1));
    let inputs = json!([{ "id": "1", "properties": { "level": "gold" } }]);
    assert_eq!(scene.asked().last().unwrap().body, json!({ "inputs": inputs }));
}

#[tokio::test]
async fn what_leaves_no_time_for_an_archive_is_looked_at_again_and_at_last_archived() {
    let (portal, deals) = with_deals(250, 1).await;
    // A call may take 2 s with all that belongs to it.
    portal.control("PUT", "settings", json!({ "latency_ms": 280 })).await;
    let retire = |at_last| {
        let (name, to) = ("tier".to_owned(), "level".to_owned());
        let last_look = Some(LastLook { to, carry: carry(false), since_micros: 0, at_last });
        Effect::Retire(Retire { name, last_look })
    };
    let answer = portal.one("tier", retire(false)).await;
    let Ok(Answer::Looked { until_micros, carried }) = answer else { panic!("{answer:?}") };
    assert!(until_micros > 0 && carried > 0, "{answer:?}");
    let answer = portal.one("tier", retire(true)).await;
    assert!(matches!(answer, Ok(Answer::Retired { missed: true, .. })), "{answer:?}");
    let held = portal.control("GET", &format!("{deals}?properties=tier"), Value::Null).await;
    assert_eq!(held["properties"]["tier"]["archived"], true);
}
