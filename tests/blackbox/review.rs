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
