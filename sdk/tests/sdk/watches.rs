//! Following jobs over streams that break.

use gomark_sdk::v1::JobState::{Failed, Queued, Running, Succeeded};
use gomark_sdk::{Client, Code, Error, RetryPolicy, Status};

use crate::fake::{Fake, Script, Step};

async fn watching(watches: Vec<Vec<Step>>) -> (Fake, Client) {
    let fake = Fake::start(Script { watches: watches.into(), ..Script::default() }).await;
    let client = fake.client().await;
    (fake, client)
}

async fn seqs(client: &Client, after_seq: i64) -> (Vec<i64>, Option<Error>) {
    let mut events = client.job("j1").watch(after_seq);
    let mut seqs = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => seqs.push(event.seq),
            Err(error) => {
                assert!(events.next().await.is_none(), "an error ends the stream");
                return (seqs, Some(error));
            }
        }
    }
    assert_eq!(events.last_seq(), seqs.last().copied().unwrap_or(after_seq));
    (seqs, None)
}

fn asked_after(fake: &Fake) -> Vec<String> {
    let after = |request: &str| {
        let (_, rest) = request.split_once("after_seq: ").unwrap();
        rest.trim_end_matches([' ', '}']).to_owned()
    };
    fake.seen().iter().map(|seen| after(&seen.request)).collect()
}

#[tokio::test]
async fn a_broken_stream_is_resumed_without_gap_or_repetition() {
    let (fake, client) = watching(vec![
        vec![
            Step::Event(1, Queued),
            Step::Event(2, Running),
            Step::Refuse(Status::unavailable("")),
        ],
        vec![Step::Refuse(Status::unavailable(""))],
        // A server that goes one back.
        vec![Step::Event(2, Running), Step::Event(3, Running), Step::Event(4, Succeeded)],
    ])
    .await;

    let (seqs, error) = seqs(&client, 0).await;

    assert!(error.is_none());
    assert_eq!(seqs, [1, 2, 3, 4]);
    assert_eq!(asked_after(&fake), ["0", "2", "2"]);
}

#[tokio::test]
async fn a_stream_that_ends_before_the_job_is_resumed() {
    let (fake, client) =
        watching(vec![vec![Step::Event(1, Queued)], vec![Step::Event(2, Succeeded)]]).await;

    assert_eq!(seqs(&client, 0).await.0, [1, 2]);
    assert_eq!(asked_after(&fake), ["0", "1"]);
}

#[tokio::test]
async fn a_stream_that_something_between_cut_off_is_resumed() {
    let (fake, client) = watching(vec![
        // Not an error of GoMark's: those have a reason.
        vec![Step::Event(1, Queued), Step::Refuse(Status::unknown("truncated"))],
        vec![Step::Event(2, Succeeded)],
    ])
    .await;

    assert_eq!(seqs(&client, 0).await.0, [1, 2]);
    assert_eq!(asked_after(&fake), ["0", "1"]);
}

#[tokio::test]
async fn a_terminal_event_in_the_middle_does_not_end_the_stream() {
    let (_fake, client) = watching(vec![vec![
        Step::Event(1, Queued),
        Step::Event(2, Failed),
        Step::Event(3, Queued),
        Step::Event(4, Succeeded),
    ]])
    .await;

    assert_eq!(seqs(&client, 0).await.0, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_watch_after_the_last_event_of_an_ended_job_is_empty() {
    let (fake, client) = watching(vec![vec![]]).await;

    let (seqs, error) = seqs(&client, 4).await;

    assert!(seqs.is_empty() && error.is_none());
    assert_eq!(asked_after(&fake), ["4"]);
}

#[tokio::test]
async fn a_gap_is_asked_for_again() {
    let (fake, client) = watching(vec![
        vec![Step::Event(1, Queued), Step::Event(3, Succeeded)],
        vec![Step::Event(2, Running), Step::Event(3, Succeeded)],
    ])
    .await;

    assert_eq!(seqs(&client, 0).await.0, [1, 2, 3]);
    assert_eq!(asked_after(&fake), ["0", "1"]);
}

#[tokio::test]
async fn a_gap_that_stays_is_an_error() {
    let (_fake, client) = watching(vec![
        vec![Step::Event(1, Queued), Step::Event(3, Succeeded)],
        vec![Step::Event(3, Succeeded)],
    ])
    .await;

    let (seqs, error) = seqs(&client, 0).await;

    assert_eq!(seqs, [1]);
    assert!(matches!(error, Some(Error::EventGap { after_seq: 1, seq: 3, .. })));
}

#[tokio::test]
async fn a_refusal_ends_the_watch() {
    let (fake, client) =
        watching(vec![vec![Step::Event(1, Queued), Step::Refuse(Status::internal("a fault"))]])
            .await;

    let (seqs, error) = seqs(&client, 0).await;

    assert_eq!(seqs, [1]);
    assert_eq!(error.unwrap().code(), Some(Code::Internal));
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_stream_that_stays_broken_ends_with_the_error() {
    let (fake, client) =
        watching(vec![vec![Step::Event(1, Queued), Step::Refuse(Status::unavailable("away"))]])
            .await;
    let client = client.with_retry(RetryPolicy::none());

    let (seqs, error) = seqs(&client, 0).await;

    assert_eq!(seqs, [1]);
    assert_eq!(error.unwrap().code(), Some(Code::Unavailable));
    assert_eq!(fake.seen().len(), 1);
}
