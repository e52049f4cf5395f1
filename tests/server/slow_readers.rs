//! Clients that open streams and never read them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gomark::supervisor::Supervisor;
use gomark_sdk::v1::{Field, WatchConfigRequest, WatchJobRequest};
use gomark_sdk::{RetryPolicy, fields};
use h2::client::SendRequest;
use tokio::net::TcpStream;

use crate::process::Process;
use crate::raw::{Open, Raw};
use crate::world::BOUND;

const WATCH_CONFIG: &str = "gomark.v1.ConfigService/WatchConfig";
const WATCH_JOB: &str = "gomark.v1.ConfigService/WatchJob";
const STREAMS: usize = 500;
/// How much more memory they may cost, all together. Each one is worth a page of the log (64 KiB) and
/// what is on its way; the whole log would be 2 MiB for each.
const GROWTH_MAX: u64 = 160 * 1024 * 1024;

/// Connects with a window that is full at once: nothing is read.
async fn connect(address: SocketAddr, supervisor: &Supervisor) -> Raw {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(1_024);
    let (send, connection): (SendRequest<Bytes>, _) = builder.handshake(stream).await.unwrap();
    Raw::of(send, supervisor.spawn("raw", connection))
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_streams_that_nobody_reads_cost_little_and_hold_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("gomark.db").display());
    let process = Process::start(&database, &["--shutdown-grace", "8s"]).await;
    let client = process.client(RetryPolicy::default()).await;
    client.register_company("acme").await.unwrap();
    let mut last_job = None;
    for number in 0..200 {
        let options =
            (0..30).map(|place| (format!("{place} {}", "x".repeat(300)), place.to_string()));
        let field: Field = fields::select(format!("Field {number}"), options);
        last_job = client.add_field("acme", field).await.unwrap().job;
    }
    let job_id = last_job.unwrap().id().to_owned();
    let before = process.resident();

    let supervisor = Supervisor::new();
    let mut connections = Vec::new();
    for _ in 0..STREAMS / 250 {
        connections.push(connect(process.address, &supervisor).await);
    }
    let mut unread: Vec<(h2::RecvStream, Open)> = Vec::new();
    for number in 0..STREAMS {
        let raw = &mut connections[number / 250];
        // Every fifth one watches a job.
        let mut open = raw.begin(if number % 5 == 0 { WATCH_JOB } else { WATCH_CONFIG }, &[]).await;
        match number % 5 {
            0 => open.send(&WatchJobRequest { job_id: job_id.clone(), after_seq: 0 }),
            _ => {
                open.send(&WatchConfigRequest { company_id: "acme".to_owned(), after_revision: 0 })
            }
        }
        let answer = (&mut open.answer).await.unwrap();
        assert!(!answer.headers().contains_key("grpc-status"), "{answer:?}");
        unread.push((answer.into_body(), open));
    }
    // What happens meanwhile reaches those who read, and others are served.
    let begun = Instant::now();
    let mut reading = client.watch_config("acme", 201);
    for number in 0..20 {
        client.add_field("acme", fields::text(format!("Later {number}"))).await.unwrap();
        let entry = tokio::time::timeout(BOUND, reading.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(entry.revision, 202 + number);
        client.get_config("acme").await.unwrap();
    }
    let took = begun.elapsed();
    let growth = process.resident().saturating_sub(before);
    eprintln!("{STREAMS} unread streams: {} KiB; 20 changes took {took:?}", growth / 1024);
    assert!(growth < GROWTH_MAX, "{growth}");

    // Nor do they hold the end up.
    let begun = Instant::now();
    process.tell_to_end().await;
    assert!(process.ended().await.success());
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    drop(unread);
    supervisor.shutdown(BOUND).await;
}
