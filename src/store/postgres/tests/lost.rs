//! Sessions that die, and answers that get lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use sqlx::raw_sql;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::super::{PostgresStore, PostgresUrl, scalar};
use super::{Running, beside, open, schema::Schema};
use crate::domain::{Mutation, RequestId};
use crate::store::Tables;
use crate::store::conformance::add;
use crate::supervisor::Supervisor;

const PASS: u8 = 0;
/// The next COMMIT does not reach the server.
const BEFORE: u8 = 1;
/// The answer to the next COMMIT does not reach the store.
const AFTER: u8 = 2;

/// A way to the server that can be cut at a COMMIT.
struct Way {
    url: PostgresUrl,
    cut: Arc<AtomicU8>,
    /// How often the server was asked something and waited for.
    trips: Arc<AtomicUsize>,
    supervisor: Supervisor,
}

impl Way {
    async fn to(schema: &Schema) -> Self {
        let supervisor = Supervisor::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let mut server = url::Url::parse(&schema.server).unwrap();
        let there = format!("{}:{}", server.host().unwrap(), server.port().unwrap_or(5432));
        server.set_host(Some(&here.ip().to_string())).unwrap();
        server.set_port(Some(here.port())).unwrap();
        let url = format!("{}&sslmode=disable", schema.url_by(server.as_str()));
        let url = PostgresUrl::parse(&url).unwrap();
        let cut = Arc::new(AtomicU8::new(PASS));
        let trips = Arc::new(AtomicUsize::new(0));
        let (at, counted, of) = (cut.clone(), trips.clone(), supervisor.clone());
        supervisor.spawn("way", async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(&there).await.unwrap();
                of.spawn("session", carry(client, server, at.clone(), counted.clone()));
            }
        });
        Self { url, cut, trips, supervisor }
    }

    async fn open(&self) -> PostgresStore {
        PostgresStore::open(&self.url, Tables::Update, &self.supervisor).await.unwrap()
    }
}

async fn carry(
    mut client: TcpStream,
    mut server: TcpStream,
    cut: Arc<AtomicU8>,
    trips: Arc<AtomicUsize>,
) {
    let (mut asked, mut answered) = ([0; 65_536], [0; 65_536]);
    let (mut is_deaf, mut is_asking) = (false, false);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let message = &asked[..length];
                if message.windows(7).any(|part| part == b"COMMIT\0") {
                    match cut.swap(PASS, Ordering::SeqCst) {
                        BEFORE => return,
                        AFTER => is_deaf = true,
                        _ => {}
                    }
                }
                // A sync alone only tries the session out, when it is given back to the pool.
                if !std::mem::replace(&mut is_asking, true) && !message.starts_with(b"S") {
                    trips.fetch_add(1, Ordering::SeqCst);
                }
                if server.write_all(message).await.is_err() { return }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                is_asking = false;
                if is_deaf || client.write_all(&answered[..length]).await.is_err() { return }
            }
        }
    }
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_not_done_twice() {
    let Some(schema) = Schema::make().await else { return };
    let way = Way::to(&schema).await;
    let given = Running::given(way.open().await);
    given.company("acme").await;
    for number in 2..8 {
        way.cut.store(AFTER, Ordering::SeqCst);
        let committed = given.done("acme", add(&format!("field_{number}"))).await;
        assert_eq!((committed.revision.get(), committed.repeated), (number, false));
        assert_eq!(way.cut.load(Ordering::SeqCst), PASS);
    }
    assert_eq!(given.entries("acme").await.len(), 7);
}

#[tokio::test]
async fn a_commit_that_did_not_arrive_is_done_anew() {
    let Some(schema) = Schema::make().await else { return };
    let way = Way::to(&schema).await;
    let given = Running::given(way.open().await);
    given.company("acme").await;
    for number in 2..8 {
        way.cut.store(BEFORE, Ordering::SeqCst);
        let committed = given.done("acme", add(&format!("field_{number}"))).await;
        assert_eq!((committed.revision.get(), committed.repeated), (number, false));
        assert_eq!(way.cut.load(Ordering::SeqCst), PASS);
    }
    assert_eq!(given.entries("acme").await.len(), 7);
}

#[tokio::test]
async fn sessions_that_died_in_the_pool_are_not_noticed() {
    let Some(schema) = Schema::make().await else { return };
    let store = open(&schema).await.unwrap();
    let pool = store.backend.pool.clone();
    let given = Running::given(store);
    given.company("acme").await;
    let end_all = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE application_name = $1 AND pid <> pg_backend_pid()";
    let mut beside = beside(&schema).await;
    raw_sql("SET application_name = 'beside'").execute(&mut beside).await.unwrap();
    for round in 0..5 {
        let sessions = futures::future::join_all((0..8).map(|_| pool.acquire())).await;
        drop(sessions);
        let ended = scalar::<i64>(end_all).bind(&schema.name).fetch_one(&mut beside).await;
        assert!(ended.unwrap() >= 8);
        match round % 2 {
            0 => drop(given.done("acme", add(&format!("field_{round}"))).await),
            _ => drop(given.entries("acme").await),
        }
    }
    assert_eq!(given.revision("acme").await, 4);
}

#[tokio::test]
async fn a_batch_takes_five_round_trips_whatever_its_size() {
    let Some(schema) = Schema::make().await else { return };
    let way = Way::to(&schema).await;
    let given = Running::given(way.open().await);
    let companies: Vec<_> = (0..16).map(|number| format!("company-{number}")).collect();
    for company in &companies {
        given.connected(company).await;
    }
    let mut fewest = std::collections::BTreeMap::new();
    for (round, size) in [64, 1].into_iter().cycle().take(16).enumerate() {
        let ask = |number: usize| Mutation {
            request_id: RequestId::parse(&format!("r-{round}-{number}")).unwrap(),
            ..given.ask(&companies[number % 16], add(&format!("field_{round}_{number}")))
        };
        let before = way.trips.load(Ordering::SeqCst);
        let answers = given.store().commit((0..size).map(ask).collect()).await.unwrap();
        assert!(answers.iter().all(Result::is_ok));
        let taken = way.trips.load(Ordering::SeqCst) - before;
        let least = fewest.entry(size).or_insert(taken);
        *least = taken.min(*least);
    }
    // BEGIN with the lock, companies and request ids, fields, all rows, COMMIT. The first batches of
    // each session of the pool also prepare these statements.
    assert_eq!(fewest, [(1, 5), (64, 5)].into());
}
