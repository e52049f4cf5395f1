//! Somebody, or something, changes the same attribute back again and again.

use std::time::Duration;

use gomark_sdk::fields;
use gomark_sdk::v1::{DriftState, Field};
use serde_json::json;

use crate::world::{COMPANY, World, edit, succeeded};

const ROUNDS: usize = 100;
/// How many rounds there are from scan to scan.
const ROUNDS_PER_SCAN: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_rounds_are_one_incident_and_few_calls() {
    let world = World::start(|settings| settings.settling = Duration::ZERO).await;
    let field = Field { name: "tier".to_owned(), ..fields::text("Tier") };
    succeeded(&world.client.add_field(COMPANY, field).await.unwrap()).await;
    world.found().await;
    let before = world.calls("PATCH").await;
    let mut scans = 0;
    for round in 0..ROUNDS {
        let label = json!({ "label": format!("Mine {round}") });
        world.screen(edit("PATCH", "tier", label)).await;
        if round % ROUNDS_PER_SCAN == 0 {
            world.found().await;
            scans += 1;
        }
    }
    let items = world.items().await;
    assert_eq!(items.len(), 1, "{items:?}");
    assert!(items[0].reverts > 1 && items[0].held_until.is_some(), "{items:?}");
    assert_eq!(items[0].state(), DriftState::Open, "it is left for a while");
    let calls = world.calls("PATCH").await - before;
    println!("rounds {ROUNDS}, scans {scans}, reverts {}, calls {calls}", items[0].reverts);
    assert!((1..=4).contains(&calls), "{calls}");
    world.stop().await;
}
