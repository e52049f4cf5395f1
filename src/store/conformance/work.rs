//! What is to be done, and where.

use std::time::Duration;

use super::Given;
use super::given::{
    PERIOD, SETTLES, attributes, away, connect_with, default_value, disconnect, find, remove,
};
use crate::domain::{Effect, InDoubt, Parked, Revision, Transition};
use crate::store::{Backlog, Begin, Error};

pub(crate) async fn what_is_decided_and_not_confirmed_is_to_be_done(given: Given) {
    let lease = given.leased("acme").await;
    assert!(given.to_do(&lease).await.is_empty());
    given.add("acme", "b").await;
    given.add("acme", "a").await;
    let work = given.work(&lease).await;
    assert_eq!(work.revision.get(), 4);
    let sealed = work.connection.as_ref().unwrap();
    assert_eq!(sealed.sealed, b"sealed credential");
    assert_eq!(given.to_do(&lease).await, ["b", "a"], "the longest decided first");
    given.confirm(&lease, "b").await;
    assert_eq!(given.to_do(&lease).await, ["a"]);
    given.relabel("acme", "b", "B").await;
    assert_eq!(given.to_do(&lease).await, ["a", "b"]);
    given.done("acme", remove("b")).await;
    let work = given.work(&lease).await;
    assert_eq!(find(&work, "b").version.resource, None);
}

pub(crate) async fn what_the_vendor_does_not_see_is_confirmed_without_a_job(given: Given) {
    let lease = given.leased("acme").await;
    given.add("acme", "one").await;
    given.confirm(&lease, "one").await;
    given.done("acme", default_value("one", "x")).await;
    assert_eq!(given.to_do(&lease).await, ["one"]);
    given.confirm(&lease, "one").await;
    assert!(given.to_do(&lease).await.is_empty());
}

pub(crate) async fn no_more_is_read_than_was_asked_for(given: Given) {
    let lease = given.leased("acme").await;
    for name in ["a", "b", "c"] {
        given.add("acme", name).await;
    }
    given.begin(&lease, &["c"]).await;
    let work = given.store().work(&lease, 1).await.unwrap();
    let names: Vec<_> = work.resources.iter().map(|one| one.version.name.as_str()).collect();
    assert_eq!(names, ["c", "a"], "all that is in doubt, and one more");
}

pub(crate) async fn what_waits_after_a_failure_does_not_hide_the_rest(given: Given) {
    let lease = given.leased("acme").await;
    for name in ["a", "b"] {
        given.add("acme", name).await;
    }
    let fail = Transition::Fail { in_doubt: false, wait_ms: 5_000, problem: away() };
    given.record(&lease, "a", fail).await;
    assert_eq!(given.to_do(&lease).await, ["b", "a"]);
    let work = given.work(&lease).await;
    let failing = find(&work, "a").sync.failing.unwrap();
    assert_eq!((failing.count, failing.since), (1, work.now));
    assert_eq!(failing.next_attempt_at, work.now.plus(Duration::from_secs(5)));
    given.advance(Duration::from_secs(5));
    assert_eq!(given.to_do(&lease).await, ["a", "b"]);
}

pub(crate) async fn what_is_parked_is_left_out_until_a_newer_version(given: Given) {
    let lease = given.leased("acme").await;
    given.add("acme", "one").await;
    given.park(&lease, "one").await;
    assert!(given.to_do(&lease).await.is_empty());
    given.relabel("acme", "one", "First").await;
    let work = given.work(&lease).await;
    let sync = &find(&work, "one").sync;
    let problem = Some(super::given::refused());
    let revision = crate::domain::Revision::new(3);
    assert_eq!(sync.parked, Some(Parked { revision, problem }));
}

pub(crate) async fn what_is_in_doubt_is_always_to_be_looked_at(given: Given) {
    let lease = given.leased("acme").await;
    given.add("acme", "one").await;
    given.begin(&lease, &["one"]).await;
    let work = given.work(&lease).await;
    let in_doubt = InDoubt {
        effect: Effect::Create(attributes("one")),
        name: None,
        settled_at_micros: work.now.plus(SETTLES).as_micros(),
    };
    assert_eq!(find(&work, "one").sync.in_doubt, Some(in_doubt));
    let park = Transition::Fail { in_doubt: true, wait_ms: 1, problem: away() };
    given.record(&lease, "one", park).await;
    assert!(find(&given.work(&lease).await, "one").sync.in_doubt.is_some());
    given.record(&lease, "one", Transition::Withdraw).await;
    assert!(find(&given.work(&lease).await, "one").sync.in_doubt.is_none());
}

pub(crate) async fn where_the_vendor_stands_is_read_as_it_was_written(given: Given) {
    let lease = given.leased("acme").await;
    given.add("acme", "one").await;
    given.confirm(&lease, "one").await;
    given.relabel("acme", "one", "First").await;
    let held = Some(crate::domain::Attributes::from([
        ("label", "Fürst \"I\"".into()),
        ("order", 1.into()),
        ("options", serde_json::json!([{"value": "a", "hidden": false}, null])),
    ]));
    given.record(&lease, "one", Transition::Settle(held.clone())).await;
    let fail = Transition::Fail { in_doubt: false, wait_ms: 7, problem: away() };
    given.record(&lease, "one", fail).await;
    let work = given.work(&lease).await;
    let sync = &find(&work, "one").sync;
    assert_eq!((&sync.applied, &sync.previous), (&held, &Some(attributes("one"))));
    assert_eq!((sync.applied_rev.get(), sync.confirmed_at), (0, Some(work.now)));
    assert_eq!(sync.failing.unwrap().count, 1);
    assert!(sync.parked.is_none() && sync.in_doubt.is_none());
}

pub(crate) async fn nothing_is_begun_at_a_connection_that_was_changed(given: Given) {
    let lease = given.leased("acme").await;
    given.add("acme", "one").await;
    let begin = || Begin {
        resource_id: super::given::resource("field-3"),
        desired_rev: Revision::new(3),
        name: "one".to_owned(),
        effect: Effect::Create(attributes("one")),
        planned_in_doubt: None,
        message: String::new(),
    };
    let store = given.store();
    given.done("acme", connect_with("account of acme", "renewed")).await;
    let begun = store.begin(&lease, "credential", vec![begin()], SETTLES, None).await;
    assert!(matches!(begun, Err(Error::Disconnected)), "{begun:?}");
    store.begin(&lease, "renewed", vec![begin()], SETTLES, None).await.unwrap();
    given.record(&lease, "one", Transition::Withdraw).await;
    given.done("acme", disconnect()).await;
    let begun = store.begin(&lease, "renewed", vec![begin()], SETTLES, None).await;
    assert!(matches!(begun, Err(Error::Disconnected)), "{begun:?}");
    given.done("acme", connect_with("account of acme", "renewed")).await;
    assert!(find(&given.work(&lease).await, "one").sync.in_doubt.is_none());
}

pub(crate) async fn nothing_is_begun_that_was_cancelled_since_it_was_planned(given: Given) {
    let lease = given.leased("acme").await;
    given.add("acme", "one").await;
    let planned = find(&given.work(&lease).await, "one").version.from_rev;
    let begin = |desired_rev| Begin {
        resource_id: super::given::resource("field-3"),
        desired_rev,
        name: "one".to_owned(),
        effect: Effect::Create(attributes("one")),
        planned_in_doubt: None,
        message: String::new(),
    };
    let ask = |desired_rev| {
        given.store().begin(&lease, "credential", vec![begin(desired_rev)], SETTLES, None)
    };
    // What is parked is a newer decision than the one that was planned: neither is wanted.
    let job = given.relabel("acme", "one", "First").await;
    given.cancel(&job).await;
    for revision in [planned, job.revision] {
        let begun = ask(revision).await;
        assert!(matches!(begun, Err(Error::Outdated)), "{begun:?}");
    }
    assert!(given.to_do(&lease).await.is_empty(), "no call is in doubt");
    // An older decision that is parked does not hold up a newer one.
    let newest = given.relabel("acme", "one", "Second").await.revision;
    ask(newest).await.unwrap();
}

pub(crate) async fn a_connection_with_open_jobs_is_due_unless_somebody_holds_it(given: Given) {
    let bell = given.connected("acme").await;
    let due = || async { given.store().due(10, false).await.unwrap() };
    assert!(due().await.is_empty());
    given.add("acme", "one").await;
    assert_eq!(due().await, std::slice::from_ref(&bell));
    let lease = given.claim(&bell).await;
    assert!(due().await.is_empty());
    given.advance(PERIOD);
    assert_eq!(due().await, std::slice::from_ref(&bell));
    assert_eq!(lease.doorbell, bell);
    let lease = given.claim(&bell).await;
    given.confirm(&lease, "one").await;
    given.store().release(&lease, None).await.unwrap();
    assert!(due().await.is_empty());
}

pub(crate) async fn a_connection_with_a_call_in_doubt_is_due(given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    given.begin(&lease, &["one"]).await;
    given.cancel(&job).await;
    given.store().release(&lease, None).await.unwrap();
    assert_eq!(given.store().due(10, false).await.unwrap(), [lease.doorbell]);
}

pub(crate) async fn a_connection_that_is_closed_or_not_in_use_is_not_due(given: Given) {
    let lease = given.leased("acme").await;
    given.add("acme", "one").await;
    let store = given.store();
    store.record(&lease, Vec::new(), Some(Given::gate())).await.unwrap();
    store.release(&lease, None).await.unwrap();
    assert!(store.due(10, false).await.unwrap().is_empty());
    given.advance(Duration::from_secs(59));
    assert_eq!(store.due(10, false).await.unwrap(), [lease.doorbell]);
    given.done("acme", disconnect()).await;
    assert!(store.due(10, false).await.unwrap().is_empty());
}

pub(crate) async fn the_connection_that_rested_longest_is_due_first(given: Given) {
    for company in ["a", "b", "c"] {
        given.connected(company).await;
        given.add(company, "one").await;
    }
    let first = |limit| {
        let given = &given;
        async move {
            let due = given.store().due(limit, false).await.unwrap();
            due.into_iter().map(|bell| bell.company_id.to_string()).collect::<Vec<_>>()
        }
    };
    assert_eq!(first(2).await, ["a", "b"]);
    for company in ["a", "b"] {
        let lease = given.claim(&given.bell(company).await).await;
        given.advance(Duration::from_secs(1));
        given.store().release(&lease, None).await.unwrap();
    }
    assert_eq!(first(3).await, ["c", "a", "b"]);
}

pub(crate) async fn the_backlog_counts_what_is_left_to_do(given: Given) {
    let left = async || {
        let Backlog { connections, open_jobs, .. } = given.store().backlog().await.unwrap();
        (connections, open_jobs)
    };
    let lease = given.leased("a").await;
    given.connected("b").await;
    given.company("unconnected").await;
    assert_eq!(left().await, (0, 0));
    let one = given.add("a", "one").await;
    given.add("a", "two").await;
    given.add("b", "one").await;
    given.add("unconnected", "one").await;
    // Somebody who works on it has not done it yet; what waits for a connection is nobody's work.
    assert_eq!(left().await, (2, 4));
    given.done("b", disconnect()).await;
    assert_eq!(left().await, (1, 4));
    given.confirm(&lease, "two").await;
    given.begin(&lease, &["one"]).await;
    given.cancel(&one).await;
    assert_eq!(left().await, (1, 2), "a call is in doubt");
}
