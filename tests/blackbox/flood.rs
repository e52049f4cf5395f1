//! Many changes at once.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures::future::join_all;
use gomark_sdk::fields;
use gomark_sdk::v1::JobState;
use serde_json::json;

use crate::world::{World, ended, until};

const CLIENTS: usize = 50;
const FIELDS: usize = 1_000;
const LATENCY_MS: u64 = 100;

/// A thousand fields by a thousand calls from fifty clients cost few calls to HubSpot: at most ten,
/// and one for each latency that the accepting took.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_changes_costs_few_calls() {
    let world = World::connected("acme").await;
    world.hubspot.settings(json!({ "latency_ms": LATENCY_MS })).await;
    let begun = Instant::now();
    let clients = (0..CLIENTS).map(|number| {
        let client = world.client.clone();
        async move {
            let mut changes = Vec::new();
            for field in (number..FIELDS).step_by(CLIENTS) {
                let field = fields::text(format!("Field {field}"));
                changes.push(client.add_field("acme", field).await.unwrap());
            }
            changes
        }
    });
    let changes: Vec<_> = join_all(clients).await.into_iter().flatten().collect();
    let accepting = begun.elapsed();
    let revisions: BTreeSet<_> = changes.iter().map(|change| change.revision).collect();
    assert_eq!(revisions, (3..3 + 1_000).collect(), "gapless");

    join_all(changes.iter().map(|change| change.job.as_ref().unwrap().wait()))
        .await
        .into_iter()
        .for_each(|job| assert!(job.is_ok(), "{job:?}"));
    let all = begun.elapsed();
    world.hubspot.settings(json!({ "latency_ms": 0 })).await;
    assert_eq!(world.hubspot.custom_names("acme").await.len(), FIELDS);
    let writes = world.hubspot.writes("acme").await;
    let creates = writes.len();
    eprintln!(
        "{FIELDS} fields accepted in {accepting:.2?} and carried out after {all:.2?} by {creates} \
         create calls"
    );
    let allowed = 10 + usize::try_from(accepting.as_millis()).unwrap() / LATENCY_MS as usize;
    assert!(creates <= allowed, "{creates} create calls, {allowed} allowed");
    world.stop().await;
}

#[tokio::test]
async fn a_lone_change_is_sent_at_once_and_what_comes_meanwhile_shares_the_next_call() {
    let world = World::with(|settings| {
        settings.call_timeout = Duration::from_secs(10);
        settings.lease = Duration::from_secs(30);
    })
    .await;
    world.connect("acme").await;
    // Long enough for the others to be accepted on any machine.
    let slow = json!({ "kind": "latency", "method": "POST", "count": 1, "latency_ms": 3_000 });
    world.hubspot.fault(slow).await;
    let first = world.client.add_field("acme", fields::text("First")).await.unwrap();
    until(&first, |event| event.state() == JobState::Running).await;
    let mut others = Vec::new();
    for number in 0..10 {
        let field = fields::text(format!("Other {number}"));
        others.push(world.client.add_field("acme", field).await.unwrap());
    }
    for change in others.iter().chain([&first]) {
        assert_eq!(ended(change).await.0.state(), JobState::Succeeded);
    }
    let writes = world.hubspot.writes("acme").await;
    let sizes: Vec<_> = writes.iter().map(|call| call["items"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [1, 10]);
    world.stop().await;
}
