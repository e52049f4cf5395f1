//! Our own writes, and reads that do not know of them yet, are nobody's change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gomark_sdk::fields;
use gomark_sdk::v1::Field;
use serde_json::json;

use crate::set;
use crate::world::{BOUND, COMPANY, World, edit, succeeded};

const FIELDS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_invented_while_we_write_and_reads_lag_behind() {
    let scans: usize = set("GOMARK_TEST_SCANS").unwrap_or(100);
    let world = World::start(|_| {}).await;
    world.switches(json!({ "stale_ms": 700 })).await;
    for number in 0..FIELDS {
        let name = format!("field_{number}");
        let field = Field { name, ..fields::text(format!("Field {number}")) };
        succeeded(&world.client.add_field(COMPANY, field).await.unwrap()).await;
    }
    let over = AtomicBool::new(false);
    let write = async {
        let (mut writes, mut last) = (0_usize, None);
        while !over.load(Ordering::Relaxed) {
            let field = Field { label: format!("Label {writes}"), ..Field::default() };
            let name = format!("field_{}", writes % FIELDS);
            let changed = world.client.modify_field(COMPANY, name, field).await.unwrap();
            writes += 1;
            if writes.is_multiple_of(50) {
                succeeded(&changed).await;
            }
            // The one of the first field.
            if writes % FIELDS == 1 {
                last = Some(changed);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (writes, last)
    };
    let scan = async {
        let mut found = 0;
        for _ in 0..scans {
            found += world.found().await;
        }
        over.store(true, Ordering::Relaxed);
        found
    };
    let ((writes, last), found) = tokio::join!(write, scan);
    let items = world.items().await;
    println!("scans {scans}, own writes {writes}, found {found}");
    assert!(items.is_empty() && found == 0, "{items:?}");
    assert!(writes > FIELDS, "{writes}");
    succeeded(&last.unwrap()).await;
    world.switches(json!({ "stale_ms": 0 })).await;
    world.screen(edit("PATCH", "field_0", json!({ "label": "Somebody's" }))).await;
    // Reads may lag behind our own last write still, and so not show it at once.
    let theirs = async {
        loop {
            match world.found().await {
                0 => {}
                found => return found,
            }
        }
    };
    let theirs = tokio::time::timeout(BOUND, theirs).await;
    assert_eq!(theirs, Ok(1), "what somebody else does is found all the same");
    world.stop().await;
}
