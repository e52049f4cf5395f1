//! What load balancers and those who watch over processes hear.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use gomark::api::grpc::LIVENESS;
use gomark::app::App;
use gomark::config::{Database, Role};
use gomark::store::postgres::PostgresUrl;
use gomark_sdk::{Client, Code, RetryPolicy};
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::proxy::{Proxy, Way};
use crate::schema::Schema;
use crate::world::{World, settings, within};

async fn client(address: SocketAddr) -> HealthClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    HealthClient::new(endpoint.connect().await.unwrap())
}

fn about(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

async fn check(client: &mut HealthClient<Channel>, service: &str) -> ServingStatus {
    client.check(about(service)).await.unwrap().into_inner().status()
}

/// A service on Postgres, by a way that can be cut; `None` without a server.
async fn on_postgres() -> Option<(App, Proxy, Schema)> {
    let schema = Schema::make().await?;
    let server = url::Url::parse(&schema.server).unwrap();
    let there = server.socket_addrs(|| Some(5432)).unwrap()[0];
    let proxy = Proxy::to(&[there]).await;
    let mut by_proxy = server;
    by_proxy.set_host(Some(&proxy.address.ip().to_string())).unwrap();
    by_proxy.set_port(Some(proxy.address.port())).unwrap();
    let url = format!("{}&sslmode=disable", schema.url_by(by_proxy.as_str()));
    let mut settings = settings(Database::Postgres(PostgresUrl::parse(&url).unwrap()));
    settings.http_listen = Some("127.0.0.1:0".parse().unwrap());
    let app = App::start(settings).await.unwrap();
    Some((app, proxy, schema))
}

#[tokio::test]
async fn without_its_database_a_process_is_alive_and_not_ready() {
    let Some((app, proxy, _schema)) = on_postgres().await else { return };
    let mut health = client(app.local_addr()).await;
    let mut watch = health.watch(about("")).await.unwrap().into_inner();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let of_http = async || {
        let url = format!("http://{}/health", app.http_addr().unwrap());
        http.get(url).send().await.unwrap().status().as_u16()
    };
    assert_eq!(within(watch.message()).await.unwrap().unwrap().status(), ServingStatus::Serving);
    for away in [Way::Held, Way::Cut] {
        let begun = Instant::now();
        proxy.set(away);
        let told = within(watch.message()).await.unwrap().unwrap();
        assert_eq!(told.status(), ServingStatus::NotServing);
        assert!(begun.elapsed() > Duration::from_millis(1_500), "{:?}", begun.elapsed());
        let service = "gomark.v1.ConfigService";
        assert_eq!(check(&mut health, service).await, ServingStatus::NotServing);
        assert_eq!(check(&mut health, LIVENESS).await, ServingStatus::Serving);
        assert_eq!(of_http().await, 503);
        let begun = Instant::now();
        proxy.set(Way::Open);
        let told = within(watch.message()).await.unwrap().unwrap();
        assert_eq!(told.status(), ServingStatus::Serving);
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        assert_eq!(check(&mut health, service).await, ServingStatus::Serving);
        assert_eq!(of_http().await, 200);
    }
    assert!(app.stop().await);
    assert_eq!(within(watch.message()).await.unwrap().unwrap().status(), ServingStatus::NotServing);
    assert!(within(watch.message()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_short_trouble_of_the_database_is_not_told() {
    let Some((app, proxy, _schema)) = on_postgres().await else { return };
    let mut health = client(app.local_addr()).await;
    let mut watch = health.watch(about("")).await.unwrap().into_inner();
    assert_eq!(within(watch.message()).await.unwrap().unwrap().status(), ServingStatus::Serving);
    proxy.set(Way::Cut);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    proxy.set(Way::Open);
    let quiet = tokio::time::timeout(Duration::from_secs(5), watch.message()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    drop(watch);
    assert!(app.stop().await);
}

#[tokio::test]
async fn a_database_whose_tables_are_older_is_not_taken_for_ready() {
    let Some((app, _proxy, schema)) = on_postgres().await else { return };
    let mut health = client(app.local_addr()).await;
    let mut watch = health.watch(about("")).await.unwrap().into_inner();
    assert_eq!(within(watch.message()).await.unwrap().unwrap().status(), ServingStatus::Serving);
    schema.execute("UPDATE _sqlx_migrations SET success = false").await.unwrap();
    let told = within(watch.message()).await.unwrap().unwrap();
    assert_eq!(told.status(), ServingStatus::NotServing);
    drop(watch);
    assert!(app.stop().await);
}

#[tokio::test]
async fn a_server_that_drains_says_so_first_and_still_takes_calls() {
    let delay = Duration::from_secs(1);
    let world = World::with(|settings| settings.serving.drain_delay = delay).await;
    let mut health = client(world.app.local_addr()).await;
    let mut watch = health.watch(about(LIVENESS)).await.unwrap().into_inner();
    assert_eq!(within(watch.message()).await.unwrap().unwrap().status(), ServingStatus::Serving);
    let other = world.client(RetryPolicy::none()).await;
    let begun = Instant::now();
    let told = async {
        let told = within(watch.message()).await.unwrap().unwrap();
        assert_eq!(told.status(), ServingStatus::NotServing);
        assert!(begun.elapsed() < delay / 2, "{:?}", begun.elapsed());
        assert_eq!(check(&mut health, "").await, ServingStatus::NotServing);
        // Calls over old connections, and over new ones.
        other.get_company("acme").await.unwrap();
        let new = Client::builder(other.endpoint()).connect().await.unwrap();
        new.get_company("acme").await.unwrap();
    };
    let (in_time, ()) = within(async { tokio::join!(world.app.stop(), told) }).await;
    assert!(in_time && begun.elapsed() >= delay);
    let refused = other.get_company("acme").await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::Unavailable));
}

#[tokio::test]
async fn a_process_that_serves_no_calls_tells_its_health() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(Database::Sqlite(folder.path().join("gomark.db")));
    settings.role = Role::Executor;
    settings.http_listen = Some("127.0.0.1:0".parse().unwrap());
    let app = App::start(settings).await.unwrap();
    let mut health = client(app.local_addr()).await;
    assert_eq!(check(&mut health, "").await, ServingStatus::Serving);
    assert_eq!(check(&mut health, LIVENESS).await, ServingStatus::Serving);
    let unknown = health.check(about("gomark.v1.ConfigService")).await.unwrap_err();
    assert_eq!(unknown.code(), tonic::Code::NotFound);
    let calls = Client::builder(format!("http://{}", app.local_addr())).connect().await.unwrap();
    let refused = calls.get_company("acme").await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::Unimplemented));
    for (path, wanted) in [("/health", 200), ("/openapi.yaml", 404), ("/hubspot/fields/add", 404)] {
        let url = format!("http://{}{path}", app.http_addr().unwrap());
        let answer = reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await;
        assert_eq!(answer.unwrap().status(), wanted, "{path}");
    }
    drop((health, calls));
    assert!(app.stop().await);
}

#[tokio::test]
async fn a_command_tells_it_by_its_exit_code() {
    let world = World::start().await;
    let address = world.app.local_addr().to_string();
    let (code, out) = command(&["--address", &address]).await;
    assert_eq!((code, out.trim()), (Some(0), "SERVING"));
    let (code, out) = command(&["--address", &address, "--service", LIVENESS, "--json"]).await;
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["status"]), (Some(0), &"SERVING".into()));
    let (code, out) = command(&["--address", &address, "--service", "gomark.v1.Nothing"]).await;
    assert_eq!((code, out.trim()), (Some(1), "SERVICE_UNKNOWN"));
    world.stop().await;
    let (code, out) = command(&["--address", &address]).await;
    assert_eq!((code, out.trim()), (Some(1), "UNREACHABLE"));
    // Somebody is there, and says nothing.
    let deaf = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = deaf.local_addr().unwrap().to_string();
    let (code, _) = within(command(&["--address", &address, "--timeout", "300ms"])).await;
    assert_eq!(code, Some(1));
}

async fn command(arguments: &[&str]) -> (Option<i32>, String) {
    let ended = tokio::process::Command::new(env!("CARGO_BIN_EXE_gomark"))
        .arg("health")
        .args(arguments)
        .stderr(Stdio::null())
        .output()
        .await
        .unwrap();
    (ended.status.code(), String::from_utf8(ended.stdout).unwrap())
}
