//! Servers that are replaced one by one behind a load balancer, under load.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use gomark::app::App;
use gomark::config::{Checked, Database};
use gomark::store::postgres::PostgresUrl;
use gomark_sdk::{Client, RetryPolicy, fields};
use tokio::process::{Child, Command};

use crate::process::{Process, free_address};
use crate::schema::Schema;
use crate::world::{settings, within};

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docker/haproxy.cfg");

/// HAProxy before two servers, with the configuration that is delivered.
struct Balancer {
    grpc: SocketAddr,
    http: SocketAddr,
    _child: Child,
}

impl Balancer {
    /// Starts one; `None` where it is not installed.
    async fn before(servers: [&Checked; 2], https: [SocketAddr; 2]) -> Option<Self> {
        if Command::new("haproxy").arg("-v").stdout(Stdio::null()).status().await.is_err() {
            assert!(std::env::var_os("CI").is_none(), "haproxy must be installed in CI");
            eprintln!("SKIPPED: nothing was tried behind HAProxy, it is not installed");
            return None;
        }
        let (grpc, http) = (free_address(), free_address());
        let child = Command::new("haproxy")
            .args(["-db", "-f", CONFIG])
            .env("GOMARK_GRPC_BIND", grpc.to_string())
            .env("GOMARK_HTTP_BIND", http.to_string())
            .env("GOMARK_API_1", servers[0].listen.to_string())
            .env("GOMARK_API_2", servers[1].listen.to_string())
            .env("GOMARK_HTTP_1", https[0].to_string())
            .env("GOMARK_HTTP_2", https[1].to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Some(Self { grpc, http, _child: child })
    }

    async fn client(&self, retry: RetryPolicy) -> Client {
        loop {
            let builder = Client::builder(format!("http://{}", self.grpc)).retry(retry.clone());
            match builder.connect().await {
                Ok(client) => return client,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }
}

fn replica(schema: &Schema) -> Checked {
    let url = PostgresUrl::parse(&schema.url()).unwrap().with_sessions_max(5);
    let mut settings = settings(Database::Postgres(url));
    // Two checks, a second apart, and what they take.
    settings.serving.drain_delay = Duration::from_secs(4);
    settings.listen = free_address();
    settings.http_listen = Some(free_address());
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_is_not_noticed() {
    let Some(schema) = Schema::make().await else { return };
    let mut settings = [replica(&schema), replica(&schema)];
    settings[1].vault = settings[0].vault.clone();
    let https = settings.each_ref().map(|settings| settings.http_listen.unwrap());
    let Some(balancer) = Balancer::before([&settings[0], &settings[1]], https).await else {
        return;
    };
    let mut apps = Vec::new();
    for settings in &settings {
        apps.push(Some(App::start(settings.clone()).await.unwrap()));
    }
    // One repeat has to be enough.
    let once = RetryPolicy::default().attempts_max(2);
    let clients = within(join_all((0..8).map(|_| balancer.client(once.clone())))).await;
    let patient = balancer.client(RetryPolicy::default()).await;
    patient.register_company("acme").await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let health = format!("http://{}/health", balancer.http);
    assert_eq!(within(http.get(&health).send()).await.unwrap().status(), 200);

    let (over, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let last = AtomicUsize::new(0);
    let calling = clients.iter().enumerate().map(|(index, client)| {
        let (over, calls, last) = (&over, &calls, &last);
        async move {
            for round in 0.. {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                if round % 10 == 0 {
                    let field = fields::text(format!("Field {index} {round}"));
                    let added = client.add_field("acme", field).await.unwrap();
                    last.fetch_max(usize::try_from(added.revision).unwrap(), Ordering::Relaxed);
                } else {
                    client.get_company("acme").await.unwrap();
                }
                calls.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    let watching = clients.iter().map(|client| {
        let (over, last) = (&over, &last);
        async move {
            let mut revisions = client.watch_config("acme", 0);
            for wanted in 1.. {
                let entry = revisions.next().await.unwrap().unwrap();
                assert_eq!(entry.revision, wanted, "without a gap, each once");
                let last = i64::try_from(last.load(Ordering::Relaxed)).unwrap();
                if over.load(Ordering::Relaxed) && wanted >= last {
                    return;
                }
            }
        }
    });
    let rolling = Box::pin(async {
        for (app, settings) in apps.iter_mut().zip(&settings) {
            let begun = Instant::now();
            assert!(app.take().unwrap().stop().await, "everything ends in time");
            assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
            *app = Some(App::start(settings.clone()).await.unwrap());
            // So that there is always one.
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        over.store(true, Ordering::Relaxed);
    });
    let worked = Box::pin(async {
        tokio::join!(join_all(calling), rolling);
        // One more, so that those who watch see that it is over.
        patient.add_field("acme", fields::text("The last")).await.unwrap();
    });
    within(async { tokio::join!(join_all(watching), worked) }).await;
    assert!(calls.load(Ordering::Relaxed) > 500, "{calls:?}");
    eprintln!("{calls:?} calls, {last:?} revisions");
    for app in apps {
        assert!(app.unwrap().stop().await);
    }
}

#[tokio::test]
async fn who_is_told_to_end_twice_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("gomark.db").display());
    let process = Process::start(&database, &["--drain-delay", "60s"]).await;
    let client = process.client(RetryPolicy::none()).await;
    let mut health = tonic_health::pb::health_client::HealthClient::new(
        tonic::transport::Endpoint::from_shared(client.endpoint().to_owned())
            .unwrap()
            .connect()
            .await
            .unwrap(),
    );
    process.tell_to_end().await;
    let request = tonic_health::pb::HealthCheckRequest::default();
    let drains = async {
        while health.check(request.clone()).await.unwrap().into_inner().status() as i32 != 2 {
            tokio::task::yield_now().await;
        }
    };
    within(drains).await;
    client.list_companies().all().await.unwrap();
    let begun = Instant::now();
    process.tell_to_end().await;
    assert_eq!(process.ended().await.code(), Some(1));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}
