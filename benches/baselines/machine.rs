//! What the numbers were measured on.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::time::Instant;

use gomark::bench::median;
use serde_json::{Value, json};

use crate::Outcome;

/// Prints and returns what is known of the machine.
pub(crate) fn describe() -> Outcome<Value> {
    let cores = std::thread::available_parallelism()?.get();
    let load = load();
    let sync = sync_us()?;
    let version = env!("CARGO_PKG_VERSION");
    println!(
        "GoMark {version}; {cores} cores, load {load} at the beginning, fdatasync {sync:.0} µs"
    );
    println!("Ratios are medians over neighbouring blocks, in brackets their 95 % intervals.");
    let optimised = !cfg!(debug_assertions);
    if !optimised {
        println!("THIS IS A DEBUG BUILD: the numbers mean nothing.");
    }
    Ok(json!({
        "gomark_version": version,
        "cores": cores,
        "load": load,
        "fdatasync_us": sync,
        "optimised": optimised,
    }))
}

/// Returns how many processes want to run, on average over the last minute.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().unwrap_or("?").to_owned()
}

/// Returns the median of what it takes to write a page and have it on the disk, in microseconds.
fn sync_us() -> Outcome<f64> {
    let folder = tempfile::tempdir()?;
    let mut file = File::create(folder.path().join("page"))?;
    let page = [1; 4_096];
    let mut took = Vec::new();
    for _ in 0..200 {
        file.rewind()?;
        let began_at = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        took.push(began_at.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(took).unwrap_or_default())
}

/// Returns the processor time that a process has used, in microseconds; `None` where that cannot
/// be seen.
pub(crate) fn cpu_us(process: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything; user and system time are the 12th and 13th after.
    let (_, rest) = stat.rsplit_once(')')?;
    let ticks: Vec<u64> =
        rest.split_whitespace().skip(11).take(2).filter_map(|text| text.parse().ok()).collect();
    // Linux counts in hundredths of a second here, on every platform that GoMark is built for.
    (ticks.len() == 2).then(|| ticks.iter().sum::<u64>() as f64 * 10_000.0)
}

/// Returns the resident memory of a process, in mebibytes.
pub(crate) fn resident_mib(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1_024.0)
}
