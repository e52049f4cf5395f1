//! What it takes to scan many portals: calls, processor and memory of one executor.

use std::path::Path;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use gomark::sandbox;
use gomark::supervisor::Supervisor;
use gomark::vault::Key;
use gomark_sdk::Client;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::hubspot::{HubSpot, token};
use crate::process::Process;
use crate::set;

/// How many calls a scan takes at most: the properties, the groups, and one that makes sure of the portal.
const CALLS_EACH: u64 = 3;
/// How many custom properties a portal has.
const PROPERTIES: usize = 100;
/// How long the first scans may take.
const BOUND: Duration = Duration::from_secs(10 * 60);
/// A clock tick of the kernel's counts, as it is everywhere on Linux.
const TICK: Duration = Duration::from_millis(10);

/// Few portals often, unless the environment says otherwise: `docs/testing.md` has the variables.
#[tokio::test(flavor = "multi_thread")]
async fn many_portals_are_scanned_by_one_executor() {
    let portals: usize = set("GOMARK_TEST_PORTALS").unwrap_or(20);
    let seconds: u32 = set("GOMARK_TEST_SCAN_SECONDS").unwrap_or(10);
    let supervisor = Supervisor::new();
    let vendors = HubSpot::start(sandbox::Config::default(), &supervisor).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gomark.db");
    let key = Key::generate().unwrap().to_text().to_string();
    let url = format!("sqlite:{}", file.display());
    let interval: &str = format!("{seconds}s").leak();
    let times = ["--scan-interval", interval, "--call-timeout", "5s", "--sweep-interval", "1s"];
    let mut process = Process::start(&url, &key, times.to_vec().leak(), folder.path());
    let client = Client::builder(process.url()).timeout(Duration::from_secs(60));
    let client = client.connect_lazy().unwrap();
    let connect = async |number: usize| {
        let company = format!("company-{number}");
        fill(&vendors, &company).await;
        client.register_company(&company).await.unwrap();
        let connect = client.connect_hubspot(&company, token(&company));
        connect.base_url(&vendors.url).await.unwrap();
    };
    stream::iter(0..portals).map(connect).buffer_unordered(8).collect::<Vec<()>>().await;
    // Where nothing changes, a connection comes to the longest interval by and by.
    let each = u64::try_from(portals).unwrap();
    listed(&vendors, each).await;
    process.kill().await;
    spread(&file, seconds).await;
    process.start_again();
    let pid = process.child.id().unwrap();
    let (before, processor, begun) = (lists(&vendors).await, used(pid), Instant::now());
    // Each was scanned about once: that is one interval.
    listed(&vendors, before.0 + each).await;
    let (after, took) = (lists(&vendors).await, used(pid) - processor);
    let (lists, all) = (after.0 - before.0, after.1 - before.1);
    let share = took.as_secs_f64() / begun.elapsed().as_secs_f64() * 100.0;
    println!("portals  scans  calls  processor  share  memory");
    println!(
        "{portals:>7}  {lists:>5}  {all:>5}  {:>7.1} s  {share:>4.1} %  {:>4} MiB",
        took.as_secs_f64(),
        memory(pid) / 1_024
    );
    // Some scans were begun and have no list yet.
    assert!(all <= lists * CALLS_EACH + each / 2, "{all} calls for {lists} scans");
    process.kill().await;
    supervisor.shutdown(Duration::from_secs(60)).await;
}

/// Creates the properties of a portal.
async fn fill(vendors: &HubSpot, company: &str) {
    let property = |number: usize| {
        json!({ "name": format!("field_{number}"), "label": format!("Field {number}"),
                "type": "string", "fieldType": "text", "groupName": "dealinformation",
                "description": "What the deal desk noted last." })
    };
    let inputs: Vec<_> = (0..PROPERTIES).map(property).collect();
    let url = format!("{}/crm/v3/properties/deals/batch/create", vendors.url);
    let create = vendors.http.post(url).bearer_auth(token(company));
    vendors.send(create.json(&json!({ "inputs": inputs }))).await;
}

/// Has every connection scanned once in the usual interval, one after the other.
async fn spread(file: &Path, seconds: u32) {
    let mut database = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    let sql = "UPDATE scans SET state = json_set(state, '$.interval_ms', $1 * 1000), \
         next_at = (unixepoch() + abs(random()) % $1) * 1000000";
    sqlx::query(sql).bind(seconds).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

/// Waits until the portals got so many lists of properties.
async fn listed(vendors: &HubSpot, wanted: u64) {
    let enough = async {
        while lists(vendors).await.0 < wanted {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::time::timeout(BOUND, enough).await.expect("the portals are hardly scanned");
}

/// How many lists of properties, and how many calls at all, the portals got.
async fn lists(vendors: &HubSpot) -> (u64, u64) {
    let counts = vendors.read("calls/counts?vendor=hubspot").await;
    let counts = counts["counts"].as_object().unwrap();
    let of = |kind: &Value| kind["calls"].as_u64().unwrap_or_default();
    let lists = counts.get("properties.list").map(of).unwrap_or_default();
    (lists, counts.values().map(of).sum())
}

/// The time that a process used a processor.
fn used(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let fields: Vec<_> = after_name.split_whitespace().collect();
    let ticks: u32 = fields[11].parse::<u32>().unwrap() + fields[12].parse::<u32>().unwrap();
    TICK * ticks
}

/// The memory that a process takes, in KiB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}
