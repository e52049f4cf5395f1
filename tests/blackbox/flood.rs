//! Many changes at once.

use std::collections::BTreeSet;
use std::time::Instant;

use futures::future::join_all;
use gomark_sdk::fields;
use serde_json::json;

use crate::world::World;

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
    assert_eq!(writes[0]["items"].as_array().unwrap().len(), 1, "the first was sent at once");
    world.stop().await;
}
