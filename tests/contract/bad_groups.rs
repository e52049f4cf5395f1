//! Property groups that are refused, new ones and changes, and one in which fields stand.

use gomark_sdk::v1::*;
use gomark_sdk::{Code, fields};
use prost_types::FieldMask;

use crate::refusals::{Bad, all_are_refused, bad, refused};
use crate::world::World;

const ADD: &str = "ConfigService/AddGroup";
const MODIFY: &str = "ConfigService/ModifyGroup";

async fn world() -> World {
    let world = World::start().await;
    world.client.register_company("acme").await.unwrap();
    world.client.add_group("acme", named("ops")).await.unwrap();
    world
}

fn named(name: &str) -> Group {
    Group { name: name.to_owned(), ..Group::default() }
}

fn add(what: &str, group: Group, path: &str, rule: &str) -> Bad {
    let group = Some(group);
    let request = AddGroupRequest { company_id: "acme".to_owned(), group, ..Default::default() };
    bad(what, ADD, &request, path, rule)
}

fn modify(group: Option<Group>, mask: &[&str]) -> ModifyGroupRequest {
    let paths: Vec<_> = mask.iter().map(|path| (*path).to_owned()).collect();
    ModifyGroupRequest {
        company_id: "acme".to_owned(),
        name: "ops".to_owned(),
        group,
        update_mask: (!paths.is_empty()).then_some(FieldMask { paths }),
        ..ModifyGroupRequest::default()
    }
}

/// What no group may have, in a new one and in a change.
fn both(what: &str, group: Group, path: &str, rule: &str) -> [Bad; 2] {
    let new = Group { name: "new".to_owned(), ..group.clone() };
    [add(what, new, path, rule), bad(what, MODIFY, &modify(Some(group), &[]), path, rule)]
}

#[tokio::test]
async fn groups_keep_their_rules() {
    let world = world().await;
    let label = |text: &str| Group { label: text.to_owned(), ..Group::default() };
    let at = |place| Group { display_order: Some(place), ..Group::default() };
    let place = "must be from 0 to 1000000, or -1 for wherever HubSpot puts it";
    let mut rows: Vec<_> = [
        both("long", label(&"x".repeat(256)), "group.label", "must be at most 255 characters long"),
        both("blank", label(" "), "group.label", "must not be blank"),
        both("space", label(" Ops"), "group.label", "must not begin or end with white space"),
        both("break", label("a\nb"), "group.label", "must not contain control characters"),
        both("hidden", label("a\u{200b}"), "group.label", "must not contain invisible characters"),
        both("before the first", at(-2), "group.display_order", place),
        both("too far", at(1_000_001), "group.display_order", place),
    ]
    .into_iter()
    .flatten()
    .collect();
    let own = "must be neither dealinformation nor begin with hs_: these groups are HubSpot's own";
    rows.push(add("HubSpot's", named("dealinformation"), "group.name", own));
    rows.push(add("HubSpot's", named("hs_sales"), "group.name", own));
    for name in ["Ops", "9to5", "a.b", &"x".repeat(101)] {
        rows.push(add(name, named(name), "group.name", "must match ^[a-z][a-z0-9_]{0,99}$"));
    }
    let none = "must be given where no name can be derived from the label";
    rows.push(add("no name", Group::default(), "group.name", none));
    let with_id = Group { group_id: "group-9".to_owned(), ..named("new") };
    rows.push(add("an id", with_id, "group.group_id", "must not be given: GoMark gives it"));
    let missing = AddGroupRequest { company_id: "acme".to_owned(), ..Default::default() };
    rows.push(bad("no group", ADD, &missing, "group", "must be given"));
    rows.push(bad("no group", MODIFY, &modify(None, &[]), "group", "must be given"));
    let renamed = modify(Some(named("other")), &[]);
    rows.push(bad("a name", MODIFY, &renamed, "group.name", "cannot be changed"));
    let mask = "must be one of label, display_order";
    let masked = modify(Some(named("ops")), &["display_order", "name"]);
    rows.push(bad("a mask", MODIFY, &masked, "update_mask.paths[1]", mask));
    let cleared = modify(Some(Group::default()), &["label"]);
    rows.push(bad("no label", MODIFY, &cleared, "group.label", "must not be blank"));
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_group_in_which_fields_stand_stays() {
    let world = world().await;
    let client = &world.client;
    let tier = Field { group_name: "ops".to_owned(), ..fields::text("Tier") };
    client.add_field("acme", tier).await.unwrap();
    for attempt in
        [client.remove_group("acme", "ops"), client.remove_group("acme", "ops").validate_only()]
    {
        let error = refused(attempt.await, Code::FailedPrecondition, "GROUP_IN_USE");
        assert!(error.to_string().contains("tier"), "{error}");
        assert_eq!(error.metadata().get("group").unwrap(), "ops");
    }
    client.remove_field("acme", "tier").await.unwrap();
    client.remove_group("acme", "ops").await.unwrap();
    let config = client.get_config("acme").await.unwrap();
    assert!(config.groups.is_empty() && config.fields.is_empty());
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_group_is_read_with_the_configuration_and_in_the_log() {
    let world = world().await;
    let client = &world.client;
    let placed = Group { label: "Sales".to_owned(), display_order: Some(3), ..named("sales") };
    client.add_group("acme", placed).await.unwrap();
    let config = client.get_config("acme").await.unwrap();
    let told: Vec<_> = config.groups.iter().map(|it| (&*it.name, &*it.label)).collect();
    assert_eq!(told, [("ops", "Ops"), ("sales", "Sales")], "by name");
    assert_eq!(config.groups[1].display_order, Some(3));
    let unplaced = client.modify_group("acme", "sales", Group::default());
    unplaced.update_mask(["display_order"]).await.unwrap();
    let log = client.list_audit("acme").all().await.unwrap();
    let entry = log.last().unwrap();
    assert_eq!(entry.action(), AuditAction::ModifyGroup);
    let change = &entry.changes[0];
    assert_eq!((change.kind(), change.resource_id.as_str()), (ResourceKind::Group, "group-3"));
    let place = |value: &Option<ResourceValue>| match value.clone().unwrap().value {
        Some(resource_value::Value::Group(group)) => group.display_order,
        other => panic!("{other:?}"),
    };
    assert_eq!((place(&change.before), place(&change.after)), (Some(3), None));
    client.rollback("acme", 1).await.unwrap();
    assert!(client.get_config("acme").await.unwrap().groups.is_empty());
    assert!(world.stop().await);
}
