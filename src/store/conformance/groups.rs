//! Property groups, as the second kind of resource at one vendor.

use super::Given;
use super::given::{add, add_group, add_in, id, relabel_group, remove, remove_group, roll_back};
use crate::domain::{Refusal, Revision, Scope};

/// The names, labels and identities of a company's groups at a revision.
async fn groups(given: &Given, at: Option<i64>) -> Vec<(String, String, String)> {
    let at = at.map(Revision::new);
    let config = given.store().config(&Scope::All, &id("acme"), at).await.unwrap().unwrap();
    let told = config.groups.into_iter();
    told.map(|group| (group.name, group.label, group.id.as_str().to_owned())).collect()
}

fn told(name: &str, label: &str, resource_id: &str) -> (String, String, String) {
    (name.to_owned(), label.to_owned(), resource_id.to_owned())
}

pub(crate) async fn a_group_is_carried_out_beside_fields(given: Given) {
    let lease = given.leased("acme").await;
    let committed = given.done("acme", add_group("ops")).await;
    let job = committed.job.unwrap();
    assert_eq!((job.parts.len(), job.parts[0].unit.as_str()), (1, "groups"));
    given.done("acme", add_in("one", "ops")).await;
    let mut to_do = given.to_do(&lease).await;
    to_do.sort();
    assert_eq!(to_do, ["one", "ops"]);
    given.begin(&lease, &["ops"]).await;
    given.confirm(&lease, "ops").await;
    assert_eq!(given.to_do(&lease).await, ["one"]);
}

pub(crate) async fn a_group_goes_when_nothing_stands_in_it_in_the_same_batch(given: Given) {
    given.company("acme").await;
    given.done("acme", add_group("ops")).await;
    // Each is decided on the result of the one before, which is not written yet.
    let batch = vec![
        given.ask("acme", add_in("one", "ops")),
        given.ask("acme", remove_group("ops")),
        given.ask("acme", remove("one")),
        given.ask("acme", remove_group("ops")),
        given.ask("acme", add("ops")),
    ];
    let answers = given.store().commit(batch).await.unwrap();
    let done: Vec<_> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(done, [true, false, true, true, true]);
    let refusal = answers[1].as_ref().unwrap_err();
    assert!(matches!(refusal, Refusal::GroupInUse { fields, .. } if fields == &["one"]));
    assert!(groups(&given, None).await.is_empty());
    assert_eq!(given.fields("acme", None).await, [("ops".to_owned(), "ops".to_owned())]);
}

pub(crate) async fn old_revisions_hold_the_groups_of_then(mut given: Given) {
    given.company("acme").await;
    given.done("acme", add_group("sales_ops")).await;
    given.done("acme", add_group("ops")).await;
    given.done("acme", relabel_group("sales_ops", "Sales")).await;
    given.done("acme", remove_group("sales_ops")).await;
    given.done("acme", roll_back(3)).await;
    given.restart().await;
    let sales = |label| told("sales_ops", label, "group-2");
    let ops = told("ops", "Ops", "group-3");
    for (revision, wanted) in [
        (1, vec![]),
        (2, vec![sales("Sales ops")]),
        (3, vec![ops.clone(), sales("Sales ops")]),
        (4, vec![ops.clone(), sales("Sales")]),
        (5, vec![ops.clone()]),
        (6, vec![ops.clone(), sales("Sales ops")]),
    ] {
        assert_eq!(groups(&given, Some(revision)).await, wanted, "{revision}");
    }
    let twice = given.refused("acme", add_group("ops")).await;
    assert!(matches!(twice, Refusal::GroupExists { .. }), "{twice:?}");
}
