//! What others change is brought back by itself, and how soon.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures::future::join_all;
use gomark_sdk::fields;
use gomark_sdk::v1::{DriftState, Field};
use rand::RngExt as _;
use serde_json::json;

use crate::hubspot::token;
use crate::set;
use crate::world::{BOUND, World, edit, succeeded};

/// The longest from scan to scan.
const INTERVAL: Duration = Duration::from_secs(5);
/// In how long the changes are made.
const SPREAD: Duration = Duration::from_secs(10);
const FIELDS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn what_others_change_is_brought_back_by_itself() {
    let companies: usize = set("GOMARK_TEST_COMPANIES").unwrap_or(10);
    let world = World::start(|settings| settings.scan_interval = Some(INTERVAL)).await;
    let names = (0..companies).map(|number| format!("company-{number}"));
    let mut times: Vec<_> = join_all(names.map(|company| restored(&world, company))).await.concat();
    times.sort();
    println!(
        "changes {}, interval {INTERVAL:?}: brought back after {:.1?} (half of them), {:.1?} (all)",
        times.len(),
        times[times.len() / 2],
        times[times.len() - 1]
    );
    world.stop().await;
}

/// Changes all fields of a company, each at a moment of its own; answers how long each took to be as
/// it was.
async fn restored(world: &World, company: String) -> Vec<Duration> {
    let (client, vendors) = (&world.client, &world.vendors);
    client.register_company(&company).await.unwrap();
    let connect = client.connect_hubspot(&company, token(&company));
    connect.base_url(&vendors.url).await.unwrap();
    for number in 0..FIELDS {
        let name = format!("field_{number}");
        let field = Field { name, ..fields::text("Ours") };
        succeeded(&client.add_field(&company, field).await.unwrap()).await;
    }
    let portal = format!("portals/{}", vendors.portal_id(&company).await);
    let changed = Mutex::new(HashMap::new());
    let changes = (0..FIELDS).map(async |number| {
        let moment = SPREAD.mul_f64(rand::rng().random_range(0.0..1.0));
        tokio::time::sleep(moment).await;
        let name = format!("field_{number}");
        let theirs = edit("PATCH", &name, json!({ "label": "Theirs" }));
        vendors.control(&format!("{portal}/edit"), theirs).await;
        changed.lock().unwrap().insert(name, Instant::now());
    });
    let mut times = HashMap::new();
    let all = async {
        while times.len() < FIELDS {
            // What a read shows that was begun before a change says nothing of that.
            let before: HashMap<_, _> = changed.lock().unwrap().clone();
            let held = vendors.read(&portal).await;
            for property in held["properties"].as_array().unwrap() {
                let name = property["name"].as_str().unwrap();
                if let Some(at) = before.get(name).filter(|_| property["label"] == "Ours") {
                    times.entry(name.to_owned()).or_insert_with(|| at.elapsed());
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let all = tokio::time::timeout(BOUND, all);
    tokio::join!(join_all(changes), all).1.expect("all are brought back");
    let items = client.list_drift(&company).page_size(1_000).all().await.unwrap();
    assert_eq!(items.len(), FIELDS, "{items:?}");
    let is_reverted = |state| matches!(state, DriftState::Reverting | DriftState::Reverted);
    assert!(items.iter().all(|item| is_reverted(item.state()) && item.reverts == 1), "{items:?}");
    times.into_values().collect()
}
