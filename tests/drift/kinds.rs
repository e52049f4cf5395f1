//! Every kind of change that somebody can make is found by the next scan, and nothing else is.

use std::collections::BTreeMap;
use std::time::Duration;

use gomark_sdk::v1::{
    Cadence, DriftChange, DriftItem, DriftMode, DriftState, PolicyTarget, Vendor,
};
use gomark_sdk::v1::{Channel, Field, Step, Template};
use serde_json::{Map, Value, json};

use crate::world::{COMPANY, World, edit, succeeded};

/// One change, and how it is undone.
struct Kind {
    /// `field tier`.
    of: String,
    /// What of it is changed; empty where it is the resource itself.
    attribute: &'static str,
    change: DriftChange,
    make: Vec<Act>,
    undo: Vec<Act>,
}

enum Act {
    HubSpot(Value),
    Upso(Value),
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_change_is_found_by_the_next_scan_and_nothing_else_is() {
    let world = World::start(|settings| settings.settling = Duration::ZERO).await;
    world.switches(json!({ "recreate": "fresh" })).await;
    let bodies = properties();
    for group in ["sales", "ops", "spare_1", "spare_2", "spare_3"] {
        world.screen(group_edit("POST", group, json!({ "label": group, "displayOrder": 7 }))).await;
    }
    for (name, body) in &bodies {
        world.screen(edit("POST", name, body.clone())).await;
    }
    for number in 0..8 {
        succeeded(&world.client.add_cadence(COMPANY, cadence(number)).await.unwrap()).await;
    }
    world.found().await;
    let import = world.client.import_vendor(COMPANY, Vendor::Hubspot).await.unwrap();
    assert_eq!(import.warnings, Vec::<String>::new());
    // Places are not taken over: HubSpot gives one to everything.
    let placed = Field { display_order: Some(4), ..Field::default() };
    for (name, _) in &bodies {
        let change = world.client.modify_field(COMPANY, name, placed.clone()).await.unwrap();
        succeeded(&change).await;
    }
    let report = world.client.set_policy(COMPANY, PolicyTarget::default(), DriftMode::Report);
    report.await.unwrap();
    assert_eq!(world.found().await, 0);
    assert!(world.items().await.is_empty());

    let mut queues: BTreeMap<String, Vec<Kind>> = BTreeMap::new();
    let cadences = world.vendors.cadences(COMPANY).await;
    let kinds = bodies.iter().flat_map(|(name, body)| of_property(name, body));
    let kinds = kinds.chain(of_groups()).chain(cadences.iter().flat_map(of_cadence));
    for kind in kinds.chain(of_nobody()) {
        queues.entry(kind.of.clone()).or_default().push(kind);
    }
    let (mut made, mut found, mut scans) = (0, 0, 0);
    let mut invented = Vec::new();
    while queues.values().any(|queue| !queue.is_empty()) {
        let round: Vec<_> = queues.values_mut().filter_map(Vec::pop).collect();
        let seq = world.items().await.iter().map(|item| item.seq).max().unwrap_or_default();
        for kind in &round {
            act(&world, &kind.make).await;
        }
        world.found().await;
        scans += 1;
        let items = world.items().await;
        let fresh: Vec<_> = items.iter().filter(|item| item.seq > seq && stands(item)).collect();
        for kind in &round {
            made += 1;
            let it = fresh.iter().any(|item| is_it(item, kind));
            found += usize::from(it);
            assert!(
                it,
                "{} {} {:?} was not found: {fresh:?}",
                kind.of, kind.attribute, kind.change
            );
        }
        let is_other = |item: &DriftItem| !round.iter().any(|kind| is_it(item, kind));
        let others: Vec<_> = fresh.iter().filter(|item| is_other(item)).collect();
        invented.extend(others.iter().map(|item| format!("{item:?}")));
        for kind in &round {
            act(&world, &kind.undo).await;
        }
        world.found().await;
        scans += 1;
        let left = world.items().await;
        let left = left.iter().filter(|item| stands(item));
        // That something else has a name is not undone.
        let left: Vec<_> = left.filter(|it| it.change() != DriftChange::Recreated).collect();
        assert!(left.is_empty(), "{left:?}");
    }
    println!(
        "kinds of change  {made}\nfound            {found}\ninvented         {}\nscans            {scans}",
        invented.len()
    );
    assert!(made >= 500, "{made}");
    assert_eq!(found, made);
    assert!(invented.is_empty(), "nobody made that: {invented:?}");
    world.stop().await;
}

fn stands(item: &DriftItem) -> bool {
    matches!(item.state(), DriftState::Open | DriftState::Reverting)
}

fn subject(item: &DriftItem) -> String {
    let kind = item.kind().as_str_name().trim_start_matches("RESOURCE_KIND_").to_lowercase();
    format!("{kind} {}", item.name)
}

fn is_it(item: &DriftItem, kind: &Kind) -> bool {
    subject(item) == kind.of && item.attribute == kind.attribute && item.change() == kind.change
}

async fn act(world: &World, acts: &[Act]) {
    for act in acts {
        match act {
            Act::HubSpot(edit) => world.screen(edit.clone()).await,
            Act::Upso(edit) => world.upso_screen(edit.clone()).await,
        }
    }
}

fn group_edit(method: &str, name: &str, body: Value) -> Value {
    json!({ "kind": "group", "method": method, "name": name, "body": body })
}

/// Properties of all types, with details that are not usual, so that they are managed.
fn properties() -> Vec<(String, Value)> {
    let kinds = [
        ("string", "text"),
        ("string", "textarea"),
        ("string", "html"),
        ("string", "file"),
        ("number", "number"),
        ("enumeration", "select"),
        ("enumeration", "radio"),
        ("enumeration", "checkbox"),
        ("bool", "booleancheckbox"),
        ("date", "date"),
        ("datetime", "date"),
        ("number", "calculation_equation"),
    ];
    let mut all = Vec::new();
    for copy in 0..2 {
        for (kind, field_type) in kinds {
            let name = format!("{kind}_{field_type}_{copy}");
            let mut body = json!({
                "label": name, "type": kind, "fieldType": field_type, "groupName": "sales",
                "description": "as decided", "hidden": true, "formField": false, "displayOrder": 4,
            });
            match (kind, field_type) {
                ("enumeration", _) => body["options"] = options(6),
                ("bool", _) => {
                    body["options"] = json!([{ "label": "Yes", "value": "true", "displayOrder": 0 },
                                             { "label": "No", "value": "false", "displayOrder": 1 }]);
                }
                (_, "calculation_equation") => body["calculationFormula"] = json!("amount * 2"),
                ("number", _) => body["numberDisplayHint"] = json!("percentage"),
                ("string", "text") => body["textDisplayHint"] = json!("email"),
                _ => {}
            }
            all.push((name, body));
        }
    }
    all
}

fn options(count: usize) -> Value {
    let option = |number: usize| {
        json!({ "label": format!("Option {number}"), "value": format!("o{number}"),
                "description": "", "hidden": false, "displayOrder": number })
    };
    (0..count).map(option).collect()
}

/// All that can be changed about a property.
fn of_property(name: &str, body: &Value) -> Vec<Kind> {
    let mut kinds = Vec::new();
    let mut patch = |attribute: &'static str, changes: Value| {
        let Value::Object(changed) = &changes else { return };
        let undo: Map<_, _> =
            changed.keys().map(|key| (key.clone(), body[key.as_str()].clone())).collect();
        kinds.push(Kind {
            of: format!("field {name}"),
            attribute,
            change: DriftChange::Changed,
            make: vec![Act::HubSpot(edit("PATCH", name, changes))],
            undo: vec![Act::HubSpot(edit("PATCH", name, Value::Object(undo)))],
        });
    };
    patch("label", json!({ "label": "Somebody's" }));
    patch("description", json!({ "description": "somebody's" }));
    patch("description", json!({ "description": "" }));
    patch("groupName", json!({ "groupName": "ops" }));
    patch("hidden", json!({ "hidden": false }));
    patch("displayOrder", json!({ "displayOrder": 9 }));
    match (body["type"].as_str().unwrap(), body["fieldType"].as_str().unwrap()) {
        ("string", field_type) => {
            for other in ["text", "textarea", "html", "file"] {
                if other != field_type {
                    patch("fieldType", json!({ "fieldType": other, "type": "string" }));
                }
            }
            if body.get("textDisplayHint").is_some() {
                patch("textDisplayHint", json!({ "textDisplayHint": "phone_number" }));
            }
        }
        ("enumeration", field_type) => {
            for other in ["select", "radio", "checkbox"] {
                if other != field_type {
                    patch("fieldType", json!({ "fieldType": other, "type": "enumeration" }));
                }
            }
            let all = body["options"].as_array().unwrap();
            for place in 0..all.len() {
                let mut fewer = all.clone();
                fewer.remove(place);
                patch("options", json!({ "options": fewer }));
                for (key, value) in [
                    ("label", json!("Other")),
                    ("hidden", json!(true)),
                    ("description", json!("d")),
                ] {
                    let mut other = all.clone();
                    other[place][key] = value;
                    patch("options", json!({ "options": other }));
                }
                if place > 0 {
                    let mut swapped = all.clone();
                    swapped[place]["displayOrder"] = json!(place - 1);
                    swapped[place - 1]["displayOrder"] = json!(place);
                    patch("options", json!({ "options": swapped }));
                }
            }
            patch("options", json!({ "options": options(7) }));
        }
        ("number", "calculation_equation") => {
            patch("calculationFormula", json!({ "calculationFormula": "amount * 3" }));
        }
        ("number", _) => patch("numberDisplayHint", json!({ "numberDisplayHint": "duration" })),
        _ => {}
    }
    let of = format!("field {name}");
    let delete = || Act::HubSpot(edit("DELETE", name, Value::Null));
    kinds.push(Kind {
        of: of.clone(),
        attribute: "",
        change: DriftChange::Removed,
        make: vec![delete()],
        undo: vec![Act::HubSpot(edit("RESTORE", name, Value::Null))],
    });
    kinds.push(Kind {
        of,
        attribute: "",
        change: DriftChange::Recreated,
        make: vec![delete(), Act::HubSpot(edit("POST", name, body.clone()))],
        undo: Vec::new(),
    });
    kinds
}

fn of_groups() -> Vec<Kind> {
    let mut kinds = Vec::new();
    for name in ["sales", "ops", "spare_1", "spare_2", "spare_3"] {
        let mut kind = |attribute, change, make, undo| {
            let (make, undo) = (vec![Act::HubSpot(make)], vec![Act::HubSpot(undo)]);
            kinds.push(Kind { of: format!("group {name}"), attribute, change, make, undo });
        };
        let patch = |body: Value| group_edit("PATCH", name, body);
        let label = json!({ "label": "Somebody's" });
        kind("label", DriftChange::Changed, patch(label), patch(json!({ "label": name })));
        if name.starts_with("spare") {
            let body = json!({ "label": name, "displayOrder": 7 });
            let delete = group_edit("DELETE", name, Value::Null);
            kind("", DriftChange::Removed, delete, group_edit("POST", name, body));
        }
    }
    kinds
}

/// What is created that nobody decided.
fn of_nobody() -> Vec<Kind> {
    let mut kinds = Vec::new();
    for (name, body) in properties() {
        let name = format!("{name}_new");
        let body = Value::Object(
            body.as_object()
                .unwrap()
                .clone()
                .into_iter()
                .filter(|(key, _)| key != "name")
                .collect(),
        );
        kinds.push(Kind {
            of: format!("field {name}"),
            attribute: "",
            change: DriftChange::Created,
            make: vec![Act::HubSpot(edit("POST", &name, body))],
            undo: vec![Act::HubSpot(edit("DELETE", &name, Value::Null))],
        });
    }
    for name in ["new_1", "new_2"] {
        kinds.push(Kind {
            of: format!("group {name}"),
            attribute: "",
            change: DriftChange::Created,
            make: vec![Act::HubSpot(group_edit("POST", name, json!({ "label": "New" })))],
            undo: vec![Act::HubSpot(group_edit("DELETE", name, Value::Null))],
        });
    }
    kinds
}

fn cadence(number: usize) -> Cadence {
    let step = |place: usize| Step {
        channel: Channel::Email.into(),
        delay: Some(prost_types::Duration { seconds: 3_600 * (place as i64 + 1), nanos: 0 }),
        template: Some(Template {
            subject: format!("Subject {place}"),
            body: format!("Body {place}"),
            ..Template::default()
        }),
        ..Step::default()
    };
    Cadence {
        name: format!("Cadence {number}"),
        vendor: Vendor::Upso.into(),
        steps: (0..4).map(step).collect(),
        ..Cadence::default()
    }
}

/// All that can be changed about a cadence.
fn of_cadence(held: &Value) -> Vec<Kind> {
    let key = held["key"].as_str().unwrap();
    let mut kinds = Vec::new();
    let mut patch = |attribute: &'static str, value: Value| {
        let edit = |value: &Value| {
            let body = json!({ attribute: value });
            Act::Upso(json!({ "method": "PATCH", "key": key, "by": "somebody", "body": body }))
        };
        kinds.push(Kind {
            of: format!("cadence {key}"),
            attribute,
            change: DriftChange::Changed,
            make: vec![edit(&value)],
            undo: vec![edit(&held[attribute])],
        });
    };
    patch("name", json!("Somebody's"));
    patch("status", json!(if held["status"] == "active" { "paused" } else { "active" }));
    patch("timezone", json!("Asia/Tokyo"));
    patch("send_window", json!({ "days": ["mon"], "from": "08:00", "to": "09:00" }));
    let steps = held["steps"].as_array().unwrap();
    for place in 0..steps.len() {
        let mut with = |change: &dyn Fn(&mut Vec<Value>)| {
            let mut changed = steps.clone();
            change(&mut changed);
            patch("steps", json!(changed));
        };
        with(&|steps| steps[place]["delay_seconds"] = json!(60));
        with(&|steps| steps[place]["template"]["subject"] = json!("Somebody's"));
        with(&|steps| steps[place]["template"]["body"] = json!("Somebody's"));
        with(&|steps| steps[place]["template"]["format"] = json!("html"));
        with(&|steps| drop(steps.remove(place)));
        if place > 0 {
            with(&|steps| steps.swap(place - 1, place));
        }
    }
    let delete = || Act::Upso(json!({ "method": "DELETE", "key": key }));
    let create = || {
        let body: Map<_, _> = ["name", "status", "timezone", "send_window", "steps"]
            .into_iter()
            .map(|name| (name.to_owned(), held[name].clone()))
            .collect();
        Act::Upso(json!({ "method": "POST", "key": key, "body": body }))
    };
    kinds.push(Kind {
        of: format!("cadence {key}"),
        attribute: "",
        change: DriftChange::Removed,
        make: vec![delete()],
        undo: vec![create()],
    });
    kinds
}
