//! How outcomes change what is known of a resource.

use super::{Failing, Problem, ProblemReason};
use crate::domain::carry::Retire;
use crate::domain::drift::Outside;
use crate::domain::{Attributes, Effect, Revision, Sync, Timestamp, Transition};

fn attributes(x: u8) -> Attributes {
    Attributes::from([("x", x.into())])
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn rev(number: i64) -> Revision {
    Revision::new(number)
}

fn problem(reason: ProblemReason) -> Problem {
    Problem::new(reason, "for a test")
}

fn park(held: Option<Attributes>, reason: ProblemReason) -> Transition {
    Transition::Park { held, problem: problem(reason) }
}

fn fail(in_doubt: bool, wait_ms: u64) -> Transition {
    let problem = problem(ProblemReason::VendorUnavailable);
    Transition::Fail { in_doubt, wait_ms, problem }
}

/// A resource that holds 1 since revision 2, with an update to 2 in doubt.
fn in_doubt() -> Sync {
    let mut sync = Sync::default();
    sync.apply(&Transition::Confirm(Some(attributes(1))), rev(2), rev(2), at(1));
    sync.begin(Effect::Update(attributes(2)), "tier", at(10));
    sync
}

#[test]
fn a_refusal_of_an_older_decision_leaves_a_newer_one_cancelled() {
    let mut sync = in_doubt();
    // While the call for revision 3 is on its way, revision 4 is decided and cancelled.
    sync.cancel(rev(4));
    sync.apply(&park(None, ProblemReason::VendorRefused), rev(3), rev(3), at(2));
    assert!(sync.is_parked_at(rev(4)));
}

#[test]
fn giving_up_leaves_a_call_in_doubt() {
    let mut sync = in_doubt();
    let doubt = sync.in_doubt.clone();
    sync.apply(&park(None, ProblemReason::GaveUp), rev(3), rev(3), at(2));
    assert!(sync.is_parked_at(rev(3)));
    assert_eq!(sync.in_doubt, doubt);
    assert_eq!(sync.failing, None);
}

#[test]
fn failures_to_read_what_is_left_alone_end_with_the_read() {
    let mut sync = in_doubt();
    sync.cancel(rev(3));
    sync.apply(&fail(true, 500), rev(3), rev(3), at(2));
    sync.apply(&Transition::Settle(Some(attributes(1))), rev(3), rev(3), at(3));
    assert_eq!(sync.failing, None, "they say nothing about the next decision");
}

#[test]
fn a_read_between_two_attempts_does_not_end_a_row_of_failures() {
    let mut sync = in_doubt();
    sync.apply(&fail(true, 500), rev(3), rev(3), at(2));
    sync.apply(&Transition::Settle(Some(attributes(1))), rev(3), rev(3), at(3));
    assert!(sync.failing.is_some());
}

#[test]
fn a_refusal_ends_a_doubt() {
    let mut sync = in_doubt();
    sync.apply(&park(None, ProblemReason::VendorRefused), rev(3), rev(3), at(2));
    assert!(sync.is_parked_at(rev(3)));
    assert_eq!((sync.in_doubt, sync.applied), (None, Some(attributes(1))));
}

#[test]
fn a_confirmation_notes_what_is_held_and_what_was_held_before() {
    let mut sync = in_doubt();
    sync.apply(&fail(true, 500), rev(3), rev(3), at(2));
    sync.apply(&Transition::Confirm(Some(attributes(2))), rev(3), rev(5), at(7));
    let mut outside = Outside::default();
    outside.wrote(None, at(1));
    outside.wrote(Some(attributes(1)), at(7));
    let expected = Sync {
        outside,
        applied: Some(attributes(2)),
        applied_rev: rev(5),
        previous: Some(attributes(1)),
        confirmed_at: Some(at(7)),
        key: Some("tier".to_owned()),
        ..Sync::default()
    };
    assert_eq!(sync, expected);
}

#[test]
fn a_confirmation_of_the_same_again_keeps_what_was_held_before() {
    let mut sync = in_doubt();
    sync.apply(&Transition::Confirm(Some(attributes(2))), rev(3), rev(3), at(2));
    sync.apply(&Transition::Confirm(Some(attributes(2))), rev(3), rev(4), at(3));
    assert_eq!(sync.previous, Some(attributes(1)));
    assert_eq!(sync.confirmed_at, Some(at(3)));
    sync.apply(&Transition::Confirm(None), rev(5), rev(5), at(4));
    assert_eq!((sync.applied, sync.previous), (None, Some(attributes(2))));
}

#[test]
fn a_confirmation_never_goes_back_to_an_older_revision() {
    let mut sync = in_doubt();
    sync.apply(&Transition::Confirm(Some(attributes(2))), rev(3), rev(9), at(2));
    sync.apply(&Transition::Confirm(Some(attributes(2))), rev(3), rev(4), at(3));
    assert_eq!(sync.applied_rev, rev(9));
}

#[test]
fn a_confirmation_unparks_what_it_confirms_and_nothing_newer() {
    for (parked, stays) in [(3, false), (4, false), (5, true)] {
        let mut sync = in_doubt();
        sync.cancel(rev(parked));
        sync.apply(&Transition::Confirm(Some(attributes(2))), rev(3), rev(4), at(2));
        assert_eq!(sync.is_parked_at(rev(parked)), stays, "{parked}");
    }
}

#[test]
fn settling_notes_what_is_held_and_confirms_nothing() {
    let mut sync = in_doubt();
    sync.cancel(rev(3));
    sync.apply(&Transition::Settle(Some(attributes(2))), rev(3), rev(6), at(5));
    assert_eq!(
        (sync.applied.clone(), sync.previous.clone()),
        (Some(attributes(2)), Some(attributes(1)))
    );
    assert_eq!((sync.applied_rev, sync.confirmed_at), (rev(0), Some(at(5))));
    assert!(sync.in_doubt.is_none() && sync.is_parked_at(rev(3)));
}

#[test]
fn a_withdrawn_call_leaves_all_as_it_was() {
    let mut sync = in_doubt();
    let before = Sync { in_doubt: None, ..sync.clone() };
    sync.apply(&Transition::Withdraw, rev(3), rev(3), at(5));
    assert_eq!(sync, before);
}

#[test]
fn an_ignored_attribute_is_parked_with_what_the_vendor_holds() {
    let mut sync = in_doubt();
    let held = park(Some(attributes(7)), ProblemReason::VendorIgnored);
    sync.apply(&held, rev(3), rev(3), at(5));
    assert_eq!((sync.applied.clone(), sync.applied_rev), (Some(attributes(7)), rev(0)));
    assert!(sync.in_doubt.is_none());
    let parked = sync.parked.expect("parked");
    assert_eq!(parked.problem, Some(problem(ProblemReason::VendorIgnored)));
}

#[test]
fn failures_are_counted_from_the_first_to_the_next_clear_answer() {
    let mut sync = in_doubt();
    sync.apply(&fail(true, 500), rev(3), rev(3), at(10));
    sync.apply(&fail(false, 1_000), rev(3), rev(3), at(20));
    let failing = Failing { since: at(10), count: 2, next_attempt_at: at(1_000_020) };
    assert_eq!(sync.failing, Some(failing));
    for clear in [
        Transition::Confirm(Some(attributes(2))),
        park(None, ProblemReason::VendorRefused),
        park(None, ProblemReason::GaveUp),
    ] {
        let mut sync = sync.clone();
        sync.apply(&clear, rev(3), rev(3), at(30));
        assert_eq!(sync.failing, None, "{clear:?}");
    }
}

#[test]
fn a_failure_stays_in_doubt_only_if_the_call_may_have_had_an_effect() {
    for may_have in [true, false] {
        let mut sync = in_doubt();
        sync.apply(&fail(may_have, 500), rev(3), rev(3), at(10));
        assert_eq!(sync.in_doubt.is_some(), may_have);
        assert_eq!(sync.applied, Some(attributes(1)));
    }
}

#[test]
fn cancelling_parks_without_a_problem_and_keeps_the_doubt() {
    let mut sync = in_doubt();
    sync.apply(&fail(true, 500), rev(3), rev(3), at(10));
    sync.cancel(rev(3));
    assert!(sync.is_parked_at(rev(3)) && !sync.is_parked_at(rev(4)));
    assert!(sync.in_doubt.is_some() && sync.failing.is_none());
    assert_eq!(sync.parked.as_ref().and_then(|parked| parked.problem.clone()), None);
    sync.unpark();
    assert!(!sync.is_parked_at(rev(3)) && sync.in_doubt.is_some());
}

#[test]
fn a_doubt_is_kept_as_text_that_later_versions_can_read() {
    let sync = in_doubt();
    let text = serde_json::to_string(&sync.in_doubt).expect("text");
    assert_eq!(text, r#"{"effect":{"update":{"x":2}},"settled_at_micros":10}"#);
    assert_eq!(serde_json::from_str::<Option<_>>(&text).expect("a doubt"), sync.in_doubt);
    assert_eq!(serde_json::to_string(&Effect::Archive).expect("text"), r#""archive""#);
    let create = serde_json::to_string(&Effect::Create(attributes(1))).expect("text");
    assert_eq!(create, r#"{"create":{"x":1}}"#);
}

#[test]
fn a_problem_is_read_back_also_from_an_older_text_with_less_in_it() {
    let older = r#"{"reason":"vendor_ignored","message":"for a test"}"#;
    let read: Problem = serde_json::from_str(older).expect("a problem");
    assert_eq!(read, problem(ProblemReason::VendorIgnored));
    let full = Problem {
        attributes: vec!["label".to_owned()],
        vendor_status: 400,
        correlation_id: "abc".to_owned(),
        ..read
    };
    let text = serde_json::to_string(&full).expect("text");
    assert_eq!(serde_json::from_str::<Problem>(&text).expect("a problem"), full);
}

#[test]
fn what_is_removed_before_anothers_values_are_cleared_comes_back_with_them() {
    let mut sync = Sync::default();
    let created = |name: &str| Transition::Move { name: name.to_owned(), foreign: true };
    sync.apply(&Transition::Confirm(Some(attributes(1))), rev(1), rev(1), at(1));
    sync.rename_from("tier");
    sync.apply(&created("level"), rev(2), rev(2), at(2));
    sync.begin(Effect::Create(attributes(1)), "level", at(9));
    sync.apply(&Transition::Settle(Some(attributes(1))), rev(2), rev(2), at(3));
    // It is removed: what it had goes without a look at any value.
    let retire = Retire { name: "tier".to_owned(), last_look: None };
    sync.begin(Effect::Retire(retire), "tier", at(9));
    sync.apply(&Transition::Retired("tier".to_owned()), rev(3), rev(3), at(4));
    sync.apply(&Transition::Confirm(None), rev(3), rev(3), at(5));
    assert!(sync.trail.as_ref().is_some_and(|trail| trail.foreign), "{sync:?}");
    sync.apply(&Transition::Confirm(Some(attributes(1))), rev(4), rev(4), at(6));
    assert!(sync.trail.is_none_or(|trail| !trail.foreign));
}

#[test]
fn what_a_call_of_ours_made_or_archived_is_not_imported_any_more() {
    let imported = || Sync {
        applied: Some(attributes(1)),
        outside: Outside { imported: true, ..Outside::default() },
        ..Sync::default()
    };
    let after = |mut sync: Sync, effect, transition: Transition| {
        sync.begin(effect, "tier", at(10));
        sync.apply(&transition, rev(2), rev(2), at(2));
        sync.outside.imported
    };
    let held = Transition::Confirm(Some(attributes(2)));
    let found = Transition::Settle(Some(attributes(2)));
    assert!(after(imported(), Effect::Update(attributes(2)), held.clone()));
    assert!(!after(imported(), Effect::Archive, Transition::Confirm(None)));
    assert!(after(imported(), Effect::Archive, found.clone()), "it was not archived");
    // Somebody else removed it, and it was made anew.
    for made in [held.clone(), found] {
        let sync = Sync { applied: None, ..imported() };
        assert!(!after(sync, Effect::Create(attributes(2)), made));
    }
    // What it is carried along from is somebody's still.
    let mut moved = imported();
    moved.rename_from("tier");
    moved.apply(
        &Transition::Move { name: "level".to_owned(), foreign: false },
        rev(2),
        rev(2),
        at(1),
    );
    assert!(!moved.left().is_empty());
    assert!(after(moved, Effect::Create(attributes(1)), Transition::Settle(Some(attributes(1)))));
    // What is left alone is known to stay.
    let mut left = imported();
    left.apply(&Transition::Confirm(None), rev(2), rev(2), at(2));
    assert!(left.outside.imported);
}

#[test]
fn what_is_confirmed_as_gone_holds_no_name() {
    let mut sync = Sync { applied: Some(attributes(1)), ..Sync::default() };
    sync.rename_from("tier");
    sync.apply(
        &Transition::Move { name: "level".to_owned(), foreign: false },
        rev(2),
        rev(2),
        at(1),
    );
    sync.apply(&Transition::Confirm(None), rev(3), rev(3), at(2));
    assert!(sync.left().is_empty());
    assert!(crate::domain::plan::names_of(&sync, "level").is_empty());
}
