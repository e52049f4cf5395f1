//! What the stand-in holds, listed: the same as is read, and the same once it is decided.

use super::super::sandbox::{Portal, desired, fields};
use super::*;
use crate::domain::field::{NumberDisplayHint, TextDisplayHint};
use crate::domain::{Effect, Field, GroupDraft, Observed, PropertyType, Resource, ResourceId};
use crate::sandbox::Config;
use crate::vendors::{Answer, Call, Target};

/// A field of every kind, and of every detail.
fn of_every_detail() -> Vec<Field> {
    let field = |name: &str, property_type, details| FieldDraft {
        name: name.to_owned(),
        property_type: Some(property_type),
        details,
        ..FieldDraft::default()
    };
    let none = FieldDetails::default;
    let mut drafts = vec![
        field(
            "d_money",
            PropertyType::Number,
            FieldDetails {
                number_display_hint: Some(NumberDisplayHint::Currency),
                show_currency_symbol: Some(true),
                currency_property_name: "amount".to_owned(),
                display_order: Some(4),
                ..none()
            },
        ),
        field(
            "d_owner",
            PropertyType::Enumeration,
            FieldDetails {
                external_options: true,
                referenced_object_type: "OWNER".to_owned(),
                ..none()
            },
        ),
        field("d_hidden", PropertyType::Date, FieldDetails { hidden: Some(true), ..none() }),
        field("d_shown", PropertyType::Date, FieldDetails { hidden: Some(false), ..none() }),
        field("d_form", PropertyType::String, FieldDetails { form_field: Some(true), ..none() }),
        field("d_unique", PropertyType::String, FieldDetails { has_unique_value: true, ..none() }),
        field(
            "d_secret",
            PropertyType::String,
            FieldDetails { data_sensitivity: DataSensitivity::Sensitive, ..none() },
        ),
    ];
    drafts.extend(NumberDisplayHint::ALL.iter().map(|hint| {
        let details = FieldDetails { number_display_hint: Some(*hint), ..none() };
        field(&format!("d_{hint}"), PropertyType::Number, details)
    }));
    drafts.extend(TextDisplayHint::ALL.iter().map(|hint| {
        let details = FieldDetails { text_display_hint: Some(*hint), ..none() };
        field(&format!("d_{hint}"), PropertyType::String, details)
    }));
    let complete = |draft: FieldDraft| draft.complete(ResourceId::from_trusted("r")).unwrap();
    fields().into_iter().chain(drafts.into_iter().map(complete)).collect()
}

/// Opens a portal that takes sensitive properties.
async fn open_portal() -> Portal {
    let portal = Portal::open(Config { burst_limit: 1_000, ..Config::default() }).await;
    let scopes = [
        "crm.objects.deals.read",
        "crm.objects.deals.write",
        "crm.schemas.deals.read",
        "crm.schemas.deals.write",
        "crm.objects.deals.sensitive.read.v2",
        "crm.objects.deals.sensitive.write.v2",
    ];
    let spec = json!({ "token": TOKEN, "portal_id": 5, "scopes": scopes });
    portal.control("POST", "portals", spec).await;
    let switches = json!({ "sensitive_data": true, "odd_definitions": true });
    portal.control("PUT", "portals/5/switches", switches).await;
    portal
}

#[tokio::test]
async fn what_is_listed_is_what_is_read_and_can_be_decided_as_it_is() {
    let portal = open_portal().await;
    let hubspot = hubspot();
    let fields = of_every_detail();
    let mut targets = Vec::new();
    for field in &fields {
        let (name, form) = (field.name.as_str(), desired(field));
        let created = portal.one(name, Effect::Create(form.clone())).await;
        assert_eq!(created, Ok(Answer::Holds(form.clone())), "{name}");
        targets.push(Target { expected: form, ..target(name) });
    }
    let with = targets.iter().filter_map(|target| hubspot.lists_with(&target.expected));
    let with: Vec<_> = with.map(str::to_owned).collect();
    let listed = portal.list(&with).await;
    let of_fields = listed.iter().filter(|entry| entry.kind == ResourceKind::Field);
    assert_eq!(of_fields.count(), fields.len(), "HubSpot's own are left out");
    let read = portal.read_all(&targets).await;
    assert_eq!((targets.len(), read.len()), (fields.len(), fields.len()));
    for ((field, target), observed) in fields.iter().zip(&targets).zip(read) {
        let entry = find(&listed, &target.name);
        let Observed::Present { attributes, protected } = observed else { panic!("{entry:?}") };
        assert_eq!(hubspot.listed(entry, Some(&target.expected)), Some(attributes.clone()));
        assert_eq!(entry.protected, protected);
        let reverse = |form: &Attributes, base: Option<&Resource>| {
            let id = field.id.clone();
            hubspot.resource(id, ResourceKind::Field, &field.name, form, base).unwrap()
        };
        let base = Resource::Field(field.clone());
        assert_eq!(reverse(&attributes, Some(&base)), base);
        let told = hubspot.listed(entry, None).unwrap();
        let decided = hubspot.desired(&reverse(&told, None));
        let seen = hubspot.listed(entry, Some(&decided)).unwrap();
        assert_eq!(decided, seen, "{}", field.name);
        assert_eq!(decided, told, "{}", field.name);
    }
}

#[tokio::test]
async fn the_stand_in_tells_who_changed_what_and_what_is_locked() {
    let portal = open_portal().await;
    for name in ["tier", "level"] {
        portal.one(name, Effect::Create(grouped("sales_ops"))).await.unwrap();
    }
    let before = portal.list(&[]).await;
    use ResourceKind::{Field, Group};
    assert_eq!(names(&before), [(Field, "level"), (Field, "tier"), (Group, "sales_ops")]);
    assert!(before.iter().all(|entry| entry.changed_by.is_none() && !entry.protected));
    let edit = |kind: &str, method: &str, name: &str, body: Value| {
        json!({
            "portal_id": 5, "kind": kind, "method": method, "name": name, "body": body,
            "user_id": "77",
        })
    };
    let changed = edit("property", "PATCH", "tier", json!({ "label": "By hand" }));
    portal.control("POST", "edit", changed).await;
    let made = json!({
        "label": "Made", "type": "number", "fieldType": "number", "groupName": "sales_ops",
    });
    portal.control("POST", "edit", edit("property", "POST", "made", made)).await;
    let locked = json!({ "readOnlyDefinition": true });
    portal.control("POST", "edit", edit("metadata", "PATCH", "level", locked)).await;
    let label = json!({ "label": "Operations" });
    portal.control("POST", "edit", edit("group", "PATCH", "sales_ops", label)).await;
    let after = portal.list(&[]).await;
    assert_eq!(after.len(), 4);
    assert_eq!(find(&after, "tier").changed_by.as_deref(), Some("77"));
    assert_eq!(find(&after, "made").changed_by.as_deref(), Some("77"));
    assert_eq!(find(&after, "tier").body["label"], "By hand");
    assert_eq!(find(&after, "tier").made, find(&before, "tier").made);
    assert!(find(&after, "level").protected);
    assert_eq!(find(&after, "level").body, find(&before, "level").body);
    let form = hubspot().listed(find(&after, "sales_ops"), None).unwrap();
    assert_eq!(form, Attributes::from([("label", json!("Operations"))]));
}

#[tokio::test]
async fn a_group_of_the_stand_in_is_listed_as_it_is_read() {
    let portal = open_portal().await;
    let id = ResourceId::from_trusted("r");
    for (name, display_order) in [("ops", None), ("sales", Some(6))] {
        let (name, label) = (name.to_owned(), "A group".to_owned());
        let group = GroupDraft { name, label, display_order }.complete(id.clone()).unwrap();
        let group = Resource::Group(group);
        let form = hubspot().desired(&group);
        let target = group_target(group.name(), &form);
        let effect = Effect::Create(form.clone());
        let call = Call { target: target.clone(), effect, held: None, allow_loss: true };
        assert_eq!(portal.carry_out(&[call]).await, [Ok(Answer::Holds(form.clone()))]);
        let listed = portal.list(&[]).await;
        let entry = find(&listed, group.name());
        let seen = hubspot().listed(entry, Some(&form)).unwrap();
        let attributes = seen.clone();
        let read = Observed::Present { attributes, protected: false };
        assert_eq!(portal.read_all(&[target]).await, [read]);
        let reverse = |form: &Attributes| {
            hubspot().resource(id.clone(), ResourceKind::Group, group.name(), form, None).unwrap()
        };
        assert_eq!(reverse(&seen), group);
        let told = hubspot().listed(entry, None).unwrap();
        assert_eq!(hubspot().desired(&reverse(&told)), told);
    }
}
