//! Waiting for jobs.

use gomark_sdk::v1::{Job, JobError, JobState};
use gomark_sdk::{Error, Status, fields};

use crate::fake::{Fake, Script, Step, job_in};
use JobState::{Cancelled, Failed, Queued, Running, Succeeded, Superseded};

fn ending_in(state: JobState) -> Script {
    Script {
        job: Some(job_in(Queued)),
        jobs: [job_in(state)].into(),
        watches: [vec![Step::Event(1, Queued), Step::Event(2, Running), Step::Event(3, state)]]
            .into(),
        ..Script::default()
    }
}

#[tokio::test]
async fn a_change_is_waited_for_with_its_progress() {
    let fake = Fake::start(ending_in(Succeeded)).await;
    let client = fake.client().await;

    let change = client.add_field("acme", fields::text("Deal Stage")).await.unwrap();
    assert_eq!(change.revision, 7);
    let handle = change.job.unwrap();
    assert_eq!(handle.id(), "j1");
    assert_eq!(handle.snapshot().unwrap().state(), Queued);

    let mut seqs = Vec::new();
    // In a task of its own: the future has to be `Send`.
    let waited = tokio::spawn(async move {
        let job = handle.wait_with(|event| seqs.push(event.seq)).await;
        (job, seqs)
    });
    let (job, seqs) = waited.await.unwrap();
    assert_eq!(job.unwrap().state(), Succeeded);
    assert_eq!(seqs, [1, 2, 3]);
}

#[tokio::test]
async fn a_failed_job_is_an_error_that_says_why() {
    let mut script = ending_in(Failed);
    script.jobs[0].error =
        Some(JobError { message: "the label is taken".into(), ..JobError::default() });
    let fake = Fake::start(script).await;

    let error = fake.client().await.job("j1").wait().await.unwrap_err();

    assert!(matches!(error, Error::JobFailed { .. }));
    assert_eq!(error.to_string(), "job j1 failed: the label is taken");
    assert_eq!(error.job().unwrap().state(), Failed);
    assert_eq!(error.code(), None);
}

#[tokio::test]
async fn a_cancelled_job_is_an_error_of_its_own() {
    let fake = Fake::start(ending_in(Cancelled)).await;

    let error = fake.client().await.job("j1").wait().await.unwrap_err();

    assert!(matches!(error, Error::JobCancelled { .. }));
}

#[tokio::test]
async fn a_superseded_job_is_a_success() {
    let fake = Fake::start(ending_in(Superseded)).await;

    let job = fake.client().await.job("j1").wait().await.unwrap();

    assert_eq!(job.state(), Superseded);
}

#[tokio::test]
async fn a_failure_that_was_retried_is_not_the_outcome() {
    let fake = Fake::start(Script {
        jobs: [job_in(Succeeded)].into(),
        watches: [vec![
            Step::Event(1, Queued),
            Step::Event(2, Failed),
            Step::Event(3, Queued),
            Step::Event(4, Succeeded),
        ]]
        .into(),
        ..Script::default()
    })
    .await;

    assert_eq!(fake.client().await.job("j1").wait().await.unwrap().state(), Succeeded);
}

#[tokio::test]
async fn a_retry_between_the_last_event_and_the_outcome_is_waited_for() {
    let fake = Fake::start(Script {
        jobs: [job_in(Running), job_in(Running), job_in(Succeeded)].into(),
        watches: [
            vec![Step::Event(1, Queued), Step::Event(2, Failed)],
            vec![],
            vec![Step::Event(3, Queued), Step::Event(4, Succeeded)],
        ]
        .into(),
        ..Script::default()
    })
    .await;
    let mut seqs = Vec::new();

    let waited = fake.client().await.job("j1").wait_with(|event| seqs.push(event.seq)).await;

    assert_eq!(waited.unwrap().state(), Succeeded);
    assert_eq!(seqs, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_job_without_any_event_left_is_judged_by_its_state() {
    let fake = Fake::start(Script { jobs: [job_in(Succeeded)].into(), ..Script::default() }).await;

    assert_eq!(fake.client().await.job("j1").wait().await.unwrap().state(), Succeeded);
}

#[tokio::test]
async fn an_unknown_job_is_not_waited_for() {
    let refusals = [Status::not_found("no such job")].into();
    let fake = Fake::start(Script { refusals, ..Script::default() }).await;

    let error = fake.client().await.job("j1").wait().await.unwrap_err();

    assert_eq!(error.code(), Some(gomark_sdk::Code::NotFound));
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn cancelling_and_retrying_answer_the_job_and_send_the_reason() {
    let fake = Fake::start(Script::default()).await;
    let client = fake.client().await;

    let job: Job = client.cancel_job("j1").reason("not now").await.unwrap();
    assert_eq!(job.state(), Cancelled);
    assert_eq!(client.retry_job("j1").await.unwrap().state(), Queued);
    assert!(fake.seen()[0].request.contains("reason: \"not now\""));
}
