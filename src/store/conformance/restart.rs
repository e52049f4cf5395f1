//! What is there after the process ended without a word.

use super::Given;
use super::given::{PERIOD, find, request};
use crate::domain::{JobAction, JobState, Mutation};
use crate::store::Error;

pub(crate) async fn everything_is_there_after_a_restart(mut given: Given) {
    let lease = given.leased("acme").await;
    let done = given.add("acme", "done").await;
    given.confirm(&lease, "done").await;
    let mutation =
        Mutation { request_id: request("r-1"), ..given.ask("acme", super::given::add("open")) };
    let open = given.commit(mutation.clone()).await.unwrap().job.unwrap().id;
    let (entries, fields) = (given.entries("acme").await, given.fields("acme", None).await);
    let events = given.events(&done).await;
    given.restart().await;
    assert_eq!(given.entries("acme").await, entries);
    assert_eq!(given.fields("acme", None).await, fields);
    assert_eq!(given.events(&done).await, events);
    assert!(given.commit(mutation).await.unwrap().repeated);
    assert_eq!(given.state(&open).await, JobState::Queued);
    assert_eq!(given.relabel("acme", "open", "Open").await.revision.get(), 5);
}

pub(crate) async fn calls_under_way_are_in_doubt_after_a_restart(mut given: Given) {
    let old = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    given.begin(&old, &["one"]).await;
    given.restart().await;
    let lease = given.store().claim(&old.doorbell, "next", PERIOD).await.unwrap().taken().unwrap();
    assert_eq!((lease.epoch, lease.taken_over), (2, true));
    assert!(find(&given.work(&lease).await, "one").sync.in_doubt.is_some());
    assert!(matches!(given.store().work(&old, 1).await, Err(Error::Fenced)));
    given.confirm(&lease, "one").await;
    assert_eq!(given.state(&job).await, JobState::Succeeded);
}

pub(crate) async fn a_lease_given_back_before_a_restart_is_not_taken_over(mut given: Given) {
    let old = given.leased("acme").await;
    given.store().release(&old, None).await.unwrap();
    given.restart().await;
    let lease = given.claim(&old.doorbell).await;
    assert_eq!((lease.epoch, lease.taken_over), (2, false));
}

pub(crate) async fn a_cancel_holds_after_a_restart(mut given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    let mut cancel = given.wish(&job, JobAction::Cancel);
    cancel.request_id = request("r-1");
    given.store().control(cancel.clone()).await.unwrap().unwrap();
    given.restart().await;
    let lease = given.claim(&lease.doorbell).await;
    assert!(given.to_do(&lease).await.is_empty());
    let again = given.store().control(cancel).await.unwrap().unwrap();
    assert_eq!(again.job.unwrap().state, JobState::Cancelled);
    assert_eq!(given.states(&job).await, [JobState::Queued, JobState::Cancelled]);
}
