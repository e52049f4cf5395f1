//! Against the stand-in: the same contract, seen from both sides.

use serde_json::{Value, json};

use super::*;
use crate::domain::{Observed, ProblemReason};
use crate::sandbox::{Config, Running, Sandbox};
use crate::supervisor::Supervisor;
use crate::vendors::{Answer, Lane};

pub(super) struct Rig {
    running: Running,
    pub(super) account: Arc<dyn Account>,
    _supervisor: Supervisor,
}

impl Rig {
    pub(super) async fn open() -> Self {
        let supervisor = Supervisor::new();
        let clock = SystemClock::shared();
        let running = Sandbox::start(Config::default(), &supervisor, clock).await.unwrap();
        let account = open(&running.base_url());
        Self { running, account, _supervisor: supervisor }
    }

    async fn one(&self, call: Call) -> Result<Answer, Failure> {
        self.account.admit(Lane::Change).await;
        self.account.carry_out(&[call]).await.pop().unwrap()
    }

    /// Creates a cadence and returns what the vendor says it holds.
    pub(super) async fn create(&self, cadence: &Cadence) -> Attributes {
        let create = Effect::Create(desired(cadence));
        match self.one(call(cadence.cadence_id.as_str(), create, None)).await {
            Ok(Answer::Holds(held)) => held,
            other => panic!("not created: {other:?}"),
        }
    }

    pub(super) async fn read(&self, keys: &[&str]) -> Vec<Observed> {
        self.account.admit(Lane::Change).await;
        let targets: Vec<_> = keys.iter().map(|key| target(key)).collect();
        self.account.read(&targets).await.unwrap()
    }

    async fn control(&self, path: &str, body: Value) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/_sandbox/{path}", self.running.base_url());
        let answer = http.post(url).json(&body).send().await.unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{}", String::from_utf8_lossy(&answer.bytes().await.unwrap()));
    }

    /// Changes a cadence as somebody else would.
    pub(super) async fn edit(&self, key: &str, name: &str) {
        let id = self.account.identify().await.unwrap().account_id;
        let edit = json!({ "method": "PATCH", "key": key, "body": { "name": name } });
        self.control(&format!("upso/{id}/edit"), edit).await;
    }
}

fn present(attributes: &Attributes) -> Observed {
    Observed::Present { attributes: attributes.clone(), protected: false }
}

#[tokio::test]
async fn the_vendor_holds_a_cadence_as_it_was_decided() {
    let rig = Rig::open().await;
    let cadence = cadence("Welcome");
    let held = rig.create(&cadence).await;
    assert!(held.version().is_some());
    assert!(desired(&cadence).differing_from(&held).is_empty(), "{held:?}");
    assert_eq!(rig.read(&["welcome", "other"]).await, [present(&held), Observed::Absent]);
}

#[tokio::test]
async fn a_change_replaces_what_was_held_and_makes_a_new_version() {
    let rig = Rig::open().await;
    let held = rig.create(&cadence("Welcome")).await;
    let changes = Attributes::from([("status", "paused".into())]);
    let update = call("welcome", Effect::Update(changes.clone()), Some(&held));
    let Ok(Answer::Holds(after)) = rig.one(update).await else { panic!("not changed") };
    assert!(held.with(&changes).differing_from(&after).is_empty());
    assert_ne!(after.version(), held.version());
    assert_eq!(rig.read(&["welcome"]).await, [present(&after)]);
}

#[tokio::test]
async fn what_somebody_else_changed_is_neither_overwritten_nor_deleted() {
    let rig = Rig::open().await;
    let held = rig.create(&cadence("Welcome")).await;
    rig.edit("welcome", "Changed by somebody else").await;
    let changes = Attributes::from([("status", "paused".into())]);
    for effect in [Effect::Update(changes.clone()), Effect::Archive] {
        let answer = rig.one(call("welcome", effect, Some(&held))).await;
        assert_eq!(answer, Ok(Answer::Unexpected));
    }
    let [Observed::Present { attributes, .. }] = &rig.read(&["welcome"]).await[..] else {
        panic!("it is gone")
    };
    assert_eq!(attributes.get("name"), Some(&"Changed by somebody else".into()));
    let Ok(Answer::Holds(after)) =
        rig.one(call("welcome", Effect::Update(changes), Some(attributes))).await
    else {
        panic!("what was seen can be changed")
    };
    assert_eq!(after.get("status"), Some(&"paused".into()));
}

#[tokio::test]
async fn without_a_version_nothing_is_changed() {
    let rig = Rig::open().await;
    rig.create(&cadence("Welcome")).await;
    let known = desired(&cadence("Welcome"));
    for held in [None, Some(&known)] {
        let answer = rig.one(call("welcome", Effect::Archive, held)).await;
        assert_eq!(answer, Ok(Answer::Unexpected));
    }
}

#[tokio::test]
async fn a_key_that_is_taken_is_read() {
    let rig = Rig::open().await;
    rig.create(&cadence("Welcome")).await;
    let create = Effect::Create(desired(&cadence("Welcome")));
    assert_eq!(rig.one(call("welcome", create, None)).await, Ok(Answer::Unexpected));
}

#[tokio::test]
async fn what_was_deleted_is_gone_and_can_be_created_again() {
    let rig = Rig::open().await;
    let cadence = cadence("Welcome");
    let held = rig.create(&cadence).await;
    for _ in 0..2 {
        let answer = rig.one(call("welcome", Effect::Archive, Some(&held))).await;
        assert_eq!(answer, Ok(Answer::Gone));
    }
    assert_eq!(rig.read(&["welcome"]).await, [Observed::Absent]);
    let again = rig.create(&cadence).await;
    assert_ne!(again.version(), held.version());
    assert_eq!(rig.read(&["welcome"]).await, [present(&again)]);
}

#[tokio::test]
async fn many_are_read_page_by_page() {
    let rig = Rig::open().await;
    let mut all = Vec::new();
    for number in 0..130 {
        all.push((
            format!("cadence-{number}"),
            rig.create(&cadence(&format!("Cadence {number}"))).await,
        ));
    }
    let keys: Vec<_> = all.iter().map(|(key, _)| key.as_str()).chain(["missing"]).collect();
    let expected: Vec<_> =
        all.iter().map(|(_, held)| present(held)).chain([Observed::Absent]).collect();
    assert_eq!(rig.read(&keys).await, expected);
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_the_call_in_doubt() {
    let rig = Rig::open().await;
    rig.control("faults", json!({ "kind": "drop_answer", "method": "POST", "count": 1 })).await;
    let create = Effect::Create(desired(&cadence("Welcome")));
    let failure = rig.one(call("welcome", create, None)).await.unwrap_err();
    assert!(failure.effect_unknown);
    let [Observed::Present { attributes, .. }] = &rig.read(&["welcome"]).await[..] else {
        panic!("it took effect")
    };
    assert!(desired(&cadence("Welcome")).differing_from(attributes).is_empty());
}

#[tokio::test]
async fn a_429_closes_the_connection_for_as_long_as_it_says() {
    let rig = Rig::open().await;
    let fault =
        json!({ "kind": "rate_limited", "retry_after_seconds": 7, "vendor": "upso", "count": 1 });
    rig.control("faults", fault).await;
    let create = Effect::Create(desired(&cadence("Welcome")));
    let failure = rig.one(call("welcome", create, None)).await.unwrap_err();
    assert_eq!((failure.scope, failure.effect_unknown), (FailureScope::Connection, false));
    assert_eq!(failure.problem.reason, ProblemReason::RateLimited);
    assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
    assert!(rig.account.wait(Lane::Change) > Duration::from_secs(6));
}

#[tokio::test]
async fn a_key_that_is_not_accepted_opens_no_account() {
    let rig = Rig::open().await;
    let access = Access {
        base_url: rig.running.base_url().parse().unwrap(),
        credential: Zeroizing::new("invalid-key".to_owned()),
        keeper: None,
        account_id: None,
        limits: Default::default(),
        call_timeout: Duration::from_secs(4),
        window: None,
    };
    let failure = upso().open(access).unwrap().identify().await.unwrap_err();
    assert_eq!(failure.problem.reason, ProblemReason::CredentialRefused);
    assert!(!failure.problem.message.contains("invalid-key"), "{}", failure.problem.message);
}
