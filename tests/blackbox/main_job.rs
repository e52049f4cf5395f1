//! Decide a field, watch it reach HubSpot, read the history, go back.

use gomark_sdk::v1::{AuditAction, Field, JobState, OperationKind, resource_value};
use gomark_sdk::{Code, fields};
use serde_json::json;

use crate::world::{World, ended};

#[tokio::test]
async fn a_field_is_decided_carried_out_changed_and_rolled_back() {
    let world = World::connected("acme").await;
    let client = &world.client;

    let added = client.add_field("acme", fields::text("Deal Stage")).reason("new").await.unwrap();
    assert_eq!(added.revision, 3);
    let plan = added.plan.as_ref().unwrap();
    assert_eq!(plan.operations[0].kind(), OperationKind::Create);
    assert_eq!(plan.operations[0].summary, "create field deal_stage");
    let (job, events) = ended(&added).await;
    assert_eq!(job.state(), JobState::Succeeded);
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3]);
    let states: Vec<_> = events.iter().map(|event| event.state()).collect();
    assert_eq!(states, [JobState::Queued, JobState::Running, JobState::Succeeded]);
    let property = world.hubspot.property("acme", "deal_stage").await.unwrap();
    assert_eq!(property["label"], "Deal Stage");
    assert_eq!(property["groupName"], "dealinformation");

    let label = Field { label: "Stage".to_owned(), ..Field::default() };
    let modified = client.modify_field("acme", "deal_stage", label).await.unwrap();
    assert_eq!(ended(&modified).await.0.state(), JobState::Succeeded);
    assert_eq!(world.hubspot.property("acme", "deal_stage").await.unwrap()["label"], "Stage");
    let config = client.get_config("acme").min_revision(modified.revision).await.unwrap();
    assert_eq!(config.fields[0].label, "Stage");
    let old = client.get_config("acme").revision(added.revision).await.unwrap();
    assert_eq!(old.fields[0].label, "Deal Stage");

    let back = client.rollback("acme", added.revision).reason("no").await.unwrap();
    assert_eq!(ended(&back).await.0.state(), JobState::Succeeded);
    assert_eq!(world.hubspot.property("acme", "deal_stage").await.unwrap()["label"], "Deal Stage");

    let audit = client.list_audit("acme").all().await.unwrap();
    let actions: Vec<_> = audit.iter().map(|entry| entry.action()).collect();
    assert_eq!(
        actions,
        [
            AuditAction::RegisterCompany,
            AuditAction::ConnectVendor,
            AuditAction::AddField,
            AuditAction::ModifyField,
            AuditAction::Rollback,
        ]
    );
    assert_eq!(audit[4].to_revision, added.revision);
    assert_eq!((audit[2].reason.as_str(), audit[2].actor.as_str()), ("new", "local"));
    let change = &audit[3].changes[0];
    let labels = [&change.before, &change.after].map(|value| {
        match value.as_ref().and_then(|value| value.value.as_ref()) {
            Some(resource_value::Value::Field(field)) => field.label.clone(),
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(labels, ["Deal Stage", "Stage"]);
    for pair in audit.windows(2) {
        assert_eq!(pair[1].prev_hash, pair[0].hash);
    }
    world.stop().await;
}

#[tokio::test]
async fn a_removed_field_is_archived_and_comes_back_under_its_id() {
    let world = World::connected("acme").await;
    let client = &world.client;
    let added = client.add_field("acme", fields::number("Amount left")).await.unwrap();
    ended(&added).await;
    let id = client.get_config("acme").await.unwrap().fields[0].field_id.clone();

    let removed = client.remove_field("acme", "amount_left").await.unwrap();
    assert_eq!(ended(&removed).await.0.state(), JobState::Succeeded);
    assert!(world.hubspot.property("acme", "amount_left").await.is_none());
    assert_eq!(
        client.remove_field("acme", "amount_left").await.unwrap_err().code(),
        Some(Code::NotFound)
    );

    let again = client.add_field("acme", fields::number("Amount left")).await.unwrap();
    assert_eq!(ended(&again).await.0.state(), JobState::Succeeded);
    assert!(world.hubspot.property("acme", "amount_left").await.is_some());
    assert_eq!(client.get_config("acme").await.unwrap().fields[0].field_id, id);
    world.stop().await;
}

#[tokio::test]
async fn a_request_is_answered_once() {
    let world = World::connected("acme").await;
    let client = &world.client;
    let field = || fields::text("Once");
    let first = client.add_field("acme", field()).request_id("r-1").await.unwrap();
    ended(&first).await;
    let again = client.add_field("acme", field()).request_id("r-1").await.unwrap();
    assert_eq!(again.revision, first.revision);
    let job = again.job.as_ref().unwrap();
    assert_eq!(job.id(), first.job.as_ref().unwrap().id());
    assert_eq!(job.snapshot().unwrap().state(), JobState::Succeeded, "as it is now");

    let other = client.add_field("acme", fields::text("Other")).request_id("r-1").await;
    assert_eq!(other.unwrap_err().reason_str(), Some("REQUEST_ID_REUSED"));
    assert_eq!(client.get_company("acme").await.unwrap().revision, first.revision);
    world.stop().await;
}

#[tokio::test]
async fn what_changes_nothing_is_no_revision() {
    let world = World::connected("acme").await;
    let client = &world.client;
    let added = client.add_field("acme", fields::text("Same")).await.unwrap();
    ended(&added).await;
    let label = Field { label: "Same".to_owned(), ..Field::default() };
    let same = client.modify_field("acme", "same", label).await.unwrap();
    assert_eq!((same.revision, same.job.is_none()), (added.revision, true));
    let back = client.rollback("acme", added.revision).await.unwrap();
    assert_eq!((back.revision, back.job.is_none()), (added.revision, true));

    let value = Field { default_value: "Negotiation".to_owned(), ..Field::default() };
    let value = client.modify_field("acme", "same", value).await.unwrap();
    assert_eq!(value.revision, added.revision + 1, "a decision");
    assert!(value.job.is_none(), "and nothing that HubSpot could see");
    world.stop().await;
}

#[tokio::test]
async fn a_dry_run_tells_the_plan_and_changes_nothing() {
    let world = World::connected("acme").await;
    let client = &world.client;
    ended(&client.add_field("acme", fields::text("Tier")).await.unwrap()).await;
    let before = client.get_company("acme").await.unwrap();
    let label = Field { label: "Level".to_owned(), ..Field::default() };
    let dry = client.modify_field("acme", "tier", label).validate_only().await.unwrap();
    assert_eq!((dry.revision, dry.job.is_none()), (before.revision, true));
    let plan = dry.plan.unwrap();
    assert_eq!(plan.operations[0].summary, "update field tier: label");
    assert!(plan.observed_at.is_some());
    let dry = client.add_field("acme", fields::text("New")).validate_only().await.unwrap();
    assert_eq!(dry.plan.unwrap().operations[0].resource_id, "");
    assert_eq!(client.get_company("acme").await.unwrap(), before);
    world.stop().await;
}

#[tokio::test]
async fn a_group_that_the_portal_lacks_is_created_first() {
    let world = World::connected("acme").await;
    let field = Field { group_name: "sales_ops".to_owned(), ..fields::text("Territory") };
    let added = world.client.add_field("acme", field).await.unwrap();
    assert_eq!(ended(&added).await.0.state(), JobState::Succeeded);
    let portal = world.hubspot.portal("acme").await;
    let groups = portal["groups"].as_array().unwrap();
    assert!(
        groups.iter().any(|group| group["name"] == "sales_ops" && group["label"] == "Sales ops")
    );
    let property = world.hubspot.property("acme", "territory").await.unwrap();
    assert_eq!(property["groupName"], "sales_ops");
    world.stop().await;
}

#[tokio::test]
async fn an_equal_property_is_adopted_and_a_different_one_is_not_touched() {
    let world = World::connected("acme").await;
    let body = |name: &str, label: &str| {
        json!({ "name": name, "label": label, "type": "string", "fieldType": "text",
                "groupName": "dealinformation" })
    };
    world.hubspot.edit("acme", "POST", "same", body("same", "Same")).await;
    world.hubspot.edit("acme", "POST", "other", body("other", "Somebody's")).await;

    let same = world.client.add_field("acme", fields::text("Same")).await.unwrap();
    assert_eq!(ended(&same).await.0.state(), JobState::Succeeded);

    let other = world.client.add_field("acme", fields::text("Other")).await.unwrap();
    let (job, _) = ended(&other).await;
    assert_eq!(job.state(), JobState::Failed);
    let error = job.error.unwrap();
    assert_eq!(error.reason().as_str_name(), "JOB_ERROR_REASON_CONFLICT");
    assert_eq!(error.attributes, ["label"]);
    let kept = world.hubspot.property("acme", "other").await.unwrap();
    assert_eq!(kept["label"], "Somebody's");

    // Removing it here leaves what is not ours as it is.
    let removed = world.client.remove_field("acme", "other").await.unwrap();
    assert_eq!(ended(&removed).await.0.state(), JobState::Succeeded);
    assert!(world.hubspot.property("acme", "other").await.is_some());
    world.stop().await;
}

#[tokio::test]
async fn what_hubspot_defined_itself_is_never_touched() {
    let world = World::connected("acme").await;
    let before = world.hubspot.property("acme", "dealname").await.unwrap();
    let named = Field { name: "dealname".to_owned(), ..fields::text("Mine") };
    let added = world.client.add_field("acme", named).await.unwrap();
    assert_eq!(ended(&added).await.0.state(), JobState::Failed);
    let removed = world.client.remove_field("acme", "dealname").await.unwrap();
    assert_eq!(ended(&removed).await.0.state(), JobState::Succeeded);
    assert_eq!(world.hubspot.property("acme", "dealname").await.unwrap(), before);
    world.stop().await;
}
