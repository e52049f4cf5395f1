//! Access by a grant of OAuth: one renewal at a time, and nothing that may pass loses the grant.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::*;
use crate::domain::{Observed, Problem};
use crate::vendors::FailureScope::Connection;
use crate::vendors::grant::{Grant, Keeper};

const SECRET: &str = "the-secret-of-an-app";
const REFRESH: &str = "the-first-refresh-token";

/// Keeps what it is given, unless told not to.
#[derive(Default)]
struct Safe {
    kept: Mutex<Vec<Grant>>,
    is_shut: AtomicBool,
}

impl std::fmt::Debug for Safe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Safe")
    }
}

#[async_trait]
impl Keeper for Safe {
    async fn keep(&self, credential: Zeroizing<String>) -> Result<(), Failure> {
        if self.is_shut.load(Ordering::Relaxed) {
            let problem = Problem::new(ProblemReason::VendorUnavailable, "the safe is shut");
            let scope = Connection;
            return Err(Failure { scope, effect_unknown: false, retry_after: None, problem });
        }
        self.kept.lock().unwrap().push(Grant::parse(&credential).unwrap());
        Ok(())
    }
}

impl Safe {
    fn kept(&self) -> Vec<String> {
        self.kept.lock().unwrap().iter().map(|grant| grant.refresh_token.clone()).collect()
    }
}

struct Given {
    scene: Scene,
    account: Arc<dyn Account>,
    safe: Arc<Safe>,
}

impl Given {
    async fn new(
        exchanges: impl IntoIterator<Item = Script>,
        answers: impl IntoIterator<Item = Script>,
    ) -> Self {
        let scene = Scene::new(answers).await;
        scene.exchanges(exchanges);
        let safe = Arc::new(Safe::default());
        let account = open(Access { keeper: Some(safe.clone()), ..granted(&scene) });
        Self { scene, account, safe }
    }

    async fn read(&self) -> Result<Vec<Observed>, Failure> {
        self.account.admit(Lane::Change).await;
        self.account.read(&[target("tier")]).await
    }

    /// How often a token was asked for.
    fn exchanges(&self) -> usize {
        self.refresh_tokens().len()
    }

    /// What a token was asked for with.
    fn refresh_tokens(&self) -> Vec<String> {
        let asked = self.scene.asked();
        let forms = asked.iter().filter(|asked| asked.path == "/oauth/2026-09/token");
        forms
            .map(|asked| {
                let form = asked.body.as_str().unwrap();
                let mut pairs = url::form_urlencoded::parse(form.as_bytes());
                pairs.find(|(name, _)| name == "refresh_token").unwrap().1.into_owned()
            })
            .collect()
    }
}

fn granted(scene: &Scene) -> Access {
    let grant = Grant {
        client_id: "an-app".to_owned(),
        client_secret: SECRET.to_owned(),
        refresh_token: REFRESH.to_owned(),
    };
    let base_url = scene.base_url();
    Access { base_url, credential: grant.to_text(), ..access("http://127.0.0.1:1") }
}

fn token(access: &str, refresh: &str, expires_in: u64) -> Script {
    json(
        200,
        json!({
            "access_token": access, "refresh_token": refresh, "expires_in": expires_in,
            "token_type": "bearer", "hub_id": 7,
            "scopes": ["crm.schemas.deals.read", "crm.schemas.deals.write"],
        }),
    )
}

/// More than any test asks for.
fn many() -> impl Iterator<Item = Script> {
    std::iter::repeat_with(tier).take(500)
}

fn tier() -> Script {
    json(200, property("tier", &text_attributes()))
}

#[tokio::test]
async fn a_grant_is_exchanged_once_and_its_token_is_what_calls_carry() {
    let given = Given::new([token("an-access-token", REFRESH, 1_800)], [tier(), tier()]).await;
    given.read().await.unwrap();
    given.read().await.unwrap();
    let asked = given.scene.asked();
    assert_eq!(asked[0].method, "POST");
    assert_eq!(
        asked[0].body,
        "grant_type=refresh_token&client_id=an-app&client_secret=the-secret-of-an-app\
         &refresh_token=the-first-refresh-token"
    );
    let bearer = "Bearer an-access-token";
    assert_eq!(given.scene.tokens(), ["", bearer, bearer]);
    assert_eq!(given.safe.kept(), Vec::<String>::new(), "nothing was replaced");
}

#[tokio::test]
async fn calls_at_the_same_time_wait_for_one_renewal() {
    let given = Given::new([token("an-access-token", REFRESH, 1_800)], many()).await;
    let calls = (0..5).map(|_| given.read());
    futures::future::try_join_all(calls).await.unwrap();
    assert_eq!(given.exchanges(), 1);
}

#[tokio::test]
async fn a_token_is_renewed_ahead_of_its_end() {
    let tokens =
        [token("the-first-access", REFRESH, 2), token("the-second-access", REFRESH, 1_800)];
    let given = Given::new(tokens, many()).await;
    let until = tokio::time::Instant::now() + Duration::from_millis(1_950);
    while given.exchanges() < 2 {
        assert!(tokio::time::Instant::now() < until, "it is renewed before two seconds are over");
        given.read().await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(given.scene.tokens().last().unwrap(), "Bearer the-second-access");
}

#[tokio::test]
async fn a_replaced_grant_is_kept_before_its_token_is_used() {
    let given =
        Given::new([token("an-access-token", "the-second-refresh-token", 1_800)], [tier()]).await;
    given.safe.is_shut.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        let failure = given.read().await.unwrap_err();
        assert_eq!((failure.scope, failure.effect_unknown), (Connection, false));
        assert_eq!(given.scene.asked().len(), 1, "nothing but the exchange");
    }
    given.safe.is_shut.store(false, Ordering::Relaxed);
    given.read().await.unwrap();
    assert_eq!(given.safe.kept(), ["the-second-refresh-token"]);
    assert_eq!(given.exchanges(), 1, "the token that came along still serves");
}

#[tokio::test]
async fn the_next_renewal_uses_the_refresh_token_that_replaced_the_first() {
    let second = "the-second-refresh-token";
    let tokens = [token("the-first-access", second, 1), token("the-second-access", second, 1_800)];
    let given = Given::new(tokens, many()).await;
    let renewed = async {
        while given.exchanges() < 2 {
            given.read().await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), renewed).await.unwrap();
    assert_eq!(given.refresh_tokens(), [REFRESH, second]);
}

#[tokio::test]
async fn what_may_pass_loses_no_grant() {
    for answer in [
        html(500),
        html(502),
        html(200),
        json(200, json!({})),
        json(200, json!({ "access_token": "two\nlines" })),
        html(400),
        html(401),
        html(404),
        error(400, "VALIDATION_ERROR", "who knows"),
        json(503, json!({ "error": "invalid_grant" })),
    ] {
        let given = Given::new([answer, token("an-access-token", REFRESH, 1_800)], [tier()]).await;
        let failure = given.read().await.unwrap_err();
        let seen = (failure.scope, failure.problem.reason, failure.effect_unknown);
        assert_eq!(seen, (Connection, ProblemReason::VendorUnavailable, false), "{failure:?}");
        given.read().await.unwrap();
        assert_eq!(given.refresh_tokens(), [REFRESH, REFRESH]);
    }
}

#[tokio::test]
async fn a_refused_grant_closes_the_connection_and_says_to_reconnect() {
    for answer in [
        json(400, json!({ "error": "invalid_grant", "error_description": "revoked" })),
        json(400, json!({ "status": "BAD_REFRESH_TOKEN", "message": "missing or unknown" })),
        json(401, json!({ "error": "invalid_client" })),
        error(400, "BAD_CLIENT_SECRET", "no"),
    ] {
        // The answer before got lost: it may have replaced the refresh token.
        let given = Given::new([html(500), answer], []).await;
        given.read().await.unwrap_err();
        let failure = given.read().await.unwrap_err();
        assert_eq!(
            (failure.scope, failure.problem.reason),
            (Connection, ProblemReason::CredentialRefused)
        );
        assert!(failure.problem.message.contains("reconnect"), "{failure:?}");
        assert!(failure.retry_after.unwrap() >= Duration::from_secs(60));
        assert_eq!(given.refresh_tokens(), [REFRESH, REFRESH]);
    }
}

#[tokio::test]
async fn no_secret_is_passed_on_however_often_hubspot_repeats_it() {
    let said = format!("{SECRET} {REFRESH} is not good");
    let exchanges = [
        json(400, json!({ "error": "invalid_grant", "error_description": said, "message": said })),
        token("an-access-token", "the-second-refresh-token", 1_800),
    ];
    let said = format!("an-access-token the-second-refresh-token {said}");
    let given = Given::new(exchanges, [error(400, "VALIDATION_ERROR", &said)]).await;
    for _ in 0..2 {
        let failure = given.read().await.unwrap_err();
        let told = format!("{failure:?}");
        assert!(told.contains("(credential) (credential)"), "{told}");
        for secret in [SECRET, REFRESH, "an-access-token", "the-second-refresh-token"] {
            assert!(!told.contains(secret), "{told}");
        }
        assert!(!format!("{:?}", given.account).contains("the-"), "{:?}", given.account);
    }
}

#[tokio::test]
async fn a_refused_token_that_is_new_is_not_renewed() {
    let refused = || error(401, "EXPIRED_AUTHENTICATION", "no");
    let given =
        Given::new([token("an-access-token", REFRESH, 1_800)], [refused(), refused()]).await;
    for _ in 0..2 {
        let failure = given.read().await.unwrap_err();
        assert_eq!(failure.problem.reason, ProblemReason::CredentialRefused);
    }
    assert_eq!(given.exchanges(), 1);
}

#[tokio::test]
async fn a_token_serves_to_its_end_when_it_cannot_be_renewed_ahead() {
    let given = Given::new([token("the-first-access", REFRESH, 3), html(500)], many()).await;
    let renewal_failed = async {
        while given.exchanges() < 2 {
            given.read().await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), renewal_failed).await.unwrap();
    assert_eq!(given.scene.tokens().last().unwrap(), "Bearer the-first-access");
}
