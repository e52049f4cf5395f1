//! Revisions and sequence numbers that there are not.

use gomark_sdk::v1::*;
use gomark_sdk::{Code, Error};
use prost::Message as _;

use crate::cases::{Stage, Target};
use crate::refusals::{all_are_refused, bad, refused};
use crate::world::World;

#[tokio::test]
async fn revisions_and_sequence_numbers_are_not_negative() {
    let world = World::start().await;
    let target = Target::prepare(&world, Stage::Registered, "acme").await;
    let mut rows = Vec::new();
    let rule = "must not be negative";
    for number in [-1, i64::MIN] {
        let config = |revision, min_revision| GetConfigRequest {
            company_id: "acme".to_owned(),
            revision,
            min_revision,
        };
        let get = "ConfigService/GetConfig";
        rows.push(bad("revision", get, &config(number, 0), "revision", rule));
        rows.push(bad("min", get, &config(0, number), "min_revision", rule));
        let both = bad("both", get, &config(number, number), "revision", rule);
        rows.push(both.and("min_revision", rule));
        let audit = ListAuditRequest {
            company_id: "acme".to_owned(),
            after_revision: number,
            ..ListAuditRequest::default()
        };
        rows.push(bad("after", "ConfigService/ListAudit", &audit, "after_revision", rule));
        let watch = WatchJobRequest { job_id: target.open_job.clone(), after_seq: number };
        rows.push(bad("seq", "ConfigService/WatchJob", &watch, "after_seq", rule));
        let watch = WatchConfigRequest { company_id: "acme".to_owned(), after_revision: number };
        rows.push(bad("company", "ConfigService/WatchConfig", &watch, "after_revision", rule));
        let back = rollback(number);
        let rule = "must be 1 or more";
        rows.push(bad("back", "ConfigService/Rollback", &back, "to_revision", rule));
    }
    let rule = "must be 1 or more";
    rows.push(bad("nowhere", "ConfigService/Rollback", &rollback(0), "to_revision", rule));
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

fn rollback(to_revision: i64) -> RollbackRequest {
    RollbackRequest { company_id: "acme".to_owned(), to_revision, ..RollbackRequest::default() }
}

#[tokio::test]
async fn a_revision_to_come_is_not_found() {
    let world = World::start().await;
    Target::prepare(&world, Stage::Registered, "acme").await;
    let before = world.state("acme").await;
    let present = before.as_ref().unwrap().company.revision;
    for revision in [present + 1, 1_000_000, i64::MAX] {
        let answer = world.wire.send("ConfigService/Rollback", rollback(revision).encode_to_vec());
        not_found(answer.await.unwrap_err(), revision, present);
        let answer = world.client.get_config("acme").revision(revision).await;
        not_found(answer.unwrap_err().into(), revision, present);
    }
    assert_eq!(world.state("acme").await, before);
    let now = world.client.rollback("acme", present).await.unwrap();
    assert_eq!((now.revision, now.job.is_none()), (present, true), "nothing to go back to");
    assert!(world.stop().await);
}

fn not_found(error: Box<Error>, revision: i64, present: i64) {
    let error = refused::<()>(Err(error), Code::NotFound, "REVISION_NOT_FOUND");
    let resource = error.resource().unwrap();
    assert_eq!(
        (resource.kind.as_str(), resource.name.as_str()),
        ("revision", &*revision.to_string())
    );
    assert_eq!(error.metadata().get("revision"), Some(&present.to_string()));
}

#[tokio::test]
async fn a_revision_that_is_not_reached_is_no_reason_to_answer_an_older_one() {
    let world = World::start().await;
    Target::prepare(&world, Stage::Registered, "acme").await;
    let present = world.revision("acme").await;
    for wanted in [present + 1, i64::MAX] {
        for revision in [0, 1, present] {
            let config = world.client.get_config("acme").revision(revision).min_revision(wanted);
            let error = refused(config.await, Code::FailedPrecondition, "MIN_REVISION_NOT_REACHED");
            assert_eq!(error.metadata().get("revision"), Some(&present.to_string()));
        }
    }
    for revision in [0, 1, present] {
        let config = world.client.get_config("acme").revision(revision).min_revision(present).await;
        let expected = if revision == 0 { present } else { revision };
        assert_eq!(config.unwrap().revision, expected);
    }
    assert!(world.stop().await);
}

#[tokio::test]
async fn events_up_to_the_number_are_not_told() {
    let world = World::start().await;
    let target = Target::prepare(&world, Stage::Registered, "acme").await;
    let watch = async |job: &str, after_seq| {
        let request = WatchJobRequest { job_id: job.to_owned(), after_seq };
        world.client.raw_config().watch_job(request).await.unwrap().into_inner()
    };
    for after_seq in [2, 1_000, i64::MAX] {
        let mut ended = watch(&target.cancelled_job, after_seq).await;
        assert!(ended.message().await.unwrap().is_none(), "{after_seq}");
    }
    let mut next = watch(&target.open_job, 1).await;
    let mut beyond = watch(&target.open_job, 1_000).await;
    let mut far_beyond = watch(&target.open_job, i64::MAX).await;
    world.client.cancel_job(&target.open_job).await.unwrap();
    let event = next.message().await.unwrap().unwrap().event.unwrap();
    assert_eq!((event.seq, event.state()), (2, JobState::Cancelled));
    for stream in [&mut next, &mut beyond, &mut far_beyond] {
        assert!(stream.message().await.unwrap().is_none());
    }
    assert!(world.stop().await);
}
