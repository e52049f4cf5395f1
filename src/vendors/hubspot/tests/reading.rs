//! Reading what HubSpot holds. Absence is only believed when HubSpot says it.

use super::*;
use crate::domain::Observed;
use crate::vendors::Target;

fn present(name: &str) -> Value {
    property(name, &text_attributes())
}

fn own() -> Value {
    let mut own = present("dealname");
    own["hubspotDefined"] = json!(true);
    own
}

fn list(entries: impl IntoIterator<Item = Value>) -> Script {
    json(200, json!({ "results": entries.into_iter().collect::<Vec<_>>() }))
}

const FOUR: [&str; 4] = ["a", "b", "c", "d"];

#[tokio::test]
async fn a_few_are_read_one_by_one_and_in_their_order() {
    let missing = error(404, "OBJECT_NOT_FOUND", "No property named 'x'");
    let scene = Scene::new([missing]).await;
    assert_eq!(scene.read(&["x"]).await.unwrap(), [Observed::Absent]);
    let scene = Scene::new([json(200, present("x"))]).await;
    let expected = Observed::Present { attributes: text_attributes(), protected: false };
    assert_eq!(scene.read(&["x"]).await.unwrap(), [expected]);
    assert_eq!(scene.asked_lines(), [format!("GET {DEALS}/x")]);
}

#[tokio::test]
async fn a_404_that_hubspot_did_not_write_is_no_absence() {
    for answer in [html(404), empty(404), json(404, json!({})), error(404, "OTHER", "no")] {
        let scene = Scene::new([answer]).await;
        assert!(scene.read(&["x"]).await.is_err());
    }
}

#[tokio::test]
async fn an_answer_about_something_else_is_no_answer() {
    let scene = Scene::new([json(200, present("y"))]).await;
    assert!(scene.read(&["x"]).await.is_err());
    let mut incomplete = present("x");
    incomplete.as_object_mut().unwrap().remove("fieldType");
    let scene = Scene::new([json(200, incomplete)]).await;
    assert!(scene.read(&["x"]).await.is_err());
}

#[tokio::test]
async fn many_are_read_in_one_call() {
    let scene = Scene::new([list([own(), present("d"), present("b")])]).await;
    let observed = scene.read(&FOUR).await.unwrap();
    let is_there: Vec<_> = observed.iter().map(|o| *o != Observed::Absent).collect();
    assert_eq!(is_there, [false, true, false, true]);
    assert_eq!(scene.asked_lines(), [format!("GET {DEALS}")]);
}

#[tokio::test]
async fn a_list_that_is_not_whole_says_nothing() {
    let nameless = json!({ "label": "?" });
    let paged = json!({ "results": [own()], "paging": { "next": { "after": "1" } } });
    for answer in [
        list([]),
        list([present("a")]),
        list([own(), nameless]),
        json(200, paged),
        json(200, json!({})),
        json(200, json!([])),
        html(200),
        json(207, json!({ "results": [own()] })),
        json(404, json!({ "category": "OBJECT_NOT_FOUND" })),
    ] {
        let scene = Scene::new([answer]).await;
        assert!(scene.read(&FOUR).await.is_err());
    }
}

#[tokio::test]
async fn an_entry_of_an_unknown_shape_only_matters_when_it_is_asked_for() {
    let odd = json!({ "name": "odd", "label": 7 });
    let scene = Scene::new([list([own(), odd.clone()]), list([own(), odd])]).await;
    assert!(scene.read(&FOUR).await.is_ok());
    assert!(scene.read(&["a", "b", "c", "odd"]).await.is_err());
}

#[tokio::test]
async fn hubspots_own_and_locked_properties_are_protected() {
    let with = |name: &str, value: Value| {
        let mut property = present("x");
        property[name] = value;
        property
    };
    for (property, expected) in [
        (with("hubspotDefined", json!(true)), true),
        (with("modificationMetadata", json!({ "readOnlyDefinition": true })), true),
        (with("modificationMetadata", json!({ "archivable": false })), true),
        (with("modificationMetadata", json!({ "archivable": true })), false),
        (with("hubspotDefined", Value::Null), false),
    ] {
        let scene = Scene::new([json(200, property)]).await;
        let observed = scene.read(&["x"]).await.unwrap();
        let [Observed::Present { protected, .. }] = observed.as_slice() else {
            panic!("{observed:?}")
        };
        assert_eq!(*protected, expected);
    }
}

#[tokio::test]
async fn an_archived_property_is_absent() {
    let mut archived = present("x");
    archived["archived"] = json!(true);
    let scene = Scene::new([json(200, archived)]).await;
    assert_eq!(scene.read(&["x"]).await.unwrap(), [Observed::Absent]);
}

#[tokio::test]
async fn a_property_named_groups_is_not_looked_for_among_the_groups() {
    let scene = Scene::new([list([own(), present("groups")])]).await;
    let observed = scene.read(&["groups"]).await.unwrap();
    assert_ne!(observed, [Observed::Absent]);
    assert_eq!(scene.asked_lines(), [format!("GET {DEALS}")]);
}

#[tokio::test]
async fn nothing_is_read_for_nothing() {
    let scene = Scene::new([]).await;
    assert_eq!(scene.account.read(&[]).await.unwrap(), []);
    assert!(scene.asked().is_empty());
}

/// A text of a sensitivity, as it is expected.
fn of_sensitivity(name: &str, sensitivity: &str) -> Target {
    let mut expected = text_attributes();
    if sensitivity != "non_sensitive" {
        expected.set("dataSensitivity", sensitivity);
    }
    Target { expected, ..target(name) }
}

fn sensitive(name: &str, sensitivity: &str) -> Value {
    let mut property = present(name);
    property["dataSensitivity"] = json!(sensitivity);
    property
}

#[tokio::test]
async fn what_is_sensitive_is_looked_for_where_hubspot_shows_it() {
    for sensitivity in ["sensitive", "highly_sensitive"] {
        let scene = Scene::new([json(200, sensitive("x", sensitivity))]).await;
        let target = of_sensitivity("x", sensitivity);
        let attributes = target.expected.clone();
        let observed = scene.read_targets(&[target]).await.unwrap();
        assert_eq!(observed, [Observed::Present { attributes, protected: false }]);
        let query = format!("dataSensitivity={sensitivity}");
        assert_eq!(scene.asked()[0].query.as_deref(), Some(&*query));
    }
    let scene = Scene::new([json(200, present("x"))]).await;
    scene.read(&["x"]).await.unwrap();
    assert_eq!(scene.asked()[0].query, None);
}

#[tokio::test]
async fn a_list_of_many_shows_those_of_each_sensitivity() {
    let secret = |name| sensitive(name, "sensitive");
    let lists = [list([own(), present("b"), present("d")]), list(["a", "c", "e"].map(secret))];
    let highest = json(200, sensitive("g", "highly_sensitive"));
    let scene = Scene::new(lists.into_iter().chain([highest])).await;
    let targets: Vec<_> = ["a", "b", "c", "d", "e", "f", "h", "i", "g"]
        .into_iter()
        .map(|name| match name {
            "a" | "c" | "e" | "f" => of_sensitivity(name, "sensitive"),
            "g" => of_sensitivity(name, "highly_sensitive"),
            plain => of_sensitivity(plain, "non_sensitive"),
        })
        .collect();
    let observed = scene.read_targets(&targets).await.unwrap();
    for (target, observed) in targets.iter().zip(&observed) {
        let expected = match target.name.as_str() {
            "f" | "h" | "i" => Observed::Absent,
            _ => Observed::Present { attributes: target.expected.clone(), protected: false },
        };
        assert_eq!(*observed, expected, "{}", target.name);
    }
    let queries: Vec<_> = scene.asked().into_iter().map(|asked| asked.query).collect();
    let wanted = [None, Some("sensitive"), Some("highly_sensitive")];
    let wanted = wanted.map(|it| it.map(|name| format!("dataSensitivity={name}")));
    assert_eq!(queries, wanted);
}
