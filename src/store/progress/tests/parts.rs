//! Jobs of two parts.

use super::*;

use JobState::{Cancelled, Failed, Queued, Running, Succeeded, Superseded, Waiting};

const OTHER: VendorKind = VendorKind::Upso;

/// A job whose parts, of one resource each, begin like this: `field` at one vendor, `cadence` at
/// the other.
fn two(first: JobState, second: JobState) -> (JobRow, Vec<ItemRow>) {
    job_of(1, &[part(VENDOR, first, &["field"]), part(OTHER, second, &["cadence"])])
}

/// What a step at one vendor makes of the job.
fn step(
    vendor: VendorKind,
    job: &mut (JobRow, Vec<ItemRow>),
    what: impl FnOnce(&mut Ledger),
) -> Option<NewEvent> {
    let (row, items) = job.clone();
    let items_there = items.into_iter().filter(|item| item.vendor == vendor).collect();
    let mut ledger = Ledger::new(vendor, now(), vec![row], items_there);
    what(&mut ledger);
    let mut progress = ledger.close();
    if let Some(row) = progress.jobs.pop() {
        job.0 = row;
    }
    for moved in progress.items {
        let place = job.1.iter().position(|item| item.resource_id == moved.resource_id).unwrap();
        job.1[place] = moved;
    }
    progress.events.pop()
}

/// The resource that the part at a vendor is about.
fn name(vendor: VendorKind) -> &'static str {
    if vendor == VENDOR { "field" } else { "cadence" }
}

fn recorded(vendor: VendorKind, job: &mut (JobRow, Vec<ItemRow>), transition: Transition) {
    let outcome = outcome(name(vendor), 1, transition);
    step(vendor, job, |ledger| ledger.recorded(&outcome, None)).expect("an event");
}

fn confirm(vendor: VendorKind, job: &mut (JobRow, Vec<ItemRow>)) {
    recorded(vendor, job, Transition::Confirm(None));
}

fn stands(job: &(JobRow, Vec<ItemRow>)) -> (JobState, [JobState; 2]) {
    (job.0.state, [job.0.parts[0].state, job.0.parts[1].state])
}

fn wish(is_first: bool) -> Wish {
    Wish { actor: "ada".to_owned(), reason: String::new(), request: None, is_first }
}

#[test]
fn a_new_job_waits_only_when_all_of_its_parts_do() {
    for (first, second, state) in [
        (Queued, Queued, Queued),
        (Queued, Waiting, Queued),
        (Waiting, Queued, Queued),
        (Waiting, Waiting, Waiting),
    ] {
        let (job, _) = two(first, second);
        assert_eq!(job.state, state, "{first:?} {second:?}");
        let wanted = (state == Waiting).then_some(ProblemReason::NotConnected);
        assert_eq!(reason(&job), wanted, "{first:?} {second:?}");
    }
}

#[test]
fn a_job_stands_where_its_open_parts_do() {
    for (second, alone, after) in [
        (Queued, Running, Running),
        // Begun, and the rest of it is held up.
        (Waiting, Running, Waiting),
    ] {
        let mut job = two(Queued, second);
        step(VENDOR, &mut job, |ledger| ledger.began(&resource("field"), "creating"));
        assert_eq!(stands(&job), (alone, [Running, second]));
        confirm(VENDOR, &mut job);
        assert_eq!(stands(&job), (after, [Succeeded, second]));
        confirm(OTHER, &mut job);
        assert_eq!(stands(&job), (Succeeded, [Succeeded, Succeeded]));
    }
}

#[test]
fn a_part_that_is_held_up_does_not_hold_up_the_job() {
    let mut job = two(Queued, Queued);
    step(OTHER, &mut job, |ledger| ledger.began(&resource("cadence"), "creating"));
    recorded(VENDOR, &mut job, fail(9_000));
    assert_eq!(stands(&job), (Running, [Waiting, Running]));
    assert_eq!((reason(&job.0), job.0.next_attempt_at), (None, None));
    recorded(OTHER, &mut job, fail(5_000));
    assert_eq!(stands(&job), (Waiting, [Waiting, Waiting]));
    assert_eq!(job.0.next_attempt_at, Some(now().plus(Duration::from_secs(5))));
    // The first to go on leaves the job to wait for the other.
    confirm(OTHER, &mut job);
    assert_eq!(stands(&job), (Waiting, [Waiting, Succeeded]));
    assert_eq!(job.0.next_attempt_at, Some(now().plus(Duration::from_secs(9))));
}

#[test]
fn a_moment_that_is_known_comes_before_one_that_is_not() {
    let mut job = two(Queued, Waiting);
    recorded(VENDOR, &mut job, fail(9_000));
    assert_eq!(stands(&job), (Waiting, [Waiting, Waiting]));
    assert_eq!(job.0.next_attempt_at, Some(now().plus(Duration::from_secs(9))));
    assert_eq!(reason(&job.0), Some(ProblemReason::VendorUnavailable));
}

#[test]
fn what_was_refused_is_shown_until_both_parts_are_past_it() {
    let mut job = two(Queued, Queued);
    recorded(VENDOR, &mut job, park());
    assert_eq!(stands(&job), (Running, [Failed, Queued]));
    assert_eq!(reason(&job.0), Some(ProblemReason::VendorRefused));
    assert_eq!(job.0.ended_at, None);
    recorded(OTHER, &mut job, park());
    assert_eq!(stands(&job), (Failed, [Failed, Failed]));
    confirm(VENDOR, &mut job);
    assert_eq!(stands(&job), (Failed, [Superseded, Failed]));
    assert_eq!(reason(&job.0), Some(ProblemReason::VendorRefused));
    confirm(OTHER, &mut job);
    assert_eq!((stands(&job), reason(&job.0)), ((Superseded, [Superseded, Superseded]), None));
}

#[test]
fn a_part_that_has_ended_is_not_moved_by_what_happens_at_its_vendor() {
    let mut job = two(Queued, Queued);
    confirm(VENDOR, &mut job);
    let before = job.clone();
    let gated = Gated { until: now(), problem: problem(ProblemReason::RateLimited) };
    assert!(step(VENDOR, &mut job, |ledger| ledger.gated(&gated)).is_none());
    let not_connected = of_no_resource(problem(ProblemReason::NotConnected));
    let held_up = Trigger::HeldUp(not_connected, None);
    for trigger in [held_up, Trigger::Connected, Trigger::Moving] {
        assert!(step(VENDOR, &mut job, |ledger| ledger.all(&trigger, "so")).is_none());
    }
    assert_eq!(job, before);
}

#[test]
fn cancelling_part_by_part_ends_in_a_cancelled_job() {
    let mut job = two(Queued, Waiting);
    for (vendor, is_first, wanted) in [
        (VENDOR, true, (Waiting, [Cancelled, Waiting])),
        (OTHER, false, (Cancelled, [Cancelled, Cancelled])),
    ] {
        let (id, wish) = (resource(name(vendor)), wish(is_first));
        let event = step(vendor, &mut job, |ledger| {
            ledger.cancelled(Revision::new(1), &id, &wish, "cancelled");
        });
        assert_eq!((event.unwrap().event.attempt, stands(&job)), (1, wanted));
    }
    assert_eq!((job.0.last_seq, reason(&job.0)), (3, None));
}

#[test]
fn a_job_is_set_going_again_once_whatever_its_first_part_comes_to() {
    for first_is_there in [false, true] {
        let mut job = two(Queued, Queued);
        for vendor in [VENDOR, OTHER] {
            let (id, wish) = (resource(name(vendor)), wish(vendor == VENDOR));
            step(vendor, &mut job, |ledger| {
                ledger.cancelled(Revision::new(1), &id, &wish, "cancelled");
            });
        }
        for vendor in [VENDOR, OTHER] {
            let ids = [resource(name(vendor))].into();
            let there = vendor == VENDOR && first_is_there;
            let covered = if there { std::collections::BTreeSet::clone(&ids) } else { [].into() };
            step(vendor, &mut job, |ledger| {
                ledger.retried(Revision::new(1), &ids, &covered, None, wish(vendor == VENDOR));
            });
            assert_eq!(job.0.attempt, 2, "{vendor}");
        }
        let (state, first) = if first_is_there { (Running, Succeeded) } else { (Queued, Queued) };
        assert_eq!(stands(&job), (state, [first, Queued]));
        assert_eq!((job.0.last_seq, job.0.ended_at), (5, None));
    }
}
