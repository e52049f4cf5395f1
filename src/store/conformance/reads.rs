//! What callers read.

use super::Given;
use super::given::{add, connect, disconnect, id, only, relabel, remove};
use crate::domain::{ConnectionStatus, JobState, Refusal, Revision, Scope};
use crate::store::AuditQuery;

pub(crate) async fn a_configuration_can_be_read_at_every_revision(given: Given) {
    given.company("acme").await;
    let mut expected = vec![Vec::new()];
    for intent in [add("b"), add("a"), relabel("b", "B"), remove("a"), add("c"), add("a")] {
        given.done("acme", intent).await;
        expected.push(given.fields("acme", None).await);
    }
    for (fields, revision) in expected.iter().zip(1..) {
        assert_eq!(given.fields("acme", Some(revision)).await, *fields, "at {revision}");
    }
    let names: Vec<_> = expected[6].iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

pub(crate) async fn a_revision_not_reached_cannot_be_read(given: Given) {
    given.company("acme").await;
    let at = Some(Revision::new(2));
    let refusal = given.store().config(&Scope::All, &id("acme"), at).await.unwrap().unwrap_err();
    assert!(matches!(refusal, Refusal::RevisionNotFound { .. }), "{refusal:?}");
    let refusal = given.store().config(&Scope::All, &id("nobody"), None).await.unwrap();
    assert_eq!(refusal.unwrap_err(), Refusal::CompanyNotFound(id("nobody")));
}

pub(crate) async fn companies_are_listed_by_id(given: Given) {
    for company in ["c", "a", "d", "b"] {
        given.company(company).await;
    }
    given.connect("b", "account").await;
    let list = |scope: Scope, after: Option<&'static str>, limit| {
        let given = &given;
        async move {
            let after = after.map(id);
            let views = given.store().companies(&scope, after.as_ref(), limit).await.unwrap();
            views.into_iter().map(|view| view.company.id.to_string()).collect::<Vec<_>>()
        }
    };
    assert_eq!(list(Scope::All, None, 10).await, ["a", "b", "c", "d"]);
    assert_eq!(list(Scope::All, Some("b"), 1).await, ["c"]);
    assert_eq!(list(only(&["d", "b", "x"]), None, 10).await, ["b", "d"]);
    assert_eq!(list(only(&["d", "b"]), Some("b"), 10).await, ["d"]);
    assert!(list(only(&[]), None, 10).await.is_empty());
    let views = given.store().companies(&only(&["b"]), None, 1).await.unwrap();
    assert_eq!(views[0].connections.len(), 1);
}

pub(crate) async fn nothing_outside_the_scope_can_be_read(given: Given) {
    given.company("acme").await;
    let job = given.add("acme", "one").await;
    let (scope, acme) = (only(&["other"]), id("acme"));
    let store = given.store();
    let unknown = Refusal::CompanyNotFound(acme.clone());
    assert_eq!(store.company(&scope, &acme).await.unwrap(), None);
    assert_eq!(store.config(&scope, &acme, None).await.unwrap().unwrap_err(), unknown);
    let query = AuditQuery {
        after: Revision::ZERO,
        before: None,
        newest_first: false,
        limit: 1,
        bytes_max: 1,
    };
    assert_eq!(store.entries(&scope, &acme, query).await.unwrap().unwrap_err(), unknown);
    let jobs = store.jobs(&scope, &acme, &[], None, 1).await.unwrap();
    assert_eq!(jobs.unwrap_err(), unknown);
    assert_eq!(store.job(&scope, &job).await.unwrap(), None);
    assert_eq!(store.events(&scope, &job, 0, 1).await.unwrap(), None);
}

pub(crate) async fn connections_no_longer_in_use_are_shown_only_without_another(given: Given) {
    given.company("acme").await;
    let first = given.connect("acme", "first").await;
    let second = given.connect("acme", "second").await;
    let connections = || async {
        let view = given.store().company(&Scope::All, &id("acme")).await.unwrap().unwrap();
        let shown = view.connections.into_iter();
        shown.map(|one| (one.id, one.status == ConnectionStatus::Connected)).collect::<Vec<_>>()
    };
    assert_eq!(connections().await, [(second.connection_id.clone(), true)]);
    given.done("acme", disconnect()).await;
    let both = [(first.connection_id, false), (second.connection_id, false)];
    assert_eq!(connections().await, both);
}

pub(crate) async fn jobs_are_listed_newest_first(given: Given) {
    let lease = given.leased("acme").await;
    for name in ["a", "b", "c"] {
        given.add("acme", name).await;
    }
    given.confirm(&lease, "b").await;
    let list = |states: &'static [JobState], before: Option<i64>, limit| {
        let given = &given;
        async move {
            let before = before.map(Revision::new);
            let store = given.store();
            let page = store.jobs(&Scope::All, &id("acme"), states, before, limit).await;
            let page = page.unwrap().unwrap();
            let revisions = page.items.iter().map(|job| job.id.revision.get());
            (revisions.collect::<Vec<_>>(), page.more)
        }
    };
    assert_eq!(list(&[], None, 10).await, (vec![5, 4, 3], false));
    assert_eq!(list(&[], None, 2).await, (vec![5, 4], true));
    assert_eq!(list(&[], Some(4), 2).await, (vec![3], false));
    assert_eq!(list(&[JobState::Queued], None, 10).await, (vec![5, 3], false));
    let ended = &[JobState::Succeeded, JobState::Failed];
    assert_eq!(list(ended, None, 10).await, (vec![4], false));
    given.done("acme", connect("other")).await;
    assert_eq!(list(&[], None, 1).await, (vec![6], true));
}

pub(crate) async fn unknown_jobs_are_nowhere(given: Given) {
    given.company("acme").await;
    let job = crate::domain::JobId { company_id: id("acme"), revision: Revision::new(1) };
    assert_eq!(given.store().job(&Scope::All, &job).await.unwrap(), None);
    assert_eq!(given.store().events(&Scope::All, &job, 0, 1).await.unwrap(), None);
}
