//! What is certain when there is no answer, and what must never be told.

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::*;
use crate::domain::Effect;
use crate::vendors::FailureScope::{Connection, Resource};
use crate::vendors::{Answer, Target};

async fn create_at(base_url: &str) -> Failure {
    let account = open(access(base_url));
    account.admit(Lane::Change).await;
    let calls = [call("tier", Effect::Create(text_attributes()))];
    account.carry_out(&calls).await.pop().unwrap().unwrap_err()
}

#[tokio::test]
async fn a_vendor_that_cannot_be_reached_had_no_effect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let failure = create_at(&base_url).await;
    assert_eq!((failure.scope, failure.effect_unknown), (Connection, false));
    assert!(failure.problem.message.contains("refused"), "{failure}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_had_no_effect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("https://{}", listener.local_addr().unwrap());
    let failure = create_at(&base_url).await;
    assert_eq!((failure.scope, failure.effect_unknown), (Connection, false));
}

#[tokio::test]
async fn a_connection_that_is_lost_leaves_the_effect_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let hang_up = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await.unwrap();
    };
    let (failure, ()) = tokio::join!(create_at(&base_url), hang_up);
    assert_eq!((failure.scope, failure.effect_unknown), (Connection, true));
}

#[tokio::test]
async fn no_answer_in_time_leaves_the_effect_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let failure = create_at(&base_url).await;
    assert_eq!((failure.scope, failure.effect_unknown), (Resource, true));
    assert_eq!(failure.problem.vendor_status, 0);
}

#[tokio::test]
async fn a_credential_that_hubspot_repeats_is_taken_out() {
    let body = json!({
        "message": format!("The token {TOKEN} is not\nvalid. {}", "x".repeat(900)),
        "correlationId": TOKEN,
        "context": { "requiredGranularScopes": [TOKEN] },
        "errors": [{ "message": TOKEN, "in": TOKEN }],
    });
    for status in [400, 401, 403, 429, 500] {
        let scene = Scene::new([json(status, body.clone())]).await;
        let failure = scene.read(&["tier"]).await.unwrap_err();
        let told = format!("{failure:?} {failure}");
        assert!(!told.contains(TOKEN), "{told}");
        assert!(failure.problem.message.chars().count() <= 500);
        assert!(!failure.problem.message.contains('\n'));
    }
}

#[tokio::test]
async fn no_debug_text_shows_the_credential() {
    let scene = Scene::new([]).await;
    let told = format!("{:?} {:?} {:?}", scene.account, access("http://127.0.0.1:1"), hubspot());
    assert!(!told.contains(TOKEN), "{told}");
    assert!(told.contains("http://127.0.0.1"), "{told}");
}

#[tokio::test]
async fn an_account_is_only_opened_where_the_policy_allows() {
    for base_url in ["https://evil.example", "http://api.hubapi.com", "http://10.0.0.1"] {
        let failure = hubspot().open(access(base_url)).unwrap_err();
        assert_eq!((failure.scope, failure.effect_unknown), (Connection, false));
        assert!(failure.problem.message.starts_with("base_url: must be"), "{failure}");
    }
    assert!(hubspot().open(access("https://api.hubapi.com")).is_ok());
    let mut unusable = access("https://api.hubapi.com");
    unusable.credential = zeroize::Zeroizing::new("two\nlines".to_owned());
    let failure = hubspot().open(unusable).unwrap_err();
    assert_eq!(failure.problem.reason, ProblemReason::CredentialRefused);
}

#[tokio::test]
async fn answers_teach_the_limiter() {
    let held = property("tier", &text_attributes());
    let answer = || {
        json(201, held.clone())
            .with("x-hubspot-ratelimit-max", 4)
            .with("x-hubspot-ratelimit-remaining", 3)
            .with("x-hubspot-ratelimit-interval-milliseconds", 10_000)
    };
    let scene = Scene::new((0..4).map(|_| answer())).await;
    for _ in 0..4 {
        assert_eq!(scene.account.wait(Lane::Change), Duration::ZERO);
        let call = call("tier", Effect::Create(text_attributes()));
        assert!(matches!(scene.carry_out_one(call).await, Ok(Answer::Holds(_))));
    }
    assert!(scene.account.wait(Lane::Change) > Duration::from_secs(5));
    let mut later = access("http://127.0.0.1:1");
    later.window = Some(scene.account.window());
    assert!(open(later).wait(Lane::Change) > Duration::from_secs(4));
}

#[tokio::test]
async fn a_used_up_limit_closes_the_gate() {
    let scene = Scene::new([html(429).with("retry-after", 5)]).await;
    scene.read(&["tier"]).await.unwrap_err();
    let wait = scene.account.wait(Lane::Change);
    assert!(wait > Duration::from_secs(2) && wait <= Duration::from_secs(5), "{wait:?}");
}

#[tokio::test]
async fn a_place_that_was_taken_before_the_gate_closed_is_not_used() {
    let scene = Scene::new([html(429).with("retry-after", 5)]).await;
    scene.account.admit(Lane::Change).await;
    scene.read(&["tier"]).await.unwrap_err();
    let create = call("tier", Effect::Create(text_attributes()));
    let failure = scene.account.carry_out(&[create]).await.pop().unwrap().unwrap_err();
    assert_eq!((failure.scope, failure.effect_unknown), (Connection, false));
    assert!(failure.retry_after.unwrap() > Duration::from_secs(2));
    assert_eq!(scene.asked().len(), 1);
}

#[tokio::test]
async fn further_calls_wait_for_places_of_their_own_but_not_for_ever() {
    let read = json(200, property("a", &text_attributes())).with("x-hubspot-ratelimit-max", 1);
    let mut access_to_one = access("http://127.0.0.1:1");
    let scene = Scene::new([read]).await;
    access_to_one.limits.burst_per_10s = 1;
    access_to_one.base_url = scene.base_url();
    let account = open(access_to_one);
    account.admit(Lane::Change).await;
    let targets: Vec<Target> = ["a", "b"].map(target).to_vec();
    let failure = account.read(&targets).await.unwrap_err();
    assert_eq!((failure.scope, failure.problem.reason), (Resource, ProblemReason::RateLimited));
    assert_eq!(scene.asked().len(), 1);
}
