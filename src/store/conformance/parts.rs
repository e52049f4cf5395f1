//! Jobs of two parts: what concerns fields at one vendor, and cadences at another.

use std::time::Duration;

use super::Given;
use super::given::{
    PERIOD, add, add_cadence, away, connect_to, disconnect, fingerprint, outcome, relabel, remove,
    remove_cadence, rename_cadence, request, roll_back,
};
use crate::domain::{Job, JobAction, JobId, JobState, ProblemReason, Transition, VendorKind};
use crate::store::Lease;

use JobState::{Cancelled, Failed, Queued, Running, Succeeded, Superseded, Waiting};

/// Decides to go back to when there were the field `one` and the cadence `trial`.
async fn go_back(given: &Given) -> Job {
    let first = given.done("acme", add("one")).await;
    let both = given.done("acme", add_cadence("trial")).await.revision.get();
    assert_eq!(first.revision.get() + 1, both);
    given.done("acme", remove("one")).await;
    given.done("acme", remove_cadence("trial")).await;
    given.done("acme", roll_back(both)).await.job.unwrap()
}

/// The company, its leases and the job of a decision to go back.
async fn both(given: &Given) -> (Lease, Lease, JobId) {
    given.company("acme").await;
    let (hubspot, upso) = given.leased_both("acme").await;
    let job = go_back(given).await.id;
    (hubspot, upso, job)
}

/// Where the part at HubSpot and the part at Upso stand.
async fn parts(given: &Given, job: &JobId) -> [JobState; 2] {
    states_of(&given.job(job).await)
}

fn states_of(job: &Job) -> [JobState; 2] {
    let state = |vendor| job.parts.iter().find(|part| part.vendor == vendor).unwrap().state;
    [state(VendorKind::HubSpot), state(VendorKind::Upso)]
}

fn reason(job: &Job) -> Option<ProblemReason> {
    job.error.as_ref().map(|error| error.problem.reason)
}

fn fail(wait_ms: u64) -> Transition {
    Transition::Fail { in_doubt: false, wait_ms, problem: away() }
}

pub(crate) async fn going_back_over_fields_and_cadences_is_one_job_of_two_parts(given: Given) {
    given.company("acme").await;
    let (hubspot, upso) = given.leased_both("acme").await;
    let job = go_back(&given).await;
    let told: Vec<_> = job.parts.iter().map(|part| (part.vendor, part.unit.as_str())).collect();
    assert_eq!(told, [(VendorKind::HubSpot, "fields"), (VendorKind::Upso, "cadences")]);
    assert!(job.parts.iter().all(|part| (part.done, part.total) == (0, 1)));
    assert_eq!((job.state, states_of(&job)), (Queued, [Queued, Queued]));
    let job = job.id;
    given.begin(&hubspot, &["one"]).await;
    assert_eq!(parts(&given, &job).await, [Running, Queued]);
    given.confirm(&hubspot, "one").await;
    assert_eq!(parts(&given, &job).await, [Succeeded, Queued]);
    assert_eq!(given.job(&job).await.ended_at, None);
    given.begin(&upso, &["trial"]).await;
    given.confirm(&upso, "trial").await;
    let ended = given.job(&job).await;
    assert_eq!((ended.state, states_of(&ended)), (Succeeded, [Succeeded, Succeeded]));
    assert!(ended.ended_at.is_some());
    assert_eq!(given.states(&job).await, [Queued, Running, Running, Running, Succeeded]);
    let events = given.events(&job).await;
    let counted: Vec<_> = events.iter().map(|event| (event.done, event.total)).collect();
    assert_eq!(counted, [(0, 2), (0, 2), (1, 2), (1, 2), (2, 2)]);
    assert!(events.iter().all(|event| event.unit == "resources"));
}

pub(crate) async fn a_part_without_a_connection_waits_while_the_other_goes_on(given: Given) {
    let hubspot = given.leased("acme").await;
    let committed = go_back(&given).await;
    assert_eq!((committed.state, states_of(&committed)), (Queued, [Queued, Waiting]));
    assert_eq!(reason(&committed), None);
    let job = committed.id;
    given.begin(&hubspot, &["one"]).await;
    assert_eq!((given.state(&job).await, parts(&given, &job).await), (Running, [Running, Waiting]));
    given.confirm(&hubspot, "one").await;
    let waiting = given.job(&job).await;
    assert_eq!((waiting.state, states_of(&waiting)), (Waiting, [Succeeded, Waiting]));
    assert_eq!(reason(&waiting), Some(ProblemReason::NotConnected));
    given.done("acme", connect_to(VendorKind::Upso, "account")).await;
    let going = given.job(&job).await;
    assert_eq!((going.state, states_of(&going)), (Running, [Succeeded, Queued]));
    assert_eq!(reason(&going), None);
    let upso = given.claim(&given.bell_of("acme", VendorKind::Upso).await).await;
    given.confirm(&upso, "trial").await;
    let states = [Queued, Running, Waiting, Running, Succeeded];
    assert_eq!(given.states(&job).await, states);
}

pub(crate) async fn disconnecting_one_vendor_leaves_the_other_part_alone(given: Given) {
    let (hubspot, upso, job) = both(&given).await;
    given.done("acme", disconnect()).await;
    let going = given.job(&job).await;
    assert_eq!((going.state, states_of(&going)), (Queued, [Waiting, Queued]));
    assert!(given.to_do(&hubspot).await.is_empty());
    assert_eq!(given.to_do(&upso).await, ["trial"]);
    given.confirm(&upso, "trial").await;
    let waiting = given.job(&job).await;
    assert_eq!((waiting.state, states_of(&waiting)), (Waiting, [Waiting, Succeeded]));
    // What has ended has nothing to wait for.
    given.done("acme", crate::domain::Intent::DisconnectVendor { vendor: VendorKind::Upso }).await;
    assert_eq!(parts(&given, &job).await, [Waiting, Succeeded]);
    given.done("acme", connect_to(VendorKind::HubSpot, "account of acme")).await;
    given.confirm(&hubspot, "one").await;
    assert_eq!(given.state(&job).await, Succeeded);
}

pub(crate) async fn a_job_waits_when_all_of_its_open_parts_do(given: Given) {
    let (hubspot, upso, job) = both(&given).await;
    let held = outcome(&given.work(&hubspot).await, "one", fail(500));
    given.store().record(&hubspot, vec![held], Some(Given::gate())).await.unwrap();
    let going = given.job(&job).await;
    assert_eq!((going.state, states_of(&going)), (Queued, [Waiting, Queued]));
    assert_eq!((reason(&going), going.next_attempt_at), (None, None));
    given.record(&upso, "trial", fail(5_000)).await;
    // It goes on when the first of them does.
    let now = given.work(&upso).await.now;
    let waiting = given.job(&job).await;
    assert_eq!((waiting.state, states_of(&waiting)), (Waiting, [Waiting, Waiting]));
    assert_eq!(waiting.next_attempt_at, Some(now.plus(Duration::from_secs(5))));
    assert_eq!(reason(&waiting), Some(ProblemReason::VendorUnavailable));
    given.begin(&upso, &["trial"]).await;
    assert_eq!((given.state(&job).await, parts(&given, &job).await), (Running, [Waiting, Running]));
    given.confirm(&upso, "trial").await;
    let waiting = given.job(&job).await;
    assert_eq!(waiting.next_attempt_at, Some(now.plus(Duration::from_secs(60))));
    assert_eq!((waiting.state, reason(&waiting)), (Waiting, Some(ProblemReason::RateLimited)));
}

pub(crate) async fn what_a_part_waits_for_survives_a_restart(mut given: Given) {
    let (hubspot, upso, job) = both(&given).await;
    given.record(&upso, "trial", fail(60_000)).await;
    let until = given.work(&upso).await.now.plus(Duration::from_secs(60));
    let before = given.job(&job).await;
    given.restart().await;
    assert_eq!(given.job(&job).await, before);
    let hubspot =
        given.store().claim(&hubspot.doorbell, "next", PERIOD).await.unwrap().taken().unwrap();
    given.confirm(&hubspot, "one").await;
    let waiting = given.job(&job).await;
    assert_eq!((waiting.state, waiting.next_attempt_at), (Waiting, Some(until)));
    assert_eq!(reason(&waiting), Some(ProblemReason::VendorUnavailable));
}

pub(crate) async fn a_job_with_a_part_refused_fails_when_the_other_has_ended(given: Given) {
    let (hubspot, upso, job) = both(&given).await;
    given.park(&hubspot, "one").await;
    let going = given.job(&job).await;
    assert_eq!((going.state, states_of(&going)), (Running, [Failed, Queued]));
    assert_eq!(reason(&going), Some(ProblemReason::VendorRefused));
    given.confirm(&upso, "trial").await;
    let ended = given.job(&job).await;
    assert_eq!((ended.state, states_of(&ended)), (Failed, [Failed, Succeeded]));
    assert_eq!(reason(&ended), Some(ProblemReason::VendorRefused));
    assert_eq!(given.states(&job).await, [Queued, Running, Failed]);
}

pub(crate) async fn a_failure_is_moot_when_it_is_so_in_every_part(given: Given) {
    let (hubspot, upso, job) = both(&given).await;
    given.park(&hubspot, "one").await;
    given.park(&upso, "trial").await;
    assert_eq!((given.state(&job).await, parts(&given, &job).await), (Failed, [Failed, Failed]));
    given.done("acme", relabel("one", "Better")).await;
    given.confirm(&hubspot, "one").await;
    let half = given.job(&job).await;
    assert_eq!((half.state, states_of(&half)), (Failed, [Superseded, Failed]));
    given.done("acme", rename_cadence("trial", "Better")).await;
    given.confirm(&upso, "trial").await;
    let moot = given.job(&job).await;
    assert_eq!((moot.state, states_of(&moot)), (Superseded, [Superseded, Superseded]));
    assert_eq!(reason(&moot), None);
}

pub(crate) async fn cancelling_ends_both_parts_and_is_remembered_once(given: Given) {
    let (hubspot, upso, job) = both(&given).await;
    let mut wish = given.wish(&job, JobAction::Cancel);
    wish.request_id = request("r-1");
    let recorded = given.store().control(wish.clone()).await.unwrap().unwrap();
    let cancelled = recorded.job.unwrap();
    assert_eq!((cancelled.state, states_of(&cancelled)), (Cancelled, [Cancelled, Cancelled]));
    assert_eq!((cancelled.attempt, recorded.ring), (1, vec![]));
    assert!(given.to_do(&hubspot).await.is_empty() && given.to_do(&upso).await.is_empty());
    let states = given.states(&job).await;
    assert_eq!(states, [Queued, Running, Cancelled]);
    let events = given.events(&job).await;
    let told: Vec<_> = events.iter().skip(1).map(|event| event.request_id.as_str()).collect();
    assert_eq!(told, ["r-1", ""]);
    assert!(events.iter().skip(1).all(|event| event.actor == "ada" && event.reason == "because"));
    let again = given.store().control(wish.clone()).await.unwrap().unwrap();
    assert_eq!((again.job.unwrap(), again.events), (cancelled, vec![]));
    wish.fingerprint = fingerprint("another");
    let refusal = given.store().control(wish).await.unwrap().unwrap_err();
    assert_eq!(refusal, crate::domain::Refusal::RequestIdReused);
    assert_eq!(given.states(&job).await, states);
}

pub(crate) async fn cancelling_leaves_a_part_that_has_ended(given: Given) {
    let (hubspot, upso, job) = both(&given).await;
    given.confirm(&hubspot, "one").await;
    let mut wish = given.wish(&job, JobAction::Cancel);
    wish.request_id = request("r-1");
    given.store().control(wish.clone()).await.unwrap().unwrap();
    let cancelled = given.job(&job).await;
    assert_eq!((cancelled.state, states_of(&cancelled)), (Cancelled, [Succeeded, Cancelled]));
    assert!(given.to_do(&upso).await.is_empty());
    assert_eq!(given.events(&job).await.last().unwrap().request_id, "r-1");
    assert!(given.store().control(wish).await.unwrap().unwrap().events.is_empty());
    // Only what was cancelled is taken up again.
    given.retry(&job).await;
    assert_eq!(parts(&given, &job).await, [Succeeded, Queued]);
    assert!(given.to_do(&hubspot).await.is_empty());
    assert_eq!(given.to_do(&upso).await, ["trial"]);
}

pub(crate) async fn retrying_sets_both_parts_going_once(given: Given) {
    let (hubspot, upso, job) = both(&given).await;
    given.park(&hubspot, "one").await;
    given.park(&upso, "trial").await;
    let mut wish = given.wish(&job, JobAction::Retry);
    wish.request_id = request("r-1");
    let recorded = given.store().control(wish.clone()).await.unwrap().unwrap();
    assert_eq!(recorded.ring, [hubspot.doorbell.clone(), upso.doorbell.clone()]);
    let retried = recorded.job.unwrap();
    assert_eq!((retried.state, states_of(&retried)), (Queued, [Queued, Queued]));
    assert_eq!((retried.attempt, reason(&retried), retried.ended_at), (2, None, None));
    let again = given.store().control(wish).await.unwrap().unwrap();
    assert_eq!((again.job.unwrap(), again.events), (retried, vec![]));
    assert_eq!(given.to_do(&hubspot).await, ["one"]);
    given.confirm(&hubspot, "one").await;
    given.confirm(&upso, "trial").await;
    let ended = given.job(&job).await;
    assert_eq!((ended.state, ended.attempt), (Succeeded, 2));
    let events = given.events(&job).await;
    let attempts: Vec<_> = events.iter().map(|event| event.attempt).collect();
    assert_eq!(attempts, [1, 1, 1, 2, 2, 2, 2]);
    let remembered = events.iter().filter(|event| event.request_id == "r-1");
    assert_eq!(remembered.count(), 1);
    given.states(&job).await;
}

pub(crate) async fn retrying_counts_once_where_a_part_is_there_already(given: Given) {
    let (hubspot, upso, job) = both(&given).await;
    given.cancel(&job).await;
    given.done("acme", relabel("one", "Newer")).await;
    given.confirm(&hubspot, "one").await;
    let recorded = given.retry(&job).await;
    assert_eq!(recorded.ring, std::slice::from_ref(&upso.doorbell));
    let retried = recorded.job.unwrap();
    assert_eq!((retried.attempt, states_of(&retried)), (2, [Succeeded, Queued]));
    assert_eq!(retried.state, Running);
    given.confirm(&upso, "trial").await;
    let ended = given.job(&job).await;
    assert_eq!((ended.state, ended.attempt), (Succeeded, 2));
    let attempts: Vec<_> = given.events(&job).await.iter().map(|event| event.attempt).collect();
    assert!(attempts.is_sorted(), "{attempts:?}");
    given.states(&job).await;
}

pub(crate) async fn retrying_leaves_a_part_that_succeeded(given: Given) {
    let (hubspot, upso, job) = both(&given).await;
    given.confirm(&hubspot, "one").await;
    given.park(&upso, "trial").await;
    assert_eq!((given.state(&job).await, parts(&given, &job).await), (Failed, [Succeeded, Failed]));
    let recorded = given.retry(&job).await;
    assert_eq!(recorded.ring, std::slice::from_ref(&upso.doorbell));
    assert_eq!(states_of(&recorded.job.unwrap()), [Succeeded, Queued]);
    given.confirm(&upso, "trial").await;
    let ended = given.job(&job).await;
    assert_eq!((ended.state, ended.attempt), (Succeeded, 2));
}
