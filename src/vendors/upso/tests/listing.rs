//! Listing what an account holds: all of it, or a failure.

use std::collections::VecDeque;
use std::sync::Mutex;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use super::sandbox::Rig;
use super::*;
use crate::domain::{Observed, ProblemReason as R};
use crate::supervisor::Supervisor;
use crate::vendors::FailureScope::{Connection, Refused, Resource as One};
use crate::vendors::{Entry, Lane};

#[derive(Default)]
struct Stage {
    answers: Mutex<VecDeque<(u16, String)>>,
    asked: Mutex<Vec<String>>,
}

/// A vendor that answers what a test tells it to, and an account there.
struct Scene {
    account: Arc<dyn Account>,
    stage: Arc<Stage>,
    _supervisor: Supervisor,
}

impl Scene {
    /// Answers these in turn; 500 when there are no more.
    async fn new(answers: impl IntoIterator<Item = (u16, String)>) -> Self {
        let stage = Arc::new(Stage::default());
        stage.answers.lock().unwrap().extend(answers);
        let router = Router::new().fallback(answer).with_state(Arc::clone(&stage));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let account = open(&format!("http://{}", listener.local_addr().unwrap()));
        let supervisor = Supervisor::new();
        supervisor.spawn("scripted", async move { axum::serve(listener, router).await });
        Self { account, stage, _supervisor: supervisor }
    }

    async fn list(&self) -> Result<Vec<Entry>, Failure> {
        self.account.admit(Lane::Background).await;
        self.account.list(&[]).await
    }

    fn asked(&self) -> Vec<String> {
        self.stage.asked.lock().unwrap().clone()
    }
}

async fn answer(
    State(stage): State<Arc<Stage>>,
    request: Request,
) -> (StatusCode, [(header::HeaderName, &'static str); 1], String) {
    stage.asked.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
    let answer = stage.answers.lock().unwrap().pop_front();
    let (status, body) = answer.unwrap_or_else(|| (500, String::new()));
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(header::CONTENT_TYPE, "application/json")], body)
}

/// A cadence as the vendor answers it.
fn said(key: &str, version: &str) -> Value {
    let mut said = canonical::new_cadence(key, &desired(&cadence("Welcome")));
    said["version"] = version.into();
    said["created_at"] = "2026-01-01T00:00:00Z".into();
    said["updated_at"] = "2026-02-01T00:00:00Z".into();
    said["updated_by"] = "user:7".into();
    said
}

fn page(cadences: impl IntoIterator<Item = Value>, next: Option<&str>) -> (u16, String) {
    let cadences: Vec<_> = cadences.into_iter().collect();
    (200, json!({ "cadences": cadences, "next": next }).to_string())
}

fn keys(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.name.as_str()).collect()
}

#[tokio::test]
async fn all_pages_are_read() {
    let pages = [
        page([said("a", "v1"), said("c", "v2")], Some("c")),
        page([], Some("d")),
        page([said("e", "v3"), said("d", "v4")], None),
    ];
    let scene = Scene::new(pages).await;
    let listed = scene.list().await.unwrap();
    assert_eq!(keys(&listed), ["a", "c", "d", "e"]);
    let list = "GET /v1/cadences?limit=100";
    let asked = [list.to_owned(), format!("{list}&after=c"), format!("{list}&after=d")];
    assert_eq!(scene.asked(), asked);
    let scene = Scene::new([page([], None)]).await;
    assert_eq!(scene.list().await, Ok(vec![]));
}

#[tokio::test]
async fn an_answer_that_is_no_page_is_a_failure_and_never_a_shorter_list() {
    let error = |status, code: &str| {
        (status, json!({ "error": { "code": code, "message": "no" } }).to_string())
    };
    let html = |status| (status, "<html>No.</html>".to_owned());
    let table = [
        (error(401, "unauthorized"), Connection, R::CredentialRefused),
        (error(429, "rate_limited"), Connection, R::RateLimited),
        (error(503, "unavailable"), Connection, R::VendorUnavailable),
        (html(503), Connection, R::VendorUnavailable),
        (error(500, "internal"), One, R::VendorUnavailable),
        (html(502), One, R::VendorUnavailable),
        (error(422, "invalid"), Refused, R::VendorRefused),
        (error(400, "malformed"), Refused, R::VendorRefused),
        (error(404, "not_found"), Refused, R::VendorRefused),
        (html(413), Refused, R::VendorRefused),
        (html(404), One, R::VendorUnavailable),
        (html(408), One, R::VendorUnavailable),
        (html(302), One, R::VendorUnavailable),
        (html(200), One, R::VendorUnavailable),
        ((200, String::new()), One, R::VendorUnavailable),
        ((200, "{}".to_owned()), One, R::VendorUnavailable),
        ((200, r#"{"cadences":null,"next":null}"#.to_owned()), One, R::VendorUnavailable),
        ((200, r#"{"cadences":[],"next":7}"#.to_owned()), One, R::VendorUnavailable),
        (page([json!({ "name": "nameless" })], None), One, R::VendorUnavailable),
        (page([json!(7)], None), One, R::VendorUnavailable),
        ((206, page([], None).1), One, R::VendorUnavailable),
        ((204, String::new()), One, R::VendorUnavailable),
    ];
    for (answer, scope, reason) in table {
        let first = || page([said("a", "v1")], Some("a"));
        for (pages, calls) in [(vec![answer.clone()], 1), (vec![first(), answer.clone()], 2)] {
            let scene = Scene::new(pages).await;
            let failure = scene.list().await.unwrap_err();
            let found = (failure.scope, failure.problem.reason, failure.effect_unknown);
            assert_eq!(found, (scope, reason, false), "{answer:?}");
            assert_eq!(failure.problem.vendor_status, answer.0);
            assert_eq!(scene.asked().len(), calls, "nothing is repeated");
        }
    }
}

#[tokio::test]
async fn a_page_that_leads_to_itself_is_no_page() {
    let same = || page([said("a", "v1")], Some("a"));
    let scene = Scene::new([same(), same(), same()]).await;
    let failure = scene.list().await.unwrap_err();
    assert!(failure.problem.message.contains("it is no page of cadences"), "{failure}");
    assert_eq!(scene.asked().len(), 2);
}

#[tokio::test]
async fn an_entry_keeps_the_definition_and_its_version() {
    let scene = Scene::new([page([said("welcome", "v1")], None)]).await;
    let listed = scene.list().await.unwrap().remove(0);
    assert_eq!(listed.kind, ResourceKind::Cadence);
    assert_eq!(listed.made.as_deref(), Some("2026-01-01T00:00:00Z"));
    assert_eq!(listed.changed_by.as_deref(), Some("user:7"));
    assert!(!listed.protected);
    let mut body = said("welcome", "v1");
    for name in ["created_at", "updated_at", "updated_by"] {
        body.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(listed.body, body);
    let kept: Entry = serde_json::from_value(serde_json::to_value(&listed).unwrap()).unwrap();
    assert_eq!(kept, listed);
    let form = desired(&cadence("Welcome")).at_version("v1");
    assert_eq!(upso().listed(&kept, None), Some(form.clone()));
    assert_eq!(upso().listed(&kept, Some(&Attributes::new())), Some(form.clone()));
    assert_eq!(upso().lists_with(&form), None);
    // The order of the days is the vendor's own, and no change.
    let mut turned = said("welcome", "v1");
    turned["send_window"]["days"] = json!(["fri", "mon"]);
    turned["updated_at"] = "2026-03-01T00:00:00Z".into();
    let scene = Scene::new([page([turned], None)]).await;
    assert_eq!(scene.list().await.unwrap(), [listed]);
}

#[tokio::test]
async fn an_entry_that_is_incomplete_has_no_form() {
    for name in ["version", "name", "status", "timezone", "send_window", "steps"] {
        let mut lacking = said("welcome", "v1");
        lacking.as_object_mut().unwrap().remove(name);
        let scene = Scene::new([page([lacking, said("other", "v2")], None)]).await;
        let listed = scene.list().await.unwrap();
        assert_eq!(keys(&listed), ["other", "welcome"]);
        assert_eq!(upso().listed(&listed[1], None), None, "{name}");
        assert!(upso().listed(&listed[0], None).is_some());
    }
}

#[tokio::test]
async fn what_the_stand_in_holds_is_listed_as_it_is_read_and_can_be_decided_as_it_is() {
    let rig = Rig::open().await;
    let mut all = Vec::new();
    for number in 0..105 {
        let cadence = cadence(&format!("Cadence {number}"));
        rig.create(&cadence).await;
        all.push(cadence);
    }
    rig.edit("cadence-7", "Changed by somebody else").await;
    rig.account.admit(Lane::Background).await;
    let listed = rig.account.list(&[]).await.unwrap();
    let mut expected: Vec<_> = all.iter().map(|cadence| cadence.cadence_id.as_str()).collect();
    expected.sort_unstable();
    assert_eq!(keys(&listed), expected);
    let read = rig.read(&expected).await;
    assert_eq!(read.len(), listed.len());
    for (entry, observed) in listed.iter().zip(read) {
        let form = upso().listed(entry, None).unwrap();
        let Observed::Present { attributes, .. } = observed else { panic!("{entry:?}") };
        assert_eq!(form, attributes);
        assert!(entry.made.is_some());
        let by = if entry.name == "cadence-7" { "user:1001" } else { "api" };
        assert_eq!(entry.changed_by.as_deref(), Some(by));
        let id = ResourceId::from_trusted("cadence-2");
        let resource = upso().resource(id, ResourceKind::Cadence, &entry.name, &form, None);
        let decided = upso().desired(&resource.unwrap());
        assert!(decided.differing_from(&form).is_empty());
        assert!(form.differing_from(&decided).is_empty());
    }
}
