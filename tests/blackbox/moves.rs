//! What happens to the values of deals: renames, backfills, and removals with care.

use gomark_sdk::v1::{Field, FieldOption, JobErrorReason, JobState, PropertyType};
use gomark_sdk::{Change, Code, fields};
use serde_json::{Value, json};

use crate::world::{World, ended, succeeded, until};

const COMPANY: &str = "acme";
const DEALS: usize = 250;

/// A service with a portal of some deals, and a field that every second of them has a value of.
async fn with_values(name: &str) -> World {
    let world = World::connected(COMPANY).await;
    world.deals(DEALS).await;
    let field = Field { name: name.to_owned(), ..fields::text("Tier") };
    succeeded(&world.client.add_field(COMPANY, field).await.unwrap()).await;
    world.fill(json!({ "property": name, "every": 2, "value": "v-{id}" })).await;
    world
}

/// The reason and the message with which a change failed.
async fn failed(change: &Change) -> (JobErrorReason, String) {
    let (job, _) = ended(change).await;
    assert_eq!(job.state(), JobState::Failed, "{job:?}");
    let error = job.error.unwrap();
    (error.reason(), error.message)
}

impl World {
    async fn deals(&self, count: usize) {
        let id = self.hubspot.portal_id(COMPANY).await;
        self.hubspot.control(&format!("portals/{id}/deals"), json!({ "count": count })).await;
    }

    async fn fill(&self, body: Value) {
        let id = self.hubspot.portal_id(COMPANY).await;
        self.hubspot.control(&format!("portals/{id}/deals/fill"), body).await;
    }

    /// The values of a property by deal, and whether it is archived; `None` where there is none.
    async fn values(&self, name: &str) -> Option<(serde_json::Map<String, Value>, bool)> {
        let id = self.hubspot.portal_id(COMPANY).await;
        let path = format!("portals/{id}/deals?properties={name}&values=true");
        let held = self.hubspot.read(&path).await["properties"][name].take();
        let values = held["values"].as_object()?.clone();
        Some((values, held["archived"] == true))
    }

    async fn set(&self, deal: &str, name: &str, value: &str) {
        let id = self.hubspot.portal_id(COMPANY).await;
        let edit = json!({ "kind": "deal", "method": "PATCH", "name": deal,
                           "body": { "properties": { name: value } } });
        self.hubspot.control(&format!("portals/{id}/edit"), edit).await;
    }

    async fn rename(&self, from: &str, to: &str) -> Change {
        let field = Field::default();
        self.client.modify_field(COMPANY, from, field).new_name(to).await.unwrap()
    }
}

/// What a value has to be, whatever the stand-in says of it beside.
fn texts(values: &serde_json::Map<String, Value>) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other["value"].as_str().unwrap_or_default().to_owned(),
    };
    let all = values.iter().map(|(id, value)| (id.clone(), text(value)));
    let mut all: Vec<_> = all.filter(|(_, value)| !value.is_empty()).collect();
    all.sort();
    all
}

#[tokio::test]
async fn a_rename_carries_the_values_along_and_archives_the_old_name() {
    let world = with_values("tier").await;
    let (before, _) = world.values("tier").await.unwrap();
    let renamed = world.rename("tier", "level").await;
    let planned = renamed.plan.as_ref().unwrap();
    let planned: Vec<_> = planned.operations.iter().map(|it| it.summary.as_str()).collect();
    assert_eq!(
        planned,
        ["create field level", "carry values of deals from tier to level", "archive field tier"]
    );
    let (job, _) = ended(&renamed).await;
    assert_eq!(job.state(), JobState::Succeeded, "{job:?}");
    let part = &job.parts[0];
    assert_eq!((part.done, part.total, part.unit.as_str()), (250, 250, "deals"));
    let (after, archived) = world.values("level").await.unwrap();
    assert_eq!((texts(&after), archived), (texts(&before), false));
    assert!(world.values("tier").await.is_none_or(|(_, archived)| archived));
    let config = world.client.get_config(COMPANY).await.unwrap();
    assert_eq!(
        (config.fields[0].name.as_str(), config.fields[0].migrating_from.as_str()),
        ("level", "")
    );
    world.stop().await;
}

#[tokio::test]
async fn a_rename_can_be_taken_back_however_hubspot_brings_archived_names_back() {
    for recreate in ["restore", "fresh"] {
        let world = with_values("tier").await;
        world.hubspot.settings(json!({ "recreate": recreate })).await;
        let revision = world.client.get_config(COMPANY).await.unwrap().revision;
        succeeded(&world.rename("tier", "level").await).await;
        // Meanwhile somebody works with the new name.
        let (values, _) = world.values("level").await.unwrap();
        let ids: Vec<_> = texts(&values).into_iter().map(|(id, _)| id).collect();
        world.set(&ids[0], "level", "changed").await;
        world.set(&ids[1], "level", "").await;
        let (before, _) = world.values("level").await.unwrap();
        succeeded(&world.client.rollback(COMPANY, revision).await.unwrap()).await;
        let (after, archived) = world.values("tier").await.unwrap();
        assert_eq!((texts(&after), archived), (texts(&before), false), "{recreate}");
        assert!(world.values("level").await.is_none_or(|(_, archived)| archived), "{recreate}");
        world.stop().await;
    }
}

#[tokio::test]
async fn a_name_that_hubspot_does_not_give_back_fails_and_loses_nothing() {
    let world = with_values("tier").await;
    let revision = world.client.get_config(COMPANY).await.unwrap().revision;
    succeeded(&world.rename("tier", "level").await).await;
    world.hubspot.settings(json!({ "recreate": "conflict" })).await;
    let (before, _) = world.values("level").await.unwrap();
    let back = world.client.rollback(COMPANY, revision).await.unwrap();
    let (reason, message) = failed(&back).await;
    assert_eq!(reason, JobErrorReason::Conflict, "{message}");
    assert!(message.contains("archived"), "{message}");
    let (after, archived) = world.values("level").await.unwrap();
    assert_eq!((texts(&after), archived), (texts(&before), false));
    world.stop().await;
}

#[tokio::test]
async fn a_rename_that_is_cancelled_leaves_both_names_and_goes_on_with_a_retry() {
    let world = with_values("tier").await;
    world
        .hubspot
        .fault(json!({ "kind": "status", "status": 503, "path_contains": "batch/update" }))
        .await;
    let renamed = world.rename("tier", "level").await;
    until(&renamed, |event| event.state() == JobState::Waiting).await;
    let config = world.client.get_config(COMPANY).await.unwrap();
    assert_eq!(config.fields[0].migrating_from, "tier");
    renamed.job.as_ref().unwrap().cancel().await.unwrap();
    world.hubspot.mend().await;
    for name in ["tier", "level"] {
        assert!(world.hubspot.property(COMPANY, name).await.is_some(), "{name}");
    }
    renamed.job.as_ref().unwrap().retry().await.unwrap();
    succeeded(&renamed).await;
    assert_eq!(world.hubspot.custom_names(COMPANY).await, ["level"]);
    let config = world.client.get_config(COMPANY).await.unwrap();
    assert_eq!(config.fields[0].migrating_from, "");
    world.stop().await;
}

#[tokio::test]
async fn a_rename_that_is_taken_back_half_way_keeps_what_was_written_to_either_name() {
    let world = with_values("tier").await;
    let revision = world.client.get_config(COMPANY).await.unwrap().revision;
    let fault = json!({ "kind": "status", "status": 503, "method": "GET",
                        "path_contains": "objects/2026-09/0-3" });
    world.hubspot.fault(fault).await;
    let renamed = world.rename("tier", "level").await;
    until(&renamed, |event| event.state() == JobState::Waiting).await;
    let (values, _) = world.values("tier").await.unwrap();
    let ids: Vec<_> = texts(&values).into_iter().map(|(id, _)| id).collect();
    world.set(&ids[0], "level", "newer").await;
    let back = world.client.rollback(COMPANY, revision).await.unwrap();
    world.hubspot.mend().await;
    succeeded(&back).await;
    let (after, _) = world.values("tier").await.unwrap();
    let mut expected = texts(&values);
    expected[0].1 = "newer".to_owned();
    assert_eq!(texts(&after), expected);
    assert_eq!(world.hubspot.custom_names(COMPANY).await, ["tier"]);
    world.stop().await;
}

#[tokio::test]
async fn two_fields_change_names_and_each_keeps_its_values() {
    for recreate in ["restore", "fresh"] {
        let world = with_values("tier").await;
        world.hubspot.settings(json!({ "recreate": recreate })).await;
        let other = Field { name: "level".to_owned(), ..fields::text("Level") };
        succeeded(&world.client.add_field(COMPANY, other).await.unwrap()).await;
        world.fill(json!({ "property": "level", "every": 3, "value": "l-{id}" })).await;
        let revision = world.client.get_config(COMPANY).await.unwrap().revision;
        succeeded(&world.rename("tier", "spare").await).await;
        succeeded(&world.rename("level", "tier").await).await;
        succeeded(&world.rename("spare", "level").await).await;
        let (tier, _) = world.values("tier").await.unwrap();
        let (level, _) = world.values("level").await.unwrap();
        assert!(texts(&tier).iter().all(|(_, value)| value.starts_with("l-")), "{recreate}");
        assert!(texts(&level).iter().all(|(_, value)| value.starts_with("v-")), "{recreate}");
        succeeded(&world.client.rollback(COMPANY, revision).await.unwrap()).await;
        let (after_tier, _) = world.values("tier").await.unwrap();
        let (after_level, _) = world.values("level").await.unwrap();
        assert_eq!(texts(&after_tier), texts(&level), "{recreate}");
        assert_eq!(texts(&after_level), texts(&tier), "{recreate}");
        assert_eq!(world.hubspot.custom_names(COMPANY).await, ["level", "tier"]);
        world.stop().await;
    }
}

#[tokio::test]
async fn a_default_value_is_filled_in_once_where_it_is_asked_for() {
    let world = World::connected(COMPANY).await;
    world.deals(DEALS).await;
    let field = Field { default_value: "basic".to_owned(), ..fields::text("Tier") };
    let added = world.client.add_field(COMPANY, field).backfill().await.unwrap();
    let (job, _) = ended(&added).await;
    assert_eq!(job.state(), JobState::Succeeded, "{job:?}");
    assert_eq!((job.parts[0].done, job.parts[0].unit.as_str()), (250, "deals"));
    let (values, _) = world.values("tier").await.unwrap();
    assert_eq!(texts(&values).len(), DEALS);
    // Nothing else fills it in again.
    let ids: Vec<_> = texts(&values).into_iter().map(|(id, _)| id).collect();
    world.set(&ids[0], "tier", "").await;
    let label = Field { label: "Level".to_owned(), ..Field::default() };
    succeeded(&world.client.modify_field(COMPANY, "tier", label).await.unwrap()).await;
    succeeded(&world.client.rollback(COMPANY, added.revision).await.unwrap()).await;
    let (values, _) = world.values("tier").await.unwrap();
    assert_eq!(texts(&values).len(), DEALS - 1);
    let nothing = world.client.modify_field(COMPANY, "tier", Field::default()).backfill();
    succeeded(&nothing.await.unwrap()).await;
    let (values, _) = world.values("tier").await.unwrap();
    assert_eq!(texts(&values).len(), DEALS);
    let refused =
        world.client.add_field(COMPANY, fields::text("Bare")).backfill().await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::InvalidArgument));
    assert_eq!(refused.field_violations()[0].field, "backfill");
    world.stop().await;
}

#[tokio::test]
async fn a_field_whose_values_would_be_lost_stays_until_that_is_allowed() {
    let world = with_values("tier").await;
    let removed = world.client.remove_field(COMPANY, "tier").await.unwrap();
    let (reason, message) = failed(&removed).await;
    assert_eq!(reason, JobErrorReason::HoldsValues);
    assert!(message.starts_with("125 deals hold a value of tier"), "{message}");
    assert!(world.hubspot.property(COMPANY, "tier").await.is_some());
    let job = removed.job.as_ref().unwrap();
    job.retry().await.unwrap();
    assert_eq!(failed(&removed).await.0, JobErrorReason::HoldsValues, "not without being asked");
    job.retry().allow_data_loss().await.unwrap();
    succeeded(&removed).await;
    assert!(world.hubspot.property(COMPANY, "tier").await.is_none());
    // HubSpot keeps what was archived for a while, and the rollback brings it back.
    succeeded(&world.client.rollback(COMPANY, removed.revision - 1).await.unwrap()).await;
    assert_eq!(texts(&world.values("tier").await.unwrap().0).len(), 125);
    let lost = world.client.remove_field(COMPANY, "tier").allow_data_loss().await.unwrap();
    succeeded(&lost).await;
    let entries = world.client.list_audit(COMPANY).all().await.unwrap();
    let allowed = entries.iter().filter(|entry| entry.allow_data_loss).map(|entry| entry.revision);
    assert_eq!(allowed.collect::<Vec<_>>(), [lost.revision], "the log says who allowed it");
    world.stop().await;
}

#[tokio::test]
async fn an_option_that_deals_hold_is_not_taken_away_unasked() {
    let world = World::connected(COMPANY).await;
    world.deals(10).await;
    let option = |value: &str| FieldOption {
        label: value.to_uppercase(),
        value: value.to_owned(),
        ..FieldOption::default()
    };
    let field = |values: &[&str]| Field {
        label: "Tier".to_owned(),
        r#type: PropertyType::Enumeration as i32,
        options: values.iter().map(|value| option(value)).collect(),
        ..Field::default()
    };
    let added = world.client.add_field(COMPANY, field(&["a", "b", "c"])).await.unwrap();
    succeeded(&added).await;
    world.fill(json!({ "property": "tier", "every": 2, "values": ["a", "b"] })).await;
    let free = world.client.modify_field(COMPANY, "tier", field(&["a", "b"])).await.unwrap();
    succeeded(&free).await;
    let held = world.client.modify_field(COMPANY, "tier", field(&["a"])).await.unwrap();
    let (reason, message) = failed(&held).await;
    assert_eq!(reason, JobErrorReason::HoldsValues);
    assert!(message.contains("hold an option of tier that is taken away: b"), "{message}");
    succeeded(&world.client.rollback(COMPANY, free.revision).await.unwrap()).await;
    let lost = world.client.modify_field(COMPANY, "tier", field(&["a"])).allow_data_loss();
    succeeded(&lost.await.unwrap()).await;
    world.stop().await;
}

#[tokio::test]
async fn refused_values_stop_the_archive_and_nothing_else() {
    let world = with_values("tier").await;
    let number = Field { r#type: PropertyType::Number as i32, ..Field::default() };
    let (values, _) = world.values("tier").await.unwrap();
    let ids: Vec<_> = texts(&values).into_iter().map(|(id, _)| id).collect();
    for id in &ids[3..] {
        world.set(id, "tier", "7").await;
    }
    let renamed = world.client.modify_field(COMPANY, "tier", number).new_name("level");
    let renamed = renamed.await.unwrap();
    let (job, _) = ended(&renamed).await;
    let error = job.error.clone().unwrap();
    assert_eq!((job.state(), error.reason()), (JobState::Failed, JobErrorReason::ValuesRefused));
    assert_eq!((error.refused_count, error.refused_values.len()), (3, 3));
    let mut refused: Vec<_> = error.refused_values.iter().map(|it| it.record_id.clone()).collect();
    refused.sort();
    assert_eq!(refused, ids[..3]);
    assert!(error.refused_values.iter().all(|it| !it.reason.is_empty()));
    assert_eq!(texts(&world.values("level").await.unwrap().0).len(), ids.len() - 3);
    assert!(world.hubspot.property(COMPANY, "tier").await.is_some(), "it is not archived");
    for id in &ids[..3] {
        world.set(id, "tier", "8").await;
    }
    renamed.job.as_ref().unwrap().retry().await.unwrap();
    succeeded(&renamed).await;
    assert_eq!(texts(&world.values("level").await.unwrap().0).len(), ids.len());
    assert_eq!(world.hubspot.custom_names(COMPANY).await, ["level"]);
    world.stop().await;
}

#[tokio::test]
async fn the_name_of_a_field_that_is_not_gone_yet_cannot_be_taken() {
    let world = with_values("tier").await;
    let other = world.client.add_field(COMPANY, fields::text("Level")).await.unwrap();
    succeeded(&other).await;
    let removed = world.client.remove_field(COMPANY, "tier").await.unwrap();
    assert_eq!(failed(&removed).await.0, JobErrorReason::HoldsValues);
    let rename = |to: &'static str| {
        world.client.modify_field(COMPANY, "level", Field::default()).new_name(to)
    };
    let refused = rename("tier").await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::FailedPrecondition), "{refused}");
    assert_eq!(refused.reason_str(), Some("FIELD_GOING"));
    let wrong = rename("Not a name").await.unwrap_err();
    assert_eq!(wrong.field_violations()[0].field, "new_name");
    removed.job.as_ref().unwrap().retry().allow_data_loss().await.unwrap();
    succeeded(&removed).await;
    succeeded(&rename("tier").await.unwrap()).await;
    assert_eq!(world.hubspot.custom_names(COMPANY).await, ["tier"]);
    world.stop().await;
}

#[tokio::test]
async fn what_is_in_use_is_archived_later_and_the_job_says_who_uses_it() {
    let world = with_values("tier").await;
    let id = world.hubspot.portal_id(COMPANY).await;
    let uses = |by: Value| {
        world
            .hubspot
            .http
            .put(format!("{}/_sandbox/portals/{id}/uses", world.hubspot.url))
            .json(&by)
    };
    let user = json!({ "property": "tier", "uses": [{
        "parent_type": "WORKFLOW", "parent_display_type": "Workflow", "parent_name": "Big deals",
    }] });
    world.hubspot.send(uses(user)).await;
    let renamed = world.rename("tier", "level").await;
    until(&renamed, |event| event.state() == JobState::Waiting).await;
    let job = world.client.get_job(renamed.job.as_ref().unwrap().id()).await.unwrap();
    let error = job.error.unwrap();
    assert_eq!(error.reason(), JobErrorReason::InUse, "{error:?}");
    assert_eq!(error.used_by.len(), 1);
    assert!(error.used_by[0].contains("Big deals"), "{error:?}");
    assert!(job.next_attempt_at.is_some());
    // Both names are usable until then, and the values are where they are to be.
    assert_eq!(texts(&world.values("level").await.unwrap().0).len(), 125);
    assert_eq!(world.hubspot.custom_names(COMPANY).await, ["level", "tier"]);
    world.stop().await;
}

#[tokio::test]
async fn long_work_leaves_the_last_of_the_day_to_changes() {
    let world = with_values("tier").await;
    let id = world.hubspot.portal_id(COMPANY).await;
    let portal = format!("{}/_sandbox/portals/{id}", world.hubspot.url);
    let put =
        |path: &str, body: Value| world.hubspot.http.put(format!("{portal}/{path}")).json(&body);
    world.hubspot.send(put("switches", json!({ "daily_limit": 1000 }))).await;
    world.hubspot.send(put("daily", json!({ "used": 940 }))).await;
    // An answer has to tell how much of the day is left.
    let other = world.client.add_field(COMPANY, fields::text("Other")).await.unwrap();
    succeeded(&other).await;
    let renamed = world.rename("tier", "level").await;
    until(&renamed, |event| event.state() == JobState::Waiting).await;
    let job = world.client.get_job(renamed.job.as_ref().unwrap().id()).await.unwrap();
    assert_eq!(job.error.as_ref().unwrap().reason(), JobErrorReason::DailyLimit, "{job:?}");
    assert!(job.next_attempt_at.is_some());
    let more = world.client.add_field(COMPANY, fields::text("More")).await.unwrap();
    succeeded(&more).await;
    world.stop().await;
}

#[tokio::test]
async fn a_property_that_is_adopted_keeps_what_it_holds() {
    let world = with_values("tier").await;
    let body = json!({ "name": "level", "label": "Tier", "type": "string", "fieldType": "text",
                       "groupName": "dealinformation" });
    world.hubspot.edit(COMPANY, "POST", "level", body).await;
    let (before, _) = world.values("tier").await.unwrap();
    let mut expected = texts(&before);
    // Somebody uses the other one already: on a deal without a value of `tier`, and on one with.
    let (filled, _) = expected[0].clone();
    let bare = (filled.parse::<u64>().unwrap() + 1).to_string();
    world.set(&bare, "level", "theirs").await;
    world.set(&filled, "level", "newer").await;
    expected[0].1 = "newer".to_owned();
    expected.push((bare, "theirs".to_owned()));
    expected.sort();
    succeeded(&world.rename("tier", "level").await).await;
    assert_eq!(texts(&world.values("level").await.unwrap().0), expected);
    assert_eq!(world.hubspot.custom_names(COMPANY).await, ["level"]);
    world.stop().await;
}

#[tokio::test]
async fn a_field_under_a_name_that_another_had_brings_back_its_own_values_only() {
    let world = with_values("tier").await;
    succeeded(&world.rename("tier", "level").await).await;
    // A new field of the old name shows nothing of the one that had it.
    let field = || Field { name: "tier".to_owned(), ..fields::text("Tier") };
    let added = world.client.add_field(COMPANY, field()).await.unwrap();
    succeeded(&added).await;
    assert_eq!(texts(&world.values("tier").await.unwrap().0), []);
    world.fill(json!({ "property": "tier", "every": 5, "value": "own-{id}" })).await;
    let own = texts(&world.values("tier").await.unwrap().0);
    let removed = world.client.remove_field(COMPANY, "tier").allow_data_loss().await.unwrap();
    succeeded(&removed).await;
    succeeded(&world.client.rollback(COMPANY, added.revision).await.unwrap()).await;
    assert_eq!(texts(&world.values("tier").await.unwrap().0), own);
    assert_eq!(texts(&world.values("level").await.unwrap().0).len(), 125);
    world.stop().await;
}
