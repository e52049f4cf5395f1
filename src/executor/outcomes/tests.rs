use serde_json::json;

use super::*;
use crate::domain::carry::Checkpoint;
use crate::domain::{Allowance, ResourceId, ResourceKind, Revision};
use crate::vendors::{Call, Target};

const NOW: Timestamp = Timestamp::from_micros(7);

fn label(label: &str) -> Attributes {
    Attributes::from([("label", json!(label)), ("type", json!("string"))])
}

fn task(effect: Effect, desired: Option<Attributes>) -> Task {
    Task {
        resource_id: ResourceId::from_trusted("field-3"),
        desired,
        desired_rev: Revision::new(3),
        seen_rev: Revision::new(4),
        before: Before::default(),
        in_doubt: None,
        is_moving: false,
        checkpoint: Checkpoint::begin(None, Timestamp::default()),
        call: Call {
            target: Target {
                kind: ResourceKind::Field,
                name: "tier".to_owned(),
                expected: Attributes::new(),
            },
            effect,
            held: None,
            allow_loss: false,
        },
    }
}

fn failure(scope: FailureScope, effect_unknown: bool) -> Failure {
    let problem = Problem::new(ProblemReason::VendorUnavailable, "away");
    Failure { scope, effect_unknown, retry_after: None, problem }
}

fn noted(meaning: Meaning) -> Transition {
    match meaning {
        Meaning::Note(transition, _) => transition,
        Meaning::Look => panic!("something to note"),
    }
}

#[test]
fn what_is_held_as_decided_is_confirmed_as_the_vendor_said_it() {
    let created = task(Effect::Create(label("A")), Some(label("A")));
    let held = Attributes::from([
        ("label", json!("A")),
        ("type", json!("string")),
        ("more", json!("the vendor's own")),
    ]);
    let meaning = answered(&created, Answer::Holds(held.clone()), NOW, &Allowance::default());
    assert_eq!(noted(meaning), Transition::Confirm(Some(held)));
}

#[test]
fn an_attribute_that_was_sent_and_not_taken_parks_by_name() {
    let sent = Attributes::from([("label", json!("B"))]);
    let updated = task(Effect::Update(sent), Some(label("B")));
    let meaning = answered(&updated, Answer::Holds(label("A")), NOW, &Allowance::default());
    let Transition::Park { held, problem } = noted(meaning) else { panic!("a park") };
    assert_eq!(held, Some(label("A")));
    assert_eq!(
        (problem.reason, problem.attributes),
        (ProblemReason::VendorIgnored, vec!["label".to_owned()],)
    );
}

#[test]
fn an_attribute_that_was_not_sent_and_differs_is_planned_again() {
    let sent = Attributes::from([("label", json!("B"))]);
    let updated = task(Effect::Update(sent), Some(label("B")));
    let held = Attributes::from([("label", json!("B")), ("type", json!("number"))]);
    let meaning = answered(&updated, Answer::Holds(held.clone()), NOW, &Allowance::default());
    assert_eq!(noted(meaning), Transition::Settle(Some(held)));
}

#[test]
fn what_is_gone_is_confirmed_only_where_it_was_to_go() {
    let archived = task(Effect::Archive, None);
    assert_eq!(
        noted(answered(&archived, Answer::Gone, NOW, &Allowance::default())),
        Transition::Confirm(None)
    );
    let updated = task(Effect::Update(label("B")), Some(label("B")));
    assert_eq!(
        noted(answered(&updated, Answer::Gone, NOW, &Allowance::default())),
        Transition::Settle(None)
    );
}

#[test]
fn a_name_that_is_taken_is_looked_at() {
    let created = task(Effect::Create(label("A")), Some(label("A")));
    assert_eq!(answered(&created, Answer::Unexpected, NOW, &Allowance::default()), Meaning::Look);
}

#[test]
fn a_refusal_parks_and_everything_else_is_tried_again() {
    let (parked, _) = failed(
        "field tier",
        Before::default(),
        false,
        &failure(FailureScope::Refused, false),
        None,
    );
    assert!(matches!(parked, Transition::Park { held: None, .. }));
    let refused_read = failure(FailureScope::Refused, false);
    let (kept, _) = failed("field tier", Before::default(), true, &refused_read, None);
    assert!(matches!(kept, Transition::Fail { in_doubt: true, .. }), "a doubt is not forgotten");
    for unknown in [false, true] {
        let (again, _) = failed(
            "field tier",
            Before::default(),
            false,
            &failure(FailureScope::Resource, unknown),
            None,
        );
        assert!(matches!(again, Transition::Fail { in_doubt, .. } if in_doubt == unknown));
    }
}

#[test]
fn a_closed_connection_says_how_long_its_resources_wait() {
    let failure = failure(FailureScope::Connection, false);
    let gate = Gate { wait_ms: 7_000, problem: failure.problem.clone() };
    let (waits, _) = failed("field tier", Before::default(), false, &failure, Some(&gate));
    assert!(matches!(waits, Transition::Fail { wait_ms: 7_000, .. }));
}

#[test]
fn the_connection_is_closed_at_once_or_after_three_failures_in_a_row() {
    let mut health = Health::default();
    assert!(health.failed(&failure(FailureScope::Connection, false)).is_some());
    health.succeeded();
    let resource = failure(FailureScope::Resource, true);
    assert!(health.failed(&resource).is_none());
    assert!(health.failed(&resource).is_none());
    health.succeeded();
    assert!(health.failed(&resource).is_none(), "a success in between counts");
    assert!(health.failed(&resource).is_none());
    assert!(health.failed(&resource).is_some());
    assert!(health.failed(&failure(FailureScope::Refused, false)).is_none());
    assert!(health.failed(&resource).is_none(), "a refusal is an answer");
}

#[test]
fn the_vendor_says_how_long_or_the_wait_grows() {
    let mut health = Health::default();
    let told = Failure {
        retry_after: Some(Duration::from_secs(3_600)),
        ..failure(FailureScope::Connection, false)
    };
    assert_eq!(health.failed(&told).unwrap().wait_ms, 3_600_000);
    let own = failure(FailureScope::Connection, false);
    let waits: Vec<_> = (0..8).map(|_| health.failed(&own).unwrap().wait_ms).collect();
    assert!(waits[0] >= 800 && waits[7] <= 30_000, "{waits:?}");
    assert!(waits[7] > waits[0] * 10, "{waits:?}");
}

#[test]
fn a_vendor_that_wants_to_be_asked_again_at_once_is_given_growing_rests_all_the_same() {
    let mut health = Health::default();
    let at_once =
        Failure { retry_after: Some(Duration::ZERO), ..failure(FailureScope::Connection, false) };
    let waits = [1, 2, 3].map(|_| health.failed(&at_once).unwrap().wait_ms);
    assert!(waits[0] >= 400 && waits[2] >= 1_600, "{waits:?}");
    let at_once = Failure { scope: FailureScope::Resource, ..at_once };
    let (transition, _) = failed("field x", Before::default(), false, &at_once, None);
    assert!(matches!(transition, Transition::Fail { wait_ms: 400.., .. }), "{transition:?}");
}
