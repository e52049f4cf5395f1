//! What a reader of the program looked for and did not want to find.

use gomark_sdk::fields;
use gomark_sdk::v1::JobState;
use serde_json::json;

use crate::world::{World, ended, until};

#[tokio::test]
async fn what_was_cancelled_while_it_waited_is_not_carried_out_after_the_wait() {
    let world = World::connected("acme").await;
    world.hubspot.fault(json!({ "kind": "status", "status": 503, "method": "POST" })).await;
    let unwanted = world.client.add_field("acme", fields::text("Unwanted")).await.unwrap();
    let wanted = world.client.add_field("acme", fields::text("Wanted")).await.unwrap();
    for change in [&unwanted, &wanted] {
        until(change, |event| event.state() == JobState::Waiting).await;
    }
    // Nothing else happens at the company that would make the executor look again.
    let cancelled = unwanted.job.as_ref().unwrap().cancel().await.unwrap();
    assert_eq!(cancelled.state(), JobState::Cancelled);
    world.hubspot.mend().await;
    assert_eq!(ended(&wanted).await.0.state(), JobState::Succeeded);
    assert_eq!(world.hubspot.custom_names("acme").await, ["wanted"]);
    world.stop().await;
}

/// As if the first of a row of failures had been long ago.
const FAILING_FOR_YEARS: &str = "UPDATE sync SET failing_since = 1 WHERE failing_since IS NOT NULL";

#[tokio::test]
async fn what_failed_before_a_long_pause_of_the_service_is_tried_again() {
    let mut world = World::connected("acme").await;
    world.hubspot.fault(json!({ "kind": "status", "status": 503, "method": "POST" })).await;
    let added = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    until(&added, |event| event.state() == JobState::Waiting).await;
    let id = added.job.as_ref().unwrap().id().to_owned();
    world.hubspot.mend().await;
    world.restart_after(FAILING_FOR_YEARS).await;
    world.client.job(id).wait().await.unwrap();
    assert_eq!(world.hubspot.custom_names("acme").await, ["tier"]);
    world.stop().await;
}

#[tokio::test]
async fn what_fails_for_more_than_a_day_is_given_up_with_the_last_reason() {
    let mut world = World::connected("acme").await;
    world.hubspot.fault(json!({ "kind": "status", "status": 503, "method": "POST" })).await;
    let added = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    until(&added, |event| event.state() == JobState::Waiting).await;
    let id = added.job.as_ref().unwrap().id().to_owned();
    world.restart_after(FAILING_FOR_YEARS).await;
    let failed = world.client.job(id).wait().await.unwrap_err();
    let job = failed.job().unwrap();
    assert_eq!(job.state(), JobState::Failed);
    let error = job.error.as_ref().unwrap();
    assert_eq!(error.reason().as_str_name(), "JOB_ERROR_REASON_GAVE_UP");
    assert_eq!(error.vendor_status, 503);
    world.stop().await;
}
