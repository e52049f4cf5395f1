//! Limits over real connections.

use serde_json::{Value, json};

use super::*;

async fn portal_path(client: &Client) -> String {
    let (_, details) = client.call("GET", "/account-info/v3/details", Value::Null).await;
    format!("/_sandbox/portals/{}", details["portalId"])
}

#[tokio::test]
async fn the_calls_of_a_day_run_out() {
    let client = start(Config::default()).await;
    let portal = portal_path(&client).await;
    let (_, left) =
        client.call("PUT", &format!("{portal}/daily"), json!({ "used": 624_999 })).await;
    assert_eq!(left["remaining"], 1);
    let answer = client.request("GET", DEALS, Value::Null).send().await.unwrap();
    assert_eq!(answer.headers()["x-hubspot-ratelimit-daily-remaining"], "0");
    let (status, body) = client.call("GET", DEALS, Value::Null).await;
    assert_eq!((status, &body["policyName"]), (429, &json!("DAILY")));
    client.call("PUT", &format!("{portal}/switches"), json!({ "daily_limit": 700_000 })).await;
    let path = "/account-info/2026-09/api-usage/daily/private-apps";
    let (status, usage) = client.call("GET", path, Value::Null).await;
    assert_eq!((status, &usage["results"][0]["usageLimit"]), (200, &json!(700_000)));
    assert_eq!(usage["results"][0]["currentUsage"], 625_001);
}

#[tokio::test]
async fn searches_have_a_limit_of_their_own_and_tell_nothing_of_it() {
    let client = start(Config { deals: 1, ..Config::default() }).await;
    let switches = format!("{}/switches", portal_path(&client).await);
    client.call("PUT", &switches, json!({ "searches_per_second": 0 })).await;
    let search = "/crm/objects/2026-09/0-3/search";
    let answer = client.request("POST", search, json!({})).send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert!(!answer.headers().keys().any(|name| name.as_str().contains("ratelimit")));
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(body["message"], "You have reached your secondly limit.");
    assert_eq!(client.call("GET", DEALS, Value::Null).await.0, 200);
    client.call("PUT", &switches, json!({ "searches_per_second": 5 })).await;
    assert_eq!(client.call("POST", search, json!({})).await.0, 200);
}

#[tokio::test]
async fn another_client_uses_up_the_quota_of_the_same_application() {
    let client = start(Config { burst_window_ms: 600_000, ..Config::default() }).await;
    let consume = json!({ "token": TOKEN, "calls": 189 });
    assert_eq!(client.call("POST", "/_sandbox/consume", consume).await.0, 204);
    assert_eq!(client.call("GET", DEALS, Value::Null).await.0, 200);
    assert_eq!(client.call("GET", DEALS, Value::Null).await.0, 429);
}

#[tokio::test]
async fn tokens_of_one_application_share_its_quota() {
    let client = start(Config { burst_window_ms: 600_000, ..Config::default() }).await;
    for token in [TOKEN, "another-token"] {
        let spec = json!({
            "token": token, "portal_id": 5, "application": "one", "burst_limit": 1
        });
        assert_eq!(client.call("POST", "/_sandbox/portals", spec).await.0, 201);
    }
    assert_eq!(client.call("GET", DEALS, Value::Null).await.0, 200);
    let other = client.http.get(format!("{}{DEALS}", client.base_url)).bearer_auth("another-token");
    assert_eq!(other.send().await.unwrap().status(), 429);
}

#[tokio::test]
async fn a_tier_decides_about_the_burst_and_a_zone_about_midnight() {
    let client = start(Config::default()).await;
    let switches = format!("{}/switches", portal_path(&client).await);
    let turned = json!({ "tier": "starter", "time_zone": "Asia/Kolkata" });
    assert_eq!(client.call("PUT", &switches, turned).await.0, 200);
    let answer = client.request("GET", DEALS, Value::Null).send().await.unwrap();
    assert_eq!(answer.headers()["x-hubspot-ratelimit-max"], "100");
    assert_eq!(answer.headers()["x-hubspot-ratelimit-daily"], "250000");
    let (_, details) = client.call("GET", "/account-info/2026-09/details", Value::Null).await;
    assert_eq!(
        (&details["timeZone"], &details["utcOffset"]),
        (&json!("Asia/Kolkata"), &json!("+05:30"))
    );
    assert_eq!(client.call("PUT", &switches, json!({ "time_zone": "Nowhere" })).await.0, 400);
}

#[tokio::test]
async fn limits_are_told_to_whoever_may_read_any_object() {
    let client = start(Config { deals: 3, ..Config::default() }).await;
    client.call("POST", DEALS, text("tier")).await;
    for base in ["/crm/v3/limits", "/crm/limits/2026-09"] {
        let (_, limits) =
            client.call("GET", &format!("{base}/custom-properties"), Value::Null).await;
        let deals = &limits["byObjectType"][0];
        assert_eq!((&deals["objectTypeId"], &deals["usage"]), (&json!("0-3"), &json!(1)));
        let (_, limits) = client.call("GET", &format!("{base}/records"), Value::Null).await;
        assert_eq!(limits["hubspotDefinedObjectTypes"][0]["usage"], 3);
    }
    let narrow = json!({ "token": TOKEN, "scopes": ["crm.schemas.deals.read"] });
    client.call("POST", "/_sandbox/portals", narrow).await;
    let status = client.call("GET", "/crm/v3/limits/custom-properties", Value::Null).await.0;
    assert_eq!(status, 403);
}
