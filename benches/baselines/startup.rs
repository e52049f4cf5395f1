//! From exec to the first answer, and memory when idle.

use std::path::Path;
use std::time::{Duration, Instant};

use gomark::bench::median;
use serde_json::{Value, json};

use crate::process::Server;
use crate::sections::House;
use crate::{Outcome, machine};

/// How often each start is measured.
const STARTS: usize = 15;
/// How long a service is left alone before its memory is looked at.
const IDLE: Duration = Duration::from_secs(2);

/// Measures starts with a new database and with one that is there.
pub(crate) async fn measure(house: &House) -> Outcome<Value> {
    println!("\n## Start\n");
    let (mut new, mut present) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        if house.stop.is_cancelled() {
            break;
        }
        let folder = tempfile::tempdir()?;
        new.push(start_ms(folder.path()).await?);
        present.push(start_ms(folder.path()).await?);
    }
    let folder = tempfile::tempdir()?;
    let server = Server::gomark(folder.path()).await?;
    tokio::time::sleep(IDLE).await;
    let resident = machine::resident_mib(server.process());
    server.end().await?;
    let binary = std::fs::metadata(env!("CARGO_BIN_EXE_gomark"))?.len() as f64 / 1_048_576.0;
    let spread = |values: &[f64]| {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(0.0, f64::max);
        format!("{:.1} ({least:.1} to {most:.1})", median(values.to_vec()).unwrap_or_default())
    };
    println!("| | |\n| --- | --- |");
    println!("| exec to first answer, new database | {} ms |", spread(&new));
    println!("| exec to first answer, database there | {} ms |", spread(&present));
    let shown = resident.map_or("-".to_owned(), |mib| format!("{mib:.1} MiB"));
    println!("| resident memory, idle | {shown} |");
    println!("| size of the program | {binary:.1} MiB |");
    Ok(json!({
        "new_database_ms": new,
        "database_there_ms": present,
        "resident_mib": resident,
        "program_mib": binary,
    }))
}

/// Starts a service, and returns what it took until it answered a call; then ends it.
async fn start_ms(folder: &Path) -> Outcome<f64> {
    let began_at = Instant::now();
    let server = Server::spawn_gomark(folder, None)?;
    server.answers().await?;
    let took = began_at.elapsed();
    server.end().await?;
    Ok(took.as_secs_f64() * 1_000.0)
}
