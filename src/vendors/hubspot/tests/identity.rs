//! Whose portal it is, what a credential may do, and that nothing is written to another portal.

use super::*;
use crate::domain::Effect;
use crate::vendors::Answer;
use crate::vendors::FailureScope::{Connection, Refused};

fn details(portal: u64) -> Script {
    json(200, json!({ "portalId": portal, "timeZone": "US/Eastern" }))
}

fn groups() -> Script {
    json(200, json!({ "results": [] }))
}

fn info(scopes: &[&str]) -> Script {
    json(200, json!({ "userId": 1, "hubId": 7, "scopes": scopes }))
}

#[tokio::test]
async fn scopes_that_are_missing_are_named_when_connecting() {
    let scene =
        Scene::new([details(7), error(403, "MISSING_SCOPES", "no"), info(&["tickets"])]).await;
    let failure = scene.account.identify().await.unwrap_err();
    assert_eq!(
        (failure.scope, failure.problem.reason),
        (Refused, ProblemReason::CredentialRefused)
    );
    for scope in ["crm.schemas.deals.read", "crm.schemas.deals.write"] {
        assert!(failure.problem.message.contains(scope), "{failure:?}");
    }
    let asked = scene.asked();
    assert_eq!(asked[2].path, "/oauth/v2/private-apps/get/access-token-info");
    assert_eq!(asked[2].body, json!({ "tokenKey": TOKEN }));
    assert!(!format!("{failure:?}").contains(TOKEN));
}

#[tokio::test]
async fn a_credential_that_may_only_read_is_refused_though_every_call_works() {
    let scene = Scene::new([details(7), groups(), info(&["crm.schemas.deals.read"])]).await;
    let failure = scene.account.identify().await.unwrap_err();
    assert!(failure.problem.message.contains("crm.schemas.deals.write"), "{failure:?}");
}

#[tokio::test]
async fn without_access_to_deals_it_is_said_what_will_not_work() {
    let pair = ["crm.schemas.deals.read", "crm.schemas.deals.write"];
    let scene = Scene::new([details(7), groups(), info(&pair)]).await;
    let identity = scene.account.identify().await.unwrap();
    assert_eq!((identity.account_id.as_str(), identity.warnings.len()), ("7", 2));
    assert!(identity.warnings[0].contains("crm.objects.deals.read"), "{identity:?}");
}

#[tokio::test]
async fn where_scopes_are_not_told_the_calls_decide() {
    for untold in [html(404), html(500), json(200, json!({})), json(200, json!([]))] {
        let scene = Scene::new([details(7), groups(), untold.clone()]).await;
        assert_eq!(scene.account.identify().await.unwrap().warnings, Vec::<String>::new());
        let scene = Scene::new([details(7), error(403, "MISSING_SCOPES", "no"), untold]).await;
        let failure = scene.account.identify().await.unwrap_err();
        assert_eq!(failure.problem.reason, ProblemReason::CredentialRefused);
    }
}

fn held() -> Script {
    json(201, property("tier", &text_attributes()))
}

async fn create(account: &Arc<dyn Account>) -> Result<Answer, Failure> {
    account.admit(Lane::Change).await;
    let create = call("tier", Effect::Create(text_attributes()));
    account.carry_out(&[create]).await.pop().unwrap()
}

fn of_portal_seven(scene: &Scene) -> Arc<dyn Account> {
    let account_id = Some("7".to_owned());
    open(Access { account_id, base_url: scene.base_url(), ..access("http://127.0.0.1:1") })
}

#[tokio::test]
async fn nothing_is_written_to_a_portal_that_is_not_the_connections() {
    let scene = Scene::new([details(8), details(8)]).await;
    let account = of_portal_seven(&scene);
    for _ in 0..2 {
        let failure = create(&account).await.unwrap_err();
        assert_eq!(
            (failure.scope, failure.problem.reason),
            (Connection, ProblemReason::WrongAccount)
        );
        assert!(!failure.effect_unknown && failure.retry_after.is_some());
    }
    let lines = scene.asked_lines();
    assert!(lines.iter().all(|line| line.starts_with("GET ")), "{lines:?}");
}

#[tokio::test]
async fn whose_portal_it_is_is_asked_once_before_the_first_write() {
    let read = json(200, property("tier", &text_attributes()));
    let scene = Scene::new([read, details(7), held(), held()]).await;
    let account = of_portal_seven(&scene);
    account.admit(Lane::Change).await;
    account.read(&[target("tier")]).await.unwrap();
    assert_eq!(scene.asked().len(), 1, "a read needs no check");
    create(&account).await.unwrap();
    create(&account).await.unwrap();
    let paths: Vec<_> = scene.asked().into_iter().map(|asked| asked.path).collect();
    let expected = [&format!("{DEALS}/tier"), "/account-info/2026-09/details", DEALS, DEALS];
    assert_eq!(paths, expected);
}

#[tokio::test]
async fn a_portal_that_cannot_be_asked_for_is_not_written_to_yet() {
    let scene = Scene::new([html(500), details(7), held()]).await;
    let account = of_portal_seven(&scene);
    let failure = create(&account).await.unwrap_err();
    assert!(!failure.effect_unknown, "the write was not made");
    assert_eq!(scene.asked().len(), 1);
    create(&account).await.unwrap();
}
