mod parts;

use std::time::Duration;

use super::*;
use crate::domain::{CompanyId, ProblemReason, Transition};
use crate::store::types::Outcome;

const VENDOR: VendorKind = VendorKind::HubSpot;

fn now() -> Timestamp {
    Timestamp::from_micros(1_000_000)
}

fn resource(name: &str) -> ResourceId {
    ResourceId::from_trusted(name)
}

fn problem(reason: ProblemReason) -> Problem {
    Problem::new(reason, format!("{reason:?}"))
}

/// A queued job of these resources.
fn job(revision: i64, names: &[&str]) -> (JobRow, Vec<ItemRow>) {
    let write = part(VENDOR, JobState::Queued, names);
    job_of(revision, &[write])
}

/// A part of a job that begins like this.
fn part(vendor: VendorKind, state: JobState, names: &[&str]) -> PartWrite {
    PartWrite {
        vendor,
        connection: None,
        state,
        problem: (state == JobState::Waiting).then(|| problem(ProblemReason::NotConnected)),
        items: names.iter().map(|name| resource(name)).collect(),
        fills: Vec::new(),
        unit: "fields",
    }
}

fn job_of(revision: i64, parts: &[PartWrite]) -> (JobRow, Vec<ItemRow>) {
    let revision = Revision::new(revision);
    let id = JobId { company_id: CompanyId::parse("acme").unwrap(), revision };
    let items = parts.iter().flat_map(|part| {
        part.items.iter().map(|resource_id| ItemRow {
            revision,
            vendor: part.vendor,
            resource_id: resource_id.clone(),
            state: ItemState::Pending,
            fills: false,
        })
    });
    (JobRow::accepted(id, parts, now(), now()).0, items.collect())
}

fn ledger(jobs: Vec<(JobRow, Vec<ItemRow>)>) -> Ledger {
    let (jobs, items): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
    Ledger::new(VENDOR, now(), jobs, items.into_iter().flatten().collect())
}

fn outcome(name: &str, revision: i64, transition: Transition) -> Outcome {
    let revision = Revision::new(revision);
    Outcome {
        resource_id: resource(name),
        desired_rev: revision,
        seen_rev: revision,
        transition,
        message: format!("did {name}"),
    }
}

fn park() -> Transition {
    Transition::Park { held: None, problem: problem(ProblemReason::VendorRefused) }
}

fn fail(wait_ms: u64) -> Transition {
    let problem = problem(ProblemReason::VendorUnavailable);
    Transition::Fail { in_doubt: false, wait_ms, problem }
}

/// The only job that a step changed, with its items as they are then.
fn only(progress: Progress, mut items: Vec<ItemRow>) -> (JobRow, Vec<ItemRow>, String) {
    assert_eq!((progress.jobs.len(), progress.events.len()), (1, 1));
    for moved in progress.items {
        let place = items.iter().position(|item| item.resource_id == moved.resource_id).unwrap();
        items[place] = moved;
    }
    let message = progress.events[0].event.message.clone();
    (progress.jobs[0].clone(), items, message)
}

fn reason(job: &JobRow) -> Option<ProblemReason> {
    job.to_job().error.map(|error| error.problem.reason)
}

#[test]
fn a_refusal_is_shown_again_after_a_wait_and_until_it_is_moot() {
    let (row, items) = job(1, &["a", "b"]);
    let mut ledger_1 = ledger(vec![(row, items.clone())]);
    ledger_1.recorded(&outcome("a", 1, park()), None);
    let (row, items, _) = only(ledger_1.close(), items);
    assert_eq!((row.state, reason(&row)), (JobState::Running, Some(ProblemReason::VendorRefused)));

    let mut ledger_2 = ledger(vec![(row, items.clone())]);
    ledger_2.recorded(&outcome("b", 1, fail(1)), None);
    let (row, items, _) = only(ledger_2.close(), items);
    let shown = (row.state, reason(&row));
    assert_eq!(shown, (JobState::Waiting, Some(ProblemReason::VendorUnavailable)));

    let mut ledger_3 = ledger(vec![(row, items.clone())]);
    ledger_3.recorded(&outcome("b", 1, Transition::Confirm(None)), None);
    let (row, items, _) = only(ledger_3.close(), items);
    assert_eq!((row.state, reason(&row)), (JobState::Failed, Some(ProblemReason::VendorRefused)));

    let mut ledger_4 = ledger(vec![(row, items.clone())]);
    ledger_4.recorded(&outcome("a", 2, Transition::Confirm(None)), None);
    let (row, _, _) = only(ledger_4.close(), items);
    assert_eq!((row.state, reason(&row)), (JobState::Superseded, None));
    assert_eq!(row.last_seq, 5);
}

#[test]
fn of_several_waits_a_job_shows_the_earliest_moment_and_of_several_messages_the_weightiest() {
    let (row, items) = job(1, &["a", "b", "c", "d"]);
    let mut ledger = ledger(vec![(row, items.clone())]);
    ledger.recorded(&outcome("a", 1, Transition::Confirm(None)), None);
    ledger.recorded(&outcome("b", 1, fail(9_000)), None);
    ledger.recorded(&outcome("c", 1, fail(5_000)), None);
    ledger.recorded(&outcome("d", 1, fail(7_000)), None);
    let (row, _, message) = only(ledger.close(), items);
    assert_eq!(row.next_attempt_at, Some(now().plus(Duration::from_secs(5))));
    assert_eq!((row.state, message.as_str()), (JobState::Waiting, "did b, and 2 more"));
    assert_eq!(row.parts[0].counts.done, 1);
}

#[test]
fn a_refusal_in_a_batch_that_waits_is_what_is_told() {
    let (row, items) = job(1, &["a", "b"]);
    let mut ledger = ledger(vec![(row, items.clone())]);
    ledger.recorded(&outcome("a", 1, fail(1)), None);
    ledger.recorded(&outcome("b", 1, park()), None);
    let (row, _, message) = only(ledger.close(), items);
    assert_eq!((row.state, message.as_str()), (JobState::Waiting, "did b"));
}

#[test]
fn a_job_with_something_refused_has_failed_however_the_rest_ended() {
    let (row, items) = job(1, &["a", "b"]);
    let mut refused = ledger(vec![(row, items.clone())]);
    refused.recorded(&outcome("a", 1, park()), None);
    let (row, items, _) = only(refused.close(), items);
    let wish =
        Wish { actor: "ada".to_owned(), reason: String::new(), request: None, is_first: true };
    let mut cancelled = ledger(vec![(row, items.clone())]);
    cancelled.cancelled(Revision::new(1), &resource("b"), &wish, "cancelled");
    let (row, _, _) = only(cancelled.close(), items);
    assert_eq!((row.state, reason(&row)), (JobState::Failed, Some(ProblemReason::VendorRefused)));
}

#[test]
fn a_gate_outweighs_the_waits_of_resources() {
    let (row, items) = job(1, &["a", "b"]);
    let mut ledger = ledger(vec![(row, items.clone())]);
    ledger.recorded(&outcome("a", 1, fail(1)), None);
    let until = now().plus(Duration::from_secs(60));
    ledger.gated(&Gated { until, problem: problem(ProblemReason::RateLimited) });
    let (row, _, message) = only(ledger.close(), items);
    assert_eq!(
        (row.next_attempt_at, reason(&row)),
        (Some(until), Some(ProblemReason::RateLimited))
    );
    assert_eq!(message, "RateLimited");
}

#[test]
fn a_job_that_ended_is_not_moved_by_a_gate_or_a_begin() {
    let (row, items) = job(1, &["a"]);
    let mut done = ledger(vec![(row, items.clone())]);
    done.recorded(&outcome("a", 1, Transition::Confirm(None)), None);
    let (row, items, _) = only(done.close(), items);
    let mut after = ledger(vec![(row, items)]);
    after.began(&resource("a"), "creating a");
    after.gated(&Gated { until: now(), problem: problem(ProblemReason::RateLimited) });
    after.recorded(&outcome("a", 1, park()), None);
    let progress = after.close();
    assert!(progress.jobs.is_empty() && progress.items.is_empty() && progress.events.is_empty());
}
