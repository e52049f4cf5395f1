//! What each kind of answer means: the table of failures, row by row, for a read and for a write.

use super::*;
use crate::domain::Effect;
use crate::vendors::FailureScope::{Connection, Refused, Resource};
use ProblemReason::{CredentialRefused, DailyLimit, RateLimited, VendorRefused, VendorUnavailable};

pub(super) struct Row {
    pub(super) answer: Script,
    pub(super) scope: FailureScope,
    reason: ProblemReason,
    effect_unknown: bool,
    retry_after_secs: Option<u64>,
}

fn row(answer: Script, scope: FailureScope, reason: ProblemReason, unknown: bool) -> Row {
    Row { answer, scope, reason, effect_unknown: unknown, retry_after_secs: None }
}

impl Row {
    fn after(self, secs: u64) -> Self {
        Self { retry_after_secs: Some(secs), ..self }
    }
}

fn limited(policy: &str) -> Script {
    let message = format!("You have reached your {} limit.", policy.to_lowercase());
    json(429, json!({ "status": "error", "message": message, "policyName": policy }))
}

pub(super) fn rows() -> Vec<Row> {
    let forbidden = json!({
        "category": "MISSING_SCOPES", "message": "no",
        "context": { "requiredGranularScopes": ["crm.schemas.deals.write"] }
    });
    vec![
        row(error(401, "INVALID_AUTHENTICATION", "bad"), Connection, CredentialRefused, false),
        row(json(403, forbidden), Refused, VendorRefused, false),
        row(html(403), Refused, VendorRefused, false),
        row(error(423, "LOCKED", "busy"), Connection, VendorUnavailable, false).after(2),
        row(html(423).with("retry-after", 1), Connection, VendorUnavailable, false).after(2),
        row(html(423).with("retry-after", 9), Connection, VendorUnavailable, false).after(9),
        row(html(477), Connection, VendorUnavailable, false),
        row(html(477).with("retry-after", 86_400), Connection, VendorUnavailable, false)
            .after(86_400),
        row(html(477).with("retry-after", 900_000), Connection, VendorUnavailable, false)
            .after(86_400),
        row(html(503), Connection, VendorUnavailable, false),
        row(html(503).with("retry-after", 7), Connection, VendorUnavailable, false).after(7),
        row(html(503).with("retry-after", "soon"), Connection, VendorUnavailable, false),
        row(limited("TEN_SECONDLY_ROLLING"), Connection, RateLimited, false).after(10),
        row(limited("SECONDLY"), Connection, RateLimited, false).after(1),
        row(limited("DAILY"), Connection, DailyLimit, false).after(1_800),
        row(limited("DAILY").with("retry-after", 60), Connection, DailyLimit, false).after(60),
        row(limited("SECONDLY").with("retry-after", 3), Connection, RateLimited, false).after(3),
        row(html(429), Connection, RateLimited, false).after(10),
        row(html(408), Resource, VendorUnavailable, true),
        row(html(500), Resource, VendorUnavailable, true),
        row(error(500, "INTERNAL_ERROR", "oh"), Resource, VendorUnavailable, true),
        row(html(502), Resource, VendorUnavailable, true),
        row(html(504), Resource, VendorUnavailable, true),
        row(html(521), Resource, VendorUnavailable, true),
        row(html(524), Resource, VendorUnavailable, true),
        row(html(301).with("location", "https://x/"), Resource, VendorUnavailable, true),
        row(html(304), Resource, VendorUnavailable, true),
        row(error(400, "VALIDATION_ERROR", "no"), Refused, VendorRefused, false),
        row(error(410, "GONE", "no"), Refused, VendorRefused, false),
        row(html(413), Refused, VendorRefused, false),
        row(error(422, "X", "no"), Refused, VendorRefused, false),
        row(html(400), Resource, VendorUnavailable, true),
        row(html(404), Resource, VendorUnavailable, true),
        row(html(200), Resource, VendorUnavailable, true),
        row(json(200, json!({})), Resource, VendorUnavailable, true),
        row(json(200, json!([1])), Resource, VendorUnavailable, true),
        row(json(202, json!({})), Resource, VendorUnavailable, true),
        row(json(206, json!({ "name": "tier" })), Resource, VendorUnavailable, true),
    ]
}

pub(super) fn check(row: &Row, failure: &Failure, writes: bool) {
    let status = row.answer.0;
    assert_eq!(failure.scope, row.scope, "{status}: {failure:?}");
    assert_eq!(failure.problem.reason, row.reason, "{status}");
    assert_eq!(failure.effect_unknown, row.effect_unknown && writes, "{status}");
    let retry_after_secs = row.retry_after_secs.map(Duration::from_secs);
    assert_eq!(failure.retry_after, retry_after_secs, "{status}");
    assert_eq!(failure.problem.vendor_status, status);
    assert!(!failure.problem.message.is_empty());
}

async fn check_all(effect: Option<Effect>) {
    for row in rows() {
        let scene = Scene::new([row.answer.clone()]).await;
        match &effect {
            None => check(&row, &scene.read(&["tier"]).await.unwrap_err(), false),
            Some(effect) => {
                let call = call("tier", effect.clone());
                check(&row, &scene.carry_out_one(call).await.unwrap_err(), true);
            }
        }
        assert_eq!(scene.asked().len(), 1, "nothing is repeated");
    }
}

#[tokio::test]
async fn every_answer_to_a_read_means_what_the_table_says() {
    check_all(None).await;
}

#[tokio::test]
async fn every_answer_to_a_create_means_what_the_table_says() {
    check_all(Some(Effect::Create(text_attributes()))).await;
}

#[tokio::test]
async fn every_answer_to_a_change_means_what_the_table_says() {
    check_all(Some(Effect::Update(Attributes::from([("label", json!("New"))])))).await;
}

#[tokio::test]
async fn every_answer_to_an_archive_means_what_the_table_says() {
    check_all(Some(Effect::Archive)).await;
}

#[tokio::test]
async fn every_answer_to_a_batch_means_the_same_for_all_of_it() {
    for row in rows() {
        // Refusals of a whole batch are looked into; see elsewhere.
        if row.scope == Refused && row.answer.0 != 403 {
            continue;
        }
        let scene = Scene::new([row.answer.clone()]).await;
        let calls = ["a", "b"].map(|name| call(name, Effect::Create(text_attributes())));
        for outcome in scene.carry_out(&calls).await {
            check(&row, &outcome.unwrap_err(), true);
        }
    }
}

#[tokio::test]
async fn a_date_to_come_back_at_is_understood() {
    let now = jiff::Timestamp::from_microsecond(SystemClock.now().as_micros()).unwrap();
    let at = now.checked_add(jiff::SignedDuration::from_secs(90)).unwrap();
    let date = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let scene = Scene::new([html(503).with("retry-after", date)]).await;
    let wait = scene.read(&["tier"]).await.unwrap_err().retry_after.unwrap();
    assert!((60..=90).contains(&wait.as_secs()), "{wait:?}");
}

#[tokio::test]
async fn a_refused_credential_names_the_scopes_it_lacks() {
    let forbidden = json!({
        "category": "MISSING_SCOPES", "message": "This app hasn't been granted all scopes.",
        "correlationId": "c-9",
        "errors": [{ "message": "One or more is needed.", "context": {
            "requiredGranularScopes": ["crm.schemas.deals.read", "crm.objects.deals.read"] } }]
    });
    let scene = Scene::new([json(200, json!({ "portalId": 77 })), json(403, forbidden)]).await;
    let failure = scene.account.identify().await.unwrap_err();
    assert_eq!(failure.scope, Refused);
    assert_eq!(failure.problem.reason, CredentialRefused);
    assert_eq!(failure.problem.correlation_id, "c-9");
    let message = failure.problem.message;
    assert!(message.contains("crm.schemas.deals.read, crm.objects.deals.read"), "{message}");
}

#[tokio::test]
async fn whose_account_it_is_and_what_it_may_is_asked() {
    let groups = json(200, json!({ "results": [{ "name": "dealinformation" }] }));
    let scene = Scene::new([json(200, json!({ "portalId": 900_074_294_i64 })), groups]).await;
    assert_eq!(scene.account.identify().await.unwrap().account_id, "900074294");
    let asked = [
        "GET /account-info/2026-09/details",
        "GET /crm/properties/2026-09/deals/groups",
        "POST /oauth/v2/private-apps/get/access-token-info",
    ];
    assert_eq!(scene.asked_lines(), asked);
}

#[tokio::test]
async fn an_identity_without_a_portal_is_no_identity() {
    for body in [json!({}), json!({ "portalId": null }), json!({ "portalId": "" }), json!(7)] {
        let scene = Scene::new([json(200, body)]).await;
        assert_eq!(scene.account.identify().await.unwrap_err().scope, Resource);
    }
    let scene = Scene::new([error(401, "INVALID_AUTHENTICATION", "no")]).await;
    let failure = scene.account.identify().await.unwrap_err();
    assert_eq!((failure.scope, failure.problem.reason), (Connection, CredentialRefused));
}
