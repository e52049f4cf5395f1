//! What each answer means, row by row.

use reqwest::header::{HeaderMap, HeaderValue};

use super::*;
use crate::domain::{ProblemReason as R, Timestamp};
use crate::vendors::FailureScope::{Connection, Refused, Resource};
use crate::vendors::answers::View;
use crate::vendors::http::Reply;
use crate::vendors::secrets::Secrets;

fn view(writes: bool) -> View {
    View { vendor: NAME, writes, secrets: Secrets::new([KEY]), now: Timestamp::from_micros(0) }
}

fn said(status: u16, code: &str) -> Reply {
    let body =
        format!(r#"{{"error":{{"code":"{code}","message":"{KEY} no","path":"steps[1].id"}}}}"#);
    Reply { status, headers: HeaderMap::new(), body: body.into_bytes() }
}

fn html(status: u16) -> Reply {
    Reply { status, headers: HeaderMap::new(), body: b"<html>No.</html>".to_vec() }
}

#[test]
fn every_answer_means_what_the_table_says() {
    let table = [
        (said(401, "unauthorized"), Connection, R::CredentialRefused, false),
        (said(429, "rate_limited"), Connection, R::RateLimited, false),
        (said(503, "unavailable"), Connection, R::VendorUnavailable, true),
        (html(503), Connection, R::VendorUnavailable, true),
        (said(500, "internal"), Resource, R::VendorUnavailable, true),
        (html(502), Resource, R::VendorUnavailable, true),
        (said(422, "invalid"), Refused, R::VendorRefused, false),
        (said(400, "malformed"), Refused, R::VendorRefused, false),
        (said(428, "precondition_required"), Refused, R::VendorRefused, false),
        (html(413), Refused, R::VendorRefused, false),
        // Not the API that is speaking: it says nothing about the call.
        (html(404), Resource, R::VendorUnavailable, true),
        (html(408), Resource, R::VendorUnavailable, true),
        (html(302), Resource, R::VendorUnavailable, true),
    ];
    for (reply, scope, reason, effect_unknown) in table {
        let failure = classify::failure(&view(true), &reply);
        let status = reply.status;
        assert_eq!((failure.scope, failure.problem.reason), (scope, reason), "{status}");
        assert_eq!(failure.effect_unknown, effect_unknown, "{status}");
        assert_eq!(failure.problem.vendor_status, status);
        assert!(!classify::failure(&view(false), &reply).effect_unknown, "a read has no effect");
        assert!(!failure.problem.message.contains(KEY), "{}", failure.problem.message);
    }
}

#[test]
fn a_refusal_is_told_with_its_place() {
    let problem = classify::failure(&view(true), &said(422, "invalid")).problem;
    assert_eq!(problem.message, "Upso refused it (422): steps[1].id: (credential) no");
    assert_eq!(problem.attributes, ["steps"]);
}

#[test]
fn how_long_to_wait_is_the_vendors_to_say() {
    let mut reply = said(503, "unavailable");
    reply.headers.insert("retry-after", HeaderValue::from_static("12"));
    let failure = classify::failure(&view(true), &reply);
    assert_eq!(failure.retry_after, Some(Duration::from_secs(12)));
}

#[test]
fn what_is_incomplete_or_something_else_is_not_believed() {
    let mut right = canonical::new_cadence("welcome", &desired(&cadence("Welcome")));
    right["version"] = "v1".into();
    let held = canonical::canonical(right.clone(), "welcome").unwrap();
    assert_eq!(held, desired(&cadence("Welcome")).at_version("v1"));
    assert_eq!(canonical::canonical(right.clone(), "other"), None);
    for name in ["key", "version", "name", "status", "timezone", "send_window", "steps"] {
        let mut lacking = right.clone();
        lacking.as_object_mut().unwrap().remove(name);
        assert_eq!(canonical::canonical(lacking, "welcome"), None, "{name}");
    }
    for version in ["", "v\"1", "ü"] {
        right["version"] = version.into();
        assert_eq!(canonical::canonical(right.clone(), "welcome"), None, "{version}");
    }
}

#[test]
fn the_order_of_the_days_is_the_vendors_own() {
    let mut said = canonical::new_cadence("welcome", &desired(&cadence("Welcome")));
    said["version"] = "v1".into();
    said["send_window"]["days"] = serde_json::json!(["fri", "mon"]);
    let held = canonical::canonical(said, "welcome").unwrap();
    assert!(desired(&cadence("Welcome")).differing_from(&held).is_empty());
}
