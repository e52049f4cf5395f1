//! The cadence stand-in over real connections.

use std::collections::VecDeque;
use std::sync::Mutex;

use axum::http::HeaderMap;
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::mpsc;

use super::*;

const CADENCES: &str = "/v1/cadences";

fn welcome() -> Value {
    json!({
        "key": "welcome", "name": "Welcome", "status": "active", "timezone": "Europe/Berlin",
        "send_window": { "days": ["mon", "fri"], "from": "09:00", "to": "17:30" },
        "steps": [
            { "id": "hello", "channel": "email", "delay_seconds": 0,
              "template": { "subject": "Hello", "body": "Hello", "format": "text" } },
            { "id": "pause", "channel": "wait", "delay_seconds": 86400, "template": null },
        ],
    })
}

fn definition(name: &str) -> Value {
    let mut body = welcome();
    body.as_object_mut().unwrap().remove("key");
    body["name"] = json!(name);
    body
}

impl Client {
    fn create(&self, idempotency_key: &str, body: Value) -> reqwest::RequestBuilder {
        self.request("POST", CADENCES, body).header("idempotency-key", idempotency_key)
    }

    fn replace(&self, version: &Value, body: Value) -> reqwest::RequestBuilder {
        let tag = format!("\"{}\"", version.as_str().unwrap());
        self.request("PUT", "/v1/cadences/welcome", body).header("if-match", tag)
    }

    async fn account_id(&self) -> String {
        let (_, account) = self.call("GET", "/v1/account", Value::Null).await;
        account["account_id"].as_str().unwrap().to_owned()
    }

    async fn account(&self) -> Value {
        let path = format!("/_sandbox/upso/{}", self.account_id().await);
        self.call("GET", &path, Value::Null).await.1
    }

    async fn edit(&self, edit: Value) -> (u16, Value) {
        let path = format!("/_sandbox/upso/{}/edit", self.account_id().await);
        self.call("POST", &path, edit).await
    }
}

async fn answered(request: reqwest::RequestBuilder) -> (u16, HeaderMap, Value) {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

async fn code(request: reqwest::RequestBuilder) -> (u16, String) {
    let (status, _, body) = answered(request).await;
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_cadence_is_created_read_replaced_and_deleted() {
    let client = start(Config::default()).await;
    let (status, headers, created) = answered(client.create("once", welcome())).await;
    assert_eq!((status, &headers["location"]), (201, &"/v1/cadences/welcome".parse().unwrap()));
    let tag = format!("\"{}\"", created["version"].as_str().unwrap());
    assert_eq!(headers["etag"], tag);
    assert_eq!((&created["steps"], &created["updated_by"]), (&welcome()["steps"], &json!("api")));

    let (status, read) = client.call("GET", "/v1/cadences/welcome", Value::Null).await;
    assert_eq!((status, &read), (200, &created));

    let (status, headers, replaced) =
        answered(client.replace(&created["version"], definition("New"))).await;
    assert_eq!((status, &replaced["name"]), (200, &json!("New")));
    assert_ne!(headers["etag"], tag);
    assert_eq!(replaced["created_at"], created["created_at"]);

    let (status, headers, _) =
        answered(client.replace(&created["version"], definition("Old"))).await;
    let present = format!("\"{}\"", replaced["version"].as_str().unwrap());
    assert_eq!((status, headers["etag"].to_str().unwrap()), (412, present.as_str()));

    let delete = |tag: &str| {
        client.request("DELETE", "/v1/cadences/welcome", Value::Null).header("if-match", tag)
    };
    assert_eq!(code(delete(&tag)).await, refused(412, "version_mismatch"));
    assert_eq!(code(delete(&present)).await.0, 204);
    assert_eq!(code(delete(&present)).await, refused(404, "not_found"));
    let counts = json!({ "created_count": 1, "replaced_count": 1, "deleted_count": 1 });
    let account = client.account().await;
    assert_eq!((&account["effects"]["welcome"], &account["cadences"]), (&counts, &json!([])));
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_repeated_without_a_second_effect() {
    let client = start(Config::default()).await;
    client.fault(json!({ "kind": "drop_answer", "method": "POST", "count": 1 })).await;
    assert!(client.create("once", welcome()).send().await.is_err());
    let call = client.call_that_ended("item=welcome&method=POST").await;
    assert_eq!((&call["vendor"], &call["effect_status"]), (&json!("upso"), &json!(201)));
    assert_eq!(
        (&call["account_id"], &call["portal_id"]),
        (&json!(client.account_id().await), &Value::Null)
    );

    let (status, headers, first) = answered(client.create("once", welcome())).await;
    assert_eq!(status, 201);
    assert!(headers.contains_key("location") && headers.contains_key("etag"));
    assert_eq!(client.account().await["effects"]["welcome"]["created_count"], 1);
    let again = client.create("once", definition("Other"));
    assert_eq!(code(again).await, refused(422, "invalid"), "a body without a key");
    let mut other = welcome();
    other["name"] = json!("Other");
    assert_eq!(code(client.create("once", other)).await, refused(422, "idempotency_key_reused"));
    assert_eq!(code(client.create("twice", welcome())).await, refused(409, "key_taken"));
    let (_, read) = client.call("GET", "/v1/cadences/welcome", Value::Null).await;
    assert_eq!(read, first);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_by_status_and_code() {
    let client = start(Config::default()).await;
    let key = "/v1/cadences/welcome";
    let nothing = Value::Null;
    let (plain, empty) = (json!({}), welcome().to_string());
    for (request, status, expected) in [
        (client.request("GET", "/v1/account?x=1", nothing.clone()), 400, "malformed"),
        (client.request("GET", "/v1/cadences?limit=0", nothing.clone()), 400, "malformed"),
        (client.request("POST", CADENCES, welcome()), 400, "malformed"),
        (client.create("a", nothing.clone()).body(empty), 415, "unsupported_media_type"),
        (client.create("a", plain.clone()), 422, "invalid"),
        (client.request("PUT", key, definition("W")), 428, "precondition_required"),
        (client.replace(&json!("v1"), plain), 422, "invalid"),
        (client.replace(&json!("v1"), definition("W")), 404, "not_found"),
        (client.request("GET", "/v1/cadences/No%20Key", nothing.clone()), 404, "not_found"),
        (client.request("GET", "/v1/cadences/%ff", nothing.clone()), 404, "not_found"),
        (client.request("GET", "/v1/nothing", nothing.clone()), 404, "not_found"),
        (client.request("GET", "/v1", nothing.clone()), 404, "not_found"),
        (client.request("GET", "/v1/webhook", nothing.clone()), 404, "not_found"),
    ] {
        let said = format!("{request:?}");
        assert_eq!(code(request).await, refused(status, expected), "{said}");
    }
    let (status, headers, body) = answered(client.request("PATCH", key, nothing)).await;
    assert_eq!((status, &body["error"]["code"]), (405, &json!("method_not_allowed")));
    assert_eq!(headers["allow"], "GET,HEAD,PUT,DELETE");
    let long = " ".repeat(4 * 1024 * 1024 + 1);
    let long =
        client.create("a", Value::Null).header("content-type", "application/json").body(long);
    assert_eq!(code(long).await, refused(413, "too_large"));
}

#[tokio::test]
async fn a_key_opens_its_own_account_and_a_bad_one_none() {
    let client = start(Config::default()).await;
    answered(client.create("once", welcome())).await;
    let list =
        |key: &str| client.http.get(format!("{}{CADENCES}", client.base_url)).bearer_auth(key);
    let (status, _, page) = answered(list("another-account")).await;
    assert_eq!((status, page), (200, json!({ "cadences": [], "next": null })));
    for bad in ["short", "invalid-key", "revoked-key"] {
        let (status, headers, body) = answered(list(bad)).await;
        assert_eq!((status, &headers["www-authenticate"]), (401, &"Bearer".parse().unwrap()));
        assert_eq!(body["error"]["code"], "unauthorized", "{bad}");
        assert!(!headers.contains_key("ratelimit-limit"));
    }
    let bare = client.http.get(format!("{}/v1/account", client.base_url));
    assert_eq!(code(bare).await, refused(401, "unauthorized"));
    // The same account under a second key, as a test may want it.
    let second = json!({ "key": "second-key", "account_id": client.account_id().await });
    assert_eq!(client.call("POST", "/_sandbox/upso", second).await.0, 201);
    let (_, _, page) = answered(list("second-key")).await;
    assert_eq!(page["cadences"][0]["key"], "welcome");
}

#[tokio::test]
async fn pages_are_followed_by_their_cursor() {
    let client = start(Config::default()).await;
    for key in ["c", "a", "b"] {
        let mut body = welcome();
        body["key"] = json!(key);
        assert_eq!(code(client.create(key, body)).await.0, 201);
    }
    let (mut path, mut keys) = (format!("{CADENCES}?limit=2"), Vec::new());
    loop {
        let (_, page) = client.call("GET", &path, Value::Null).await;
        let found = page["cadences"].as_array().unwrap().iter();
        keys.push(found.map(|cadence| cadence["key"].clone()).collect::<Vec<_>>());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{CADENCES}?limit=2&after={next}");
    }
    assert_eq!(json!(keys), json!([["a", "b"], ["c"]]));
}

#[tokio::test]
async fn calls_beyond_the_limit_are_told_how_long_to_wait() {
    let client =
        start(Config { burst_limit: 1, burst_window_ms: 600_000, ..Config::default() }).await;
    let (_, headers, _) = answered(client.request("GET", "/v1/account", Value::Null)).await;
    assert_eq!(
        (&headers["ratelimit-limit"], &headers["ratelimit-remaining"]),
        (&"1".parse().unwrap(), &"0".parse().unwrap())
    );
    let (status, headers, body) = answered(client.create("once", welcome())).await;
    assert_eq!((status, &body["error"]["code"]), (429, &json!("rate_limited")));
    let seconds = |name: &str| headers[name].to_str().unwrap().parse::<u64>().unwrap();
    assert!((1..=600).contains(&seconds("retry-after")));
    assert_eq!(seconds("retry-after"), seconds("ratelimit-reset"));
    assert!(!headers.contains_key("x-hubspot-ratelimit-max"));
}

#[tokio::test]
async fn faults_speak_the_words_of_the_contract() {
    let client = start(Config::default()).await;
    let get = || client.request("GET", CADENCES, Value::Null);
    client.fault(json!({ "kind": "rate_limited", "count": 1 })).await;
    let (status, headers, body) = answered(get()).await;
    assert_eq!((status, &headers["retry-after"]), (429, &"1".parse().unwrap()));
    assert_eq!(body["error"]["code"], "rate_limited");
    let unavailable =
        json!({ "kind": "server_error", "status": 503, "retry_after_seconds": 7, "count": 1 });
    client.fault(unavailable).await;
    let (status, headers, body) = answered(get()).await;
    assert_eq!((status, &headers["retry-after"]), (503, &"7".parse().unwrap()));
    assert_eq!(body["error"]["code"], "unavailable");
    client.fault(json!({ "kind": "server_error", "count": 1 })).await;
    assert_eq!(code(get()).await, refused(500, "internal"));
    client.fault(json!({ "kind": "server_error", "status": 502, "count": 1 })).await;
    let (status, headers, _) = answered(get()).await;
    assert_eq!(
        (status, &headers["content-type"]),
        (502, &"text/html;charset=utf-8".parse().unwrap())
    );
    client.fault(json!({ "kind": "ignore_attribute", "attribute": "name", "count": 1 })).await;
    assert_eq!(code(client.create("once", welcome())).await, refused(422, "invalid"));
}

#[tokio::test]
async fn a_fault_meets_the_vendor_and_the_account_it_is_about() {
    let client = start(Config::default()).await;
    client.fault(json!({ "kind": "server_error", "vendor": "upso" })).await;
    client.fault(json!({ "kind": "server_error", "account_id": "acc_somebody" })).await;
    assert_eq!(client.call("GET", DEALS, Value::Null).await.0, 200);
    assert_eq!(client.call("GET", CADENCES, Value::Null).await.0, 500);
    assert_eq!(client.call("DELETE", "/_sandbox/faults/1", Value::Null).await.0, 204);
    assert_eq!(client.call("GET", CADENCES, Value::Null).await.0, 200);
    assert_eq!(client.calls("vendor=upso").await.len(), 2);
    assert_eq!(client.calls("vendor=hubspot").await.len(), 1);
    let mine = format!("account_id={}", client.account_id().await);
    assert_eq!(client.calls(&mine).await.len(), 3);
}

#[tokio::test]
async fn somebody_else_edits_and_the_version_tells() {
    let client = start(Config::default()).await;
    let (_, _, created) = answered(client.create("once", welcome())).await;
    let edit = json!({ "method": "PATCH", "key": "welcome", "body": { "name": "Changed" } });
    let (status, edited) = client.edit(edit).await;
    assert_eq!((status, &edited["name"]), (200, &json!("Changed")));
    assert_eq!(
        (&edited["updated_by"], &edited["steps"]),
        (&json!("user:1001"), &welcome()["steps"])
    );
    assert_eq!(code(client.replace(&created["version"], definition("Mine"))).await.0, 412);
    assert_eq!(client.calls("method=PATCH").await.len(), 0, "it was no API call");
    let new = json!({ "method": "POST", "key": "own", "by": "user:7", "body": definition("Own") });
    assert_eq!(client.edit(new).await.1["updated_by"], "user:7");
    assert_eq!(client.edit(json!({ "method": "DELETE", "key": "own" })).await.0, 204);
    for (edit, status) in [
        (json!({ "method": "DELETE", "key": "own" }), 404),
        (json!({ "method": "PATCH", "key": "welcome", "body": { "colour": 1 } }), 422),
        (json!({ "method": "MOVE", "key": "welcome" }), 422),
        (json!({ "method": "DELETE" }), 400),
    ] {
        let (answered, body) = client.edit(edit.clone()).await;
        assert_eq!(answered, status, "{edit}: {body}");
        assert!(body["error"].is_string(), "{edit}: {body}");
    }
    assert_eq!(client.call("GET", "/_sandbox/upso/nobody", Value::Null).await.0, 404);
}

/// A subscriber that answers with the given statuses, then with 200; returns its address and what
/// comes in.
async fn subscriber(
    supervisor: &Supervisor,
    statuses: &[u16],
) -> (String, mpsc::UnboundedReceiver<(String, String)>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let statuses = Arc::new(Mutex::new(statuses.iter().copied().collect::<VecDeque<u16>>()));
    let take_in = move |headers: HeaderMap, body: String| async move {
        let signature = headers["upso-signature"].to_str().unwrap().to_owned();
        sender.send((signature, body)).unwrap();
        let status = statuses.lock().unwrap().pop_front().unwrap_or(200);
        axum::http::StatusCode::from_u16(status).unwrap()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    let served = axum::serve(listener, axum::Router::new().route("/hook", post(take_in)));
    let stopping = supervisor.stopping();
    let served = served.with_graceful_shutdown(async move { stopping.cancelled().await });
    supervisor.spawn("subscriber", async move { served.await.unwrap() });
    (address, receiver)
}

#[tokio::test]
async fn a_subscriber_is_told_of_every_change_until_it_has_taken_it_in() {
    const SECRET: &str = "a-secret-of-a-test";
    let client = start(Config::default()).await;
    let (url, mut told) = subscriber(&client.supervisor, &[500]).await;
    let subscription = json!({ "url": url, "secret": SECRET });
    let (status, answer) = client.call("PUT", "/v1/webhook", subscription).await;
    assert_eq!((status, answer), (200, json!({ "url": url })), "the secret is not told");

    let mut next = async || {
        let told = tokio::time::timeout(Duration::from_secs(20), told.recv());
        told.await.expect("something is told").unwrap()
    };
    let (_, _, created) = answered(client.create("once", welcome())).await;
    let ((_, refused), (signature, body)) = (next().await, next().await);
    assert_eq!(refused, body, "the same message is tried again");
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&event["event"], &event["key"]), (&json!("cadence.changed"), &json!("welcome")));
    assert_eq!((&event["version"], &event["changed_by"]), (&created["version"], &json!("api")));
    assert_eq!(event["account_id"], client.account_id().await);
    let (t, v1) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{t}.{body}").as_bytes());
    assert_eq!(v1, crate::hex::encode(&mac.finalize().into_bytes()));

    client.edit(json!({ "method": "DELETE", "key": "welcome" })).await;
    let event: Value = serde_json::from_str(&next().await.1).unwrap();
    assert_eq!((&event["event"], &event["version"]), (&json!("cadence.deleted"), &Value::Null));
    assert_eq!(event["changed_by"], "user:1001");

    let both = async { while client.account().await["deliveries"]["delivered"] != 2 {} };
    tokio::time::timeout(Duration::from_secs(20), both).await.expect("both are delivered");
    assert_eq!(client.call("DELETE", "/v1/webhook", Value::Null).await.0, 204);
    assert_eq!(client.call("DELETE", "/v1/webhook", Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_control_request_about_accounts_that_makes_no_sense_is_refused() {
    let client = start(Config::default()).await;
    for body in [
        json!({ "key": "short" }),
        json!({ "key": "long-enough", "account_id": "No Id" }),
        json!({ "key": "long-enough", "portal_id": 1 }),
    ] {
        let (status, answer) = client.call("POST", "/_sandbox/upso", body.clone()).await;
        assert_eq!((status, answer["error"].is_string()), (400, true), "{body}: {answer}");
    }
}
