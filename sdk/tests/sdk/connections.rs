//! Connections that break under a call, or that cannot be made.

use std::time::Duration;

use gomark_sdk::v1::JobState;
use gomark_sdk::{Client, Code, Error, fields};
use tokio::net::TcpListener;

use crate::fake::{Fake, Script, Step, quick};
use crate::proxy::Proxy;

#[tokio::test]
async fn a_mutation_whose_connection_breaks_is_repeated_with_the_same_request_id() {
    let fake = Fake::start(Script { hangs: 1, ..Script::default() }).await;
    let proxy = Proxy::to(fake.address).await;
    let client = Client::builder(format!("http://{}", proxy.address))
        .retry(quick())
        .connect()
        .await
        .unwrap();

    let cut = async {
        fake.has_seen(1).await;
        proxy.cut();
    };
    let (change, ()) =
        tokio::join!(client.add_field("acme", fields::text("Stage")).into_future(), cut);

    assert_eq!(change.unwrap().revision, 7);
    let seen = fake.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].request_id(), seen[1].request_id());
}

/// Watches a job over a proxy that `disturb` gets after two of four events.
async fn watch_disturbed(disturb: impl Fn(&Proxy)) -> Vec<i64> {
    let fake = Fake::start(Script {
        watches: [
            vec![Step::Event(1, JobState::Queued), Step::Event(2, JobState::Running), Step::Hang],
            vec![Step::Event(3, JobState::Running), Step::Event(4, JobState::Succeeded)],
        ]
        .into(),
        ..Script::default()
    })
    .await;
    let proxy = Proxy::to(fake.address).await;
    let client = Client::builder(format!("http://{}", proxy.address))
        .keepalive(Duration::ZERO, Duration::from_millis(100))
        .retry(quick())
        .connect()
        .await
        .unwrap();

    let mut events = client.job("j1").watch(0);
    let mut seqs = Vec::new();
    while let Some(event) = events.next().await {
        seqs.push(event.unwrap().seq);
        if seqs.len() == 2 {
            disturb(&proxy);
        }
    }
    assert!(fake.seen()[1].request.contains("after_seq: 2"));
    seqs
}

#[tokio::test]
async fn a_watch_whose_connection_breaks_goes_on_after_the_last_event() {
    assert_eq!(watch_disturbed(Proxy::cut).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_watch_whose_connection_goes_silent_goes_on_over_another() {
    assert_eq!(watch_disturbed(Proxy::silence).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_watch_of_a_company_goes_on_over_another_connection() {
    let fake = Fake::start(Script {
        watches: [vec![Step::Revision(1), Step::Hang], vec![Step::Revision(2), Step::Hang]].into(),
        ..Script::default()
    })
    .await;
    let proxy = Proxy::to(fake.address).await;
    let client = Client::builder(format!("http://{}", proxy.address))
        .retry(quick())
        .connect()
        .await
        .unwrap();

    let mut revisions = client.watch_config("acme", 0);
    assert_eq!(revisions.next().await.unwrap().unwrap().revision, 1);
    proxy.cut();
    assert_eq!(revisions.next().await.unwrap().unwrap().revision, 2);
    assert!(fake.seen()[1].request.contains("after_revision: 1"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_connect_error_or_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);

    let error = Client::builder(&endpoint).connect().await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }));
    assert_eq!(error.code(), Some(Code::Unavailable));
    assert!(error.is_retryable());
    assert_eq!(error.to_string(), format!("no connection to {endpoint}"));

    let client = Client::builder(&endpoint).retry(quick()).connect_lazy().unwrap();
    let error = client.rollback("acme", 1).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::Unavailable));
    assert_eq!(error.to_string(), "UNAVAILABLE: no connection could be made");
    assert!(error.request_id().is_some());
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_ends_in_the_time_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let client =
        Client::builder(endpoint).timeout(Duration::from_millis(50)).connect_lazy().unwrap();

    let error = client.get_company("acme").await.unwrap_err();

    assert_eq!(error.code(), Some(Code::DeadlineExceeded));
    drop(listener);
}
