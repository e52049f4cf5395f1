//! The life of a connection.

use gomark_sdk::v1::{ConnectionStatus, JobState, Vendor};
use gomark_sdk::{Code, fields};
use serde_json::json;

use crate::world::{World, ended, token, until};

#[tokio::test]
async fn changes_wait_for_a_connection() {
    let world = World::start().await;
    let client = &world.client;
    client.register_company("acme").await.unwrap();
    let added = client.add_field("acme", fields::text("Early")).await.unwrap();
    let waiting = client.get_job(added.job.as_ref().unwrap().id()).await.unwrap();
    assert_eq!(waiting.state(), JobState::Waiting);
    assert_eq!(waiting.error.unwrap().reason().as_str_name(), "JOB_ERROR_REASON_NOT_CONNECTED");
    let connected =
        client.connect_hubspot("acme", token("acme")).base_url(&world.hubspot.url).await.unwrap();
    assert_eq!(ended(&added).await.0.state(), JobState::Succeeded);
    assert_eq!(ended(&connected).await.0.state(), JobState::Succeeded);
    assert_eq!(world.hubspot.custom_names("acme").await, ["early"]);
    world.stop().await;
}

#[tokio::test]
async fn another_portal_gets_everything_and_the_old_one_keeps_what_it_has() {
    let world = World::connected("acme").await;
    let client = &world.client;
    ended(&client.add_field("acme", fields::text("One")).await.unwrap()).await;
    ended(&client.add_field("acme", fields::text("Two")).await.unwrap()).await;
    let moved = client
        .connect_hubspot("acme", token("elsewhere"))
        .base_url(&world.hubspot.url)
        .await
        .unwrap();
    assert_eq!(moved.plan.as_ref().unwrap().operations.len(), 2);
    assert_eq!(ended(&moved).await.0.state(), JobState::Succeeded);
    assert_eq!(world.hubspot.custom_names("elsewhere").await, ["one", "two"]);
    assert_eq!(world.hubspot.custom_names("acme").await, ["one", "two"]);
    let company = client.get_company("acme").await.unwrap();
    assert_eq!(company.connections.len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn disconnecting_leaves_the_portal_alone_and_lets_jobs_wait() {
    let world = World::connected("acme").await;
    let client = &world.client;
    ended(&client.add_field("acme", fields::text("Before")).await.unwrap()).await;
    client.disconnect_vendor("acme", Vendor::Hubspot).await.unwrap();
    let company = client.get_company("acme").await.unwrap();
    assert_eq!(company.connections[0].status(), ConnectionStatus::Disconnected);
    let twice = client.disconnect_vendor("acme", Vendor::Hubspot).await.unwrap_err();
    assert_eq!(twice.reason_str(), Some("NOT_CONNECTED"));

    let added = client.add_field("acme", fields::text("After")).await.unwrap();
    let waiting = client.get_job(added.job.as_ref().unwrap().id()).await.unwrap();
    assert_eq!(waiting.state(), JobState::Waiting);
    assert_eq!(world.hubspot.custom_names("acme").await, ["before"]);

    let connection = company.connections[0].connection_id.clone();
    client.connect_hubspot("acme", token("acme")).base_url(&world.hubspot.url).await.unwrap();
    assert_eq!(ended(&added).await.0.state(), JobState::Succeeded);
    let company = client.get_company("acme").await.unwrap();
    assert_eq!(company.connections[0].connection_id, connection, "the same account keeps its id");
    let created = world.hubspot.portal("acme").await["create_effects"].as_i64();
    assert_eq!(created, Some(2), "what was there was not created again");
    world.stop().await;
}

#[tokio::test]
async fn one_portal_belongs_to_one_company() {
    let world = World::connected("acme").await;
    world.client.register_company("other").await.unwrap();
    let taken = world
        .client
        .connect_hubspot("other", token("acme"))
        .base_url(&world.hubspot.url)
        .await
        .unwrap_err();
    assert_eq!(taken.code(), Some(Code::FailedPrecondition));
    assert_eq!(taken.reason_str(), Some("ACCOUNT_TAKEN"));
    assert!(!taken.to_string().contains("acme"), "whose it is is nobody's business: {taken}");
    world.stop().await;
}

#[tokio::test]
async fn a_credential_that_hubspot_refuses_is_refused() {
    let world = World::start().await;
    world.client.register_company("acme").await.unwrap();
    let connect =
        |token: &str| world.client.connect_hubspot("acme", token).base_url(&world.hubspot.url);
    let refused = connect("invalid-token").await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::InvalidArgument));
    assert_eq!(refused.reason_str(), Some("CREDENTIAL_REFUSED"));
    assert_eq!(refused.field_violations()[0].field, "hubspot.access_token");
    let scoped = json!({ "token": "write-only-1", "scopes": ["crm.schemas.deals.write"] });
    world.hubspot.control("portals", scoped).await;
    let refused = connect("write-only-1").await.unwrap_err();
    assert_eq!(refused.reason_str(), Some("CREDENTIAL_REFUSED"));
    assert!(refused.to_string().contains("crm.schemas.deals.read"), "{refused}");
    assert_eq!(world.client.get_company("acme").await.unwrap().revision, 1);
    world.stop().await;
}

#[tokio::test]
async fn a_credential_that_expires_lets_jobs_wait_for_a_new_one() {
    let world = World::connected("acme").await;
    let id = world.hubspot.portal_id("acme").await;
    let expired = json!({ "token": token("acme"), "portal_id": id, "revoked": true });
    world.hubspot.control("portals", expired).await;
    let added = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    until(&added, |event| event.state() == JobState::Waiting).await;
    let waiting = world.client.get_job(added.job.as_ref().unwrap().id()).await.unwrap();
    let error = waiting.error.unwrap();
    assert_eq!(error.reason().as_str_name(), "JOB_ERROR_REASON_CREDENTIAL_REFUSED");
    assert_eq!(error.vendor_status, 401);

    world.hubspot.control("portals", json!({ "token": "a-new-token", "portal_id": id })).await;
    world.client.connect_hubspot("acme", "a-new-token").base_url(&world.hubspot.url).await.unwrap();
    assert_eq!(ended(&added).await.0.state(), JobState::Succeeded);
    world.stop().await;
}
