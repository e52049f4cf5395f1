//! Calls that end after the lease that they were made under.

use super::Given;
use super::given::{PERIOD, SETTLES, attributes, find};
use crate::domain::{Effect, Revision, Transition};
use crate::store::{Begin, Error, LateCall, Lease};

fn late() -> LateCall {
    LateCall {
        name: "one".to_owned(),
        resource_id: super::given::resource("field-3"),
        effect: Effect::Update(attributes("late")),
    }
}

/// A connection that was taken over, with a field that the present holder carried out.
async fn taken_over(given: &Given) -> Lease {
    let old = given.leased("acme").await;
    given.add("acme", "one").await;
    given.begin(&old, &["one"]).await;
    given.advance(PERIOD);
    given.claim(&old.doorbell).await
}

pub(crate) async fn a_call_that_outlived_its_lease_is_to_be_looked_at(given: Given) {
    let lease = taken_over(&given).await;
    given.confirm(&lease, "one").await;
    assert!(given.to_do(&lease).await.is_empty());
    let store = given.store();
    assert_eq!(store.suspect(&lease.doorbell, vec![late()]).await.unwrap(), []);
    let work = given.work(&lease).await;
    let in_doubt = find(&work, "one").sync.in_doubt.clone().unwrap();
    assert_eq!(in_doubt.effect, late().effect);
    assert!(in_doubt.settled_at_micros <= work.now.as_micros(), "it has ended");
    store.release(&lease, None).await.unwrap();
    assert_eq!(store.due(10, false).await.unwrap(), [lease.doorbell]);
}

pub(crate) async fn what_a_late_call_made_of_something_is_set_right(given: Given) {
    let lease = taken_over(&given).await;
    given.confirm(&lease, "one").await;
    let store = given.store();
    store.suspect(&lease.doorbell, vec![late()]).await.unwrap();
    given.record(&lease, "one", Transition::Settle(Some(attributes("late")))).await;
    assert_eq!(given.to_do(&lease).await, ["one"], "it is not as decided, though no job is open");
    store.release(&lease, None).await.unwrap();
    assert_eq!(store.due(10, false).await.unwrap(), std::slice::from_ref(&lease.doorbell));
    let lease = given.claim(&lease.doorbell).await;
    given.confirm(&lease, "one").await;
    store.release(&lease, None).await.unwrap();
    assert_eq!(store.due(10, false).await.unwrap(), []);
}

pub(crate) async fn a_call_that_is_in_doubt_comes_before_a_late_one(given: Given) {
    let lease = taken_over(&given).await;
    let suspect = || given.store().suspect(&lease.doorbell, vec![late()]);
    assert_eq!(suspect().await.unwrap(), [late()]);
    let work = given.work(&lease).await;
    let in_doubt = find(&work, "one").sync.in_doubt.clone().unwrap();
    assert_ne!(in_doubt.effect, late().effect);
    given.confirm(&lease, "one").await;
    assert_eq!(suspect().await.unwrap(), []);
}

pub(crate) async fn nothing_is_begun_that_was_planned_without_a_late_call(given: Given) {
    let lease = taken_over(&given).await;
    given.confirm(&lease, "one").await;
    given.relabel("acme", "one", "First").await;
    let begin = |planned_in_doubt| Begin {
        resource_id: super::given::resource("field-3"),
        desired_rev: Revision::new(4),
        name: "one".to_owned(),
        effect: Effect::Update(attributes("First")),
        planned_in_doubt,
        message: String::new(),
    };
    let store = given.store();
    store.suspect(&lease.doorbell, vec![late()]).await.unwrap();
    let begun = store.begin(&lease, "credential", vec![begin(None)], SETTLES, None).await;
    assert!(matches!(begun, Err(Error::Outdated)), "{begun:?}");
    let in_doubt = find(&given.work(&lease).await, "one").sync.in_doubt.clone();
    assert_eq!(in_doubt.clone().unwrap().effect, late().effect, "nothing was noted");
    store.begin(&lease, "credential", vec![begin(in_doubt)], SETTLES, None).await.unwrap();
}
