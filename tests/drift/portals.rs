//! What it takes to scan many portals: calls, processor and memory of one executor.

use std::time::{Duration, Instant};

use gomark::sandbox;
use gomark::supervisor::Supervisor;
use gomark::vault::Key;
use gomark_sdk::Client;
use serde_json::Value;

use crate::hubspot::{HubSpot, token};
use crate::process::Process;

/// Each portal is scanned this often; the usual interval is five times as long.
const TIMES: [&str; 4] = ["--scan-interval", "60s", "--call-timeout", "5s"];
const INTERVALS: u32 = 2;
/// A clock tick of the kernel's counts, as it is everywhere on Linux.
const TICK: Duration = Duration::from_millis(10);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement of some minutes"]
async fn many_portals_are_scanned_by_one_executor() {
    println!("portals  scans  calls  processor  share  memory");
    for portals in [500, 1_000, 2_000] {
        measure(portals).await;
    }
}

async fn measure(portals: usize) {
    let supervisor = Supervisor::new();
    let vendors = HubSpot::start(sandbox::Config::default(), &supervisor).await;
    let folder = tempfile::tempdir().unwrap();
    let key = Key::generate().unwrap().to_text().to_string();
    let url = format!("sqlite:{}", folder.path().join("gomark.db").display());
    let mut process = Process::start(&url, &key, &TIMES, folder.path());
    let client = Client::builder(process.url()).timeout(Duration::from_secs(60));
    let client = client.connect_lazy().unwrap();
    for number in 0..portals {
        let company = format!("company-{number}");
        client.register_company(&company).await.unwrap();
        let connect = client.connect_hubspot(&company, token(&company));
        connect.base_url(&vendors.url).await.unwrap();
    }
    // All of them were scanned once.
    tokio::time::sleep(Duration::from_secs(90)).await;
    let (calls, processor, begun) = (lists(&vendors).await, used(process.id()), Instant::now());
    tokio::time::sleep(Duration::from_secs(60) * INTERVALS).await;
    let (lists, all) = {
        let after = lists(&vendors).await;
        (after.0 - calls.0, after.1 - calls.1)
    };
    let took = used(process.id()) - processor;
    let share = took.as_secs_f64() / begun.elapsed().as_secs_f64() * 100.0;
    println!(
        "{portals:>7}  {lists:>5}  {all:>5}  {:>7.1} s  {share:>4.1} %  {:>4} MiB",
        took.as_secs_f64(),
        memory(process.id()) / 1_024
    );
    process.kill().await;
    supervisor.shutdown(Duration::from_secs(60)).await;
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
