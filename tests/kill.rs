//! The program is killed at fifty moments while it accepts and carries out changes, and HubSpot
//! loses one answer in ten: nothing accepted is missing, nothing was created twice, the chain holds.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gomark::clock::SystemClock;
use gomark::sandbox::{Config, Sandbox};
use gomark::supervisor::Supervisor;
use gomark::vault::Key;
use gomark_sdk::v1::{ErrorReason, Field, JobState};
use gomark_sdk::{Client, RetryPolicy, fields};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

#[path = "support/schema.rs"]
mod schema;
use schema::Schema;

const COMPANY: &str = "acme";
const TOKEN: &str = "portal-of-acme";
const FIELDS: usize = 1_000;
const KILLS: usize = 50;
const BOUND: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_lose_nothing_and_create_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gomark.db");
    fifty_kills(&Service::on(&format!("sqlite:{}", path.display()))).await;
    let verified = Command::new(env!("CARGO_BIN_EXE_gomark"))
        .args(["audit", "verify"])
        .arg(&path)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_on_postgres_lose_nothing_and_create_nothing_twice() {
    let Some(schema) = Schema::make().await else { return };
    fifty_kills(&Service::on(&schema.url())).await;
    // Fails where a record, a link or the head of the chain is not as it was written.
    let verify = "DO $$ BEGIN \
         ASSERT (SELECT bool_and(hash = sha256(record)) FROM revisions); \
         ASSERT (SELECT bool_and(prev_hash = before) FROM (SELECT prev_hash, \
             lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER (ORDER BY revision) AS before \
             FROM revisions) AS chain); \
         ASSERT (SELECT head_hash FROM companies) = \
             (SELECT hash FROM revisions ORDER BY revision DESC LIMIT 1); \
         END $$";
    schema.execute(verify).await.unwrap();
}

/// Each of the tests needs the whole machine.
static MACHINE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn fifty_kills(service: &Service) {
    let _machine = MACHINE.lock().await;
    let seed = std::env::var("GOMARK_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(20_260_101);
    let mut random = StdRng::seed_from_u64(seed);
    let supervisor = Supervisor::new();
    let hubspot = Config { listen: loopback(), latency_ms: 10, seed, ..Config::default() };
    let hubspot = Sandbox::start(hubspot, &supervisor, SystemClock::shared()).await.unwrap();
    let hubspot = HubSpot { url: hubspot.base_url() };
    let mut process = service.start();
    let client = Client::builder(format!("http://{}", service.address))
        .timeout(BOUND)
        .retry(RetryPolicy::default().attempts_max(10_000).elapsed_max(BOUND))
        .connect_lazy()
        .unwrap();
    client.register_company(COMPANY).await.unwrap();
    client.connect_hubspot(COMPANY, TOKEN).base_url(&hubspot.url).await.unwrap();
    hubspot.post("faults", json!({ "kind": "drop_answer", "rate": 0.1 })).await;

    let accepted = Arc::new(AtomicUsize::new(0));
    let mut requests = Vec::new();
    let mut idle_kills = 0;
    for round in 0..KILLS {
        let accepted_then = accepted.load(Ordering::Relaxed);
        let calls_then = hubspot.calls().await;
        for field in (round..FIELDS).step_by(KILLS) {
            let (client, accepted) = (client.clone(), accepted.clone());
            requests.push(supervisor.spawn("request", async move {
                client.add_field(COMPANY, fields::text(label(field))).await.unwrap();
                accepted.fetch_add(1, Ordering::Relaxed);
            }));
        }
        // Some that were added two rounds ago are changed: those calls go one by one.
        for field in (0..FIELDS).filter(|field| is_changed(*field) && field % KILLS + 2 == round) {
            let (client, accepted) = (client.clone(), accepted.clone());
            requests.push(supervisor.spawn("request", async move {
                change(&client, field).await;
                accepted.fetch_add(1, Ordering::Relaxed);
            }));
        }
        // Half of the moments are picked by what was accepted, half by the calls HubSpot saw.
        let more_accepted = random.random_range(1..=FIELDS / KILLS);
        let more_calls = random.random_range(1..=8);
        let moment = async {
            loop {
                let reached = match round % 2 {
                    0 => accepted.load(Ordering::Relaxed) >= accepted_then + more_accepted,
                    _ => hubspot.calls().await >= calls_then + more_calls,
                };
                if reached || hubspot.holds(round).await {
                    return;
                }
            }
        };
        tokio::time::timeout(BOUND, moment).await.expect("the moment comes");
        idle_kills += usize::from(hubspot.holds(round).await);
        process.kill().await.unwrap();
        process = service.start();
    }
    hubspot.delete("faults").await;
    for request in requests.drain(..) {
        request.await.unwrap();
    }
    let names: BTreeMap<_, _> =
        (0..FIELDS).map(|field| (format!("field_{field}"), decided_label(field))).collect();

    let open = [JobState::Queued, JobState::Running, JobState::Waiting];
    let all_end = async {
        for job in client.list_jobs(COMPANY).states(open).all().await.unwrap() {
            client.job(job.job_id).wait().await.unwrap();
        }
    };
    tokio::time::timeout(BOUND, all_end).await.expect("every job ends");
    let jobs = client.list_jobs(COMPANY).all().await.unwrap();
    let changed = (0..FIELDS).filter(|field| is_changed(*field)).count();
    assert_eq!(jobs.len(), FIELDS + changed);
    assert!(jobs.iter().all(|job| job.state() == JobState::Succeeded), "seed {seed}");
    let revisions: BTreeSet<_> = jobs.iter().map(|job| job.revision).collect();
    let expected = (3..).take(FIELDS + changed).collect();
    assert_eq!(revisions, expected, "each request made one revision, seed {seed}");
    let config = client.get_config(COMPANY).await.unwrap();
    let decided: BTreeMap<_, _> =
        config.fields.into_iter().map(|field| (field.name, field.label)).collect();
    assert_eq!(decided, names, "nothing accepted is missing, seed {seed}");
    let portal = hubspot.portal().await;
    let held = custom_labels(&portal);
    assert_eq!(held, names, "HubSpot holds what was decided, seed {seed}");
    let created = portal["create_effects"].as_u64().unwrap();
    assert_eq!(created, FIELDS as u64, "nothing was created twice, seed {seed}");

    process.kill().await.unwrap();
    let calls = hubspot.calls().await;
    eprintln!(
        "seed {seed}: {KILLS} kills ({idle_kills} with no work left), {calls} calls to HubSpot"
    );
    supervisor.shutdown(BOUND).await;
}

fn is_changed(field: usize) -> bool {
    field < FIELDS / 4 && field % KILLS + 2 < KILLS
}

fn label(field: usize) -> String {
    format!("Field {field}")
}

fn decided_label(field: usize) -> String {
    if is_changed(field) { format!("{}, changed", label(field)) } else { label(field) }
}

/// Changes the label of a field, once it is there.
async fn change(client: &Client, field: usize) {
    let change = Field { label: decided_label(field), ..Field::default() };
    let name = format!("field_{field}");
    loop {
        match client.modify_field(COMPANY, &name, change.clone()).await {
            Err(error) if error.reason() == Some(ErrorReason::FieldNotFound) => {}
            changed => return drop(changed.unwrap()),
        }
    }
}

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// An address that nobody listens on now.
fn free_address() -> SocketAddr {
    TcpListener::bind(loopback()).unwrap().local_addr().unwrap()
}

/// The program on a database.
struct Service {
    database_url: String,
    key: String,
    address: SocketAddr,
    folder: TempDir,
}

impl Service {
    fn on(database_url: &str) -> Self {
        Self {
            database_url: database_url.to_owned(),
            key: Key::generate().unwrap().to_text().to_string(),
            address: free_address(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn start(&self) -> Child {
        let log = self.folder.path().join("log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        Command::new(env!("CARGO_BIN_EXE_gomark"))
            .args(["serve", "--call-timeout", "300ms", "--lease", "3s"])
            .args(["--sweep-interval", "200ms", "--listen", &self.address.to_string()])
            .args(["--database-url", &self.database_url])
            .env("GOMARK_KEY", &self.key)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }
}

/// The labels of the properties that somebody defined, by name.
fn custom_labels(portal: &Value) -> BTreeMap<String, String> {
    let properties = portal["properties"].as_array().unwrap();
    let custom = properties.iter().filter(|property| property["hubspotDefined"] != true);
    let text = |property: &Value, key: &str| property[key].as_str().unwrap().to_owned();
    custom.map(|property| (text(property, "name"), text(property, "label"))).collect()
}

/// The control endpoints of the stand-in.
struct HubSpot {
    url: String,
}

impl HubSpot {
    fn http() -> reqwest::Client {
        reqwest::Client::builder().no_proxy().timeout(BOUND).build().unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let answer = Self::http().get(format!("{}/_sandbox/{path}", self.url)).send().await;
        answer.unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) {
        let url = format!("{}/_sandbox/{path}", self.url);
        Self::http().post(url).json(&body).send().await.unwrap().error_for_status().unwrap();
    }

    async fn delete(&self, path: &str) {
        let url = format!("{}/_sandbox/{path}", self.url);
        Self::http().delete(url).send().await.unwrap().error_for_status().unwrap();
    }

    /// How many calls were made so far.
    async fn calls(&self) -> u64 {
        self.get("health").await["calls"].as_u64().unwrap()
    }

    async fn portal(&self) -> Value {
        let portals = self.get("portals").await;
        let id = portals["portals"][0]["portal_id"].as_i64().unwrap();
        self.get(&format!("portals/{id}")).await
    }

    /// Tells whether it holds all that was asked for up to a round.
    async fn holds(&self, round: usize) -> bool {
        let labels = custom_labels(&self.portal().await);
        let changed = labels.values().filter(|label| label.ends_with("changed")).count();
        let added = (0..FIELDS).filter(|field| field % KILLS <= round).count();
        let to_change =
            (0..FIELDS).filter(|field| is_changed(*field) && field % KILLS + 2 <= round).count();
        labels.len() == added && changed == to_change
    }
}
