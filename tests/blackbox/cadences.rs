//! Decide a cadence, watch it reach Upso, change it, go back; and what happens when somebody else
//! changes it there.

use gomark_sdk::v1::{AuditAction, Cadence, JobErrorReason, JobState, Vendor};
use gomark_sdk::{Change, cadences, fields};
use serde_json::{Value, json};

use crate::world::{World, ended, token};

const CADENCE: &str = "trial-users";

fn cadence() -> Cadence {
    cadences::cadence("Trial users", [cadences::email("Welcome", "Hello {{first_name}}")])
}

/// A company with both vendors, and its cadence at Upso.
async fn decided() -> (World, Change) {
    let world = World::connected("acme").await;
    let connect = world.client.connect_upso("acme", token("acme")).base_url(&world.hubspot.url);
    connect.await.unwrap();
    let added = world.client.add_cadence("acme", cadence()).await.unwrap();
    assert_eq!(ended(&added).await.0.state(), JobState::Succeeded);
    (world, added)
}

/// Changes the text and the delay of the only email, in short.
async fn change(world: &World, text: &str) -> Change {
    let modify = world.client.modify_cadence("acme", CADENCE);
    modify.template(text).delay_hours(48).await.unwrap()
}

impl World {
    /// The cadence as Upso holds it.
    async fn held(&self) -> Value {
        self.hubspot.cadences("acme").await.remove(0)
    }

    /// Changes the name of the cadence as somebody else would.
    async fn rename_behind_its_back(&self, name: &str) {
        let account = format!("{}/v1/account", self.hubspot.url);
        let account = self.hubspot.http.get(account).bearer_auth(token("acme"));
        let account = self.hubspot.send(account).await;
        let path = format!("upso/{}/edit", account["account_id"].as_str().unwrap());
        let edit = json!({ "method": "PATCH", "key": CADENCE, "body": { "name": name } });
        self.hubspot.control(&path, edit).await;
    }
}

#[tokio::test]
async fn a_cadence_is_decided_carried_out_changed_and_rolled_back() {
    let (world, added) = decided().await;
    let changed = change(&world, "Hi {{first_name}}").await;
    let (job, _) = ended(&changed).await;
    assert_eq!((job.state(), job.parts[0].vendor()), (JobState::Succeeded, Vendor::Upso));
    let step = world.held().await["steps"][0].clone();
    assert_eq!(step["template"]["body"], "Hi {{first_name}}");
    assert_eq!(step["delay_seconds"], 48 * 60 * 60);

    let back = world.client.rollback("acme", added.revision).await.unwrap();
    assert_eq!(ended(&back).await.0.state(), JobState::Succeeded);
    assert_eq!(world.held().await["steps"][0]["template"]["body"], "Hello {{first_name}}");
    let audit = world.client.list_audit("acme").after_revision(added.revision - 1).all().await;
    let actions: Vec<_> = audit.unwrap().iter().map(|entry| entry.action()).collect();
    let expected = [AuditAction::AddCadence, AuditAction::ModifyCadence, AuditAction::Rollback];
    assert_eq!(actions, expected);
    let old = world.client.get_config("acme").revision(changed.revision).await.unwrap();
    assert_eq!(old.cadences[0].steps[0].delay.unwrap().seconds, 48 * 60 * 60);

    let removed = world.client.remove_cadence("acme", CADENCE).await.unwrap();
    assert_eq!(ended(&removed).await.0.state(), JobState::Succeeded);
    assert!(world.hubspot.cadences("acme").await.is_empty());
    world.stop().await;
}

#[tokio::test]
async fn what_somebody_else_changed_is_told_and_overwritten_only_when_asked() {
    let (world, _) = decided().await;
    world.rename_behind_its_back("Renamed there").await;
    let changed = change(&world, "Hi").await;
    let (job, _) = ended(&changed).await;
    let error = job.error.clone().unwrap();
    assert_eq!((job.state(), error.reason()), (JobState::Failed, JobErrorReason::Conflict));
    assert_eq!(error.attributes, ["name"]);
    let held = world.held().await;
    assert_eq!(held["name"], "Renamed there", "nothing was overwritten");
    assert_eq!(held["steps"][0]["template"]["body"], "Hello {{first_name}}");

    changed.job.as_ref().unwrap().retry().await.unwrap();
    assert_eq!(ended(&changed).await.0.state(), JobState::Succeeded);
    let held = world.held().await;
    assert_eq!(
        (&held["name"], &held["steps"][0]["template"]["body"]),
        (&json!("Trial users"), &json!("Hi"))
    );
    world.stop().await;
}

#[tokio::test]
async fn a_rollback_over_both_vendors_is_one_job_with_a_part_for_each() {
    let (world, _) = decided().await;
    let before = world.client.get_company("acme").await.unwrap().revision;
    let field = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    assert_eq!(ended(&field).await.0.state(), JobState::Succeeded);
    assert_eq!(ended(&change(&world, "Hi").await).await.0.state(), JobState::Succeeded);
    let back = world.client.rollback("acme", before).await.unwrap();
    let (job, _) = ended(&back).await;
    let parts: Vec<_> = job.parts.iter().map(|part| (part.vendor(), part.state())).collect();
    let succeeded = JobState::Succeeded;
    assert_eq!(parts, [(Vendor::Hubspot, succeeded), (Vendor::Upso, succeeded)]);
    assert_eq!(world.held().await["steps"][0]["template"]["body"], "Hello {{first_name}}");
    assert!(world.hubspot.custom_properties("acme").await.is_empty());
    world.stop().await;
}

#[tokio::test]
async fn a_lost_answer_of_a_creation_creates_nothing_twice() {
    let world = World::connected("acme").await;
    let connect = world.client.connect_upso("acme", token("acme")).base_url(&world.hubspot.url);
    connect.await.unwrap();
    let fault = json!({ "kind": "drop_answer", "vendor": "upso", "method": "POST", "count": 1 });
    world.hubspot.fault(fault).await;
    let added = world.client.add_cadence("acme", cadence()).await.unwrap();
    assert_eq!(ended(&added).await.0.state(), JobState::Succeeded);
    let calls = world.hubspot.read("calls?vendor=upso&method=POST").await;
    assert_eq!(calls["calls"].as_array().unwrap().len(), 1, "it was read back, not repeated");
    world.stop().await;
}
