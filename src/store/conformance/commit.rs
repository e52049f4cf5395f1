//! Deciding and writing.

use std::time::Duration;

use super::Given;
use super::given::{
    add, caller, connect, default_value, disconnect, fingerprint, id, only, register, relabel,
    remove, request, roll_back,
};
use crate::domain::{Intent, JobState, Mutation, Refusal, Revision, Scope};

/// How long something is waited for.
const BOUND: Duration = Duration::from_secs(20);

/// Gives a mutation a request id.
fn named(mutation: Mutation, request_id: &str) -> Mutation {
    Mutation { request_id: request(request_id), ..mutation }
}

pub(crate) async fn revisions_have_no_gaps(given: Given) {
    given.company("acme").await;
    for number in 2..12 {
        let committed = given.done("acme", add(&format!("field_{number}"))).await;
        assert_eq!(committed.revision.get(), number);
        given.refused("acme", remove("nobody")).await;
    }
    let revisions: Vec<_> =
        given.entries("acme").await.iter().map(|entry| entry.revision.get()).collect();
    assert_eq!(revisions, (1..12).collect::<Vec<_>>());
}

pub(crate) async fn a_new_company_is_at_revision_one(given: Given) {
    let committed = given.done("acme", register("Acme")).await;
    assert_eq!((committed.revision.get(), committed.repeated), (1, false));
    assert!(committed.job.is_none() && committed.events.is_empty() && committed.ring.is_empty());
    let view = given.store().company(&Scope::All, &id("acme")).await.unwrap().unwrap();
    assert_eq!(view.company.display_name, "Acme");
    assert!(view.connections.is_empty());
}

pub(crate) async fn a_company_is_registered_once(given: Given) {
    given.company("acme").await;
    let refusal = given.refused("acme", register("Acme")).await;
    assert_eq!(refusal, Refusal::CompanyExists(id("acme")));
    assert_eq!(given.revision("acme").await, 1);
}

pub(crate) async fn an_unknown_company_is_refused(given: Given) {
    for intent in [add("one"), connect("account"), disconnect(), roll_back(1)] {
        let refusal = given.refused("acme", intent).await;
        assert_eq!(refusal, Refusal::CompanyNotFound(id("acme")));
    }
}

pub(crate) async fn a_company_outside_the_scope_does_not_exist(given: Given) {
    given.company("acme").await;
    let mut mutation = named(given.ask("acme", add("one")), "r-1");
    given.commit(mutation.clone()).await.unwrap();
    mutation.caller = caller(only(&["other"]));
    let refusal = given.commit(mutation.clone()).await.unwrap_err();
    assert_eq!(refusal, Refusal::CompanyNotFound(id("acme")));
    mutation.intent = register("Acme");
    let refusal = given.commit(mutation).await.unwrap_err();
    assert_eq!(refusal, Refusal::CompanyNotFound(id("acme")));
}

pub(crate) async fn every_change_of_a_company_is_a_revision(given: Given) {
    let intents = [
        register("Acme"),
        Intent::UpdateCompany { display_name: "Acme & Co".to_owned() },
        add("one"),
        connect("account"),
        relabel("one", "First"),
        remove("one"),
        disconnect(),
        roll_back(3),
    ];
    let actions = [
        "RegisterCompany",
        "UpdateCompany",
        "AddField",
        "ConnectVendor",
        "ModifyField",
        "RemoveField",
        "DisconnectVendor",
        "Rollback { to: 3 }",
    ];
    for (intent, revision) in intents.into_iter().zip(1..) {
        assert_eq!(given.done("acme", intent).await.revision.get(), revision);
    }
    let entries = given.entries("acme").await;
    let found: Vec<_> = entries
        .iter()
        .map(|stored| crate::store::record::decode(&stored.record).unwrap().action)
        .map(|action| format!("{action:?}").replace("Revision(3)", "3"))
        .collect();
    assert_eq!(found, actions);
    let view = given.store().company(&Scope::All, &id("acme")).await.unwrap().unwrap();
    assert_eq!(view.company.display_name, "Acme & Co");
}

pub(crate) async fn a_repeated_request_answers_the_same_revision_and_job(given: Given) {
    given.company("acme").await;
    let mutation = named(given.ask("acme", add("one")), "r-1");
    let first = given.commit(mutation.clone()).await.unwrap();
    given.add("acme", "two").await;
    let again = given.commit(mutation).await.unwrap();
    assert!(again.repeated && !first.repeated);
    assert_eq!((again.revision, again.job), (first.revision, first.job));
    assert!(again.touched.is_empty() && again.events.is_empty());
    assert_eq!(given.revision("acme").await, 3);
}

pub(crate) async fn a_repeat_answers_the_job_as_it_is_now(given: Given) {
    let lease = given.leased("acme").await;
    let mutation = named(given.ask("acme", add("one")), "r-1");
    let first = given.commit(mutation.clone()).await.unwrap();
    assert_eq!(first.job.unwrap().state, JobState::Queued);
    assert_eq!(
        given.commit(mutation.clone()).await.unwrap().ring,
        std::slice::from_ref(&lease.doorbell)
    );
    given.confirm(&lease, "one").await;
    let again = given.commit(mutation).await.unwrap();
    assert_eq!((again.job.unwrap().state, again.ring), (JobState::Succeeded, vec![]));
}

pub(crate) async fn a_request_id_with_another_body_is_refused(given: Given) {
    given.company("acme").await;
    given.commit(named(given.ask("acme", add("one")), "r-1")).await.unwrap();
    let other = named(given.ask("acme", add("two")), "r-1");
    assert_eq!(given.commit(other.clone()).await.unwrap_err(), Refusal::RequestIdReused);
    // Also where it would be refused for another reason.
    let stale = Mutation { expected_revision: Revision::new(99), ..other };
    assert_eq!(given.commit(stale).await.unwrap_err(), Refusal::RequestIdReused);
    assert_eq!(given.revision("acme").await, 2);
}

pub(crate) async fn a_refused_request_is_not_remembered(given: Given) {
    given.company("acme").await;
    let refused = named(given.ask("acme", remove("one")), "r-1");
    given.commit(refused).await.unwrap_err();
    let other = given.commit(named(given.ask("acme", add("one")), "r-1")).await.unwrap();
    assert_eq!((other.revision.get(), other.repeated), (2, false));
}

pub(crate) async fn a_request_id_belongs_to_one_company(given: Given) {
    for company in ["one", "two"] {
        given.company(company).await;
        let committed = given.commit(named(given.ask(company, add("a")), "r-1")).await.unwrap();
        assert_eq!((committed.revision.get(), committed.repeated), (2, false));
    }
}

pub(crate) async fn a_request_twice_in_one_batch_is_one_revision(given: Given) {
    given.company("acme").await;
    let mutation = named(given.ask("acme", add("one")), "r-1");
    let reused = named(given.ask("acme", add("two")), "r-1");
    let batch = vec![mutation.clone(), mutation, reused];
    let mut answers = given.store().commit(batch).await.unwrap().into_iter();
    let first = answers.next().unwrap().unwrap();
    let second = answers.next().unwrap().unwrap();
    assert_eq!((first.repeated, second.repeated), (false, true));
    assert_eq!((first.revision, first.job), (second.revision, second.job));
    assert_eq!(answers.next().unwrap().unwrap_err(), Refusal::RequestIdReused);
    assert_eq!(given.revision("acme").await, 2);
}

pub(crate) async fn a_request_is_found_by_its_id(given: Given) {
    given.company("acme").await;
    let mutation = named(given.ask("acme", add("one")), "r-1");
    let (request_id, print) = (request("r-1").unwrap(), mutation.fingerprint);
    let find = |print| {
        let (request_id, given) = (request_id.clone(), &given);
        async move { given.store().find_request(&id("acme"), &request_id, &print).await.unwrap() }
    };
    assert!(find(print).await.unwrap().is_none());
    let first = given.commit(mutation).await.unwrap();
    let found = find(print).await.unwrap().unwrap();
    assert!(found.repeated);
    assert_eq!((found.revision, found.job), (first.revision, first.job));
    assert_eq!(find(fingerprint("other")).await.unwrap_err(), Refusal::RequestIdReused);
}

pub(crate) async fn a_refusal_does_not_hinder_its_neighbours(given: Given) {
    given.company("acme").await;
    let batch = vec![
        given.ask("acme", add("one")),
        given.ask("nobody", add("one")),
        given.ask("acme", add("one")),
        given.ask("acme", add("two")),
    ];
    let answers = given.store().commit(batch).await.unwrap();
    let outcome: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.map(|committed| committed.revision.get()))
        .collect();
    let exists = Refusal::FieldExists { company_id: id("acme"), name: "one".to_owned() };
    let unknown = Refusal::CompanyNotFound(id("nobody"));
    assert_eq!(outcome, [Ok(2), Err(unknown), Err(exists), Ok(3)]);
    assert_eq!(given.revision("acme").await, 3);
}

pub(crate) async fn a_batch_decides_each_on_the_result_of_the_one_before(given: Given) {
    let batch = vec![
        given.ask("acme", register("Acme")),
        given.ask("acme", add("one")),
        given.ask("acme", relabel("one", "First")),
        given.ask("acme", connect("account")),
        given.ask("acme", remove("one")),
        given.ask("acme", add("two")),
        given.ask("acme", roll_back(3)),
        given.ask("acme", relabel("one", "Again")),
    ];
    let answers = given.store().commit(batch).await.unwrap();
    for (answer, revision) in answers.into_iter().zip(1..) {
        assert_eq!(answer.unwrap().revision.get(), revision);
    }
    let expected = [("one".to_owned(), "Again".to_owned())];
    assert_eq!(given.fields("acme", None).await, expected);
    assert_eq!(given.fields("acme", Some(6)).await, [("two".to_owned(), "two".to_owned())]);
}

pub(crate) async fn an_expected_revision_has_to_be_the_present_one(given: Given) {
    given.company("acme").await;
    let ask = |expected| Mutation {
        expected_revision: Revision::new(expected),
        ..given.ask("acme", add("one"))
    };
    for wrong in [2, 7] {
        let refusal = given.commit(ask(wrong)).await.unwrap_err();
        assert!(matches!(refusal, Refusal::RevisionMismatch { .. }), "{refusal:?}");
    }
    assert_eq!(given.commit(ask(1)).await.unwrap().revision.get(), 2);
}

pub(crate) async fn checking_alone_writes_nothing(given: Given) {
    let bell = given.connected("acme").await;
    let before = given.entries("acme").await;
    let check = |intent| Mutation { validate_only: true, ..given.ask("acme", intent) };
    let batch = vec![named(check(add("one")), "r-1"), check(connect("other")), check(add("one"))];
    for answer in given.store().commit(batch).await.unwrap() {
        let committed = answer.unwrap();
        assert_eq!(committed.revision.get(), 2);
        assert!(committed.job.is_none() && committed.ring.is_empty());
        assert!(committed.events.is_empty() && !committed.repeated);
    }
    let checked = given.commit(check(add("one"))).await.unwrap();
    assert_eq!(checked.touched[0].version.name, "one");
    given.commit(check(remove("one"))).await.unwrap_err();
    assert_eq!(given.entries("acme").await, before);
    assert_eq!(given.bell("acme").await, bell);
    assert!(given.fields("acme", None).await.is_empty());
    // Nor is its request id remembered.
    let committed = given.commit(named(given.ask("acme", add("two")), "r-1")).await.unwrap();
    assert!(!committed.repeated);
}

pub(crate) async fn nothing_to_change_is_no_revision(given: Given) {
    given.connected("acme").await;
    given.add("acme", "one").await;
    for intent in [relabel("one", "one"), connect("account of acme"), roll_back(3)] {
        let committed = given.done("acme", intent).await;
        assert_eq!(committed.revision.get(), 3);
        assert!(committed.job.is_none() && committed.ring.is_empty());
    }
    assert_eq!(given.entries("acme").await.len(), 3);
}

pub(crate) async fn what_the_vendor_does_not_see_has_no_job(given: Given) {
    given.connected("acme").await;
    given.add("acme", "one").await;
    let committed = given.done("acme", default_value("one", "x")).await;
    assert_eq!((committed.revision.get(), committed.job, committed.ring), (4, None, vec![]));
}

pub(crate) async fn a_change_tells_where_the_vendor_stands(given: Given) {
    let lease = given.leased("acme").await;
    given.add("acme", "one").await;
    given.confirm(&lease, "one").await;
    let committed = given.done("acme", relabel("one", "First")).await;
    let tracked = &committed.touched[0];
    assert_eq!(tracked.version.from_rev.get(), 4);
    assert_eq!(tracked.sync.applied_rev.get(), 3);
    assert!(tracked.sync.applied.is_some());
    assert_eq!(committed.ring, [lease.doorbell]);
}

pub(crate) async fn a_company_may_not_hold_more_than_its_limits(given: Given) {
    given.company("acme").await;
    given.add("acme", "one").await;
    given.execute("UPDATE companies SET field_count = 2000").await.unwrap();
    let refusal = given.refused("acme", add("two")).await;
    assert!(matches!(refusal, Refusal::LimitReached { .. }), "{refusal:?}");
    given.done("acme", remove("one")).await;
    given.add("acme", "two").await;
    given.execute("UPDATE companies SET field_bytes = 16777216").await.unwrap();
    let refusal = given.refused("acme", relabel("two", "longer than it was")).await;
    assert!(matches!(refusal, Refusal::LimitReached { .. }), "{refusal:?}");
}

pub(crate) async fn mutations_at_the_same_time_all_count(given: Given) {
    given.company("acme").await;
    let one_by_one = (0..20).map(|number| given.done("acme", add(&format!("field_{number}"))));
    let mut revisions: Vec<_> = futures::future::join_all(one_by_one)
        .await
        .into_iter()
        .map(|committed| committed.revision.get())
        .collect();
    revisions.sort_unstable();
    assert_eq!(revisions, (2..22).collect::<Vec<_>>());
}

pub(crate) async fn what_was_begun_is_finished_though_the_caller_went_away(given: Given) {
    given.company("acme").await;
    let mut commit = given.store().commit(vec![given.ask("acme", add("one"))]);
    assert!(futures::poll!(&mut commit).is_pending());
    drop(commit);
    let finished = async { while given.revision("acme").await < 2 {} };
    tokio::time::timeout(BOUND, finished).await.expect("it is committed all the same");
}
