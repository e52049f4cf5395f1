//! The program is killed at fifty moments while it accepts and carries out changes, and HubSpot
//! loses one answer in ten: nothing accepted is missing, nothing was created twice, the chain holds.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use gomark::clock::SystemClock;
use gomark::sandbox::{Config, Sandbox};
use gomark::supervisor::Supervisor;
use gomark_sdk::v1::JobState;
use gomark_sdk::{Client, RetryPolicy, fields};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

const COMPANY: &str = "acme";
const TOKEN: &str = "portal-of-acme";
const FIELDS: usize = 1_000;
const CLIENTS: usize = 8;
const KILLS: usize = 50;
const BOUND: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_lose_nothing_and_create_nothing_twice() {
    let seed = std::env::var("GOMARK_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(20_260_101);
    let mut random = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("gomark.db");
    let supervisor = Supervisor::new();
    let hubspot = Config { listen: loopback(), latency_ms: 10, seed, ..Config::default() };
    let hubspot = Sandbox::start(hubspot, &supervisor, SystemClock::shared()).await.unwrap();
    let hubspot = HubSpot { url: hubspot.base_url() };
    let address = free_address();
    let mut process = serve(&database, address);
    let client = Client::builder(format!("http://{address}"))
        .timeout(BOUND)
        .retry(RetryPolicy::default().attempts_max(10_000).elapsed_max(BOUND))
        .connect_lazy()
        .unwrap();
    client.register_company(COMPANY).await.unwrap();
    client.connect_hubspot(COMPANY, TOKEN).base_url(&hubspot.url).await.unwrap();
    hubspot.post("faults", json!({ "kind": "drop_answer", "rate": 0.1 })).await;

    let accepted = Arc::new(AtomicUsize::new(0));
    let adders = (0..CLIENTS).map(|number| {
        let (client, accepted) = (client.clone(), accepted.clone());
        tokio::task::spawn(async move {
            let mut names = Vec::new();
            for field in (number..FIELDS).step_by(CLIENTS) {
                client.add_field(COMPANY, fields::text(format!("Field {field}"))).await.unwrap();
                accepted.fetch_add(1, Ordering::Relaxed);
                names.push(format!("field_{field}"));
            }
            names
        })
    });
    let adders: Vec<_> = adders.collect();

    // Half of the moments are picked by what was accepted, half by the calls that HubSpot saw.
    let mut kills = 0;
    while kills < KILLS {
        let more_accepted = random.random_range(1..=2 * FIELDS / KILLS);
        let more_calls = random.random_range(1..=6);
        let accepted_then = accepted.load(Ordering::Relaxed);
        let calls_then = hubspot.calls().await;
        let by_calls = kills % 2 == 1 || accepted_then + more_accepted > FIELDS;
        let moment = async {
            loop {
                let calls = hubspot.calls().await;
                let accepted = accepted.load(Ordering::Relaxed);
                let reached = match by_calls {
                    true => calls >= calls_then + more_calls || hubspot.holds_all().await,
                    false => accepted >= accepted_then + more_accepted,
                };
                if reached {
                    return;
                }
            }
        };
        tokio::time::timeout(BOUND, moment).await.expect("the moment comes");
        process.kill().await.unwrap();
        kills += 1;
        process = serve(&database, address);
    }
    hubspot.delete("faults").await;
    let names: BTreeSet<_> =
        join_all(adders).await.into_iter().flat_map(|names| names.unwrap()).collect();
    assert_eq!(names.len(), FIELDS);

    let open = [JobState::Queued, JobState::Running, JobState::Waiting];
    let all_end = async {
        for job in client.list_jobs(COMPANY).states(open).all().await.unwrap() {
            client.job(job.job_id).wait().await.unwrap();
        }
    };
    tokio::time::timeout(BOUND, all_end).await.expect("every job ends");
    let jobs = client.list_jobs(COMPANY).all().await.unwrap();
    assert_eq!(jobs.len(), FIELDS);
    assert!(jobs.iter().all(|job| job.state() == JobState::Succeeded), "seed {seed}");
    let revisions: BTreeSet<_> = jobs.iter().map(|job| job.revision).collect();
    assert_eq!(revisions, (3..3 + 1_000).collect(), "each request made one revision, seed {seed}");
    let config = client.get_config(COMPANY).await.unwrap();
    let decided: BTreeSet<_> = config.fields.into_iter().map(|field| field.name).collect();
    assert_eq!(decided, names, "nothing accepted is missing, seed {seed}");
    let portal = hubspot.portal().await;
    let held = custom_names(&portal);
    assert_eq!(held, names, "HubSpot holds what was decided, seed {seed}");
    let created = portal["create_effects"].as_u64().unwrap();
    assert_eq!(created, FIELDS as u64, "nothing was created twice, seed {seed}");

    process.kill().await.unwrap();
    let verified = Command::new(env!("CARGO_BIN_EXE_gomark"))
        .args(["audit", "verify"])
        .arg(&database)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    eprintln!("seed {seed}: {KILLS} kills, {} calls to HubSpot", hubspot.calls().await);
    supervisor.shutdown(BOUND).await;
}

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// An address that nobody listens on now.
fn free_address() -> SocketAddr {
    TcpListener::bind(loopback()).unwrap().local_addr().unwrap()
}

fn serve(database: &Path, address: SocketAddr) -> Child {
    let log = database.with_extension("log");
    let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
    Command::new(env!("CARGO_BIN_EXE_gomark"))
        .args(["serve", "--call-timeout", "300ms", "--lease", "3s", "--sweep-interval", "200ms"])
        .args(["--listen", &address.to_string()])
        .args(["--database-url", &format!("sqlite:{}", database.display())])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

fn custom_names(portal: &Value) -> BTreeSet<String> {
    let properties = portal["properties"].as_array().unwrap();
    let custom = properties.iter().filter(|property| property["hubspotDefined"] != true);
    custom.map(|property| property["name"].as_str().unwrap().to_owned()).collect()
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

    async fn holds_all(&self) -> bool {
        custom_names(&self.portal().await).len() == FIELDS
    }
}
