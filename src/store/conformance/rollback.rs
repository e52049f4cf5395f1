//! Going back.

use super::Given;
use super::given::{add, id, remove, roll_back};
use crate::domain::{JobState, Refusal, ResourceId, Revision, Scope};

async fn ids(given: &Given) -> Vec<(String, ResourceId)> {
    let config = given.store().config(&Scope::All, &id("acme"), None).await.unwrap().unwrap();
    config.fields.into_iter().map(|field| (field.name, field.id)).collect()
}

pub(crate) async fn going_back_brings_back_what_was(given: Given) {
    given.company("acme").await;
    for name in ["changed", "removed", "same"] {
        given.add("acme", name).await;
    }
    let (then, ids_then) = (given.fields("acme", None).await, ids(&given).await);
    given.relabel("acme", "changed", "Changed").await;
    given.done("acme", remove("removed")).await;
    given.add("acme", "new").await;
    let committed = given.done("acme", roll_back(4)).await;
    assert_eq!(committed.revision.get(), 8);
    assert_eq!(given.fields("acme", None).await, then);
    assert_eq!(ids(&given).await, ids_then);
    let parts = committed.job.unwrap().parts;
    assert_eq!(parts[0].total, 3);
    // And forward again.
    given.done("acme", roll_back(7)).await;
    assert_eq!(given.fields("acme", None).await, given.fields("acme", Some(7)).await);
}

pub(crate) async fn a_name_that_comes_back_keeps_its_id(given: Given) {
    given.company("acme").await;
    given.add("acme", "one").await;
    let before = ids(&given).await;
    given.done("acme", remove("one")).await;
    given.add("acme", "one").await;
    assert_eq!(ids(&given).await, before);
    given.done("acme", roll_back(1)).await;
    assert!(ids(&given).await.is_empty());
    given.add("acme", "one").await;
    assert_eq!(ids(&given).await, before);
}

pub(crate) async fn a_revision_not_reached_cannot_be_gone_back_to(given: Given) {
    given.company("acme").await;
    let refusal = given.refused("acme", roll_back(2)).await;
    let (revision, present) = (Revision::new(2), Revision::new(1));
    let expected = Refusal::RevisionNotFound { company_id: id("acme"), revision, present };
    assert_eq!(refusal, expected);
    assert!(matches!(given.refused("acme", roll_back(0)).await, Refusal::Invalid(_)));
}

pub(crate) async fn going_back_with_mixed_results_fails_and_keeps_what_succeeded(given: Given) {
    let lease = given.leased("acme").await;
    for name in ["a", "b", "c"] {
        given.done("acme", add(name)).await;
        given.confirm(&lease, name).await;
    }
    let job = given.done("acme", roll_back(2)).await.job.unwrap().id;
    given.record(&lease, "a", crate::domain::Transition::Confirm(None)).await;
    given.park(&lease, "b").await;
    assert_eq!(given.state(&job).await, JobState::Running);
    given.record(&lease, "c", crate::domain::Transition::Confirm(None)).await;
    let job = given.job(&job).await;
    assert_eq!((job.state, job.parts[0].done, job.parts[0].total), (JobState::Failed, 2, 3));
    assert_eq!(job.error.unwrap().resource_id.unwrap().as_str(), "field-4");
}
