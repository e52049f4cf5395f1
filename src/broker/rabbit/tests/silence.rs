//! Servers that are not there, or say nothing.

use futures::FutureExt as _;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::super::super::Broker as _;
use super::super::super::conformance::of;
use super::super::{OUTBOX_MAX, RabbitBroker, RabbitSettings, Times};
use super::world::{BOUND, TIMES};
use crate::config::ServerUrl;
use crate::supervisor::Supervisor;
use std::time::Duration;

fn start(url: &str, times: Times, supervisor: &Supervisor) -> RabbitBroker {
    let url = ServerUrl::amqp(url).unwrap();
    let settings = RabbitSettings::new(Some("holder".to_owned()));
    RabbitBroker::start_with(&url, settings, times, supervisor)
}

/// Nobody waits, and what is kept is bounded.
async fn tries_its_patience(broker: &RabbitBroker) {
    for n in 0..50_000 {
        assert!(broker.ring(&of(&format!("company-{n}"))).now_or_never().is_some());
        assert!(broker.ring_at("other", &of("acme")).now_or_never().is_some());
    }
    assert!(broker.next().now_or_never().is_none());
    assert!(broker.lines.outbox.clear() <= OUTBOX_MAX);
}

#[tokio::test]
async fn without_a_server_nobody_waits() {
    let supervisor = Supervisor::new();
    // Nobody listens on a port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let broker = start(&format!("amqp://{free}"), TIMES, &supervisor);
    tries_its_patience(&broker).await;
    assert!(supervisor.shutdown(BOUND).await);
}

#[tokio::test]
async fn what_waits_for_a_server_that_stays_away_is_dropped() {
    let supervisor = Supervisor::new();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let broker = start(&format!("amqp://{free}"), TIMES, &supervisor);
    broker.ring(&of("acme")).await;
    let dropped = async {
        while !broker.lines.outbox.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(BOUND, dropped).await.expect("it waits for ever");
}

/// Each connection that is given up is really closed, with the thread that the library has for it.
#[tokio::test]
async fn a_server_that_never_answers_is_given_up_without_a_trace() {
    let supervisor = Supervisor::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let times = Times { connect: Duration::from_millis(200), ..TIMES };
    let broker = start(&format!("amqp://{at}"), times, &supervisor);
    tries_its_patience(&broker).await;
    for attempt in 0..4 {
        let (mut connection, _) =
            tokio::time::timeout(BOUND, listener.accept()).await.expect("no attempt").unwrap();
        let mut said = Vec::new();
        let closed = tokio::time::timeout(BOUND, connection.read_to_end(&mut said)).await;
        assert!(closed.is_ok(), "attempt {attempt} is never given up");
        assert_eq!(said.get(..4), Some(&b"AMQP"[..]));
    }
    assert!(supervisor.shutdown(BOUND).await);
}

#[tokio::test]
async fn a_url_that_says_nothing_is_no_failure() {
    let supervisor = Supervisor::new();
    let broker = start("amqp://127.0.0.1?heartbeat=often", TIMES, &supervisor);
    tries_its_patience(&broker).await;
    assert!(supervisor.shutdown(BOUND).await);
}
