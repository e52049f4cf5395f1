//! Refreshed tokens over real connections.

use serde_json::{Value, json};

use super::*;

const PORTAL: u32 = 4_711;

impl Client {
    async fn refresh(&self, refresh_token: &str) -> (u16, Value) {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("grant_type", "refresh_token"),
                ("client_id", "an-app"),
                ("client_secret", "a-secret"),
                ("refresh_token", refresh_token),
            ])
            .finish();
        let request = self
            .http
            .post(format!("{}/oauth/2026-09/token", self.base_url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn list_with(&self, token: &Value) -> reqwest::Response {
        let url = format!("{}{DEALS}", self.base_url);
        self.http.get(url).bearer_auth(token.as_str().unwrap()).send().await.unwrap()
    }

    /// Makes an application with a grant; answers the refresh token.
    async fn install(&self, lifetime_seconds: u64, scopes: Value) -> String {
        let app = json!({
            "client_id": "an-app", "client_secret": "a-secret",
            "lifetime_seconds": lifetime_seconds,
        });
        assert_eq!(self.call("POST", "/_sandbox/oauth/apps", app).await.0, 201);
        let grant = json!({ "client_id": "an-app", "portal_id": PORTAL, "scopes": scopes });
        let (status, granted) = self.call("POST", "/_sandbox/oauth/grants", grant).await;
        assert_eq!(status, 201, "{granted}");
        granted["refresh_token"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_refreshed_token_opens_the_portal_of_its_grant_under_the_limits_of_its_kind() {
    let client = start(Config::default()).await;
    let refresh_token = client.install(1_800, Value::Null).await;
    let (status, issued) = client.refresh(&refresh_token).await;
    assert_eq!(
        (status, &issued["expires_in"], &issued["hub_id"]),
        (200, &json!(1_800), &json!(PORTAL))
    );
    let answer = client.list_with(&issued["access_token"]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["x-hubspot-ratelimit-max"], "110");
    assert!(!answer.headers().contains_key("x-hubspot-ratelimit-daily"));
    let (_, again) = client.refresh(&refresh_token).await;
    let answer = client.list_with(&again["access_token"]).await;
    assert_eq!(answer.headers()["x-hubspot-ratelimit-remaining"], "108", "the quota is shared");
    let refreshes = client.calls("kind=oauth.token").await;
    assert_eq!(refreshes.len(), 2);
}

#[tokio::test]
async fn an_access_token_ends_and_so_does_a_revoked_grant() {
    let client = start(Config::default()).await;
    let refresh_token = client.install(0, Value::Null).await;
    let (_, issued) = client.refresh(&refresh_token).await;
    let answer = client.list_with(&issued["access_token"]).await;
    assert_eq!(answer.status(), 401);
    let refresh_token = client.install(1_800, Value::Null).await;
    let (_, issued) = client.refresh(&refresh_token).await;
    let revoke = json!({ "client_id": "an-app", "portal_id": PORTAL });
    let (_, revoked) = client.call("POST", "/_sandbox/oauth/revoke", revoke).await;
    assert_eq!(revoked["grants"], 2);
    assert_eq!(client.list_with(&issued["access_token"]).await.status(), 401);
    let (status, body) = client.refresh(&refresh_token).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")));
}

#[tokio::test]
async fn the_token_endpoint_fails_on_request_and_a_token_has_the_scopes_of_its_grant() {
    let client = start(Config::default()).await;
    let refresh_token = client.install(1_800, json!(["crm.schemas.deals.read"])).await;
    client.fault(json!({ "kind": "server_error", "path_contains": "/oauth/", "count": 1 })).await;
    assert_eq!(client.refresh(&refresh_token).await.0, 500);
    let (_, issued) = client.refresh(&refresh_token).await;
    let token = issued["access_token"].as_str().unwrap();
    let create = client.http.post(format!("{}{DEALS}", client.base_url)).bearer_auth(token);
    let answer = create.json(&text("tier")).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let info = json!({ "tokenKey": token });
    let (_, info) = client.call("POST", "/oauth/v2/private-apps/get/access-token-info", info).await;
    assert_eq!(info["scopes"], json!(["crm.schemas.deals.read"]));
}
