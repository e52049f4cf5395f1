use serde_json::json;

use super::*;

fn faults(specs: &[Value]) -> Faults {
    let mut faults = Faults::new(7);
    for spec in specs {
        faults.add(serde_json::from_value(spec.clone()).unwrap()).unwrap();
    }
    faults
}

#[test]
fn a_fault_strikes_as_often_as_it_was_told_and_no_more() {
    let mut faults = faults(&[json!({ "kind": "drop_answer", "count": 2 })]);
    let struck =
        (0..5).filter(|_| faults.plan("POST", "/x", Some(&Whose::Portal(1))).cut.is_some()).count();
    assert_eq!(struck, 2);
    assert_eq!(faults.list()[0].hits, 2);
}

#[test]
fn a_fault_meets_only_the_calls_it_is_about() {
    let spec = json!({
        "kind": "server_error", "method": "post", "path_contains": "/batch/", "portal_id": 5
    });
    let mut faults = faults(&[spec]);
    assert!(faults.plan("POST", "/a/batch/create", Some(&Whose::Portal(5))).cut.is_some());
    assert!(faults.plan("GET", "/a/batch/create", Some(&Whose::Portal(5))).cut.is_none());
    assert!(faults.plan("POST", "/a", Some(&Whose::Portal(5))).cut.is_none());
    assert!(faults.plan("POST", "/a/batch/create", Some(&Whose::Portal(6))).cut.is_none());
    assert!(faults.plan("POST", "/a/batch/create", None).cut.is_none());
}

#[test]
fn only_the_first_fault_that_ends_a_call_is_spent_while_the_others_add_up() {
    let mut faults = faults(&[
        json!({ "kind": "latency", "latency_ms": 5 }),
        json!({ "kind": "drop_request", "latency_ms": 7 }),
        json!({ "kind": "hang" }),
        json!({ "kind": "ignore_attribute", "attribute": "label" }),
    ]);
    let plan = faults.plan("PATCH", "/x", Some(&Whose::Portal(1)));
    assert_eq!(plan.latency_ms, 12);
    assert_eq!(plan.cut, Some(Cut::Drop { after_effect: false }));
    assert_eq!(plan.ignored, ["label"]);
    assert_eq!(plan.kind, Some("drop_request"));
    assert_eq!(faults.list().iter().map(|fault| fault.hits).collect::<Vec<_>>(), [1, 1, 0, 1]);
}

#[test]
fn the_same_seed_makes_the_same_choices() {
    let run = || {
        let mut faults = faults(&[json!({ "kind": "hang", "rate": 0.3 })]);
        (0..200).map(|_| faults.plan("GET", "/x", None).cut.is_some()).collect::<Vec<_>>()
    };
    let struck = run().into_iter().filter(|struck| *struck).count();
    assert_eq!(run(), run());
    assert!((30..90).contains(&struck), "{struck} of 200");
}

#[test]
fn a_fault_that_makes_no_sense_is_refused_with_the_reason() {
    let refused = |spec: Value| Faults::new(1).add(serde_json::from_value(spec).unwrap()).is_err();
    assert!(refused(json!({ "kind": "latency" })));
    assert!(refused(json!({ "kind": "status" })));
    assert!(refused(json!({ "kind": "ignore_attribute" })));
    assert!(refused(json!({ "kind": "hang", "rate": 1.5 })));
    assert!(refused(json!({ "kind": "status", "status": 42 })));
}
