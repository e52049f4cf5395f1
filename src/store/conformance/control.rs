//! Cancelling and retrying.

use super::Given;
use super::given::{caller, connect, disconnect, find, fingerprint, only, request, roll_back};
use crate::domain::{JobAction, JobState, ProblemReason, Refusal, Transition};

use JobState::{Cancelled, Failed, Queued, Running, Succeeded, Superseded, Waiting};

pub(crate) async fn a_cancelled_decision_is_left_alone(given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    let recorded = given.cancel(&job).await;
    assert_eq!(recorded.job.unwrap().state, Cancelled);
    assert_eq!(recorded.ring, []);
    assert_eq!(given.states(&job).await, [Queued, Cancelled]);
    assert!(given.job(&job).await.ended_at.is_some());
    assert!(given.to_do(&lease).await.is_empty());
}

pub(crate) async fn the_event_tells_who_cancelled_and_why(given: Given) {
    given.connected("acme").await;
    let job = given.add("acme", "one").await;
    let mut wish = given.wish(&job, JobAction::Cancel);
    wish.request_id = request("r-1");
    let recorded = given.store().control(wish).await.unwrap().unwrap();
    let event = recorded.events.last().unwrap();
    assert_eq!((event.actor.as_str(), event.reason.as_str()), ("ada", "because"));
    assert_eq!(event.request_id, "r-1");
    assert_eq!(given.events(&job).await.last(), Some(event));
    assert_eq!(given.events(&job).await[0].actor, "");
}

pub(crate) async fn cancelling_also_cancels_what_was_folded_into_it(given: Given) {
    let lease = given.leased("acme").await;
    let folded = given.add("acme", "one").await;
    let job = given.relabel("acme", "one", "First").await;
    let recorded = given.cancel(&job).await;
    assert_eq!(recorded.events.len(), 2);
    assert_eq!(given.state(&folded).await, Cancelled);
    let event = given.events(&folded).await.pop().unwrap();
    assert_eq!(event.message, format!("cancelled with job {job}"));
    assert!(given.to_do(&lease).await.is_empty());
}

pub(crate) async fn cancelling_an_older_job_leaves_the_newer_decision_alone(given: Given) {
    let lease = given.leased("acme").await;
    let older = given.add("acme", "one").await;
    let newer = given.relabel("acme", "one", "First").await;
    given.cancel(&older).await;
    assert_eq!(given.state(&newer).await, Queued);
    assert_eq!(given.to_do(&lease).await, ["one"]);
    given.confirm(&lease, "one").await;
    assert_eq!(given.state(&newer).await, Succeeded);
    assert_eq!(given.state(&older).await, Cancelled);
}

pub(crate) async fn a_job_with_other_fields_pending_goes_on(given: Given) {
    given.company("acme").await;
    let one = given.add("acme", "one").await;
    let two = given.add("acme", "two").await;
    let lease = given.claim(&given.connect("acme", "account").await).await;
    let all = crate::domain::JobId { revision: 4.into_revision(), ..one.clone() };
    given.cancel(&one).await;
    assert_eq!((given.state(&one).await, given.state(&all).await), (Cancelled, Queued));
    given.confirm(&lease, "two").await;
    assert_eq!((given.state(&two).await, given.state(&all).await), (Succeeded, Cancelled));
}

pub(crate) async fn cancelling_keeps_what_was_confirmed(given: Given) {
    let lease = given.leased("acme").await;
    for name in ["a", "b"] {
        given.add("acme", name).await;
        given.confirm(&lease, name).await;
    }
    let job = given.done("acme", roll_back(2)).await.job.unwrap().id;
    given.record(&lease, "a", Transition::Confirm(None)).await;
    let cancelled = given.cancel(&job).await.job.unwrap();
    assert_eq!((cancelled.state, cancelled.parts[0].done), (Cancelled, 1));
}

pub(crate) async fn a_call_under_way_when_it_is_cancelled_is_still_looked_after(given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    given.begin(&lease, &["one"]).await;
    given.cancel(&job).await;
    assert_eq!(given.to_do(&lease).await, ["one"]);
    let held = Transition::Settle(Some(super::given::attributes("one")));
    given.record(&lease, "one", held).await;
    assert!(given.to_do(&lease).await.is_empty());
    assert_eq!(given.state(&job).await, Cancelled);
}

pub(crate) async fn only_open_jobs_are_cancelled_and_only_ended_ones_retried(given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    let refused = |action| given.store().control(given.wish(&job, action));
    let refusal = refused(JobAction::Retry).await.unwrap().unwrap_err();
    assert!(matches!(refusal, Refusal::JobState { state: Queued, .. }), "{refusal:?}");
    given.confirm(&lease, "one").await;
    for action in [JobAction::Cancel, JobAction::Retry] {
        let refusal = refused(action).await.unwrap().unwrap_err();
        assert!(matches!(refusal, Refusal::JobState { state: Succeeded, .. }), "{refusal:?}");
    }
    assert_eq!(given.states(&job).await, [Queued, Succeeded]);
}

pub(crate) async fn a_job_outside_the_scope_cannot_be_touched(given: Given) {
    given.connected("acme").await;
    let job = given.add("acme", "one").await;
    let mut wish = given.wish(&job, JobAction::Cancel);
    wish.caller = caller(only(&["other"]));
    let refusal = given.store().control(wish).await.unwrap().unwrap_err();
    assert_eq!(refusal, Refusal::JobNotFound(job.to_string()));
    let nobody = crate::domain::JobId { revision: 99.into_revision(), ..job.clone() };
    let wish = given.wish(&nobody, JobAction::Cancel);
    let refusal = given.store().control(wish).await.unwrap().unwrap_err();
    assert_eq!(refusal, Refusal::JobNotFound(nobody.to_string()));
    assert_eq!(given.state(&job).await, Queued);
}

pub(crate) async fn a_repeated_wish_answers_the_job_as_it_is_now(given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    let mut cancel = given.wish(&job, JobAction::Cancel);
    cancel.request_id = request("r-1");
    given.store().control(cancel.clone()).await.unwrap().unwrap();
    given.retry(&job).await;
    let again = given.store().control(cancel.clone()).await.unwrap().unwrap();
    assert_eq!(again.job.unwrap().state, Queued);
    assert!(again.events.is_empty());
    assert_eq!(given.to_do(&lease).await, ["one"]);
    cancel.fingerprint = fingerprint("another");
    let refusal = given.store().control(cancel).await.unwrap().unwrap_err();
    assert_eq!(refusal, Refusal::RequestIdReused);
}

pub(crate) async fn a_request_id_is_unique_per_job(given: Given) {
    given.connected("acme").await;
    for name in ["one", "two"] {
        let job = given.add("acme", name).await;
        let mut cancel = given.wish(&job, JobAction::Cancel);
        cancel.request_id = request("r-1");
        let recorded = given.store().control(cancel).await.unwrap().unwrap();
        assert_eq!(recorded.job.unwrap().state, Cancelled);
    }
}

pub(crate) async fn retrying_takes_up_what_was_refused(given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    given.park(&lease, "one").await;
    let recorded = given.retry(&job).await;
    assert_eq!(recorded.ring, std::slice::from_ref(&lease.doorbell));
    let retried = recorded.job.unwrap();
    assert_eq!((retried.state, retried.attempt), (Queued, 2));
    assert_eq!((retried.error, retried.ended_at), (None, None));
    assert_eq!(given.to_do(&lease).await, ["one"]);
    given.begin(&lease, &["one"]).await;
    given.confirm(&lease, "one").await;
    assert_eq!(given.states(&job).await, [Queued, Failed, Queued, Running, Succeeded]);
    let attempts: Vec<_> = given.events(&job).await.iter().map(|event| event.attempt).collect();
    assert_eq!(attempts, [1, 1, 2, 2, 2]);
}

pub(crate) async fn retrying_takes_up_what_was_cancelled(given: Given) {
    let lease = given.leased("acme").await;
    let folded = given.add("acme", "one").await;
    let job = given.relabel("acme", "one", "First").await;
    given.cancel(&job).await;
    given.retry(&job).await;
    assert_eq!(given.to_do(&lease).await, ["one"]);
    given.confirm(&lease, "one").await;
    assert_eq!((given.state(&job).await, given.state(&folded).await), (Succeeded, Cancelled));
}

pub(crate) async fn retrying_one_job_makes_the_failure_of_another_moot(given: Given) {
    let lease = given.leased("acme").await;
    let folded = given.add("acme", "one").await;
    let job = given.relabel("acme", "one", "First").await;
    given.park(&lease, "one").await;
    given.retry(&job).await;
    given.confirm(&lease, "one").await;
    assert_eq!((given.state(&job).await, given.state(&folded).await), (Succeeded, Superseded));
}

pub(crate) async fn retrying_an_older_job_leaves_a_newer_cancelled_decision_alone(given: Given) {
    let lease = given.leased("acme").await;
    let older = given.add("acme", "one").await;
    given.park(&lease, "one").await;
    let newer = given.relabel("acme", "one", "First").await;
    given.cancel(&newer).await;
    let wish = given.wish(&older, JobAction::Retry);
    let refusal = given.store().control(wish).await.unwrap().unwrap_err();
    assert!(matches!(refusal, Refusal::JobState { state: Failed, .. }), "{refusal:?}");
    assert!(given.to_do(&lease).await.is_empty());
    assert_eq!((given.state(&older).await, given.state(&newer).await), (Failed, Cancelled));
    // Whoever wants it after all retries the job that was cancelled.
    given.retry(&newer).await;
    given.confirm(&lease, "one").await;
    assert_eq!((given.state(&older).await, given.state(&newer).await), (Superseded, Succeeded));
}

pub(crate) async fn retrying_takes_up_all_but_what_was_cancelled_since(given: Given) {
    let lease = given.leased("acme").await;
    for name in ["a", "b"] {
        given.add("acme", name).await;
        given.confirm(&lease, name).await;
    }
    let both = given.done("acme", roll_back(2)).await.job.unwrap().id;
    for name in ["a", "b"] {
        given.park(&lease, name).await;
    }
    let newer = given.add("acme", "a").await;
    given.cancel(&newer).await;
    given.retry(&both).await;
    assert_eq!(given.to_do(&lease).await, ["b"]);
    given.record(&lease, "b", Transition::Confirm(None)).await;
    let ended = given.job(&both).await;
    assert_eq!((ended.state, ended.parts[0].done), (Failed, 1));
}

pub(crate) async fn retrying_what_is_there_already_succeeds_at_once(given: Given) {
    let lease = given.leased("acme").await;
    let older = given.add("acme", "one").await;
    given.relabel("acme", "one", "First").await;
    given.cancel(&older).await;
    given.confirm(&lease, "one").await;
    let recorded = given.retry(&older).await;
    assert_eq!(recorded.ring, []);
    let job = recorded.job.unwrap();
    assert_eq!((job.state, job.attempt, job.parts[0].done), (Succeeded, 2, 1));
    assert_eq!(given.states(&older).await, [Queued, Cancelled, Succeeded]);
}

pub(crate) async fn retrying_without_a_connection_waits_for_one(given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    given.park(&lease, "one").await;
    given.done("acme", disconnect()).await;
    let recorded = given.retry(&job).await;
    assert_eq!(recorded.ring, []);
    let waiting = recorded.job.unwrap();
    assert_eq!(waiting.state, Waiting);
    assert_eq!(waiting.error.unwrap().problem.reason, ProblemReason::NotConnected);
    given.done("acme", connect("account of acme")).await;
    given.confirm(&lease, "one").await;
    assert_eq!(given.state(&job).await, Succeeded);
}

pub(crate) async fn cancelling_without_a_connection_ends_the_job(given: Given) {
    given.company("acme").await;
    let job = given.add("acme", "one").await;
    given.cancel(&job).await;
    assert_eq!(given.states(&job).await, [Waiting, Cancelled]);
    // A connection takes up everything that is decided, in a job of its own.
    let all = given.done("acme", connect("account")).await.job.unwrap().id;
    let lease = given.claim(&given.bell("acme").await).await;
    given.confirm(&lease, "one").await;
    assert_eq!((given.state(&all).await, given.state(&job).await), (Succeeded, Cancelled));
}

pub(crate) async fn a_newer_decision_ends_a_cancel(given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    given.cancel(&job).await;
    given.relabel("acme", "one", "First").await;
    let work = given.work(&lease).await;
    assert_eq!(find(&work, "one").version.from_rev.get(), 4);
}

/// Spells revisions in the cases.
trait IntoRevision {
    fn into_revision(self) -> crate::domain::Revision;
}

impl IntoRevision for i64 {
    fn into_revision(self) -> crate::domain::Revision {
        crate::domain::Revision::new(self)
    }
}
