//! Connections do not last for ever, so that clients spread over servers that come later.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use gomark::app::App;
use gomark::config::Database;
use gomark_sdk::v1::WatchConfigRequest;
use gomark_sdk::{Client, RetryPolicy, fields};
use tempfile::TempDir;
use tonic::Code;

use crate::proxy::Proxy;
use crate::raw::{Raw, reason};
use crate::world::{World, settings, within};

const WATCH_CONFIG: &str = "gomark.v1.ConfigService/WatchConfig";

#[tokio::test]
async fn a_connection_ends_at_its_age_and_its_streams_say_so() {
    let age = Duration::from_secs(1);
    let world = World::with(|settings| settings.serving.connection_age = Some(age)).await;
    let begun = Instant::now();
    let mut raw = Raw::connect(world.app.local_addr(), &world.supervisor).await;
    let watch = WatchConfigRequest { company_id: "acme".to_owned(), after_revision: 0 };
    let status = within(raw.call(WATCH_CONFIG, &[], &watch)).await;
    assert_eq!(reason(&status), (Code::Unavailable, "CONNECTION_AGED".to_owned()));
    within(raw.ended).await.unwrap().unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(900), "{:?}", begun.elapsed());
    world.stop().await;
}

#[tokio::test]
async fn without_an_age_a_connection_lasts() {
    let world = World::with(|settings| settings.serving.connection_age = None).await;
    let mut raw = Raw::connect(world.app.local_addr(), &world.supervisor).await;
    let watch = WatchConfigRequest { company_id: "acme".to_owned(), after_revision: 0 };
    let status = within(raw.call(WATCH_CONFIG, &[("grpc-timeout", "1500m")], &watch)).await;
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(!raw.ended.is_finished());
    drop(raw);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_watches_do_not_notice_that_connections_age() {
    let age = Duration::from_millis(300);
    let world = World::with(|settings| settings.serving.connection_age = Some(age)).await;
    let clients = join_all((0..8).map(|_| world.client(RetryPolicy::default()))).await;
    let until = Instant::now() + Duration::from_secs(3);
    let last = 1 + 40;
    let watching = clients.iter().map(|client| async {
        let mut revisions = client.watch_config("acme", 0);
        for wanted in 1..=last {
            let entry = revisions.next().await.unwrap().unwrap();
            assert_eq!(entry.revision, wanted);
        }
    });
    let calling = clients.iter().map(|client| async {
        while Instant::now() < until {
            client.get_company("acme").await.unwrap();
        }
    });
    let changing = async {
        for number in 2..=last {
            let field = fields::text(format!("Field {number}"));
            clients[0].add_field("acme", field).await.unwrap();
            tokio::time::sleep_until(
                (until - Duration::from_millis(60) * (last - number) as u32).into(),
            )
            .await;
        }
    };
    within(async { tokio::join!(join_all(watching), join_all(calling), changing) }).await;
    drop(clients);
    world.stop().await;
}

/// A server that is stopped and comes back at its address.
struct Replica {
    app: Option<App>,
    settings: gomark::config::Checked,
    _folder: TempDir,
}

impl Replica {
    async fn start(age: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(Database::Sqlite(folder.path().join("gomark.db")));
        settings.serving.connection_age = Some(age);
        let app = App::start(settings.clone()).await.unwrap();
        settings.listen = app.local_addr();
        let client =
            Client::builder(format!("http://{}", settings.listen)).connect().await.unwrap();
        client.register_company("acme").await.unwrap();
        Self { app: Some(app), settings, _folder: folder }
    }

    async fn stop(&mut self) {
        assert!(self.app.take().unwrap().stop().await, "everything ends in time");
    }

    async fn start_again(&mut self) {
        self.app = Some(App::start(self.settings.clone()).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn load_spreads_over_a_server_that_comes_back_and_no_call_is_cut() {
    let age = Duration::from_secs(2);
    let mut replicas = [Replica::start(age).await, Replica::start(age).await];
    let proxy = Proxy::to(&replicas.each_ref().map(|replica| replica.settings.listen)).await;
    let endpoint = format!("http://{}", proxy.address);
    let clients = join_all((0..30).map(|_| Client::builder(endpoint.clone()).connect())).await;
    let over = AtomicBool::new(false);
    let calling = clients.iter().map(|client| async {
        let (client, mut calls) = (client.as_ref().unwrap(), 0);
        while !over.load(Ordering::Relaxed) {
            client.get_company("acme").await.unwrap();
            calls += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        calls
    });
    let restarting = Box::pin(async {
        // A connection is there for its client before the proxy has accepted it.
        let open = proxy.until(|open| open.iter().sum::<usize>() == 30).await;
        assert!(ratio(&open) <= 1.5, "{open:?}");
        replicas[0].stop().await;
        proxy.until(|open| open == [0, 30]).await;
        replicas[0].start_again().await;
        // A connection that ends just now and the one in its place may be there both.
        let spread = |open: &[usize]| open.iter().sum::<usize>() == 30 && ratio(open) <= 1.5;
        proxy.until(spread).await;
        over.store(true, Ordering::Relaxed);
    });
    let (calls, ()) = within(async { tokio::join!(join_all(calling), restarting) }).await;
    assert!(calls.iter().all(|calls| *calls > 0), "{calls:?}");
    drop(clients);
    for replica in &mut replicas {
        replica.stop().await;
    }
}

/// How much more the busiest server has than the least busy one.
fn ratio(open: &[usize]) -> f64 {
    *open.iter().max().unwrap() as f64 / (*open.iter().min().unwrap()).max(1) as f64
}
