//! Brings a company to rest: connected, every job ended well.

use gomark_sdk::v1::JobState;

use crate::client::Client;
use crate::history::{Ask, Mutation, Request};
use crate::subject::{Control, ControlOutcome};

/// Connects the company and takes up again what was cancelled, until every job has succeeded or
/// was superseded.
pub(crate) async fn come_to_rest(client: &Client) {
    let register = Ask::Register(client.subject.id.clone());
    for ask in [register, Ask::Connect, Ask::ConnectUpso] {
        let id = Some(client.subject.next_request_id());
        let mutation = Mutation { id, ask, expected_revision: 0, reason: 0 };
        client.call(Request::Mutate(mutation), &client.patient).await;
    }
    let company = &client.subject.id;
    let list = |states: &[JobState]| {
        client.patient.list_jobs(company).states(states.iter().copied()).page_size(1_000).all()
    };
    loop {
        for job in list(&[JobState::Queued, JobState::Running, JobState::Waiting]).await.unwrap() {
            match client.patient.job(job.job_id).wait().await {
                Ok(_) => {}
                // It ended in another way than by success.
                Err(error) => assert!(error.job().is_some(), "{error}"),
            }
        }
        let given_up = list(&[JobState::Failed, JobState::Cancelled]).await.unwrap();
        if given_up.is_empty() {
            return;
        }
        // The newest first: what was decided anew and cancelled stays cancelled with the older one.
        let mut taken_up = 0;
        for job in given_up {
            assert_ne!(job.state(), JobState::Failed, "no vendor refuses anything here: {job:?}");
            let control = Control {
                job_id: job.job_id,
                is_retry: true,
                request_id: client.subject.next_request_id(),
                reason: 0,
                outcome: ControlOutcome::Unknown,
            };
            let outcome = client.control_by(control).await;
            taken_up += usize::from(outcome == ControlOutcome::Accepted);
        }
        assert!(taken_up > 0, "{company} has cancelled jobs that cannot be taken up");
    }
}
