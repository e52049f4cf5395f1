//! The life of a job.

use std::time::Duration;

use super::Given;
use super::given::{attributes, away, outcome, refused, remove};
use crate::domain::{JobState, ProblemReason, Revision, Scope, Transition};

use JobState::{Failed, Queued, Running, Succeeded, Superseded, Waiting};

pub(crate) async fn a_job_is_queued_then_running_then_succeeded(given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    let begun = given.begin(&lease, &["one"]).await;
    assert_eq!(begun.events.len(), 1);
    assert_eq!(begun.events[0].message, "creating field one");
    assert_eq!(given.job(&job).await.ended_at, None);
    let recorded = given.confirm(&lease, "one").await;
    assert_eq!(recorded.events.len(), 1);
    assert_eq!(given.states(&job).await, [Queued, Running, Succeeded]);
    let job = given.job(&job).await;
    assert_eq!((job.parts[0].done, job.parts[0].total), (1, 1));
    assert_eq!(job.parts[0].unit, "fields");
    assert_eq!(job.parts[0].message, "did field one");
    assert!(job.ended_at.is_some() && job.error.is_none());
    assert!(given.to_do(&lease).await.is_empty());
}

pub(crate) async fn revisions_of_one_field_are_confirmed_together(given: Given) {
    let lease = given.leased("acme").await;
    let first = given.add("acme", "one").await;
    let second = given.relabel("acme", "one", "First").await;
    let third = given.relabel("acme", "one", "Third").await;
    let before = given.work(&lease).await;
    let later = given.relabel("acme", "one", "Later").await;
    let held = Transition::Confirm(Some(attributes("one")));
    let seen = outcome(&before, "one", held);
    given.store().record(&lease, vec![seen], None).await.unwrap();
    for job in [&first, &second, &third] {
        assert_eq!(given.state(job).await, Succeeded);
    }
    // What was decided after the plan is still to be done.
    assert_eq!(given.state(&later).await, Queued);
    assert_eq!(given.to_do(&lease).await, ["one"]);
    given.confirm(&lease, "one").await;
    assert_eq!(given.state(&later).await, Succeeded);
}

pub(crate) async fn a_refusal_fails_all_that_was_folded_into_it(given: Given) {
    let lease = given.leased("acme").await;
    let first = given.add("acme", "one").await;
    let second = given.relabel("acme", "one", "Second").await;
    given.begin(&lease, &["one"]).await;
    given.park(&lease, "one").await;
    for job in [&first, &second] {
        assert_eq!(given.states(job).await, [Queued, Running, Failed]);
        let job = given.job(job).await;
        let error = job.error.unwrap();
        assert_eq!(error.problem, refused());
        assert_eq!(error.resource_id.unwrap().as_str(), "field-3");
        assert!(job.ended_at.is_some());
    }
    assert!(given.to_do(&lease).await.is_empty());
}

pub(crate) async fn a_refusal_does_not_fail_what_was_decided_after_it(given: Given) {
    let lease = given.leased("acme").await;
    let first = given.add("acme", "one").await;
    let planned = given.work(&lease).await;
    let newer = given.relabel("acme", "one", "Newer").await;
    let park = Transition::Park { held: None, problem: refused() };
    given.store().record(&lease, vec![outcome(&planned, "one", park)], None).await.unwrap();
    assert_eq!(given.state(&first).await, Failed);
    assert_eq!(given.state(&newer).await, Queued);
    assert_eq!(given.to_do(&lease).await, ["one"]);
}

pub(crate) async fn a_later_success_makes_a_failure_moot(given: Given) {
    let lease = given.leased("acme").await;
    let failed = given.add("acme", "one").await;
    given.park(&lease, "one").await;
    let ended_at = given.job(&failed).await.ended_at;
    given.advance(Duration::from_secs(1));
    let newer = given.relabel("acme", "one", "Better").await;
    given.confirm(&lease, "one").await;
    assert_eq!(given.state(&newer).await, Succeeded);
    let job = given.job(&failed).await;
    assert_eq!((job.state, job.error, job.ended_at), (Superseded, None, ended_at));
    assert_eq!(given.states(&failed).await, [Queued, Failed, Superseded]);
}

pub(crate) async fn a_failure_that_may_pass_lets_the_job_wait(given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    given.begin(&lease, &["one"]).await;
    let fail = Transition::Fail { in_doubt: true, wait_ms: 2_000, problem: away() };
    given.record(&lease, "one", fail).await;
    let waiting = given.job(&job).await;
    let now = given.work(&lease).await.now;
    assert_eq!(waiting.state, Waiting);
    assert_eq!(waiting.next_attempt_at, Some(now.plus(Duration::from_secs(2))));
    let error = waiting.error.unwrap();
    assert_eq!(error.problem.reason, ProblemReason::VendorUnavailable);
    assert_eq!(error.resource_id.unwrap().as_str(), "field-3");
    given.begin(&lease, &["one"]).await;
    let running = given.job(&job).await;
    assert_eq!((running.state, running.error, running.next_attempt_at), (Running, None, None));
    given.confirm(&lease, "one").await;
    assert_eq!(given.states(&job).await, [Queued, Running, Waiting, Running, Succeeded]);
}

pub(crate) async fn the_same_wait_is_told_once(given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    let fail = Transition::Fail { in_doubt: false, wait_ms: 2_000, problem: away() };
    assert_eq!(given.record(&lease, "one", fail.clone()).await.events.len(), 1);
    assert!(given.record(&lease, "one", fail.clone()).await.events.is_empty());
    given.advance(Duration::from_secs(1));
    assert_eq!(given.record(&lease, "one", fail).await.events.len(), 1);
    assert_eq!(given.states(&job).await, [Queued, Waiting, Waiting]);
}

pub(crate) async fn a_closed_connection_lets_all_open_jobs_wait(given: Given) {
    let lease = given.leased("acme").await;
    let first = given.add("acme", "one").await;
    let second = given.add("acme", "two").await;
    given.begin(&lease, &["one"]).await;
    let fail = Transition::Fail { in_doubt: false, wait_ms: 500, problem: away() };
    let failed = outcome(&given.work(&lease).await, "one", fail);
    given.store().record(&lease, vec![failed], Some(Given::gate())).await.unwrap();
    let opens = given.work(&lease).await.now.plus(Duration::from_secs(60));
    for job in [&first, &second] {
        let job = given.job(job).await;
        assert_eq!((job.state, job.next_attempt_at), (Waiting, Some(opens)));
        assert_eq!(job.error.unwrap().problem.reason, ProblemReason::RateLimited);
    }
}

pub(crate) async fn a_job_of_several_fields_counts_them(given: Given) {
    given.company("acme").await;
    for name in ["a", "b", "c"] {
        given.add("acme", name).await;
    }
    let bell = given.connect("acme", "account").await;
    let job =
        crate::domain::JobId { company_id: bell.company_id.clone(), revision: Revision::new(5) };
    let lease = given.claim(&bell).await;
    for (name, done) in [("b", 1), ("a", 2), ("c", 3)] {
        given.confirm(&lease, name).await;
        let now = given.job(&job).await;
        assert_eq!((now.parts[0].done, now.parts[0].total), (done, 3));
    }
    assert_eq!(given.states(&job).await, [Queued, Running, Running, Succeeded]);
    let done: Vec<_> = given.events(&job).await.iter().map(|event| event.done).collect();
    assert_eq!(done, [0, 1, 2, 3]);
}

pub(crate) async fn what_is_recorded_together_is_one_event_per_job(given: Given) {
    given.company("acme").await;
    for name in ["a", "b", "c"] {
        given.add("acme", name).await;
    }
    let lease = given.claim(&given.connect("acme", "account").await).await;
    let work = given.work(&lease).await;
    let confirm = |name| outcome(&work, name, Transition::Confirm(Some(attributes(name))));
    let outcomes = vec![confirm("a"), confirm("b"), confirm("c")];
    let recorded = given.store().record(&lease, outcomes, None).await.unwrap();
    assert_eq!(recorded.events.len(), 4, "of three fields and of the connection");
    let event = recorded.events.iter().find(|event| event.total == 3).unwrap();
    assert_eq!((event.state, event.done), (Succeeded, 3));
    assert_eq!(event.message, "did field a, and 2 more");
}

pub(crate) async fn an_outcome_recorded_again_changes_nothing(given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    let held = Transition::Confirm(Some(attributes("one")));
    let confirmed = outcome(&given.work(&lease).await, "one", held);
    for _ in 0..3 {
        given.store().record(&lease, vec![confirmed.clone()], None).await.unwrap();
    }
    assert_eq!(given.states(&job).await, [Queued, Succeeded]);
}

pub(crate) async fn a_settled_read_changes_no_job(given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    for transition in [Transition::Settle(Some(attributes("one"))), Transition::Withdraw] {
        assert!(given.record(&lease, "one", transition).await.events.is_empty());
    }
    assert_eq!(given.states(&job).await, [Queued]);
}

pub(crate) async fn a_removed_field_is_confirmed_as_gone(given: Given) {
    let lease = given.leased("acme").await;
    given.add("acme", "one").await;
    given.confirm(&lease, "one").await;
    let job = given.done("acme", remove("one")).await.job.unwrap().id;
    given.record(&lease, "one", Transition::Confirm(None)).await;
    assert_eq!(given.state(&job).await, Succeeded);
    assert!(given.to_do(&lease).await.is_empty());
}

pub(crate) async fn events_are_read_on_from_where_one_stopped(given: Given) {
    let lease = given.leased("acme").await;
    let job = given.add("acme", "one").await;
    given.begin(&lease, &["one"]).await;
    let read = |after, limit| {
        let (given, job) = (&given, &job);
        async move {
            let read = given.store().events(&Scope::All, job, after, limit).await;
            let events = read.unwrap().unwrap();
            let seqs = events.events.iter().map(|event| event.seq).collect::<Vec<_>>();
            (seqs, events.state, events.last_seq)
        }
    };
    assert_eq!(read(0, 1).await, (vec![1], Running, 2));
    assert_eq!(read(1, 10).await, (vec![2], Running, 2));
    given.confirm(&lease, "one").await;
    assert_eq!(read(2, 10).await, (vec![3], Succeeded, 3));
    assert_eq!(read(3, 10).await, (vec![], Succeeded, 3));
}
