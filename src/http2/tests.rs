//! Clients that say nothing, or nothing any more.

use std::net::SocketAddr;

use axum::body::Body as Text;
use hyper::service::service_fn;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

const BOUND: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(60);

const LIMITS: Limits = Limits {
    connections_max: 2,
    hello_timeout: LONG,
    age: None,
    aged_grace: LONG,
    stopped_grace: LONG,
    keepalive_interval: LONG,
    keepalive_timeout: LONG,
    streams_max: 16,
    local_resets_max: 16,
    pending_resets_max: 16,
    head_bytes_max: 16 * 1024,
    send_buffer_bytes: 64 * 1024,
};

/// Serves calls that never end.
async fn serving(limits: Limits, supervisor: &Supervisor) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let never = service_fn(|_| std::future::pending::<Result<Response<Text>, hyper::Error>>());
    supervisor.spawn("serving", serve(listener, never, limits, supervisor.clone()));
    address
}

/// Waits until the server closes a connection; answers what it said before.
async fn closed(mut stream: TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    let read = stream.read_to_end(&mut heard);
    // A connection that is reset is closed, too.
    let _reset = tokio::time::timeout(BOUND, read).await.unwrap();
    heard
}

#[tokio::test]
async fn who_does_not_say_hello_in_time_is_cut_off() {
    let supervisor = Supervisor::new();
    let address = serving(Limits { hello_timeout: SHORT, ..LIMITS }, &supervisor).await;
    let silent = TcpStream::connect(address).await.unwrap();
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
    let (silent, slow) = tokio::join!(closed(silent), closed(slow));
    // The settings of the server, and nothing more.
    assert!(silent.len() < 64 && slow.len() < 64, "{silent:?} {slow:?}");
    assert!(supervisor.shutdown(BOUND).await);
}

#[tokio::test(start_paused = true)]
async fn connections_of_one_age_do_not_end_at_once() {
    let mut ages = Vec::new();
    for _ in 0..50 {
        let begun = Instant::now();
        reached(Some(Duration::from_secs(100))).await;
        ages.push(begun.elapsed().as_secs());
    }
    assert!(ages.iter().all(|age| (90..=110).contains(age)), "{ages:?}");
    assert!(ages.iter().max().unwrap() - ages.iter().min().unwrap() > 5, "{ages:?}");
}

#[tokio::test]
async fn who_does_not_answer_any_more_is_cut_off() {
    let supervisor = Supervisor::new();
    let limits = Limits { keepalive_interval: SHORT, keepalive_timeout: SHORT, ..LIMITS };
    let address = serving(limits, &supervisor).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    // The head of a call of which one byte is missing.
    silent.write_all(b"\0\0\x03\x01\x04\0\0\0\x01\x83\x86").await.unwrap();
    closed(silent).await;
    assert!(supervisor.shutdown(BOUND).await);
}

#[tokio::test]
async fn who_comes_when_there_is_no_room_waits_until_there_is() {
    let supervisor = Supervisor::new();
    let address = serving(LIMITS, &supervisor).await;
    let hello = async || {
        let stream = TcpStream::connect(address).await.unwrap();
        h2::client::handshake(stream).await.unwrap()
    };
    let here = [hello().await, hello().await];
    let mut waiting = TcpStream::connect(address).await.unwrap();
    let mut heard = [0; 1];
    let early = tokio::time::timeout(SHORT, waiting.read(&mut heard)).await;
    assert!(early.is_err(), "{early:?}");
    drop(here);
    // The server says its settings to whoever it has accepted.
    waiting.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let served = tokio::time::timeout(BOUND, waiting.read(&mut heard)).await.unwrap();
    assert_eq!(served.unwrap(), 1);
    drop(waiting);
    assert!(supervisor.shutdown(BOUND).await);
}

#[tokio::test]
async fn a_call_that_does_not_end_holds_nothing_up_for_ever() {
    for (age, stops) in [(Some(SHORT), false), (None, true)] {
        let supervisor = Supervisor::new();
        let limits = Limits { age, aged_grace: SHORT, stopped_grace: SHORT, ..LIMITS };
        let address = serving(limits, &supervisor).await;
        let stream = TcpStream::connect(address).await.unwrap();
        let (send, connection) = h2::client::handshake(stream).await.unwrap();
        let ended = supervisor.spawn("client", connection);
        let mut send = send.ready().await.unwrap();
        let request = Request::post("http://gomark/never").body(()).unwrap();
        let (answer, _body) = send.send_request(request, true).unwrap();
        if stops {
            supervisor.stopping().cancel();
        }
        assert!(tokio::time::timeout(BOUND, answer).await.unwrap().is_err());
        drop(send);
        let _cut = tokio::time::timeout(BOUND, ended).await.unwrap();
        assert!(supervisor.shutdown(BOUND).await);
    }
}
