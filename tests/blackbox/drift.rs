//! What others change at the vendor: found, and brought back, reported, adopted, ignored or imported.

use std::time::Duration;

use gomark::clock::{Clock as _, SystemClock};
use gomark_sdk::v1::{
    AuditAction, DriftChange, DriftItem, DriftMode, DriftResolution, DriftState, Field, Group,
    OperationKind, PolicyTarget, PropertyType, ResourceKind, Vendor,
};
use gomark_sdk::{Change, Code, DriftItems, fields};
use prost_types::Timestamp;
use serde_json::{Value, json};

use crate::world::{BOUND, World, succeeded};

const COMPANY: &str = "acme";

/// A service that waits for no write to settle, with a portal.
async fn world() -> World {
    let world = World::with(|settings| settings.settling = Duration::ZERO).await;
    world.connect(COMPANY).await;
    world
}

/// A service with a field that HubSpot holds, and that was scanned once.
async fn with_field() -> World {
    let world = world().await;
    world.add("tier", "Tier").await;
    assert_eq!(world.found().await, 0);
    world
}

fn seconds() -> i64 {
    SystemClock.now().as_micros() / 1_000_000
}

fn in_an_hour() -> Timestamp {
    Timestamp { seconds: seconds() + 3_600, nanos: 0 }
}

fn of_field(name: &str, attribute: &str) -> PolicyTarget {
    PolicyTarget {
        kind: ResourceKind::Field.into(),
        name: name.to_owned(),
        attribute: attribute.to_owned(),
    }
}

impl World {
    async fn add(&self, name: &str, label: &str) {
        let field = Field { name: name.to_owned(), ..fields::text(label) };
        succeeded(&self.client.add_field(COMPANY, field).await.unwrap()).await;
    }

    /// Scans, and tells how many changes were found.
    async fn found(&self) -> i64 {
        let since = seconds();
        let scans = self.client.scan_drift(COMPANY).await.unwrap();
        assert!(scans.iter().all(|scan| scan.problem.is_empty()), "{scans:?}");
        let in_time = |at: &Timestamp| at.seconds >= since;
        assert!(
            scans.iter().all(|scan| scan.scanned_at.as_ref().is_some_and(in_time)),
            "not scanned in time: {scans:?}"
        );
        scans.iter().map(|scan| scan.found).sum()
    }

    async fn edit(&self, method: &str, name: &str, body: Value) {
        self.hubspot.edit(COMPANY, method, name, body).await;
    }

    async fn items(&self) -> Vec<DriftItem> {
        self.client.list_drift(COMPANY).all().await.unwrap()
    }

    /// The only item there is.
    async fn item(&self) -> DriftItem {
        let items = self.items().await;
        assert_eq!(items.len(), 1, "{items:?}");
        items.into_iter().next().unwrap()
    }

    async fn label(&self, name: &str) -> Option<Value> {
        self.hubspot.property(COMPANY, name).await.map(|mut held| held["label"].take())
    }

    /// Waits until HubSpot holds this label.
    async fn holds(&self, name: &str, label: &str) {
        let holds = async {
            while self.label(name).await.is_none_or(|held| held != label) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(BOUND, holds).await.expect("HubSpot holds it");
    }

    /// Scans until an item was set right; nothing new is found meanwhile.
    async fn reverted(&self, id: i64) {
        let is_reverted =
            |item: &DriftItem| item.item_id == id && item.state() == DriftState::Reverted;
        let scans = async {
            loop {
                assert_eq!(self.found().await, 0);
                if self.items().await.iter().any(is_reverted) {
                    return;
                }
            }
        };
        tokio::time::timeout(BOUND, scans).await.expect("it is set right");
    }

    async fn resolve(&self, item: &DriftItem, resolution: DriftResolution) -> Change {
        let resolve = self.client.resolve_drift(COMPANY, [item.item_id], resolution);
        let resolve = resolve.reason("as agreed");
        match resolution {
            DriftResolution::Ignore => resolve.until(in_an_hour()).await.unwrap(),
            _ => resolve.await.unwrap(),
        }
    }
}

fn text(value: Option<&prost_types::Value>) -> &str {
    use prost_types::value::Kind;
    match value.and_then(|value| value.kind.as_ref()) {
        Some(Kind::StringValue(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_decided_is_brought_back() {
    let world = with_field().await;
    world.edit("PATCH", "tier", json!({ "label": "Somebody's" })).await;
    assert_eq!(world.found().await, 1);
    world.holds("tier", "Tier").await;
    let item = world.item().await;
    assert_eq!((item.change(), item.attribute.as_str()), (DriftChange::Changed, "label"));
    assert_eq!((item.by.as_str(), item.mode()), ("77", DriftMode::Enforce));
    assert_eq!((text(item.from.as_ref()), text(item.to.as_ref())), ("Tier", "Somebody's"));
    let seconds = |at: Option<Timestamp>| at.unwrap().seconds;
    assert!(seconds(item.after) <= seconds(item.found_at));
    world.reverted(item.item_id).await;
    assert_eq!(world.item().await.reverts, 1);
    // What is removed is made again.
    world.edit("DELETE", "tier", Value::Null).await;
    assert_eq!(world.found().await, 1);
    world.holds("tier", "Tier").await;
    world.stop().await;
}

#[tokio::test]
async fn what_is_reported_waits_for_somebody() {
    let world = with_field().await;
    let policy = world.client.set_policy(COMPANY, of_field("tier", ""), DriftMode::Report);
    policy.await.unwrap();
    world.edit("PATCH", "tier", json!({ "label": "Somebody's", "description": "theirs" })).await;
    assert_eq!(world.found().await, 2);
    assert_eq!(world.found().await, 0);
    let items = world.items().await;
    assert!(items.iter().all(|item| item.state() == DriftState::Open), "{items:?}");
    // A decision about something else leaves them.
    let group = Field { group_name: "sales".to_owned(), ..Field::default() };
    succeeded(&world.client.modify_field(COMPANY, "tier", group).await.unwrap()).await;
    assert_eq!(world.label("tier").await.unwrap(), "Somebody's");
    // One is brought back, the other adopted.
    let label = items.iter().find(|item| item.attribute == "label").unwrap();
    let description = items.iter().find(|item| item.attribute == "description").unwrap();
    world.resolve(label, DriftResolution::Revert).await;
    world.holds("tier", "Tier").await;
    let adopted = world.resolve(description, DriftResolution::Adopt).await;
    succeeded(&adopted).await;
    let config = world.client.get_config(COMPANY).await.unwrap();
    assert_eq!(
        (config.fields[0].label.as_str(), config.fields[0].description.as_str()),
        ("Tier", "theirs")
    );
    let audit = world.client.list_audit(COMPANY).newest_first().next().await.unwrap().unwrap();
    assert_eq!((audit.action(), audit.actor.as_str()), (AuditAction::ResolveDrift, "hubspot:77"));
    assert!(audit.reason.ends_with("as agreed"), "{}", audit.reason);
    world.reverted(label.item_id).await;
    let items = world.items().await;
    assert!(items.iter().any(|item| item.state() == DriftState::Adopted), "{items:?}");
    let again = world.client.resolve_drift(COMPANY, [label.item_id], DriftResolution::Adopt);
    assert_eq!(again.await.unwrap_err().code(), Some(Code::FailedPrecondition));
    world.stop().await;
}

#[tokio::test]
async fn what_is_ignored_is_left_until_its_time_and_a_pause_leaves_all() {
    let world = with_field().await;
    world.client.pause_enforcement(COMPANY, Some(in_an_hour())).reason("freeze").await.unwrap();
    world.edit("PATCH", "tier", json!({ "label": "Somebody's" })).await;
    assert_eq!(world.found().await, 1);
    assert_eq!(world.item().await.state(), DriftState::Open);
    assert_eq!(world.label("tier").await.unwrap(), "Somebody's");
    let ignored = world.resolve(&world.item().await, DriftResolution::Ignore).await;
    assert!(ignored.job.is_none());
    let policies = world.client.list_policies(COMPANY).await.unwrap();
    let policy = &policies.policies[0];
    assert_eq!(policy.target, Some(of_field("tier", "label")));
    assert_eq!((policy.mode(), policies.pause_reason.as_str()), (DriftMode::Ignore, "freeze"));
    world.client.pause_enforcement(COMPANY, None).await.unwrap();
    assert_eq!(world.found().await, 0);
    assert_eq!(world.item().await.state(), DriftState::Ignored);
    // Without the policy it is as usual: brought back.
    let forget =
        world.client.set_policy(COMPANY, of_field("tier", "label"), DriftMode::Unspecified);
    forget.await.unwrap();
    world.found().await;
    world.holds("tier", "Tier").await;
    world.stop().await;
}

#[tokio::test]
async fn a_portal_is_imported_and_then_watched() {
    let world = world().await;
    let id = world.hubspot.portal_id(COMPANY).await;
    let group = json!({ "kind": "group", "method": "POST", "name": "ops",
                        "body": { "label": "Operations", "displayOrder": 3 } });
    world.hubspot.control(&format!("portals/{id}/edit"), group).await;
    for number in 0..30 {
        let mut body = json!({ "label": format!("Field {number}"), "type": "string",
                               "fieldType": "text", "groupName": "ops" });
        if number % 3 == 0 {
            body["type"] = "enumeration".into();
            body["fieldType"] = "select".into();
            body["options"] =
                json!([{ "label": "A", "value": "a" }, { "label": "B", "value": "b" }]);
        }
        world.edit("POST", &format!("field_{number}"), body).await;
    }
    let import = || world.client.import_vendor(COMPANY, Vendor::Hubspot);
    let unseen = import().await.unwrap_err();
    assert_eq!(unseen.code(), Some(Code::FailedPrecondition));
    assert_eq!(world.found().await, 0);
    let dry = import().validate_only().await.unwrap();
    let plan = dry.plan.unwrap();
    assert_eq!((dry.revision, plan.operations.len(), dry.warnings), (2, 31, vec![]));
    assert!(plan.operations.iter().all(|it| it.kind() == OperationKind::Import));
    assert!(plan.observed_at.is_some());
    let some = import().names(["field_1", "nothing"]).await.unwrap();
    assert_eq!((some.revision, some.warnings), (3, vec!["nothing: it is not there".to_owned()]));
    let rest = import().reason("as it is").await.unwrap();
    assert_eq!((rest.revision, rest.job.is_none()), (4, true));
    assert_eq!(import().await.unwrap().revision, 4, "all of it is there already");
    let config = world.client.get_config(COMPANY).await.unwrap();
    assert_eq!((config.fields.len(), config.groups.len()), (30, 1));
    assert_eq!(config.fields[0].r#type(), PropertyType::Enumeration);
    assert_eq!(config.groups[0].label, "Operations");
    assert_eq!(world.found().await, 0);
    assert!(world.items().await.is_empty());
    // What was imported is reported, and what nobody decided may be adopted.
    world.edit("PATCH", "field_1", json!({ "label": "Theirs" })).await;
    let body =
        json!({ "label": "New", "type": "number", "fieldType": "number", "groupName": "ops" });
    world.edit("POST", "newcomer", body).await;
    assert_eq!(world.found().await, 2);
    let items = world.items().await;
    assert!(items.iter().all(|item| item.state() == DriftState::Open), "{items:?}");
    let created = items.iter().find(|item| item.change() == DriftChange::Created).unwrap();
    let refused = world.client.resolve_drift(COMPANY, [created.item_id], DriftResolution::Revert);
    assert_eq!(refused.await.unwrap_err().code(), Some(Code::FailedPrecondition));
    let adopted = world.resolve(created, DriftResolution::Adopt).await;
    assert!(adopted.job.is_none(), "it is there already");
    // What was adopted is no news.
    let config = world.client.get_config(COMPANY).await.unwrap();
    assert_eq!(config.fields.len(), 31);
    assert_eq!(world.found().await, 0);
    // What GoMark did not make stays when it is managed no more, and can be imported once more.
    let before = world.client.rollback(COMPANY, 2).await.unwrap();
    succeeded(&before).await;
    let config = world.client.get_config(COMPANY).await.unwrap();
    assert_eq!((config.fields.len(), config.groups.len()), (0, 0));
    for name in ["field_1", "field_3", "newcomer"] {
        assert!(world.hubspot.property(COMPANY, name).await.is_some(), "{name} is there");
    }
    assert_eq!(world.found().await, 0);
    assert!(import().await.unwrap().warnings.is_empty());
    let config = world.client.get_config(COMPANY).await.unwrap();
    assert_eq!((config.fields.len(), config.groups.len()), (31, 1));
    // And so is what was managed meanwhile.
    let back = world.client.rollback(COMPANY, 2).await.unwrap();
    let forth = world.client.rollback(COMPANY, back.revision - 1).await.unwrap();
    succeeded(&back).await;
    succeeded(&forth).await;
    assert_eq!(world.client.get_config(COMPANY).await.unwrap().fields.len(), 31);
    assert_eq!(world.found().await, 0);
    // What was removed by decision, and made by GoMark again, goes when that is rolled back.
    let removed = world.client.remove_field(COMPANY, "field_1").await.unwrap();
    succeeded(&removed).await;
    let made = world.client.rollback(COMPANY, forth.revision).await.unwrap();
    succeeded(&made).await;
    assert!(world.hubspot.property(COMPANY, "field_1").await.is_some());
    succeeded(&world.client.rollback(COMPANY, removed.revision).await.unwrap()).await;
    assert!(world.hubspot.property(COMPANY, "field_1").await.is_none());
    assert!(world.hubspot.property(COMPANY, "field_3").await.is_some());
    world.stop().await;
}

/// Waits for the next item that is told of.
async fn told(watch: &mut DriftItems) -> DriftItem {
    let told = tokio::time::timeout(BOUND, watch.next()).await.expect("it is told");
    told.expect("there is no end").unwrap()
}

#[tokio::test]
async fn the_inbox_is_followed_and_read_page_by_page() {
    let mut world = with_field().await;
    let policy = world.client.set_policy(COMPANY, PolicyTarget::default(), DriftMode::Report);
    policy.await.unwrap();
    let mut watch = world.client.watch_drift(COMPANY, 0);
    world.edit("PATCH", "tier", json!({ "label": "One" })).await;
    world.found().await;
    let first = told(&mut watch).await;
    assert_eq!((first.item_id, first.state()), (1, DriftState::Open));
    // It goes on where it was when the service comes back.
    world.restart_in_place().await;
    world.edit("PATCH", "tier", json!({ "label": "Tier", "description": "theirs" })).await;
    world.found().await;
    let state = |item: &DriftItem| (item.item_id, item.state());
    let next = [told(&mut watch).await, told(&mut watch).await];
    assert_eq!(next.each_ref().map(state), [(1, DriftState::Cleared), (2, DriftState::Open)]);
    assert_eq!(watch.last_seq(), 3);
    let paged = world.client.list_drift(COMPANY).page_size(1).all().await.unwrap();
    let paged: Vec<_> = paged.iter().map(state).collect();
    assert_eq!(paged, [(2, DriftState::Open), (1, DriftState::Cleared)], "the last one first");
    let open = world.client.list_drift(COMPANY).states([DriftState::Open]).all().await.unwrap();
    assert_eq!(open.iter().map(state).collect::<Vec<_>>(), [(2, DriftState::Open)]);
    world.stop().await;
}

#[tokio::test]
async fn wrong_input_is_told_and_nothing_is_changed() {
    let world = with_field().await;
    let code = |error: gomark_sdk::Error| error.code().unwrap();
    let group = Group { name: "ops".to_owned(), label: "Ops".to_owned(), ..Group::default() };
    succeeded(&world.client.add_group(COMPANY, group).await.unwrap()).await;
    let revision = world.client.get_config(COMPANY).await.unwrap().revision;
    let resolve = |ids: Vec<i64>, how| world.client.resolve_drift(COMPANY, ids, how);
    assert_eq!(
        code(resolve(vec![], DriftResolution::Adopt).await.unwrap_err()),
        Code::InvalidArgument
    );
    assert_eq!(code(resolve(vec![9], DriftResolution::Adopt).await.unwrap_err()), Code::NotFound);
    assert_eq!(
        code(resolve(vec![1, 1], DriftResolution::Adopt).await.unwrap_err()),
        Code::InvalidArgument
    );
    assert_eq!(
        code(resolve(vec![1], DriftResolution::Unspecified).await.unwrap_err()),
        Code::InvalidArgument
    );
    let policy = |target, mode| world.client.set_policy(COMPANY, target, mode);
    let ignore = policy(of_field("tier", ""), DriftMode::Ignore);
    assert_eq!(code(ignore.await.unwrap_err()), Code::InvalidArgument);
    let past = Timestamp { seconds: 1, nanos: 0 };
    let ended = policy(of_field("tier", ""), DriftMode::Report).until(past);
    assert_eq!(code(ended.await.unwrap_err()), Code::InvalidArgument);
    let nobodys = policy(of_field("nobodys", ""), DriftMode::Enforce);
    assert_eq!(code(nobodys.await.unwrap_err()), Code::InvalidArgument);
    let nameless = policy(of_field("", ""), DriftMode::Report);
    assert_eq!(code(nameless.await.unwrap_err()), Code::InvalidArgument);
    let paused = world.client.pause_enforcement(COMPANY, Some(past));
    assert_eq!(code(paused.await.unwrap_err()), Code::InvalidArgument);
    let unconnected = world.client.import_vendor(COMPANY, Vendor::Upso);
    assert_eq!(code(unconnected.await.unwrap_err()), Code::FailedPrecondition);
    let nowhere = world.client.scan_drift("nobody").await;
    assert_eq!(code(nowhere.unwrap_err()), Code::NotFound);
    assert_eq!(world.client.get_config(COMPANY).await.unwrap().revision, revision);
    let policies = world.client.list_policies(COMPANY).await.unwrap();
    assert!(policies.policies.is_empty() && policies.paused_until.is_none(), "{policies:?}");
    world.stop().await;
}

#[tokio::test]
async fn a_scan_that_fails_says_so_and_concludes_nothing() {
    let world = with_field().await;
    let fault = json!({ "kind": "status", "status": 500, "method": "GET",
                        "path_contains": "/properties/", "count": 50 });
    world.hubspot.fault(fault).await;
    world.edit("PATCH", "tier", json!({ "label": "Somebody's" })).await;
    let scans = world.client.scan_drift(COMPANY).await.unwrap();
    assert!(scans[0].failed_at.is_some() && !scans[0].problem.is_empty(), "{scans:?}");
    assert!(world.items().await.is_empty());
    world.hubspot.mend().await;
    assert_eq!(world.found().await, 1);
    world.stop().await;
}
