//! One run on one database: clients, kills, rest, checks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gomark::sandbox;
use gomark::supervisor::Supervisor;
use gomark::vault::Key;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use tokio::process::Command;
use tokio::sync::{oneshot, watch};

use crate::client::{BOUND, Client, connect};
use crate::hubspot::HubSpot;
use crate::process::Process;
use crate::schema::Schema;
use crate::subject::Subject;
use crate::{check, rest, settle};

/// How long a call and a lease of a process take at most.
const TIMES: [&str; 6] = ["--call-timeout", "300ms", "--lease", "3s", "--sweep-interval", "200ms"];
/// The clients of one company.
const CLIENTS: usize = 6;
/// The companies that have clients at the same time.
const COMPANIES_AT_ONCE: usize = 4;
/// The most calls of one company, so that a history stays one that can be searched.
const CALLS_MAX: usize = 2_500;
/// After how many calls the service suffers the next blow.
const CALLS_PER_BLOW: std::ops::Range<u64> = 150..450;

/// Each run needs the whole machine.
static MACHINE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// How many calls to make, and by which choices.
fn setting<T: std::str::FromStr>(variable: &str, otherwise: T) -> T {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Says which run it was, if it fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the seed was {}", self.0);
        }
    }
}

/// What a run is made on.
pub(crate) enum Database<'a> {
    /// A file of SQLite, which one process serves.
    Sqlite(&'a str),
    /// A schema in Postgres, which two processes share.
    Postgres(&'a Schema),
}

impl Database<'_> {
    fn url(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{path}"),
            Self::Postgres(schema) => schema.url(),
        }
    }

    fn replicas(&self) -> usize {
        match self {
            Self::Sqlite(_) => 1,
            Self::Postgres(_) => 2,
        }
    }

    /// Has the program prove the log.
    async fn verify_log(&self) {
        let mut verify = Command::new(env!("CARGO_BIN_EXE_gomark"));
        let verify = verify.args(["audit", "verify"]).env("DATABASE_URL", self.url());
        let told = verify.output().await.unwrap();
        assert!(told.status.success(), "{told:?}");
    }

    /// Ends every session at the server, whatever it is doing. SQLite has none: false.
    async fn cut_sessions(&self) -> bool {
        let Self::Postgres(schema) = self else { return false };
        let cut = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = '{}' AND pid <> pg_backend_pid()",
            schema.name
        );
        schema.execute(&cut).await.unwrap();
        true
    }
}

/// Runs clients against the service on a database.
pub(crate) async fn run(database: &Database<'_>) {
    let _machine = MACHINE.lock().await;
    let calls = setting("GOMARK_MODEL_CALLS", 2_000_usize);
    let seed = Seed(setting("GOMARK_TEST_SEED", 20_260_101));
    let (replicas, began_at) = (database.replicas(), Instant::now());
    let folder = tempfile::tempdir().unwrap();
    let key = Key::generate().unwrap().to_text().to_string();
    let supervisor = Supervisor::new();
    let config =
        sandbox::Config { latency_ms: 3, burst_limit: 100_000, seed: seed.0, ..Default::default() };
    let hubspot = HubSpot::start(config, &supervisor).await;
    for fault in ["drop_answer", "drop_request", "server_error"] {
        let after_effect = fault == "server_error";
        hubspot.fault(json!({ "kind": fault, "rate": 0.03, "after_effect": after_effect })).await;
    }
    let mut processes: Vec<_> = (0..replicas)
        .map(|_| Process::start(&database.url(), &key, &TIMES, folder.path()))
        .collect();
    let companies = calls.div_ceil(CALLS_MAX).max(COMPANIES_AT_ONCE);
    let subjects: Vec<_> =
        (0..companies).map(|number| Arc::new(Subject::new(format!("company-{number}")))).collect();
    let (answered, watched) = watch::channel(0);
    let client = |number: usize, subject: &Arc<Subject>| {
        let (patient, hasty) = connect(&processes[number % replicas].url());
        Client {
            number: u32::try_from(number).unwrap(),
            subject: subject.clone(),
            patient,
            hasty,
            portal_url: hubspot.url.clone(),
            began_at,
            answered: answered.clone(),
        }
    };
    let firsts: Vec<_> = subjects.iter().map(|subject| client(0, subject)).collect();
    let waves: Vec<Vec<_>> = subjects
        .chunks(COMPANIES_AT_ONCE)
        .map(|wave| {
            let all = wave.iter().flat_map(|subject| (0..CLIENTS).map(move |n| (n, subject)));
            all.map(|(number, subject)| client(number, subject)).collect()
        })
        .collect();
    let calls_each = calls.div_ceil(companies * CLIENTS);

    let work = async {
        for (number, wave) in waves.into_iter().enumerate() {
            let tasks: Vec<_> = wave
                .into_iter()
                .enumerate()
                .map(|(index, client)| {
                    let choices = seed.0 ^ ((number * 100 + index) as u64) << 32;
                    let work = client.work(calls_each, StdRng::seed_from_u64(choices));
                    supervisor.spawn("client", work)
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        }
    };
    let (done, is_done) = oneshot::channel::<()>();
    let random = StdRng::seed_from_u64(!seed.0);
    let (blows, ()) =
        tokio::join!(strike(database, &mut processes, watched, is_done, random), async {
            work.await;
            drop(done);
        });
    let worked = began_at.elapsed();
    hubspot.mend().await;

    let mut totals = check::Totals::default();
    for first in &firsts {
        let at_rest = tokio::time::timeout(BOUND, rest::come_to_rest(first)).await;
        at_rest.expect("every job ends");
        let log = check::log(first).await;
        settle::settle(&first.subject, &log, began_at);
        check::check(first, &hubspot, &log, &mut totals).await;
    }
    let searched_from = Instant::now();
    for subject in &subjects {
        check::is_linearizable(subject);
    }
    eprintln!(
        "seed {}: {} calls in {worked:.1?}, {blows:?}; {totals}; histories searched in {:.1?}; \
         {:.1?} in all",
        seed.0,
        *answered.borrow(),
        searched_from.elapsed(),
        began_at.elapsed(),
    );
    for process in &mut processes {
        process.kill().await;
    }
    database.verify_log().await;
    supervisor.shutdown(Duration::from_secs(10)).await;
}

/// What was done to the service.
#[derive(Debug, Default)]
struct Blows {
    kills: usize,
    cuts: usize,
}

/// Kills a process every so many calls and starts it again, or cuts the sessions of all to their
/// database, until it is told that all is done.
async fn strike(
    database: &Database<'_>,
    processes: &mut [Process],
    mut answered: watch::Receiver<u64>,
    mut done: oneshot::Receiver<()>,
    mut random: StdRng,
) -> Blows {
    let mut blows = Blows::default();
    loop {
        let next = *answered.borrow() + random.random_range(CALLS_PER_BLOW);
        tokio::select! {
            _ = &mut done => return blows,
            _ = answered.wait_for(|answered| *answered >= next) => {}
        }
        if random.random_range(0..3) == 0 && database.cut_sessions().await {
            blows.cuts += 1;
            continue;
        }
        let process = random.random_range(0..processes.len());
        processes[process].kill().await;
        processes[process].start_again();
        blows.kills += 1;
    }
}
