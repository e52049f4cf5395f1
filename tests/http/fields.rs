//! Adding fields and changing their labels.

use gomark_sdk::fields;
use gomark_sdk::v1::PropertyType;
use reqwest::Method;
use serde_json::json;

use crate::world::{World, answer};

#[tokio::test]
async fn a_field_is_added_and_its_job_is_told() {
    let world = World::start().await;
    let added = world
        .add(json!({ "company_id": "acme", "name": "Deal Stage", "type": "string",
                     "value": "Negotiation" }))
        .await;
    assert_eq!(added.status, 202, "{added:?}");
    assert_eq!(
        added.body,
        json!({ "revision": 2, "job": { "job_id": "acme.2", "state": "WAITING" } })
    );
    let field = world.field("deal_stage").await;
    assert_eq!((field.label.as_str(), field.r#type()), ("Deal Stage", PropertyType::String));
    assert_eq!(field.default_value, "Negotiation");
    assert!(world.client.get_job("acme.2").await.is_ok());
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn a_label_alone_is_enough_and_every_type_has_hubspots_name() {
    let world = World::start().await;
    assert_eq!(world.add(json!({ "company_id": "acme", "name": "Alone" })).await.status, 202);
    assert_eq!(world.field("alone").await.r#type(), PropertyType::String);
    assert_eq!(world.field("alone").await.default_value, "");
    for (name, value, wanted) in [
        ("string", "x", PropertyType::String),
        ("number", "-12.5", PropertyType::Number),
        ("date", "2026-05-31", PropertyType::Date),
        ("datetime", "2026-05-31T12:00:00Z", PropertyType::Datetime),
        ("bool", "true", PropertyType::Bool),
        ("phone_number", "+49 30 1", PropertyType::PhoneNumber),
    ] {
        let label = format!("Of {name}");
        let body = json!({ "company_id": "acme", "name": label, "type": name, "value": value });
        assert_eq!(world.add(body).await.status, 202, "{name}");
        let field = world.field(&format!("of_{name}")).await;
        assert_eq!((field.r#type(), field.default_value.as_str()), (wanted, value));
    }
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn what_is_wrong_with_a_new_field_is_told_by_the_names_of_the_call() {
    let world = World::start().await;
    let (acme, before) = ("acme", world.revision().await);
    for (body, path, rule) in [
        (json!({ "name": "A" }), "company_id", "must be given"),
        (json!({ "company_id": "Acme", "name": "A" }), "company_id", "must match ^[a-z0-9]"),
        (json!({ "company_id": 123, "name": "A" }), "company_id", "must be a string"),
        (json!({ "company_id": acme }), "name", "must be given"),
        (json!({ "company_id": acme, "name": "" }), "name", "must be given where no name"),
        (json!({ "company_id": acme, "name": "7 days" }), "name", "must be given where no name"),
        (json!({ "company_id": acme, "name": " A" }), "name", "must not begin or end with white"),
        (json!({ "company_id": acme, "name": "hs x" }), "name", "must not begin with hs_"),
        (json!({ "company_id": acme, "name": "A".repeat(256) }), "name", "must be at most 255"),
        (json!({ "company_id": acme, "name": "A", "type": "text" }), "type", "must be one of str"),
        (json!({ "company_id": acme, "name": "A", "type": "STRING" }), "type", "must be one of"),
        (json!({ "company_id": acme, "name": "A", "type": "" }), "type", "must be one of"),
        (json!({ "company_id": acme, "name": "A", "type": "enumeration" }), "type", "must have at"),
        (json!({ "company_id": acme, "name": "A", "value": 7 }), "value", "must be a string"),
        (
            json!({ "company_id": acme, "name": "A", "type": "number", "value": "many" }),
            "value",
            "must be a decimal number",
        ),
        (json!({ "company_id": acme, "name": "A", "lable": "B" }), "lable", "is not an attribute"),
        (json!({ "company_id": acme, "name": "A", "Name": "B" }), "Name", "is not an attribute"),
    ] {
        let refused = world.add(body.clone()).await;
        let (told_path, told_rule) = refused.violation();
        assert_eq!(told_path, path, "{body}");
        assert!(told_rule.starts_with(rule), "{body}: {told_rule}");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.starts_with(&format!("{path}: {rule}")), "{body}: {detail}");
        assert!(!refused.body.to_string().contains("field."), "{refused:?}");
    }
    assert_eq!(world.revision().await, before);
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn a_field_that_exists_is_a_conflict_and_a_company_that_does_not_is_not_found() {
    let world = World::start().await;
    let body = json!({ "company_id": "acme", "name": "Tier" });
    assert_eq!(world.add(body.clone()).await.status, 202);
    assert_eq!(world.add(body).await.problem(409), "FIELD_EXISTS");
    let nobody = world.add(json!({ "company_id": "nobody", "name": "Tier" })).await;
    assert_eq!(nobody.problem(404), "COMPANY_NOT_FOUND");
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn a_label_is_changed_by_the_internal_name_or_by_the_label() {
    let world = World::start().await;
    world.client.add_field("acme", fields::text("Deal Stage")).await.unwrap();
    let changed = world.modify("deal_stage", "Stage (new)").await;
    assert_eq!((changed.status, changed.body["revision"].as_i64()), (202, Some(3)), "{changed:?}");
    assert_eq!(changed.body["job"]["job_id"], "acme.3");
    assert_eq!(world.field("deal_stage").await.label, "Stage (new)");
    // By its label, percent-encoded as everything that a path takes.
    assert_eq!(world.modify("Stage%20%28new%29", "Phase/1").await.status, 202);
    assert_eq!(world.modify("Phase%2F1", "Phase").await.status, 202);
    assert_eq!(world.field("deal_stage").await.label, "Phase");
    // It is so already.
    let same = world.modify("Phase", "Phase").await;
    assert_eq!((same.status, &same.body), (200, &json!({ "revision": 5, "job": null })));
    assert_eq!(world.modify("nothing", "X").await.problem(404), "FIELD_NOT_FOUND");
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn a_label_of_two_fields_is_a_conflict_that_names_both() {
    let world = World::start().await;
    for name in ["tier", "tier_2", "gold"] {
        let label = if name == "gold" { "tier" } else { "Tier" };
        let field = gomark_sdk::v1::Field { name: name.to_owned(), ..fields::text(label) };
        world.client.add_field("acme", field).await.unwrap();
    }
    let refused = world.modify("Tier", "Level").await;
    assert_eq!(refused.problem(409), "FIELD_AMBIGUOUS");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("tier, tier_2"), "{detail}");
    // A name comes before a label.
    assert_eq!(world.modify("tier", "Level").await.status, 202);
    assert_eq!(world.field("tier").await.label, "Level");
    assert_eq!(world.field("gold").await.label, "tier");
    assert_eq!(world.modify("Tier", "Level").await.status, 202);
    assert_eq!(world.field("tier_2").await.label, "Level");
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn what_is_wrong_with_a_new_label_is_told_by_the_names_of_the_call() {
    let world = World::start().await;
    world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    let before = world.revision().await;
    for (path, body, found, rule) in [
        ("acme/tier?migrate=true", json!({ "new_name": "1" }), "new_name", "must match"),
        ("acme/tier", json!({}), "new_name", "must be given"),
        ("acme/tier", json!({ "new_name": " " }), "new_name", "must not be blank"),
        ("acme/Tier", json!({ "new_name": " " }), "new_name", "must not be blank"),
        ("acme/tier", json!({ "new_name": null }), "new_name", "must be a string"),
        ("acme/tier", json!({ "new_name": "X", "type": "bool" }), "type", "is not an attribute"),
        ("ACME/tier", json!({ "new_name": "X" }), "company_id", "must match"),
        ("acme/tier?migrat=true", json!({ "new_name": "X" }), "migrat", "is not a parameter"),
        ("acme/tier?migrate=yes", json!({ "new_name": "X" }), "migrate", "must be true or false"),
        ("acme/tier?migrate=false&migrate=true", json!({ "new_name": "X" }), "migrate", "must be"),
    ] {
        let path = format!("/hubspot/fields/modify/{path}");
        let refused = answer(world.call(Method::PUT, &path, &body)).await;
        let (told_path, told_rule) = refused.violation();
        assert_eq!(told_path, found, "{path} {body}");
        assert!(told_rule.starts_with(rule), "{path} {body}: {told_rule}");
    }
    assert_eq!(world.revision().await, before);
    let path = "/hubspot/fields/modify/acme/tier?migrate=false";
    assert_eq!(
        answer(world.call(Method::PUT, path, &json!({ "new_name": "X" }))).await.status,
        202
    );
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn a_field_is_renamed_where_that_is_asked_for() {
    let world = World::start().await;
    world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    world.client.add_field("acme", fields::text("Stage")).await.unwrap();
    let rename = async |old: &str, new: &str| {
        let path = format!("/hubspot/fields/modify/acme/{old}?migrate=true");
        answer(world.call(Method::PUT, &path, &json!({ "new_name": new }))).await
    };
    assert_eq!(rename("tier", "Deal Level").await.status, 202);
    assert_eq!(world.field("deal_level").await.label, "Deal Level");
    // By its label, too.
    assert_eq!(rename("Deal%20Level", "Rank").await.status, 202);
    assert_eq!(world.field("rank").await.label, "Rank");
    assert_eq!(rename("rank", "Rank").await.status, 200, "it is so already");
    assert_eq!(rename("rank", "Stage").await.problem(409), "FIELD_EXISTS");
    assert_eq!(rename("tier", "X").await.problem(404), "FIELD_NOT_FOUND");
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn a_default_value_is_filled_in_where_that_is_asked_for() {
    let world = World::start().await;
    let add = async |query: &str, body: serde_json::Value| {
        let path = format!("/hubspot/fields/add{query}");
        answer(world.call(Method::POST, &path, &body)).await
    };
    let body =
        |name: &str, value: &str| json!({ "company_id": "acme", "name": name, "value": value });
    assert_eq!(add("?backfill=true", body("Tier", "basic")).await.status, 202);
    assert_eq!(add("?backfill=false", body("Level", "")).await.status, 202);
    let refused = add("?backfill=true", body("Rank", "")).await;
    let (path, rule) = refused.violation();
    assert_eq!(path, "backfill");
    assert!(rule.starts_with("needs a default_value"), "{rule}");
    assert_eq!(add("?backfill=1", body("Rank", "a")).await.violation().0, "backfill");
    assert!(world.app.stop().await);
}
