//! Leases: one holder at a time, and nothing from an older one.

use std::time::Duration;

use super::Given;
use super::given::{PERIOD, SETTLES, attributes, connect, disconnect, outcome};
use crate::domain::{ConnectionId, Effect, JobState, Revision, Scope, Transition};
use crate::store::{Begin, Claimed, Doorbell, Error, Lease};

/// Asserts that a lease is worth nothing any more, and that trying it changes nothing.
async fn assert_fenced(given: &Given, lease: &Lease) {
    let store = given.store();
    let begin = Begin {
        resource_id: super::given::resource("field-3"),
        desired_rev: Revision::new(3),
        name: "one".to_owned(),
        effect: Effect::Create(attributes("one")),
        planned_in_doubt: None,
        message: String::new(),
    };
    let begun = store.begin(lease, "credential", vec![begin], SETTLES, Some("w".to_owned())).await;
    assert!(matches!(begun, Err(Error::Fenced)), "{begun:?}");
    let recorded = store.record(lease, Vec::new(), Some(Given::gate())).await;
    assert!(matches!(recorded, Err(Error::Fenced)), "{recorded:?}");
    assert!(matches!(store.renew(lease, PERIOD).await, Err(Error::Fenced)));
    assert!(matches!(store.work(lease, 1).await, Err(Error::Fenced)));
    assert!(matches!(store.release(lease, None).await, Err(Error::Fenced)));
    assert!(matches!(store.reseal(lease, "credential", b"new").await, Err(Error::Fenced)));
}

pub(crate) async fn a_lease_has_one_holder(given: Given) {
    let bell = given.connected("acme").await;
    let lease = given.claim(&bell).await;
    assert_eq!((lease.epoch, lease.taken_over, lease.period), (1, false, PERIOD));
    for who in ["another", "executor"] {
        let claimed = given.store().claim(&bell, who, PERIOD).await.unwrap();
        assert_eq!(claimed, Claimed::Held("executor".to_owned()));
    }
}

pub(crate) async fn connections_have_leases_of_their_own(given: Given) {
    let (one, two) = (given.leased("one").await, given.leased("two").await);
    assert_ne!(one.doorbell, two.doorbell);
    given.work(&one).await;
    given.work(&two).await;
}

pub(crate) async fn a_lease_that_was_given_back_can_be_taken_at_once(given: Given) {
    let lease = given.leased("acme").await;
    given.store().release(&lease, Some("window".to_owned())).await.unwrap();
    assert_fenced(&given, &lease).await;
    let next =
        given.store().claim(&lease.doorbell, "another", PERIOD).await.unwrap().taken().unwrap();
    assert_eq!((next.epoch, next.taken_over), (2, false));
    assert_eq!(given.work(&next).await.window, Some("window".to_owned()));
}

pub(crate) async fn a_lease_that_is_over_is_taken_over(given: Given) {
    let lease = given.leased("acme").await;
    given.advance(PERIOD - Duration::from_micros(1));
    assert_eq!(
        given.store().claim(&lease.doorbell, "another", PERIOD).await.unwrap().taken(),
        None
    );
    given.work(&lease).await;
    given.advance(Duration::from_micros(1));
    assert_fenced(&given, &lease).await;
    let next =
        given.store().claim(&lease.doorbell, "another", PERIOD).await.unwrap().taken().unwrap();
    assert_eq!((next.epoch, next.taken_over), (2, true));
    assert_fenced(&given, &lease).await;
    given.work(&next).await;
}

pub(crate) async fn a_lease_can_be_prolonged_while_it_lasts(given: Given) {
    let lease = given.leased("acme").await;
    given.advance(Duration::from_secs(20));
    let renewed = given.store().renew(&lease, PERIOD).await.unwrap();
    assert_eq!(renewed, lease);
    given.advance(Duration::from_secs(20));
    given.work(&renewed).await;
    given.advance(Duration::from_secs(10));
    assert_fenced(&given, &renewed).await;
}

pub(crate) async fn an_older_lease_changes_nothing(given: Given) {
    let old = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    let held = Transition::Confirm(Some(attributes("one")));
    let late = outcome(&given.work(&old).await, "one", held);
    given.advance(PERIOD);
    let new = given.claim(&old.doorbell).await;
    assert_fenced(&given, &old).await;
    let recorded = given.store().record(&old, vec![late], None).await;
    assert!(matches!(recorded, Err(Error::Fenced)));
    assert_eq!(given.states(&job).await, [JobState::Queued]);
    let work = given.work(&new).await;
    assert_eq!((&work.gate, &work.window), (&None, &None));
    assert_eq!(super::given::find(&work, "one").sync, crate::domain::Sync::default());
}

pub(crate) async fn there_is_no_lease_on_what_is_not_in_use(given: Given) {
    let bell = given.connected("acme").await;
    given.done("acme", disconnect()).await;
    assert_eq!(given.store().claim(&bell, "executor", PERIOD).await.unwrap(), Claimed::Unused);
    let connection_id = ConnectionId::from_trusted("connection-99");
    let nowhere = Doorbell { connection_id, ..bell };
    assert_eq!(given.store().claim(&nowhere, "executor", PERIOD).await.unwrap(), Claimed::Unused);
}

pub(crate) async fn the_gate_and_the_window_outlive_the_lease(given: Given) {
    let lease = given.leased("acme").await;
    given.add("acme", "one").await;
    let begin = Begin {
        resource_id: super::given::resource("field-3"),
        desired_rev: Revision::new(3),
        name: "one".to_owned(),
        effect: Effect::Create(attributes("one")),
        planned_in_doubt: None,
        message: "creating".to_owned(),
    };
    let store = given.store();
    let window = Some("three of ten".to_owned());
    store.begin(&lease, "credential", vec![begin], SETTLES, window.clone()).await.unwrap();
    store.record(&lease, Vec::new(), Some(Given::gate())).await.unwrap();
    given.advance(PERIOD);
    let next = given.claim(&lease.doorbell).await;
    let work = given.work(&next).await;
    assert_eq!((work.window, work.gate.unwrap().wait_ms), (window, 30_000));
    given.advance(Duration::from_secs(29));
    assert_eq!(given.work(&next).await.gate.unwrap().wait_ms, 1_000);
    let next = store.renew(&next, PERIOD).await.unwrap();
    given.advance(Duration::from_secs(1));
    assert_eq!(given.work(&next).await.gate, None);
}

pub(crate) async fn a_shorter_gate_does_not_open_a_longer_one(given: Given) {
    let lease = given.leased("acme").await;
    let short = crate::store::Gate { wait_ms: 10, ..Given::gate() };
    given.store().record(&lease, Vec::new(), Some(Given::gate())).await.unwrap();
    given.store().record(&lease, Vec::new(), Some(short)).await.unwrap();
    assert_eq!(given.work(&lease).await.gate.unwrap().wait_ms, 60_000);
}

pub(crate) async fn connecting_again_opens_the_gate(given: Given) {
    let lease = given.leased("acme").await;
    given.store().record(&lease, Vec::new(), Some(Given::gate())).await.unwrap();
    given.done("acme", disconnect()).await;
    given.done("acme", connect("account of acme")).await;
    assert_eq!(given.work(&lease).await.gate, None);
}

pub(crate) async fn jobs_are_told_the_longer_of_two_gates(given: Given) {
    let lease = given.leased("acme").await;
    let early = given.add("acme", "one").await;
    let work = given.work(&lease).await;
    let opens_at = work.now.plus(Duration::from_secs(60));
    given.store().record(&lease, Vec::new(), Some(Given::gate())).await.unwrap();
    let late = given.add("acme", "two").await;
    let short = crate::store::Gate { wait_ms: 10, problem: super::given::away() };
    given.store().record(&lease, Vec::new(), Some(short)).await.unwrap();
    for job in [&early, &late] {
        let job = given.job(job).await;
        assert_eq!((job.state, job.next_attempt_at), (JobState::Waiting, Some(opens_at)));
        assert_eq!(job.error.unwrap().problem, Given::gate().problem);
    }
    assert_eq!(given.states(&early).await.len(), 2, "told once");
}

pub(crate) async fn a_scan_is_asked_for_again_only_when_somebody_may_have_begun_it(given: Given) {
    let bell = given.connected("acme").await;
    let ask = async || {
        let asked = given.store().ask_for_scan(&Scope::All, &bell.company_id, None).await;
        let scan = asked.unwrap().unwrap().remove(0).scan;
        assert!(scan.asked);
        scan.next_at
    };
    let first = ask().await;
    given.advance(Duration::from_secs(1));
    assert_eq!(ask().await, first, "that one is still to come");
    let lease = given.claim(&bell).await;
    let second = ask().await;
    assert!(second > first, "the one before may have seen less");
    given.advance(Duration::from_secs(1));
    given.store().release(&lease, None).await.unwrap();
    assert_eq!(ask().await, second);
}
