//! A portal of a thousand properties is imported, and is then as it was.

use std::time::Duration;

use gomark_sdk::v1::Vendor;
use serde_json::json;

use crate::world::{COMPANY, World, edit};

const PROPERTIES: usize = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_properties_are_imported_and_show_no_drift() {
    let world = World::start(|settings| settings.settling = Duration::ZERO).await;
    world.switches(json!({ "generated_order": true, "odd_definitions": true })).await;
    for number in 0..PROPERTIES {
        let (kind, field_type) = match number % 5 {
            0 => ("string", "text"),
            1 => ("number", "number"),
            2 => ("enumeration", "select"),
            3 => ("date", "date"),
            _ => ("string", "textarea"),
        };
        let mut body = json!({
            "label": format!("Property {number}"), "type": kind, "fieldType": field_type,
            "groupName": "dealinformation",
        });
        if kind == "enumeration" {
            // Without places, which HubSpot then gives as it likes.
            body["options"] =
                json!([{ "label": "A", "value": "a" }, { "label": "B", "value": "b" }]);
        }
        world.screen(edit("POST", &format!("property_{number}"), body)).await;
    }
    assert_eq!(world.found().await, 0);
    let begun = std::time::Instant::now();
    let imported = world.client.import_vendor(COMPANY, Vendor::Hubspot).await.unwrap();
    println!("imported {PROPERTIES} properties in {:?}", begun.elapsed());
    let config = world.client.get_config(COMPANY).await.unwrap();
    assert_eq!(config.fields.len(), PROPERTIES, "{:?}", imported.warnings);
    for _ in 0..3 {
        assert_eq!(world.found().await, 0);
    }
    assert!(world.items().await.is_empty());
    world.stop().await;
}
