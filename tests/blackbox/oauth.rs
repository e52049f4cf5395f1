//! A portal that is reached by a grant of OAuth.

use gomark_sdk::fields;
use gomark_sdk::v1::{HubSpotOAuth, JobState};
use serde_json::{Value, json};

use crate::world::{World, ended, until};

const CLIENT_ID: &str = "an-app";
const CLIENT_SECRET: &str = "the-secret-of-an-app";
const SCOPES: [&str; 4] = [
    "crm.schemas.deals.read",
    "crm.schemas.deals.write",
    "crm.objects.deals.read",
    "crm.objects.deals.write",
];

/// What an application is given for the portal of a company.
async fn grant(world: &World, company: &str, scopes: &[&str]) -> HubSpotOAuth {
    let portal_id = world.hubspot.portal_id(company).await;
    let body = json!({ "client_id": CLIENT_ID, "portal_id": portal_id, "scopes": scopes });
    let granted = world.hubspot.control("oauth/grants", body).await;
    HubSpotOAuth {
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        refresh_token: granted["refresh_token"].as_str().unwrap().to_owned(),
    }
}

/// An application whose access tokens are short-lived and whose refresh tokens serve once.
async fn start() -> World {
    let world = World::start().await;
    let app = json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
                      "lifetime_seconds": 2, "rotate": true });
    world.hubspot.control("oauth/apps", app).await;
    world.client.register_company("acme").await.unwrap();
    world
}

async fn connect(world: &World, grant: HubSpotOAuth) {
    let connect = world.client.connect_hubspot_oauth("acme", grant);
    connect.base_url(&world.hubspot.url).await.unwrap();
}

/// How many access tokens were asked for.
async fn refreshes(world: &World) -> usize {
    let calls = world.hubspot.read("calls?path_contains=/oauth/2026-09/token").await;
    calls["calls"].as_array().unwrap().len()
}

async fn add(world: &World, label: &str) {
    let added = world.client.add_field("acme", fields::text(label)).await.unwrap();
    assert_eq!(ended(&added).await.0.state(), JobState::Succeeded, "{label}");
}

#[tokio::test]
async fn a_grant_whose_refresh_tokens_serve_once_outlives_tokens_and_restarts() {
    let mut world = start().await;
    let grant = grant(&world, "acme", &SCOPES).await;
    connect(&world, grant).await;
    let after_connecting = refreshes(&world).await;
    assert_eq!(after_connecting, 1, "the grant is exchanged once");
    add(&world, "First").await;
    // Each time another refresh token; what was kept last has to be the one that serves.
    for n in 0..3 {
        world.restart().await;
        add(&world, &format!("After restart {n}")).await;
    }
    let renewed = async {
        let mut n = 0;
        while refreshes(&world).await < after_connecting + 6 {
            add(&world, &format!("More {n}")).await;
            n += 1;
        }
    };
    tokio::time::timeout(crate::world::BOUND, renewed).await.unwrap();
    let refused = world.hubspot.read("calls?path_contains=/oauth/&status=400").await;
    assert_eq!(refused["calls"], json!([]));
    world.stop().await;
}

#[tokio::test]
async fn a_revoked_grant_lets_jobs_wait_until_somebody_reconnects() {
    let world = start().await;
    let first = grant(&world, "acme", &SCOPES).await;
    connect(&world, first.clone()).await;
    add(&world, "Before").await;
    let portal_id = world.hubspot.portal_id("acme").await;
    let revoke = json!({ "client_id": CLIENT_ID, "portal_id": portal_id });
    world.hubspot.control("oauth/revoke", revoke).await;
    let added = world.client.add_field("acme", fields::text("After")).await.unwrap();
    until(&added, |event| event.state() == JobState::Waiting).await;
    until(&added, |event| event.message.contains("reconnect")).await;
    let error = added.job.as_ref().unwrap().get().await.unwrap().error.unwrap();
    assert_eq!(error.reason().as_str_name(), "JOB_ERROR_REASON_CREDENTIAL_REFUSED");
    assert!(!format!("{error:?}").contains(CLIENT_SECRET), "{error:?}");
    let second = grant(&world, "acme", &SCOPES).await;
    connect(&world, second).await;
    assert_eq!(ended(&added).await.0.state(), JobState::Succeeded);
    world.stop().await;
}

#[tokio::test]
async fn a_grant_without_the_scopes_is_refused_by_name() {
    let world = start().await;
    let grant = grant(&world, "acme", &SCOPES[..1]).await;
    let connect = world.client.connect_hubspot_oauth("acme", grant);
    let error = connect.base_url(&world.hubspot.url).await.unwrap_err();
    let told = format!("{error:?}");
    assert!(told.contains("crm.schemas.deals.write") && told.contains("hubspot.oauth"), "{told}");
    assert!(!told.contains(CLIENT_SECRET), "{told}");
    world.stop().await;
}

#[tokio::test]
async fn a_token_that_opens_another_portal_writes_nothing_there() {
    let mut world = start().await;
    let own = grant(&world, "acme", &SCOPES).await;
    connect(&world, own).await;
    add(&world, "Before").await;
    // Somebody restores another database beside the same application: the row says one portal, the
    // credential opens another.
    let other = world.hubspot.portal_id("other").await;
    let sql = format!("UPDATE connections SET account_id = '{other}'");
    world.restart_after(sql.leak()).await;
    let added = world.client.add_field("acme", fields::text("After")).await.unwrap();
    until(&added, |event| event.state() == JobState::Waiting).await;
    let job = added.job.as_ref().unwrap().get().await.unwrap();
    assert_eq!(job.error.unwrap().reason().as_str_name(), "JOB_ERROR_REASON_WRONG_ACCOUNT");
    let names = world.hubspot.custom_names("acme").await;
    assert_eq!(names, ["before"]);
    let writes: Vec<Value> = world.hubspot.writes("other").await;
    assert_eq!(writes, Vec::<Value>::new());
    world.stop().await;
}
