//! The last look before an archive: what is asked, how far it comes, and what it does not believe.

use super::values::{carry, deals, updated, with_history};
use super::*;
use crate::domain::Effect;
use crate::domain::carry::{Carry, LastLook, Retire};
use crate::vendors::FailureScope::Resource;
use crate::vendors::{Answer, Call};

/// 2023-11-14T22:13:20Z, in milliseconds.
const SINCE_MS: i64 = 1_700_000_000_000;

fn retire(at_last: bool) -> Call {
    let last_look = LastLook {
        to: "new".to_owned(),
        carry: Carry { first_pass: false, ..carry() },
        since_micros: SINCE_MS * 1_000,
        at_last,
    };
    let retire = Retire { name: "old".to_owned(), last_look: Some(last_look) };
    call("old", Effect::Retire(retire))
}

/// A page of a search: deals with the second in which they were modified, and whether there are more.
fn found(deals: &[(&str, i64)], next: Option<&str>) -> Script {
    let result = |(id, second): &(&str, i64)| {
        let modified = format!("2023-11-14T22:13:{}Z", 20 + second);
        json!({ "id": id, "properties": { "hs_lastmodifieddate": modified } })
    };
    let results: Vec<_> = deals.iter().map(result).collect();
    let paging = next.map(|after| json!({ "next": { "after": after } }));
    json(200, json!({ "results": results, "paging": paging }))
}

/// The histories of a deal whose value is still to be carried.
fn newer(id: &str) -> Script {
    let at = "2023-11-14T22:13:25Z";
    deals(&[with_history(
        id,
        &[("b", at), ("a", "2023-01-01T00:00:00Z")],
        &[("a", "2023-01-02T00:00:00Z")],
    )])
}

#[tokio::test]
async fn it_goes_on_as_long_as_hubspot_says_that_there_is_more() {
    let scripts = [
        found(&[("1", 1)], Some("p")),
        newer("1"),
        updated(&["1"]),
        found(&[("2", 1)], Some("q")),
        newer("2"),
        updated(&["2"]),
        found(&[("3", 2)], None),
        newer("3"),
        updated(&["3"]),
        json(204, Value::Null),
    ];
    let scene = Scene::new(scripts).await;
    let answer = scene.carry_out_one(retire(false)).await;
    assert!(matches!(answer, Ok(Answer::Retired { missed: false, .. })), "{answer:?}");
    let searches: Vec<_> =
        scene.asked().into_iter().filter(|it| it.path.ends_with("/search")).collect();
    let asked = |of: &Asked| {
        let since = of.body["filterGroups"][0]["filters"][0]["value"].as_str().unwrap().to_owned();
        (since, of.body.get("after").cloned())
    };
    // A page that came no further is followed by the one after it.
    let since = |second: i64| (SINCE_MS + second * 1_000).to_string();
    let expected = [(since(0), None), (since(1), None), (since(1), Some(json!("q")))];
    assert_eq!(searches.iter().map(asked).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn what_it_looked_at_is_kept_when_the_next_call_fails() {
    let scripts = || [found(&[("1", 3)], Some("p")), newer("1"), updated(&["1"]), html(500)];
    let scene = Scene::new(scripts()).await;
    let answer = scene.carry_out_one(retire(false)).await;
    let until_micros = (SINCE_MS + 3_000) * 1_000;
    assert_eq!(answer, Ok(Answer::Looked { until_micros, carried: 1 }));
    // At last it would be archived after that.
    let scene = Scene::new(scripts()).await;
    let failure = scene.carry_out_one(retire(true)).await.unwrap_err();
    assert_eq!((failure.scope, failure.effect_unknown), (Resource, false));
}

#[tokio::test]
async fn it_believes_nothing_that_is_not_in_order() {
    let undated = json(200, json!({ "results": [{ "id": "1", "properties": {} }] }));
    for page in [undated, found(&[("1", 5), ("2", 4)], None)] {
        let scene = Scene::new([page]).await;
        let failure = scene.carry_out_one(retire(false)).await.unwrap_err();
        assert_eq!((failure.scope, failure.effect_unknown), (Resource, false), "{failure:?}");
        assert_eq!(scene.asked().len(), 1, "no deal of it is looked at");
    }
}
