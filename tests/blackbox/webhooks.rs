//! Upso tells of changes: they are found at once, and nobody else can have anything looked for.

use std::time::{Duration, Instant};

use futures::future::join_all;
use gomark::clock::SystemClock;
use gomark::hex;
use gomark_sdk::v1::{DriftItem, JobState};
use gomark_sdk::{Client, cadences};
use hmac::{Hmac, KeyInit, Mac};
use prost_types::value::Kind;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::world::{BOUND, World, ended, token};

const COMPANY: &str = "acme";
const CADENCE: &str = "trial-users";
const SECRET: &str = "a-secret-of-a-test";
const NEXT_SECRET: &str = "the-secret-after-it";
const BODY: &str = r#"{"event":"cadence.changed"}"#;

/// A service that looks for changes only when it is told of one, with a cadence at Upso.
async fn world(secrets: &[&str]) -> World {
    let world = World::with(|settings| {
        settings.settling = Duration::ZERO;
        settings.http_listen = Some("127.0.0.1:0".parse().unwrap());
        assert_eq!(settings.scan_interval, None);
    })
    .await;
    world.client.register_company(COMPANY).await.unwrap();
    world.connect_upso(secrets).await;
    let cadence = cadences::cadence("Trial users", [cadences::email("Welcome", "Hello")]);
    let added = world.client.add_cadence(COMPANY, cadence).await.unwrap();
    assert_eq!(ended(&added).await.0.state(), JobState::Succeeded);
    world
}

/// Signs a message as Upso does.
fn sign(secret: &str, at: u64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", hex::encode(&mac.finalize().into_bytes()))
}

fn now() -> u64 {
    u64::try_from(SystemClock::shared().now().as_micros() / 1_000_000).unwrap()
}

/// Waits until a change of somebody else was found.
async fn found(client: &Client) -> DriftItem {
    let mut watch = client.watch_drift(COMPANY, 0);
    let told = tokio::time::timeout(BOUND, watch.next()).await.expect("it is found");
    told.expect("there is no end").unwrap()
}

impl World {
    async fn connect_upso(&self, secrets: &[&str]) -> i64 {
        let connect = self.client.connect_upso(COMPANY, token(COMPANY));
        let connect = connect.base_url(&self.hubspot.url).webhook_secrets(secrets.iter().copied());
        connect.await.unwrap().revision
    }

    async fn subscribe(&self, secret: &str) {
        let hook = format!("{}/v1/webhook", self.hubspot.url);
        let body = json!({ "url": self.hook(COMPANY), "secret": secret });
        let hook = self.hubspot.http.put(hook).bearer_auth(token(COMPANY)).json(&body);
        self.hubspot.send(hook).await;
    }

    fn hook(&self, company: &str) -> String {
        format!("{}/webhooks/upso/{company}", self.http_url())
    }

    /// Renames the cadence in Upso's own screen.
    async fn rename_at_upso(&self, name: &str) {
        let account = format!("{}/v1/account", self.hubspot.url);
        let account = self.hubspot.http.get(account).bearer_auth(token(COMPANY));
        let account = self.hubspot.send(account).await;
        let path = format!("upso/{}/edit", account["account_id"].as_str().unwrap());
        let edit = json!({ "method": "PATCH", "key": CADENCE, "body": { "name": name } });
        self.hubspot.control(&path, edit).await;
    }

    /// Sends a message; answers the status and the body.
    async fn tell(&self, company: &str, signature: Option<&str>, body: &str) -> (u16, String) {
        let mut request = self.hubspot.http.post(self.hook(company)).body(body.to_owned());
        if let Some(signature) = signature {
            request = request.header("Upso-Signature", signature);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Sends a message that is signed now; answers the status.
    async fn told_by(&self, secret: &str) -> u16 {
        self.tell(COMPANY, Some(&sign(secret, now(), BODY)), BODY).await.0
    }

    /// How often Upso was read from.
    async fn reads(&self) -> u64 {
        let counts = self.hubspot.read("calls/counts?vendor=upso&method=GET").await;
        let counts = counts["counts"].as_object().unwrap();
        counts.values().map(|count| count["calls"].as_u64().unwrap()).sum()
    }
}

#[tokio::test]
async fn a_change_at_upso_is_found_without_being_asked_for() {
    let world = world(&[SECRET]).await;
    world.subscribe(SECRET).await;
    world.rename_at_upso("Renamed there").await;
    let item = found(&world.client).await;
    assert_eq!((item.name.as_str(), item.attribute.as_str()), (CADENCE, "name"));
    let to = item.to.and_then(|to| to.kind);
    assert_eq!(to, Some(Kind::StringValue("Renamed there".to_owned())));
    world.stop().await;
}

#[tokio::test]
async fn whoever_did_not_sign_learns_nothing_whatever_is_wrong() {
    let world = world(&[SECRET]).await;
    world.client.register_company("unconnected").await.unwrap();
    let right = sign(SECRET, now(), BODY);
    let wanted = world.tell(COMPANY, None, BODY).await;
    assert_eq!(wanted.0, 401);
    let problem: Value = serde_json::from_str(&wanted.1).unwrap();
    assert_eq!((&problem["status"], &problem["reason"]), (&json!(401), &json!("UNAUTHENTICATED")));
    let stale = sign(SECRET, now() - 3_600, BODY);
    let early = sign(SECRET, now() + 3_600, BODY);
    let twice = format!("{right},{right}");
    for (what, company, signature, body) in [
        ("another secret", COMPANY, sign(NEXT_SECRET, now(), BODY), BODY),
        ("an old message", COMPANY, stale, BODY),
        ("a message of the future", COMPANY, early, BODY),
        ("a changed time", COMPANY, right.replacen("t=", "t=0", 1), BODY),
        ("a changed body", COMPANY, right.clone(), "{}"),
        ("no body", COMPANY, right.clone(), ""),
        ("no signature", COMPANY, String::new(), BODY),
        ("two signatures", COMPANY, twice, BODY),
        ("no company", "nobody", right.clone(), BODY),
        ("no connection", "unconnected", right.clone(), BODY),
        ("no id of a company", "Not%20one", right.clone(), BODY),
        ("no text", "%ff", right.clone(), BODY),
    ] {
        assert_eq!(world.tell(company, Some(&signature), body).await, wanted, "{what}");
    }
    let two = world.hubspot.http.post(world.hook(COMPANY)).body(BODY);
    let two = two.header("Upso-Signature", &right).header("Upso-Signature", &right);
    assert_eq!(two.send().await.unwrap().status(), 401);
    let get = world.hubspot.http.get(world.hook(COMPANY)).header("Upso-Signature", &right);
    assert_eq!(get.send().await.unwrap().status(), 405);
    let large = "x".repeat(64 * 1024 + 1);
    let signature = sign(SECRET, now(), &large);
    assert_eq!(world.tell(COMPANY, Some(&signature), &large).await.0, 413);
    // What is signed is taken, whatever it says, and nothing is answered.
    for body in [BODY, "", "no JSON", &large[1..]] {
        let signature = sign(SECRET, now(), body);
        assert_eq!(world.tell(COMPANY, Some(&signature), body).await, (204, String::new()));
    }
    let foreign = world.hubspot.http.post(world.hook(COMPANY)).header("Host", "gomark.test");
    let foreign = foreign.header("Upso-Signature", &right).body(BODY);
    assert_eq!(foreign.send().await.unwrap().status(), 204, "it came through a proxy");
    world.stop().await;
}

#[tokio::test]
async fn a_secret_is_replaced_without_a_message_being_refused() {
    let world = world(&[]).await;
    assert_eq!(world.told_by(SECRET).await, 401, "there is none");
    let mut revision = world.client.get_company(COMPANY).await.unwrap().revision;
    for (secrets, old, new) in [
        (&[SECRET][..], 204, 401),
        (&[SECRET, NEXT_SECRET], 204, 204),
        (&[NEXT_SECRET], 401, 204),
        (&[], 401, 401),
    ] {
        let before = std::mem::replace(&mut revision, world.connect_upso(secrets).await);
        assert_eq!(revision, before + 1, "other secrets are another credential");
        assert_eq!(world.connect_upso(secrets).await, revision, "and the same ones are not");
        let told = (world.told_by(SECRET).await, world.told_by(NEXT_SECRET).await);
        assert_eq!(told, (old, new), "{secrets:?}");
    }
    // The key goes on opening the account, with secrets and without.
    let renamed = world.client.modify_cadence(COMPANY, CADENCE).template("Hi").delay_hours(1);
    assert_eq!(ended(&renamed.await.unwrap()).await.0.state(), JobState::Succeeded);
    let shown = format!("{:?}", world.client.list_audit(COMPANY).all().await.unwrap());
    assert!(!shown.contains(SECRET) && !shown.contains(NEXT_SECRET), "{shown}");
    world.connect_upso(&[NEXT_SECRET]).await;
    assert_eq!(world.told_by(NEXT_SECRET).await, 204);
    world.client.disconnect_vendor(COMPANY, gomark_sdk::v1::Vendor::Upso).await.unwrap();
    assert_eq!(world.told_by(NEXT_SECRET).await, 401);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_messages_has_little_looked_for_and_ends_with_a_scan_that_finds_the_change() {
    let world = world(&[SECRET]).await;
    let (before, begun) = (world.reads().await, Instant::now());
    for _ in 0..10 {
        let told = join_all((0..50).map(|_| world.told_by(SECRET))).await;
        assert!(told.iter().all(|status| *status == 204), "{told:?}");
    }
    // It belongs to the flood, which ends with a scan that finds this.
    world.rename_at_upso("Renamed there").await;
    assert_eq!(world.told_by(SECRET).await, 204);
    found(&world.client).await;
    let (reads, seconds) = (world.reads().await - before, begun.elapsed().as_secs());
    assert!(reads <= 2 * (seconds + 3), "{reads} in {seconds} s");
    world.stop().await;
}
