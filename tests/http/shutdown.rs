//! How the door closes.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::World;

const BOUND: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_call_under_way_is_answered_and_idle_connections_do_not_hold_the_end_up() {
    let world = World::start().await;
    let address = world.app.http_addr().unwrap();
    let _idle = TcpStream::connect(address).await.unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "POST /hubspot/fields/add HTTP/1.1\r\nHost: localhost\r\n\
                Content-Type: application/json\r\nContent-Length: 90\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    // The service says that it waits for the body, which never comes.
    let mut bytes = [0; 25];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"HTTP/1.1 100 Continue\r\n\r\n");
    let stopping = tokio::time::timeout(BOUND, world.app.stop());
    let mut answer = String::new();
    let (in_time, read) = tokio::join!(stopping, stream.read_to_string(&mut answer));
    read.unwrap();
    assert!(in_time.unwrap(), "everything ends in time");
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    assert!(answer.ends_with("\"reason\":\"SHUTTING_DOWN\"}"), "{answer}");
    assert!(TcpStream::connect(address).await.is_err(), "the port is free again");
}
