//! Cancelling, retrying and following jobs.

use gomark_sdk::v1::{Field, JobState};
use gomark_sdk::{Code, fields};
use serde_json::json;

use crate::world::{World, ended, until};

#[tokio::test]
async fn a_refused_change_fails_and_a_retry_after_the_cause_is_gone_succeeds() {
    let world = World::connected("acme").await;
    let body = json!({ "name": "tier", "label": "Theirs", "type": "string", "fieldType": "text",
                       "groupName": "dealinformation" });
    world.hubspot.edit("acme", "POST", "tier", body).await;
    let added = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    let (failed, first) = ended(&added).await;
    assert_eq!(failed.state(), JobState::Failed);
    assert!(failed.ended_at.is_some());

    world.hubspot.edit("acme", "PATCH", "tier", json!({ "label": "Tier" })).await;
    let job = added.job.as_ref().unwrap();
    let retried = job.retry().reason("mended").request_id("again").await.unwrap();
    assert_eq!(retried.attempt, 2);
    let (job_now, all) = ended(&added).await;
    assert_eq!(job_now.state(), JobState::Succeeded);
    assert_eq!(job_now.error, None);
    let seqs: Vec<_> = all.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=i64::try_from(all.len()).unwrap()).collect::<Vec<_>>());
    assert!(all.len() > first.len());
    let asked = all.iter().find(|event| event.request_id == "again").unwrap();
    assert_eq!((asked.actor.as_str(), asked.reason.as_str()), ("local", "mended"));

    let too_late = job.cancel().await.unwrap_err();
    assert_eq!(too_late.code(), Some(Code::FailedPrecondition));
    assert_eq!(too_late.reason_str(), Some("JOB_STATE"));
    world.stop().await;
}

#[tokio::test]
async fn a_newer_revision_makes_a_failed_job_moot() {
    let world = World::connected("acme").await;
    let body = json!({ "name": "tier", "label": "Theirs", "type": "string", "fieldType": "text",
                       "groupName": "dealinformation" });
    world.hubspot.edit("acme", "POST", "tier", body).await;
    let added = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    assert_eq!(ended(&added).await.0.state(), JobState::Failed);
    let label = Field { label: "Theirs".to_owned(), ..Field::default() };
    let modified = world.client.modify_field("acme", "tier", label).await.unwrap();
    assert_eq!(ended(&modified).await.0.state(), JobState::Succeeded);
    let job = world.client.get_job(added.job.as_ref().unwrap().id()).await.unwrap();
    assert_eq!(job.state(), JobState::Superseded);
    world.stop().await;
}

#[tokio::test]
async fn a_cancelled_job_leaves_its_resource_alone_until_it_is_retried() {
    let world = World::connected("acme").await;
    world.hubspot.fault(json!({ "kind": "status", "status": 503, "method": "POST" })).await;
    let added = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    until(&added, |event| event.state() == JobState::Waiting).await;
    let job = added.job.as_ref().unwrap();
    let cancelled = job.cancel().reason("wrong").request_id("c-1").await.unwrap();
    assert_eq!(cancelled.state(), JobState::Cancelled);
    let again = job.cancel().reason("wrong").request_id("c-1").await.unwrap();
    assert_eq!(again.state(), JobState::Cancelled, "a repeat answers the job as it is");
    world.hubspot.mend().await;
    // Something else goes through; the cancelled one stays where it is.
    let other = world.client.add_field("acme", fields::text("Other")).await.unwrap();
    assert_eq!(ended(&other).await.0.state(), JobState::Succeeded);
    assert_eq!(world.hubspot.custom_names("acme").await, ["other"]);

    job.retry().await.unwrap();
    assert_eq!(ended(&added).await.0.state(), JobState::Succeeded);
    assert_eq!(world.hubspot.custom_names("acme").await, ["other", "tier"]);
    world.stop().await;
}

#[tokio::test]
async fn a_stream_goes_on_after_the_last_event_seen() {
    let world = World::connected("acme").await;
    let added = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    let (_, events) = ended(&added).await;
    let job = added.job.as_ref().unwrap();
    let mut rest = job.watch(1);
    let mut seen = Vec::new();
    while let Some(event) = rest.next().await {
        seen.push(event.unwrap());
    }
    assert_eq!(seen, events[1..]);
    world.stop().await;
}

#[tokio::test]
async fn jobs_are_listed_newest_first_by_state_and_page() {
    let world = World::connected("acme").await;
    for number in 0..5 {
        let added = world.client.add_field("acme", fields::text(format!("Field {number}"))).await;
        ended(&added.unwrap()).await;
    }
    let jobs = world.client.list_jobs("acme").page_size(2).all().await.unwrap();
    assert_eq!(jobs.iter().map(|job| job.revision).collect::<Vec<_>>(), [7, 6, 5, 4, 3]);
    let failed = world.client.list_jobs("acme").states([JobState::Failed]).all().await.unwrap();
    assert_eq!(failed, []);
    world.stop().await;
}
