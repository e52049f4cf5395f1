//! Deals over real connections.

use serde_json::{Value, json};

use super::*;

const OBJECTS: &str = "/crm/objects/2026-09/0-3";

async fn portal_path(client: &Client) -> String {
    let (_, details) = client.call("GET", "/account-info/v3/details", Value::Null).await;
    format!("/_sandbox/portals/{}", details["portalId"])
}

#[tokio::test]
async fn deals_are_read_and_written_under_every_name_of_their_path() {
    let client = start(Config { deals: 3, ..Config::default() }).await;
    for objects in ["/crm/v3/objects/deals", "/crm/v3/objects/0-3", OBJECTS] {
        let (status, page) = client.call("GET", &format!("{objects}?limit=1"), Value::Null).await;
        assert_eq!(status, 200, "{objects}");
        let id = page["results"][0]["id"].as_str().unwrap();
        assert_eq!(page["paging"]["next"]["after"], id);
        let path = format!("{objects}/{id}");
        let patch = json!({ "properties": { "amount": "12" } });
        assert_eq!(client.call("PATCH", &path, patch).await.0, 200);
        let (_, deal) =
            client.call("GET", &format!("{path}?properties=amount,nothing"), Value::Null).await;
        assert_eq!(deal["properties"]["amount"], "12");
        assert!(deal["properties"].get("nothing").is_none());
    }
    let (status, _) = client.call("GET", "/crm/objects/2026-13/0-3", Value::Null).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_created_deal_can_be_found_and_archived() {
    let client = start(Config::default()).await;
    let body = json!({ "properties": { "dealname": "A deal" } });
    let (status, deal) = client.call("POST", OBJECTS, body).await;
    assert_eq!(status, 201);
    let search = json!({ "query": "a DEAL", "properties": ["dealname"] });
    let (_, found) = client.call("POST", &format!("{OBJECTS}/search"), search.clone()).await;
    assert_eq!(found["results"][0]["properties"]["dealname"], "A deal");
    let path = format!("{OBJECTS}/{}", deal["id"].as_str().unwrap());
    assert_eq!(client.call("DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(client.call("GET", &path, Value::Null).await.0, 404);
    assert_eq!(client.call("GET", &format!("{path}?archived=true"), Value::Null).await.0, 200);
    let (_, found) = client.call("POST", &format!("{OBJECTS}/search"), search).await;
    assert_eq!(found["total"], 0);
}

#[tokio::test]
async fn a_test_seeds_and_fills_deals_and_reads_what_they_hold() {
    let client = start(Config::default()).await;
    client.call("POST", DEALS, text("tier")).await;
    let portal = portal_path(&client).await;
    let seed = json!({ "count": 250 });
    let (status, seeded) = client.call("POST", &format!("{portal}/deals"), seed).await;
    assert_eq!((status, &seeded["deals"]), (201, &json!(250)));
    let fill = json!({ "property": "tier", "every": 2, "value": "v-{id}" });
    let (_, filled) = client.call("POST", &format!("{portal}/deals/fill"), fill).await;
    assert_eq!(filled["filled"], 125);
    let path = format!("{portal}/deals?properties=tier,nothing&values=true");
    let (_, holding) = client.call("GET", &path, Value::Null).await;
    let tier = &holding["properties"]["tier"];
    assert_eq!((&tier["held"], &tier["archived"]), (&json!(125), &json!(false)));
    assert_eq!(tier["values"].as_object().unwrap().len(), 125);
    assert_eq!(holding["properties"]["nothing"], Value::Null);
    client.call("DELETE", &format!("{DEALS}/tier"), Value::Null).await;
    let (_, holding) = client.call("GET", &path, Value::Null).await;
    assert_eq!(holding["properties"]["tier"]["archived"], true, "the recycle bin tells as well");
}

#[tokio::test]
async fn calls_are_counted_by_kind_with_the_inputs_of_their_batches() {
    let client = start(Config { deals: 2, ..Config::default() }).await;
    let (_, page) = client.call("GET", OBJECTS, Value::Null).await;
    let id = |n: usize| page["results"][n]["id"].clone();
    let inputs = json!([
        { "id": id(0), "properties": { "amount": "1" } },
        { "id": id(1), "properties": { "nothing": "1" } },
    ]);
    let path = format!("{OBJECTS}/batch/update");
    assert_eq!(client.call("POST", &path, json!({ "inputs": inputs })).await.0, 207);
    let (_, counts) = client.call("GET", "/_sandbox/calls/counts", Value::Null).await;
    let updates = &counts["counts"]["deals.batch_update"];
    assert_eq!(updates, &json!({ "calls": 1, "inputs": 2, "by_status": { "207": 1 } }));
    assert_eq!(counts["counts"]["deals.list"]["calls"], 1);
}

#[tokio::test]
async fn values_need_a_scope_of_their_own() {
    let client = start(Config { deals: 1, ..Config::default() }).await;
    let schemas_only = json!({ "token": TOKEN, "scopes": ["crm.schemas.deals.read"] });
    client.call("POST", "/_sandbox/portals", schemas_only).await;
    let (status, body) = client.call("GET", OBJECTS, Value::Null).await;
    let lacking = &body["context"]["requiredGranularScopes"];
    assert_eq!((status, lacking), (403, &json!(["crm.objects.deals.read"])));
}

#[tokio::test]
async fn a_portal_is_switched_one_switch_at_a_time() {
    let client = start(Config { deals: 1, ..Config::default() }).await;
    let switches = format!("{}/switches", portal_path(&client).await);
    client.call("PUT", &switches, json!({ "search_lag_ms": 60_000 })).await;
    let (_, now) = client.call("PUT", &switches, json!({ "bad_value": "whole" })).await;
    assert_eq!((&now["search_lag_ms"], &now["bad_value"]), (&json!(60_000), &json!("whole")));
    let (_, found) = client.call("POST", &format!("{OBJECTS}/search"), json!({})).await;
    assert_eq!(found["total"], 0, "the index does not know the deal yet");
    assert_eq!(client.call("PUT", &switches, json!({ "nonsense": 1 })).await.0, 400);
}

#[tokio::test]
async fn somebody_sets_a_value_in_hubspots_own_screen() {
    let client = start(Config { deals: 1, ..Config::default() }).await;
    let (_, page) = client.call("GET", OBJECTS, Value::Null).await;
    let id = page["results"][0]["id"].as_str().unwrap();
    let edit = json!({
        "kind": "deal", "method": "PATCH", "name": id, "user_id": "42",
        "email": "somebody@example.com", "body": { "properties": { "amount": "7" } },
    });
    let path = format!("{}/edit", portal_path(&client).await);
    assert_eq!(client.call("POST", &path, edit).await.0, 200);
    let path = format!("{OBJECTS}/{id}?propertiesWithHistory=amount");
    let (_, deal) = client.call("GET", &path, Value::Null).await;
    let entry = &deal["propertiesWithHistory"]["amount"][0];
    assert_eq!((&entry["sourceType"], &entry["updatedByUserId"]), (&json!("CRM_UI"), &json!(42)));
    assert_eq!(entry["sourceLabel"], "somebody@example.com");
}
