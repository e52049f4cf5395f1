//! What somebody else changed at a vendor that gives versions is seen before it is overwritten.

use super::*;

fn at(version: &str, x: u8, y: u8) -> Attributes {
    attributes(x, y).at_version(version)
}

/// Plans, parks as the plan says, and sets the decision going again.
fn retried(desired: Option<&Attributes>, mut sync: Sync, observed: &Observed) -> Option<Step> {
    let Some(Step::Park { held, problem }) = planned(desired, &sync, Some(observed)) else {
        panic!("not parked");
    };
    sync.apply(&Transition::Park { held, problem }, REVISION, REVISION, Timestamp::default());
    assert_eq!(planned(desired, &sync, None), None, "it is left alone until it is retried");
    sync.unpark();
    planned(desired, &sync, None)
}

#[test]
fn a_change_by_somebody_else_is_told_and_not_overwritten() {
    let wanted = attributes(2, 1);
    let found = present(at("b", 1, 9));
    let step = planned(Some(&wanted), &applied(at("a", 1, 1)), Some(&found));
    let (message, names) = conflict(step);
    assert!(message.starts_with("somebody changed y at the vendor"), "{message}");
    assert_eq!(names, ["y"]);
}

#[test]
fn what_was_seen_is_overwritten_once_it_is_retried() {
    let wanted = attributes(2, 1);
    let step = retried(Some(&wanted), applied(at("a", 1, 1)), &present(at("b", 1, 9)));
    assert_eq!(step, Some(Step::Call(Effect::Update(attributes(2, 1)))));
}

#[test]
fn what_somebody_else_changed_is_not_removed_unseen() {
    let step = retried(None, applied(at("a", 1, 1)), &present(at("b", 1, 9)));
    assert_eq!(step, Some(Step::Call(Effect::Archive)));
}

#[test]
fn a_change_by_somebody_else_to_what_was_decided_is_confirmed() {
    let found = at("b", 2, 1);
    let step =
        planned(Some(&attributes(2, 1)), &applied(at("a", 1, 1)), Some(&present(found.clone())));
    assert_eq!(step, Some(Step::Confirm(Some(found))));
}

#[test]
fn another_version_of_the_same_is_noted_and_gone_on_from() {
    let found = at("b", 1, 1);
    let step =
        planned(Some(&attributes(2, 1)), &applied(at("a", 1, 1)), Some(&present(found.clone())));
    assert_eq!(step, Some(Step::Settle(Some(found))));
}

#[test]
fn a_call_in_doubt_is_not_taken_for_somebody_else() {
    let sync = in_doubt(applied(at("a", 1, 1)), Effect::Update(only("x", 2)));
    let wanted = attributes(2, 5);
    for found in [at("a", 1, 1), at("b", 2, 1)] {
        let step = planned(Some(&wanted), &sync, Some(&present(found.clone())));
        let expected = match found.version() {
            Some("a") => Step::Call(Effect::Update(attributes(2, 5))),
            _ => Step::Settle(Some(found)),
        };
        assert_eq!(step, Some(expected));
    }
}

#[test]
fn behind_a_call_in_doubt_a_third_state_is_somebody_elses() {
    let sync = in_doubt(applied(at("a", 1, 1)), Effect::Update(only("x", 2)));
    let found = present(at("c", 2, 9));
    let (_, names) = conflict(planned(Some(&attributes(2, 1)), &sync, Some(&found)));
    assert_eq!(names, ["x", "y"]);
    // A vendor without versions may show what it held before.
    let found = present(attributes(2, 9));
    let step = planned(Some(&attributes(2, 1)), &sync, Some(&found));
    assert_eq!(step, Some(Step::Settle(Some(attributes(2, 9)))));
}

#[test]
fn what_somebody_else_removed_is_created_anew() {
    let step = planned(Some(&attributes(2, 1)), &applied(at("a", 1, 1)), Some(&Observed::Absent));
    assert_eq!(step, Some(Step::Settle(None)));
}
