//! Cadences, as the second kind of resource, at a vendor of their own.

use super::Given;
use super::given::{add, add_cadence, connect_to, id, remove_cadence, rename_cadence, roll_back};
use crate::domain::{JobState, Refusal, Revision, Scope, VendorKind};

/// The ids, names and identities of a company's cadences at a revision.
async fn cadences(given: &Given, at: Option<i64>) -> Vec<(String, String, String)> {
    let at = at.map(Revision::new);
    let config = given.store().config(&Scope::All, &id("acme"), at).await.unwrap().unwrap();
    let told = config.cadences.into_iter().map(|cadence| {
        (cadence.cadence_id.to_string(), cadence.name, cadence.id.as_str().to_owned())
    });
    told.collect()
}

fn told(id: &str, name: &str, resource_id: &str) -> (String, String, String) {
    (id.to_owned(), name.to_owned(), resource_id.to_owned())
}

pub(crate) async fn a_cadence_is_carried_out_at_its_own_vendor(given: Given) {
    given.company("acme").await;
    let (hubspot, upso) = given.leased_both("acme").await;
    let committed = given.done("acme", add_cadence("trial")).await;
    assert_eq!(committed.ring, std::slice::from_ref(&upso.doorbell));
    let job = committed.job.unwrap();
    assert_eq!((job.parts.len(), job.parts[0].vendor), (1, VendorKind::Upso));
    assert_eq!((job.parts[0].total, job.parts[0].unit.as_str()), (1, "cadences"));
    let field = given.add("acme", "one").await;
    assert_eq!(given.to_do(&hubspot).await, ["one"]);
    assert_eq!(given.to_do(&upso).await, ["trial"]);
    given.begin(&upso, &["trial"]).await;
    given.confirm(&upso, "trial").await;
    let wanted = [JobState::Queued, JobState::Running, JobState::Succeeded];
    assert_eq!(given.states(&job.id).await, wanted);
    assert_eq!(given.state(&field).await, JobState::Queued);
    assert!(given.to_do(&upso).await.is_empty());
}

pub(crate) async fn a_cadence_that_comes_back_keeps_its_id(given: Given) {
    given.company("acme").await;
    given.done("acme", add_cadence("trial")).await;
    let before = cadences(&given, None).await;
    assert_eq!(before, [told("trial", "trial", "cadence-2")]);
    given.done("acme", remove_cadence("trial")).await;
    assert!(cadences(&given, None).await.is_empty());
    let gone = given.refused("acme", remove_cadence("trial")).await;
    assert!(matches!(gone, Refusal::CadenceNotFound { .. }), "{gone:?}");
    given.done("acme", add_cadence("trial")).await;
    assert_eq!(cadences(&given, None).await, before);
    let twice = given.refused("acme", add_cadence("trial")).await;
    assert!(matches!(twice, Refusal::CadenceExists { .. }), "{twice:?}");
    given.done("acme", roll_back(1)).await;
    given.done("acme", add_cadence("trial")).await;
    assert_eq!(cadences(&given, None).await, before);
}

pub(crate) async fn a_field_and_a_cadence_may_have_one_name(given: Given) {
    given.company("acme").await;
    // In one batch, where each sees the one before.
    let batch = vec![given.ask("acme", add("one")), given.ask("acme", add_cadence("one"))];
    let answers = given.store().commit(batch).await.unwrap();
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(given.fields("acme", None).await, [("one".to_owned(), "one".to_owned())]);
    assert_eq!(cadences(&given, None).await, [told("one", "one", "cadence-3")]);
}

pub(crate) async fn old_revisions_hold_the_cadences_of_then(mut given: Given) {
    given.company("acme").await;
    given.done("acme", add_cadence("trial")).await;
    given.done("acme", add_cadence("an-older")).await;
    given.done("acme", rename_cadence("trial", "Trial users")).await;
    given.done("acme", remove_cadence("trial")).await;
    given.done("acme", roll_back(3)).await;
    given.restart().await;
    let trial = |name| told("trial", name, "cadence-2");
    let older = told("an-older", "an-older", "cadence-3");
    for (revision, wanted) in [
        (1, vec![]),
        (2, vec![trial("trial")]),
        (3, vec![older.clone(), trial("trial")]),
        (4, vec![older.clone(), trial("Trial users")]),
        (5, vec![older.clone()]),
        (6, vec![older.clone(), trial("trial")]),
    ] {
        assert_eq!(cadences(&given, Some(revision)).await, wanted, "{revision}");
    }
}

pub(crate) async fn cadences_count_into_the_limits(given: Given) {
    let too_many = |refusal: &Refusal, limit: &str| {
        let told = refusal.to_string();
        assert!(matches!(refusal, Refusal::LimitReached { .. }) && told.contains(limit), "{told}");
    };
    given.company("acme").await;
    given.done("acme", connect_to(VendorKind::Upso, "account")).await;
    given.done("acme", add_cadence("one")).await;
    given.execute("UPDATE companies SET cadence_count = cadence_count + 499").await.unwrap();
    too_many(&given.refused("acme", add_cadence("two")).await, "500 cadences");
    // Fields are counted by themselves.
    given.add("acme", "one").await;
    given.done("acme", remove_cadence("one")).await;
    given.done("acme", add_cadence("two")).await;
    let rest = "UPDATE companies SET field_bytes = 16777216 - 10";
    given.execute(rest).await.unwrap();
    let longer = rename_cadence("two", "a name of more than ten");
    too_many(&given.refused("acme", longer).await, "16 MiB");
    // Up to the last byte.
    given.done("acme", rename_cadence("two", "two of ten of")).await;
    too_many(&given.refused("acme", rename_cadence("two", "two of ten of_")).await, "16 MiB");
}
