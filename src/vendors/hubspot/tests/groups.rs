//! Groups that are decided, against answers as HubSpot gives them and against the stand-in.

use super::sandbox::Portal;
use super::*;
use crate::domain::{Effect, GroupDraft, Observed, Resource, ResourceId};
use crate::sandbox::Config;
use crate::vendors::{Answer, Call};

const GROUPS: &str = "/crm/properties/2026-09/deals/groups";

fn decided(name: &str, label: &str, display_order: Option<i32>) -> Attributes {
    let (name, label) = (name.to_owned(), label.to_owned());
    let draft = GroupDraft { name, label, display_order };
    let group = draft.complete(ResourceId::from_trusted("r")).unwrap();
    hubspot().desired(&Resource::Group(group))
}

fn held(name: &str, label: &str, display_order: i32) -> Value {
    json!({ "name": name, "label": label, "displayOrder": display_order, "archived": false })
}

fn listed(groups: impl IntoIterator<Item = Value>) -> Script {
    let own = held("dealinformation", "Deal information", 0);
    json(200, json!({ "results": groups.into_iter().chain([own]).collect::<Vec<_>>() }))
}

fn create(name: &str, attributes: &Attributes) -> Call {
    let effect = Effect::Create(attributes.clone());
    Call { target: group_target(name, attributes), effect, held: None, allow_loss: true }
}

fn change(name: &str, changes: &Attributes) -> Call {
    let effect = Effect::Update(changes.clone());
    Call { target: group_target(name, changes), effect, held: None, allow_loss: true }
}

fn archive(name: &str) -> Call {
    Call {
        target: group_target(name, &Attributes::new()),
        effect: Effect::Archive,
        held: None,
        allow_loss: true,
    }
}

/// The refusal to create what is there, in the ways in which it may be said.
fn refusals() -> [Script; 4] {
    let inner = json!({
        "category": "VALIDATION_ERROR", "subCategory": "PropertyGroupError.GROUP_ALREADY_EXISTS",
        "message": "A group of that name exists.",
    });
    [
        error(409, "OBJECT_ALREADY_EXISTS", "exists"),
        html(409),
        json(400, inner.clone()),
        json(400, json!({ "message": inner.to_string(), "correlationId": "c-1" })),
    ]
}

#[tokio::test]
async fn a_group_is_created_with_what_is_decided_and_no_more() {
    let attributes = decided("ops", "Operations", None);
    let scene = Scene::new([json(201, held("ops", "Operations", 9))]).await;
    let answer = scene.carry_out_one(create("ops", &attributes)).await;
    assert_eq!(answer, Ok(Answer::Holds(attributes)), "a place that is not managed is left out");
    assert_eq!(scene.asked_lines(), [format!("POST {GROUPS}")]);
    assert_eq!(scene.asked()[0].body, json!({ "name": "ops", "label": "Operations" }));
    let placed = decided("ops", "Operations", Some(2));
    let scene = Scene::new([json(201, held("ops", "Operations", 2))]).await;
    assert_eq!(scene.carry_out_one(create("ops", &placed)).await, Ok(Answer::Holds(placed)));
    assert_eq!(scene.asked()[0].body["displayOrder"], 2);
}

#[tokio::test]
async fn a_group_that_was_made_ad_hoc_is_taken_over() {
    let attributes = decided("sales_ops", "Operations", Some(2));
    for refusal in refusals() {
        let ad_hoc = held("sales_ops", "Sales ops", 9);
        let changed = held("sales_ops", "Operations", 2);
        let scene = Scene::new([refusal, listed([ad_hoc]), json(200, changed)]).await;
        let answer = scene.carry_out_one(create("sales_ops", &attributes)).await;
        assert_eq!(answer, Ok(Answer::Holds(attributes.clone())));
        let asked = scene.asked();
        assert_eq!((asked[2].method.as_str(), asked.len()), ("PATCH", 3));
        assert_eq!(asked[2].body, json!({ "label": "Operations", "displayOrder": 2 }));
    }
}

#[tokio::test]
async fn a_group_that_somebody_decided_is_not_taken_over() {
    let attributes = decided("sales_ops", "Operations", None);
    let equal = held("sales_ops", "Operations", 3);
    for there in [vec![held("sales_ops", "By hand", 3)], vec![equal], vec![]] {
        let scene = Scene::new([refusals()[0].clone(), listed(there)]).await;
        let answer = scene.carry_out_one(create("sales_ops", &attributes)).await;
        assert_eq!(answer, Ok(Answer::Unexpected));
        assert_eq!(scene.asked().len(), 2);
    }
    // What the refused call did is known whatever comes after it.
    let scene = Scene::new([refusals()[0].clone(), html(500)]).await;
    let failure = scene.carry_out_one(create("sales_ops", &attributes)).await.unwrap_err();
    assert_eq!((failure.scope, failure.effect_unknown), (FailureScope::Resource, false));
}

#[tokio::test]
async fn groups_are_read_by_one_list_beside_properties() {
    let attributes = decided("ops", "Operations", None);
    let property = json(200, property("ops", &text_attributes()));
    let archived = json!({ "name": "old", "label": "Old", "archived": true });
    let scene = Scene::new([listed([held("ops", "Operations", 4), archived]), property]).await;
    let expected = decided("ops", "Operations", Some(4));
    let targets = [
        group_target("ops", &attributes),
        target("ops"),
        group_target("ops", &expected),
        group_target("old", &attributes),
        group_target("none", &attributes),
    ];
    scene.account.admit(Lane::Change).await;
    let observed = scene.account.read(&targets).await.unwrap();
    let present = |attributes| Observed::Present { attributes, protected: false };
    let wanted = [
        present(attributes),
        present(text_attributes()),
        present(expected),
        Observed::Absent,
        Observed::Absent,
    ];
    assert_eq!(observed, wanted);
    assert_eq!(scene.asked_lines(), [format!("GET {GROUPS}"), format!("GET {DEALS}/ops")]);
}

#[tokio::test]
async fn a_list_without_hubspots_own_group_is_not_the_list() {
    let scene = Scene::new([json(200, json!({ "results": [] }))]).await;
    scene.account.admit(Lane::Change).await;
    let targets = [group_target("ops", &Attributes::new())];
    assert!(scene.account.read(&targets).await.is_err());
}

#[tokio::test]
async fn a_group_in_which_properties_stand_is_archived_later() {
    let inner = json!({
        "category": "VALIDATION_ERROR", "message": "It still holds 2 properties.",
        "subCategory": "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES",
    });
    let nested = json!({ "status": "error", "message": inner.to_string() });
    for body in [inner, nested] {
        let scene = Scene::new([json(400, body), empty(204)]).await;
        let failure = scene.carry_out_one(archive("ops")).await.unwrap_err();
        assert_eq!((failure.scope, failure.effect_unknown), (FailureScope::Resource, false));
        assert!(failure.problem.message.contains("It still holds 2 properties."), "{failure}");
        assert_eq!(scene.carry_out_one(archive("ops")).await, Ok(Answer::Gone));
    }
    let scene = Scene::new([error(400, "VALIDATION_ERROR", "no")]).await;
    let failure = scene.carry_out_one(archive("ops")).await.unwrap_err();
    assert_eq!(failure.scope, FailureScope::Refused);
}

#[tokio::test]
async fn what_somebody_removed_is_gone() {
    let missing = || error(404, "OBJECT_NOT_FOUND", "No group named 'ops'");
    let scene = Scene::new([missing(), missing(), html(404)]).await;
    assert_eq!(scene.carry_out_one(archive("ops")).await, Ok(Answer::Gone));
    let label = Attributes::from([("label", json!("New"))]);
    assert_eq!(scene.carry_out_one(change("ops", &label)).await, Ok(Answer::Gone));
    assert!(scene.carry_out_one(archive("ops")).await.is_err(), "a 404 of somebody else");
}

#[tokio::test]
async fn groups_in_a_batch_are_single_calls_before_the_properties() {
    let ops = decided("ops", "Operations", None);
    let body = json!({ "results": [
        property("a", &grouped("ops")), property("b", &grouped("ops")),
    ]});
    let made = json(201, held("ops", "Operations", 1));
    let scene = Scene::new([made, listed([held("ops", "Operations", 1)]), json(201, body)]).await;
    let property = |name: &str| call(name, Effect::Create(grouped("ops")));
    let answers = scene.carry_out(&[property("a"), create("ops", &ops), property("b")]).await;
    let held = |attributes| Ok(Answer::Holds(attributes));
    assert_eq!(answers, [held(grouped("ops")), held(ops), held(grouped("ops"))]);
    let expected =
        [format!("POST {GROUPS}"), format!("GET {GROUPS}"), format!("POST {DEALS}/batch/create")];
    assert_eq!(scene.asked_lines(), expected);
}

#[tokio::test]
async fn the_stand_in_takes_groups_from_their_beginning_to_their_end() {
    let portal = Portal::open(Config::default()).await;
    // A property comes first, and with it a group that is made ad hoc.
    let property = call("tier", Effect::Create(grouped("sales_ops")));
    assert!(portal.carry_out(&[property]).await[0].is_ok());
    let attributes = decided("sales_ops", "Operations", Some(7));
    let answer = portal.carry_out(&[create("sales_ops", &attributes)]).await.remove(0);
    assert_eq!(answer, Ok(Answer::Holds(attributes.clone())), "it was taken over");
    let twice = portal.carry_out(&[create("sales_ops", &attributes)]).await.remove(0);
    assert_eq!(twice, Ok(Answer::Unexpected));
    let label = Attributes::from([("label", json!("Ops"))]);
    let answer = portal.carry_out(&[change("sales_ops", &label)]).await.remove(0);
    assert_eq!(answer, Ok(Answer::Holds(label.clone())));
    let targets = [group_target("sales_ops", &attributes)];
    let wanted = Observed::Present { attributes: attributes.with(&label), protected: false };
    assert_eq!(portal.read_all(&targets).await, [wanted]);
    let failure = portal.carry_out(&[archive("sales_ops")]).await.remove(0).unwrap_err();
    assert_eq!(failure.scope, FailureScope::Resource);
    assert_eq!(portal.one("tier", Effect::Archive).await, Ok(Answer::Gone));
    for _ in 0..2 {
        assert_eq!(portal.carry_out(&[archive("sales_ops")]).await, [Ok(Answer::Gone)]);
    }
    assert_eq!(portal.read_all(&targets).await, [Observed::Absent]);
    // A property that needs it has it made again.
    let property = call("level", Effect::Create(grouped("sales_ops")));
    assert!(portal.carry_out(&[property]).await[0].is_ok());
}
