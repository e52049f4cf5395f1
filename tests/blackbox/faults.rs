//! HubSpot at its worst.

use gomark_sdk::fields;
use gomark_sdk::v1::{Field, JobState};
use serde_json::json;

use crate::world::{World, ended, until};

#[tokio::test]
async fn an_answer_that_is_lost_creates_nothing_twice() {
    let world = World::connected("acme").await;
    let lost = json!({ "kind": "drop_answer", "method": "POST", "count": 1 });
    world.hubspot.fault(lost).await;
    let added = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    assert_eq!(ended(&added).await.0.state(), JobState::Succeeded);
    let portal = world.hubspot.portal("acme").await;
    assert_eq!(portal["create_effects"], 1);
    let creates = world.hubspot.writes("acme").await;
    assert_eq!(creates.len(), 1, "it was read, not repeated: {creates:?}");
    world.stop().await;
}

#[tokio::test]
async fn a_server_error_after_the_effect_creates_nothing_twice() {
    let world = World::connected("acme").await;
    let error = json!({ "kind": "server_error", "status": 502, "method": "POST", "count": 1,
                        "after_effect": true });
    world.hubspot.fault(error).await;
    let added = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    assert_eq!(ended(&added).await.0.state(), JobState::Succeeded);
    assert_eq!(world.hubspot.portal("acme").await["create_effects"], 1);
    world.stop().await;
}

#[tokio::test]
async fn a_call_that_hangs_is_given_up_and_looked_after() {
    let world = World::connected("acme").await;
    let hang = json!({ "kind": "hang", "method": "POST", "count": 1, "after_effect": true });
    world.hubspot.fault(hang).await;
    let added = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    assert_eq!(ended(&added).await.0.state(), JobState::Succeeded);
    assert_eq!(world.hubspot.portal("acme").await["create_effects"], 1);
    world.stop().await;
}

#[tokio::test]
async fn a_rate_limit_closes_the_gate_until_it_reopens() {
    let world = World::connected("acme").await;
    let limited = json!({ "kind": "rate_limited", "method": "POST", "count": 1,
                          "retry_after_seconds": 1 });
    world.hubspot.fault(limited).await;
    let added = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    let waiting = until(&added, |event| event.state() == JobState::Waiting).await;
    assert!(waiting.next_attempt_at.is_some());
    assert_eq!(ended(&added).await.0.state(), JobState::Succeeded);
    let calls = world.hubspot.writes("acme").await;
    assert_eq!(calls.len(), 2, "one refused, one after the gate reopened: {calls:?}");
    world.stop().await;
}

#[tokio::test]
async fn an_attribute_that_hubspot_ignores_is_named() {
    let world = World::connected("acme").await;
    ended(&world.client.add_field("acme", fields::text("Tier")).await.unwrap()).await;
    let ignored = json!({ "kind": "ignore_attribute", "attribute": "description" });
    world.hubspot.fault(ignored).await;
    let change = Field { description: "why".to_owned(), ..Field::default() };
    let modified = world.client.modify_field("acme", "tier", change).await.unwrap();
    let (job, _) = ended(&modified).await;
    assert_eq!(job.state(), JobState::Failed);
    let error = job.error.unwrap();
    assert_eq!(error.reason().as_str_name(), "JOB_ERROR_REASON_VENDOR_IGNORED");
    assert_eq!(error.attributes, ["description"]);
    let patches = world.hubspot.writes("acme").await;
    assert_eq!(patches.iter().filter(|call| call["method"] == "PATCH").count(), 1, "no loop");
    world.stop().await;
}

#[tokio::test]
async fn a_page_of_html_is_unknown_and_never_success() {
    let world = World::connected("acme").await;
    let page = json!({ "kind": "status", "status": 200, "method": "POST", "count": 1,
                       "body": "<html>try later</html>" });
    world.hubspot.fault(page).await;
    let added = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    assert_eq!(ended(&added).await.0.state(), JobState::Succeeded);
    assert_eq!(world.hubspot.custom_names("acme").await, ["tier"]);
    world.stop().await;
}

#[tokio::test]
async fn a_property_that_somebody_archived_is_created_again_by_the_next_change() {
    let world = World::connected("acme").await;
    ended(&world.client.add_field("acme", fields::text("Tier")).await.unwrap()).await;
    world.hubspot.edit("acme", "DELETE", "tier", json!({})).await;
    let label = Field { label: "Level".to_owned(), ..Field::default() };
    let modified = world.client.modify_field("acme", "tier", label).await.unwrap();
    assert_eq!(ended(&modified).await.0.state(), JobState::Succeeded);
    assert_eq!(world.hubspot.property("acme", "tier").await.unwrap()["label"], "Level");
    world.stop().await;
}

#[tokio::test]
async fn one_company_in_trouble_does_not_hold_up_another() {
    let world = World::connected("acme").await;
    world.connect("other").await;
    let id = world.hubspot.portal_id("acme").await;
    world.hubspot.fault(json!({ "kind": "hang", "portal_id": id })).await;
    let stuck = world.client.add_field("acme", fields::text("Stuck")).await.unwrap();
    let free = world.client.add_field("other", fields::text("Free")).await.unwrap();
    assert_eq!(ended(&free).await.0.state(), JobState::Succeeded);
    world.hubspot.mend().await;
    assert_eq!(ended(&stuck).await.0.state(), JobState::Succeeded);
    world.stop().await;
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let mut world = World::connected("acme").await;
    world.hubspot.fault(json!({ "kind": "status", "status": 503, "method": "POST" })).await;
    let added = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    until(&added, |event| event.state() == JobState::Waiting).await;
    let id = added.job.as_ref().unwrap().id().to_owned();
    world.restart().await;
    world.hubspot.mend().await;
    world.client.job(id).wait().await.unwrap();
    assert_eq!(world.hubspot.custom_names("acme").await, ["tier"]);
    world.stop().await;
}
