//! Listing what a portal holds: all of it, or a failure.

mod stand_in;

use super::table::{check, rows};
use super::*;
use crate::domain::field::{DataSensitivity, FieldDetails};
use crate::domain::{FieldDraft, ResourceKind};
use crate::vendors::Entry;

const GROUPS: &str = "/crm/properties/2026-09/deals/groups";

fn own() -> Value {
    let mut own = property("dealname", &text_attributes());
    own["hubspotDefined"] = json!(true);
    own
}

fn with(name: &str, changes: Value) -> Value {
    let mut property = property(name, &text_attributes());
    property.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    property
}

fn results(entries: impl IntoIterator<Item = Value>) -> Script {
    json(200, json!({ "results": entries.into_iter().collect::<Vec<_>>() }))
}

fn properties(custom: impl IntoIterator<Item = Value>) -> Script {
    results(custom.into_iter().chain([own()]))
}

fn groups(custom: impl IntoIterator<Item = Value>) -> Script {
    let own = json!({ "name": "dealinformation", "label": "Deal information" });
    results([own].into_iter().chain(custom))
}

fn names(entries: &[Entry]) -> Vec<(ResourceKind, &str)> {
    entries.iter().map(|entry| (entry.kind, entry.name.as_str())).collect()
}

fn find<'a>(entries: &'a [Entry], name: &str) -> &'a Entry {
    entries.iter().find(|entry| entry.name == name).unwrap()
}

#[tokio::test]
async fn every_answer_to_a_list_means_what_the_table_says() {
    for row in rows() {
        let scene = Scene::new([row.answer.clone()]).await;
        check(&row, &scene.list(&[]).await.unwrap_err(), false);
        assert_eq!(scene.asked().len(), 1, "nothing is repeated");
    }
}

#[tokio::test]
async fn every_answer_to_the_list_of_groups_means_what_the_table_says() {
    for row in rows() {
        let scene = Scene::new([properties([]), row.answer.clone()]).await;
        check(&row, &scene.list(&[]).await.unwrap_err(), false);
        assert_eq!(scene.asked().len(), 2, "nothing is repeated");
    }
}

#[tokio::test]
async fn every_answer_to_a_list_of_a_sensitivity_means_what_the_table_says() {
    for row in rows() {
        let scene = Scene::new([properties([]), row.answer.clone(), groups([])]).await;
        check(&row, &scene.list(&["sensitive"]).await.unwrap_err(), false);
        assert_eq!(scene.asked().len(), 2, "nothing is repeated");
    }
}

#[tokio::test]
async fn a_list_that_may_not_be_whole_is_a_failure_and_never_a_shorter_list() {
    let paged = |entry: Value| {
        json(200, json!({ "results": [entry], "paging": { "next": { "after": "1" } } }))
    };
    let nameless = || json!({ "label": "?" });
    let default_group = json!({ "name": "dealinformation", "label": "Deal information" });
    let tier = || with("tier", json!({}));
    for answer in [
        results([]),
        results([tier()]),
        properties([nameless()]),
        properties([json!(7)]),
        paged(own()),
        html(200),
        empty(200),
        json(204, json!({ "results": [own()] })),
        json(404, json!({ "category": "OBJECT_NOT_FOUND", "message": "no" })),
    ] {
        let scene = Scene::new([answer.clone(), groups([])]).await;
        let failure = scene.list(&[]).await.unwrap_err();
        assert!(!failure.effect_unknown, "{failure:?}");
    }
    for answer in [
        results([]),
        results([json!({ "name": "ops", "label": "Ops" })]),
        groups([nameless()]),
        paged(default_group),
        html(200),
        empty(200),
    ] {
        let scene = Scene::new([properties([tier()]), answer]).await;
        assert!(scene.list(&[]).await.is_err());
    }
    // Those of a sensitivity have nothing of HubSpot's own among them.
    let scene = Scene::new([properties([tier()]), results([]), groups([])]).await;
    assert_eq!(scene.list(&["sensitive"]).await.unwrap().len(), 1);
    for answer in [results([nameless()]), paged(tier())] {
        let scene = Scene::new([properties([tier()]), answer, groups([])]).await;
        assert!(scene.list(&["sensitive"]).await.is_err());
    }
}

#[tokio::test]
async fn each_list_is_asked_for_once() {
    let secret = |name| with(name, json!({ "dataSensitivity": "sensitive" }));
    let lists = [properties([with("tier", json!({}))]), results([secret("secret")])];
    let scene = Scene::new(lists.into_iter().chain([groups([])])).await;
    let listed = scene.list(&["sensitive", "sensitive", "non_sensitive"]).await.unwrap();
    let field = ResourceKind::Field;
    assert_eq!(names(&listed), [(field, "secret"), (field, "tier")]);
    assert_eq!(
        scene.asked_lines(),
        [format!("GET {DEALS}"), format!("GET {DEALS}"), format!("GET {GROUPS}")]
    );
    let queries: Vec<_> = scene.asked().into_iter().map(|asked| asked.query).collect();
    assert_eq!(queries, [None, Some("dataSensitivity=sensitive".to_owned()), None]);
    let scene = Scene::new([properties([]), groups([])]).await;
    assert_eq!(scene.list(&[]).await.unwrap(), []);
    assert_eq!(scene.asked().len(), 2);
}

#[test]
fn a_sensitive_field_is_listed_with_its_sensitivity() {
    let hubspot = hubspot();
    for sensitivity in DataSensitivity::ALL {
        let details = FieldDetails { data_sensitivity: *sensitivity, ..FieldDetails::default() };
        let form = attributes(FieldDraft { details, ..FieldDraft::default() });
        let is_sensitive = *sensitivity != DataSensitivity::NonSensitive;
        assert_eq!(hubspot.lists_with(&form), is_sensitive.then_some(sensitivity.as_str()));
    }
    assert_eq!(hubspot.lists_with(&Attributes::from([("label", json!("Ops"))])), None);
}

#[tokio::test]
async fn hubspots_own_and_what_is_archived_are_left_out_and_locked_ones_are_protected() {
    let locked = json!({ "modificationMetadata": { "archivable": false } });
    let listed = [
        with("tier", json!({ "hubspotDefined": null })),
        with("a_locked", locked),
        with("hs_score", json!({ "hubspotDefined": true })),
        with("gone", json!({ "archived": true })),
        with("groups", json!({})),
    ];
    let ops = json!({ "name": "ops", "label": "Ops", "displayOrder": 3, "archived": false });
    let in_ops = with("amount", json!({ "hubspotDefined": true, "groupName": "ops" }));
    let in_groups = [
        ops,
        json!({ "name": "hs_revenue", "label": "Revenue" }),
        json!({ "name": "old", "label": "Old", "archived": true }),
        json!({ "name": "deal_things", "label": "Things" }),
    ];
    let scene = Scene::new([properties(listed.into_iter().chain([in_ops])), groups(in_groups)]);
    let listed = scene.await.list(&[]).await.unwrap();
    use ResourceKind::{Field, Group};
    assert_eq!(
        names(&listed),
        [
            (Field, "a_locked"),
            (Field, "groups"),
            (Field, "tier"),
            (Group, "deal_things"),
            // That a property of HubSpot's own stands in it does not make it HubSpot's own.
            (Group, "ops"),
        ]
    );
    let protected: Vec<_> = listed.iter().map(|entry| entry.protected).collect();
    assert_eq!(protected, [true, false, false, false, false]);
    let ops = find(&listed, "ops");
    assert_eq!(ops.body, json!({ "label": "Ops", "displayOrder": 3 }));
    assert_eq!((&ops.made, &ops.changed_by), (&None, &None));
    let placed = Attributes::from([("label", json!("x")), ("displayOrder", json!(0))]);
    let form = hubspot().listed(ops, Some(&placed)).unwrap();
    assert_eq!(form, Attributes::from([("label", json!("Ops")), ("displayOrder", json!(3))]));
    let form = hubspot().listed(ops, None).unwrap();
    assert_eq!(form, Attributes::from([("label", json!("Ops"))]));
}

#[tokio::test]
async fn an_entry_keeps_what_canonical_forms_are_made_of_and_nothing_that_changes_by_itself() {
    let said = json!({
        "name": "tier", "label": "Tier", "type": "enumeration", "fieldType": "select",
        "groupName": "g", "description": "Why", "hidden": true, "displayOrder": 4,
        "numberDisplayHint": null, "formField": false, "archived": false, "calculated": false,
        "hubspotDefined": false, "somethingNew": { "a": 1 }, "createdUserId": "5",
        "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-02-01T00:00:00Z",
        "options": [
            { "label": "B", "value": "b", "displayOrder": 1, "hidden": false, "readOnly": true },
            { "label": "A", "value": "a", "displayOrder": 0, "description": null },
        ],
    });
    let mut later = said.clone();
    later["updatedAt"] = json!("2026-03-01T00:00:00Z");
    later["updatedUserId"] = json!("7");
    let mut listed = Vec::new();
    for said in [said, later] {
        let scene = Scene::new([properties([said]), groups([])]).await;
        listed.push(scene.list(&[]).await.unwrap().remove(0));
    }
    let [first, later] = listed.as_slice() else { panic!() };
    let body = json!({
        "label": "Tier", "type": "enumeration", "fieldType": "select", "groupName": "g",
        "description": "Why", "hidden": true, "displayOrder": 4, "formField": false,
        "options": [
            { "label": "B", "value": "b", "displayOrder": 1, "hidden": false },
            { "label": "A", "value": "a", "displayOrder": 0 },
        ],
    });
    assert_eq!(first.body, body);
    assert_eq!(later.body, body);
    assert_eq!((first.made.as_deref(), &first.changed_by), (Some("2026-01-01T00:00:00Z"), &None));
    assert_eq!(later.changed_by.as_deref(), Some("7"));
    let kept: Entry = serde_json::from_value(serde_json::to_value(first).unwrap()).unwrap();
    assert_eq!(kept, *first);
    let form = hubspot().listed(&kept, None).unwrap();
    let values: Vec<_> = form.get("options").unwrap().as_array().unwrap().iter().collect();
    assert_eq!((&values[0]["value"], &values[1]["value"]), (&json!("a"), &json!("b")));
}

#[tokio::test]
async fn who_changed_a_property_is_only_said_where_hubspot_tells() {
    let (then, now) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    for (said, expected) in [
        (json!({ "createdUserId": "1", "createdAt": then, "updatedAt": then }), Some("1")),
        (json!({ "createdUserId": "1", "createdAt": then }), Some("1")),
        // Somebody changed it, and HubSpot does not say who.
        (json!({ "createdUserId": "1", "createdAt": then, "updatedAt": now }), None),
        (
            json!({
                "createdUserId": "1", "updatedUserId": "2", "createdAt": then, "updatedAt": now,
            }),
            Some("2"),
        ),
        (json!({ "createdUserId": "", "updatedUserId": "" }), None),
        (json!({}), None),
    ] {
        let scene = Scene::new([properties([with("tier", said.clone())]), groups([])]).await;
        let listed = scene.list(&[]).await.unwrap();
        assert_eq!(listed[0].changed_by.as_deref(), expected, "{said}");
    }
}

#[tokio::test]
async fn an_entry_that_is_incomplete_has_no_form_and_spoils_no_other() {
    let odd = [json!({ "name": "odd", "label": 7 }), json!({ "name": "sparse" })];
    let group = json!({ "name": "ops" });
    let scene =
        Scene::new([properties(odd.into_iter().chain([with("tier", json!({}))])), groups([group])]);
    let listed = scene.await.list(&[]).await.unwrap();
    let forms: Vec<_> =
        listed.iter().map(|entry| hubspot().listed(entry, None).is_some()).collect();
    assert_eq!(forms, [false, false, true, false]);
    let cadence = Entry { kind: ResourceKind::Cadence, ..find(&listed, "tier").clone() };
    assert_eq!(hubspot().listed(&cadence, None), None);
}

#[tokio::test]
async fn another_portal_is_not_listed() {
    let details = |portal: u64| json(200, json!({ "portalId": portal }));
    let scene = Scene::new([details(8), details(7), properties([]), groups([])]).await;
    let access = Access { account_id: Some("7".to_owned()), ..access(scene.base_url().as_str()) };
    let account = open(access);
    account.admit(Lane::Background).await;
    let failure = account.list(&[]).await.unwrap_err();
    assert_eq!(failure.scope, FailureScope::Connection);
    assert_eq!(failure.problem.reason, ProblemReason::WrongAccount);
    account.admit(Lane::Background).await;
    assert_eq!(account.list(&[]).await, Ok(vec![]));
    assert_eq!(scene.asked().len(), 4);
}
