//! Definitions that not every read shows, and edits in HubSpot's own screen.

use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn a_sensitive_definition_is_shown_only_to_who_asks_and_may() {
    let client = start(Config::default()).await;
    let scopes = [
        "crm.schemas.deals.read",
        "crm.schemas.deals.write",
        "crm.objects.deals.sensitive.write.v2",
    ];
    let spec = json!({ "token": TOKEN, "portal_id": 5, "scopes": scopes });
    client.call("POST", "/_sandbox/portals", spec).await;
    let mut secret = text("secret");
    secret["dataSensitivity"] = json!("sensitive");
    assert_eq!(client.call("POST", DEALS, secret.clone()).await.0, 400, "the feature is off");
    client.call("PUT", "/_sandbox/portals/5/switches", json!({ "sensitive_data": true })).await;
    assert_eq!(client.call("POST", DEALS, secret).await.0, 201);
    let shows = async |query: &str| {
        let (_, list) = client.call("GET", &format!("{DEALS}{query}"), Value::Null).await;
        let results = list["results"].as_array().unwrap().clone();
        results.iter().any(|property| property["name"] == "secret")
    };
    assert!(!shows("").await);
    assert!(shows("?dataSensitivity=sensitive").await);
    let path = format!("{DEALS}/secret");
    assert_eq!(client.call("GET", &path, Value::Null).await.0, 404);
    let path = format!("{DEALS}/amount?dataSensitivity=sensitive");
    assert_eq!(client.call("GET", &path, Value::Null).await.0, 404);
    let path = format!("{DEALS}?dataSensitivity=highly_sensitive");
    assert_eq!(client.call("GET", &path, Value::Null).await.0, 403);
}

#[tokio::test]
async fn somebody_archives_and_restores_in_hubspots_own_screen() {
    let client = start(Config::default()).await;
    client.call("POST", DEALS, text("tier")).await;
    let edit = |method: &str| json!({ "token": TOKEN, "method": method, "name": "tier" });
    assert_eq!(client.call("POST", "/_sandbox/edit", edit("DELETE")).await.0, 204);
    assert!(!client.exists("tier").await);
    let (status, restored) = client.call("POST", "/_sandbox/edit", edit("RESTORE")).await;
    assert_eq!((status, &restored["updatedUserId"]), (200, &json!("1001")));
    assert!(client.exists("tier").await);
    let nowhere = json!({ "method": "DELETE", "name": "tier" });
    assert_eq!(client.call("POST", "/_sandbox/edit", nowhere).await.0, 400);
}

#[tokio::test]
async fn a_property_in_use_is_named_with_its_users() {
    let client = start(Config::default()).await;
    client.call("POST", DEALS, text("tier")).await;
    let (_, details) = client.call("GET", "/account-info/v3/details", Value::Null).await;
    let uses = json!({ "property": "tier", "uses": [{
        "parent_type": "WORKFLOW", "parent_display_type": "Workflow", "parent_name": "Deal won",
    }] });
    let path = format!("/_sandbox/portals/{}/uses", details["portalId"]);
    assert_eq!(client.call("PUT", &path, uses).await.0, 200);
    let (status, body) = client.call("DELETE", &format!("{DEALS}/tier"), Value::Null).await;
    assert_eq!(status, 400);
    assert_eq!(body["errors"][0]["context"]["parentName"], json!(["Deal won"]));
    assert_eq!(body["context"]["usageCount"], json!(["1"]));
}
