//! Calls over real connections: what a client sees, and what the sandbox says happened.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::clock::SystemClock;

mod deals;
mod definitions;
mod limits;
mod oauth;
mod upso;

const DEALS: &str = "/crm/properties/2026-09/deals";
const TOKEN: &str = "a-portal-of-a-test";

struct Client {
    http: reqwest::Client,
    base_url: String,
    supervisor: Supervisor,
}

async fn start(config: Config) -> Client {
    let supervisor = Supervisor::new();
    let running = Sandbox::start(config, &supervisor, SystemClock::shared()).await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    Client { http, base_url: running.base_url(), supervisor }
}

impl Client {
    fn request(&self, method: &str, path: &str, body: Value) -> reqwest::RequestBuilder {
        let method = method.parse().unwrap();
        let request =
            self.http.request(method, format!("{}{path}", self.base_url)).bearer_auth(TOKEN);
        if body.is_null() { request } else { request.json(&body) }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self.request(method, path, body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn fault(&self, spec: Value) {
        assert_eq!(self.call("POST", "/_sandbox/faults", spec).await.0, 201);
    }

    async fn exists(&self, name: &str) -> bool {
        self.call("GET", &format!("{DEALS}/{name}"), Value::Null).await.0 == 200
    }

    async fn calls(&self, query: &str) -> Vec<Value> {
        let (_, log) = self.call("GET", &format!("/_sandbox/calls?{query}"), Value::Null).await;
        log["calls"].as_array().unwrap().clone()
    }

    /// Sends a request and closes its connection as soon as the sandbox has taken it in.
    async fn hang_up_during(&self, request: reqwest::RequestBuilder) {
        let taken_in = async { while self.calls("").await.is_empty() {} };
        let taken_in = tokio::time::timeout(Duration::from_secs(20), taken_in);
        tokio::select! {
            answer = request.send() => panic!("answered before the client hung up: {answer:?}"),
            taken_in = taken_in => taken_in.expect("the call arrives"),
        }
    }

    /// Waits until the first call that matches is over, and returns it.
    async fn call_that_ended(&self, query: &str) -> Value {
        let ended = async {
            loop {
                let calls = self.calls(query).await;
                if let Some(call) = calls.into_iter().find(|call| call["done"] == true) {
                    return call;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), ended).await.expect("the call ends")
    }
}

fn text(name: &str) -> Value {
    json!({
        "name": name, "label": "Label", "description": "Why", "type": "string",
        "fieldType": "text", "groupName": "dealinformation"
    })
}

#[tokio::test]
async fn a_dropped_answer_leaves_the_effect_and_no_answer() {
    let client = start(Config::default()).await;
    client.fault(json!({ "kind": "drop_answer", "method": "POST", "count": 1 })).await;
    let error = client.request("POST", DEALS, text("tier")).send().await.unwrap_err();
    assert!(!error.is_connect() && !error.is_timeout(), "{error:?}");
    assert!(client.exists("tier").await);
    let call = client.call_that_ended("item=tier&method=POST").await;
    assert_eq!((&call["status"], &call["effect_status"]), (&Value::Null, &json!(201)));
    assert_eq!(call["fault"], "drop_answer");
}

#[tokio::test]
async fn a_dropped_request_has_no_effect() {
    let client = start(Config::default()).await;
    client.fault(json!({ "kind": "drop_request", "method": "POST", "count": 1 })).await;
    assert!(client.request("POST", DEALS, text("tier")).send().await.is_err());
    assert!(!client.exists("tier").await);
    assert_eq!(client.call("POST", DEALS, text("tier")).await.0, 201, "the fault is spent");
}

#[tokio::test]
async fn a_call_takes_effect_even_when_the_client_has_hung_up() {
    let client = start(Config { latency_ms: 500, ..Config::default() }).await;
    client.hang_up_during(client.request("POST", DEALS, text("tier"))).await;
    let call = client.call_that_ended("item=tier&method=POST").await;
    assert_eq!(call["effect_status"], 201);
    assert!(client.exists("tier").await);
}

#[tokio::test]
async fn a_hanging_call_ends_when_the_client_goes_away() {
    let client = start(Config::default()).await;
    client.fault(json!({ "kind": "hang", "count": 1, "after_effect": true })).await;
    client.hang_up_during(client.request("POST", DEALS, text("tier"))).await;
    let call = client.call_that_ended("item=tier").await;
    assert_eq!((&call["status"], &call["effect_status"]), (&Value::Null, &json!(201)));
}

#[tokio::test]
async fn a_hanging_call_does_not_hold_up_the_end() {
    let client = start(Config::default()).await;
    client.fault(json!({ "kind": "hang" })).await;
    let hanging = client.request("GET", DEALS, Value::Null).send();
    let stop = async {
        while client.calls("").await.is_empty() {}
        client.supervisor.shutdown(Duration::from_secs(10)).await
    };
    let (answer, stopped) = tokio::join!(hanging, stop);
    assert!(answer.is_err());
    assert!(stopped);
}

#[tokio::test]
async fn a_server_error_can_hide_an_effect() {
    let client = start(Config::default()).await;
    client.fault(json!({ "kind": "server_error", "status": 502, "count": 1 })).await;
    assert_eq!(client.call("POST", DEALS, text("one")).await.0, 502);
    assert!(!client.exists("one").await);
    client.fault(json!({ "kind": "server_error", "count": 1, "after_effect": true })).await;
    assert_eq!(client.call("POST", DEALS, text("two")).await.0, 500);
    assert!(client.exists("two").await);
}

#[tokio::test]
async fn an_ignored_attribute_is_neither_kept_nor_refused() {
    let client = start(Config::default()).await;
    client.fault(json!({ "kind": "ignore_attribute", "attribute": "description" })).await;
    let (status, created) = client.call("POST", DEALS, text("tier")).await;
    assert_eq!((status, &created["description"]), (201, &json!("")));
}

#[tokio::test]
async fn calls_beyond_the_burst_limit_are_refused_until_the_window_has_rolled() {
    let client =
        start(Config { burst_limit: 2, burst_window_ms: 600_000, ..Config::default() }).await;
    assert!(!client.exists("tier").await);
    let answer = client.request("GET", DEALS, Value::Null).send().await.unwrap();
    assert_eq!(answer.headers()["x-hubspot-ratelimit-remaining"], "0");
    let (status, body) = client.call("POST", DEALS, text("tier")).await;
    assert_eq!((status, &body["policyName"]), (429, &json!("TEN_SECONDLY_ROLLING")));
    let refused = client.calls("status=429").await;
    assert_eq!((refused.len(), &refused[0]["effect_status"]), (1, &Value::Null));
    let settings = json!({ "burst_limit": 3 });
    assert_eq!(client.call("PUT", "/_sandbox/settings", settings).await.1["burst_limit"], 3);
    assert_eq!(client.call("POST", DEALS, text("tier")).await.0, 201);
}

#[tokio::test]
async fn the_log_tells_how_many_calls_were_served_at_a_time() {
    let client = start(Config { latency_ms: 500, ..Config::default() }).await;
    tokio::join!(client.exists("a"), client.exists("b"), client.exists("c"));
    assert!(!client.exists("d").await);
    let in_flight: Vec<Value> =
        client.calls("").await.iter().map(|call| call["in_flight"].clone()).collect();
    assert_eq!(in_flight, [1, 2, 3, 1]);
}

#[tokio::test]
async fn a_portal_tells_how_often_each_property_was_really_created() {
    let client = start(Config::default()).await;
    client.call("POST", DEALS, text("tier")).await;
    client.call("POST", DEALS, text("tier")).await;
    client.call("DELETE", &format!("{DEALS}/tier"), Value::Null).await;
    client.call("POST", DEALS, text("tier")).await;
    let (_, details) = client.call("GET", "/account-info/v3/details", Value::Null).await;
    let path = format!("/_sandbox/portals/{}", details["portalId"]);
    let (_, portal) = client.call("GET", &path, Value::Null).await;
    let properties = portal["properties"].as_array().unwrap();
    let tier = properties.iter().find(|property| property["name"] == "tier").unwrap();
    assert_eq!((&tier["created_count"], &tier["archived_count"]), (&json!(2), &json!(1)));
    assert_eq!(portal["create_effects"], 2);
}

#[tokio::test]
async fn somebody_edits_in_hubspots_own_screen() {
    let client = start(Config::default()).await;
    client.call("POST", DEALS, text("tier")).await;
    let (_, details) = client.call("GET", "/account-info/v3/details", Value::Null).await;
    let path = format!("/_sandbox/portals/{}/edit", details["portalId"]);
    let edit = json!({ "method": "PATCH", "name": "tier", "body": { "label": "Changed" } });
    assert_eq!(client.call("POST", &path, edit).await.0, 200);
    let (_, tier) = client.call("GET", &format!("{DEALS}/tier"), Value::Null).await;
    assert_eq!((&tier["label"], &tier["updatedUserId"]), (&json!("Changed"), &json!("1001")));
    assert!(tier.get("createdUserId").is_none());
    assert!(client.calls("method=PATCH").await.is_empty(), "it was no API call");
}

#[tokio::test]
async fn a_token_of_narrow_scope_is_told_what_it_lacks() {
    let client = start(Config::default()).await;
    let narrow = json!({ "token": TOKEN, "portal_id": 5, "scopes": ["crm.schemas.deals.read"] });
    assert_eq!(client.call("POST", "/_sandbox/portals", narrow).await.0, 201);
    assert_eq!(client.call("GET", DEALS, Value::Null).await.0, 200);
    let (status, body) = client.call("POST", DEALS, text("tier")).await;
    assert_eq!((status, &body["category"]), (403, &json!("MISSING_SCOPES")));
    let lacking = &body["context"]["requiredGranularScopes"];
    assert_eq!(lacking, &json!(["crm.schemas.deals.write"]));
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_in_the_error() {
    let client = start(Config::default()).await;
    let taken = client.base_url.trim_start_matches("http://").to_owned();
    let config = Config { listen: taken.parse().unwrap(), ..Config::default() };
    let started = Sandbox::start(config, &client.supervisor, SystemClock::shared()).await;
    assert!(started.unwrap_err().to_string().contains(&taken));
}

#[tokio::test]
async fn a_control_request_that_makes_no_sense_is_answered_with_the_reason() {
    let client = start(Config::default()).await;
    for (method, path, body, status) in [
        ("POST", "/_sandbox/faults", json!({ "kind": "earthquake" }), 400),
        ("PUT", "/_sandbox/settings", json!({ "latency": 1 }), 400),
        ("POST", "/_sandbox/portals", json!({ "token": "short" }), 400),
        ("POST", "/_sandbox/portals", json!({ "token": "long-enough", "portal_id": 0 }), 400),
        ("DELETE", "/_sandbox/faults/9", Value::Null, 404),
        ("GET", "/_sandbox/portals/9", Value::Null, 404),
        ("GET", "/_sandbox/nothing", Value::Null, 404),
        ("PATCH", "/_sandbox/settings", Value::Null, 405),
    ] {
        let (answered, body) = client.call(method, path, body).await;
        assert_eq!(answered, status, "{method} {path}");
        assert!(body["error"].is_string(), "{method} {path}: {body}");
    }
}
