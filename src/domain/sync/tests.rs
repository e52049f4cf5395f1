//! How outcomes change what is known of a resource.

use super::{Failing, Problem, ProblemReason};
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
    sync.begin(Effect::Update(attributes(2)), at(10));
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
fn a_refusal_ends_a_doubt() {
    let mut sync = in_doubt();
    sync.apply(&park(None, ProblemReason::VendorRefused), rev(3), rev(3), at(2));
    assert!(sync.is_parked_at(rev(3)));
    assert_eq!((sync.in_doubt, sync.applied), (None, Some(attributes(1))));
}
