//! Following a company over streams that break.

use std::time::Duration;

use gomark_sdk::{Client, Code, Error, RetryPolicy, Status};

use crate::fake::{Fake, Script, Step};
use Step::{Hang, Refuse, Revision};

/// How long a test waits for a revision before it says that there is none.
const BOUND: Duration = Duration::from_secs(10);

async fn watching(watches: Vec<Vec<Step>>) -> (Fake, Client) {
    let fake = Fake::start(Script { watches: watches.into(), ..Script::default() }).await;
    let client = fake.client().await;
    (fake, client)
}

/// The next few revisions after one, and the error that came before there were so many.
async fn next(client: &Client, after: i64, count: usize) -> (Vec<i64>, Option<Error>) {
    let mut watch = client.watch_config("acme", after);
    let mut revisions = Vec::new();
    while revisions.len() < count {
        let entry = tokio::time::timeout(BOUND, watch.next()).await.expect("an entry in time");
        match entry.expect("a company has no end") {
            Ok(entry) => revisions.push(entry.revision),
            Err(error) => {
                assert!(watch.next().await.is_none(), "an error ends the stream");
                return (revisions, Some(error));
            }
        }
    }
    assert_eq!(watch.last_revision(), revisions.last().copied().unwrap_or(after));
    (revisions, None)
}

fn asked_after(fake: &Fake) -> Vec<String> {
    let after = |request: &str| {
        let (_, rest) = request.split_once("after_revision: ").unwrap();
        rest.trim_end_matches([' ', '}']).to_owned()
    };
    fake.seen().iter().map(|seen| after(&seen.request)).collect()
}

#[tokio::test]
async fn a_broken_stream_is_resumed_without_gap_or_repetition() {
    let (fake, client) = watching(vec![
        vec![Revision(4), Revision(5), Refuse(Status::unavailable(""))],
        vec![Refuse(Status::unavailable(""))],
        // Cut off by something between: an error of GoMark's has a reason.
        vec![Refuse(Status::unknown("truncated"))],
        // A server that goes one back.
        vec![Revision(5), Revision(6), Revision(7), Hang],
    ])
    .await;

    let (revisions, error) = next(&client, 3, 4).await;

    assert!(error.is_none());
    assert_eq!(revisions, [4, 5, 6, 7]);
    assert_eq!(asked_after(&fake), ["3", "5", "5", "5"]);
}

#[tokio::test]
async fn an_orderly_end_is_a_break() {
    let (fake, client) =
        watching(vec![vec![], vec![Revision(1)], vec![], vec![Revision(2), Hang]]).await;

    assert_eq!(next(&client, 0, 2).await.0, [1, 2]);
    assert_eq!(asked_after(&fake), ["0", "0", "1", "1"]);
}

#[tokio::test]
async fn a_gap_is_asked_for_again() {
    let (fake, client) =
        watching(vec![vec![Revision(1), Revision(3)], vec![Revision(2), Revision(3), Hang]]).await;

    assert_eq!(next(&client, 0, 3).await.0, [1, 2, 3]);
    assert_eq!(asked_after(&fake), ["0", "1"]);
}

#[tokio::test]
async fn a_gap_that_stays_is_an_error() {
    let (_fake, client) = watching(vec![vec![Revision(1), Revision(3)], vec![Revision(3)]]).await;

    let (revisions, error) = next(&client, 0, 3).await;

    assert_eq!(revisions, [1]);
    let error = error.unwrap();
    assert!(matches!(error, Error::RevisionGap { after_revision: 1, revision: 3, .. }));
    assert_eq!(error.to_string(), "company acme: revision 3 came after revision 1");
}

#[tokio::test]
async fn a_refusal_ends_the_watch() {
    let (fake, client) = watching(vec![vec![Refuse(Status::not_found("no such company"))]]).await;

    let (revisions, error) = next(&client, 0, 1).await;

    assert!(revisions.is_empty());
    assert_eq!(error.unwrap().code(), Some(Code::NotFound));
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_stream_that_stays_broken_ends_with_the_error() {
    let (fake, client) = watching(vec![vec![Revision(1)]]).await;
    let client = client.with_retry(RetryPolicy::none());

    let (revisions, error) = next(&client, 0, 2).await;

    assert_eq!(revisions, [1]);
    assert_eq!(error.unwrap().code(), Some(Code::Unavailable));
    assert_eq!(fake.seen().len(), 1);
}
