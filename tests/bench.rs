//! `gomark bench`: what it counts is what happened.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

#[path = "blackbox/settings.rs"]
mod settings;

use std::collections::HashSet;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use gomark::app::App;
use gomark::bench::{Answer, Caller, Ended, Pace, Plan, Progress, measure};
use gomark::config::Database;
use gomark::supervisor::Supervisor;
use gomark_sdk::Client;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

const BOUND: Duration = Duration::from_secs(60);

/// A service on a free port.
struct Service {
    client: Client,
    endpoint: String,
    app: App,
    _folder: TempDir,
}

impl Service {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings::settings(Database::Sqlite(folder.path().join("gomark.db")));
        let app = App::start(settings).await.unwrap();
        let endpoint = format!("http://{}", app.local_addr());
        let client = Client::builder(&endpoint).connect().await.unwrap();
        Self { client, endpoint, app, _folder: folder }
    }

    /// Runs `gomark bench run` against it.
    async fn run(&self, flags: &[&str]) -> Value {
        let first = ["run", "--json", "--endpoint", &self.endpoint];
        let output = bench(&[&first, flags].concat()).await;
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The revisions of the companies under a prefix, and the request ids in their audit logs.
    async fn history(&self, prefix: &str) -> (Vec<i64>, Vec<String>) {
        let (mut revisions, mut ids) = (Vec::new(), Vec::new());
        let mut companies = self.client.list_companies();
        while let Some(company) = companies.next().await {
            let company = company.unwrap();
            assert!(company.company_id.starts_with(prefix), "{}", company.company_id);
            revisions.push(company.revision);
            let mut entries = self.client.list_audit(&company.company_id);
            while let Some(entry) = entries.next().await {
                ids.push(entry.unwrap().request_id);
            }
        }
        (revisions, ids)
    }

    async fn stop(self) {
        assert!(self.app.stop().await, "everything ends in time");
    }
}

fn command(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gomark"));
    command.arg("bench").args(flags).stdin(Stdio::null()).kill_on_drop(true);
    command.env_remove("GOMARK_TOKEN").env_remove("GOMARK_ENDPOINT");
    command
}

async fn bench(flags: &[&str]) -> Output {
    let output = tokio::time::timeout(BOUND, command(flags).output());
    output.await.expect("it ends in time").unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned()
}

fn count(report: &Value, of: &str) -> u64 {
    report["calls"][of].as_u64().unwrap_or_else(|| panic!("{of} in {report}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_says_it_added_is_in_the_database_each_under_a_request_id_of_its_own() {
    let service = Service::start().await;
    let flags = ["--workload=add-field", "--operations=300", "--companies=7", "--warm-up=0s"];
    let report = service.run(&flags).await;
    assert_eq!((count(&report, "sent"), count(&report, "succeeded")), (300, 300));
    assert_eq!(report["ended"], "as_planned");
    assert_eq!(report["errors"], serde_json::json!({}));
    assert_eq!(report["latency_us"]["add_field"]["count"], 300);

    let prefix = report["company_prefix"].as_str().unwrap();
    let (revisions, ids) = service.history(prefix).await;
    assert_eq!(revisions.len(), 7);
    assert_eq!(revisions.iter().sum::<i64>(), 7 + 300);
    let spread = revisions.iter().max().unwrap() - revisions.iter().min().unwrap();
    assert!(spread <= 1, "{revisions:?}");
    assert!(ids.iter().all(|id| !id.is_empty()));
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_of_a_run_at_a_rate_has_all_that_is_documented() {
    let service = Service::start().await;
    let flags = ["--rate=200", "--duration=1s", "--warm-up=100ms", "--companies=2", "--fields=3"];
    let report = service.run(&flags).await;
    let keys: Vec<_> = report.as_object().unwrap().keys().map(String::as_str).collect();
    let mut wanted = [
        "bench_version",
        "server_version",
        "endpoint",
        "company_prefix",
        "settings",
        "ended",
        "elapsed_s",
        "calls",
        "throughput_per_s",
        "latency_us",
        "send_lag_us",
        "errors",
    ];
    wanted.sort_unstable();
    let mut keys = keys;
    keys.sort_unstable();
    assert_eq!(keys, wanted);
    assert_eq!(report["settings"]["workload"], "mixed");
    assert_eq!(report["settings"]["rate_per_s"], 200.0);

    let answered = count(&report, "succeeded") + count(&report, "failed");
    assert_eq!(count(&report, "sent"), answered + count(&report, "unanswered"));
    assert_eq!(count(&report, "sent") + count(&report, "not_sent"), 200);
    assert_eq!(report["send_lag_us"]["count"], count(&report, "sent"));
    let latency = &report["latency_us"];
    assert_eq!(latency["all"]["count"], count(&report, "succeeded"));
    let kinds = ["add_field", "get_config"].map(|kind| latency[kind]["count"].as_u64().unwrap());
    assert_eq!(kinds.iter().sum::<u64>(), count(&report, "succeeded"));
    assert!(kinds[1] > kinds[0], "nine of ten read: {kinds:?}");
    let spread =
        ["p50", "p90", "p99", "p99_9", "max"].map(|at| latency["all"][at].as_f64().unwrap());
    assert!(spread.is_sorted() && spread[0] > 0.0, "{spread:?}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_when_every_company_is_full() {
    let service = Service::start().await;
    let flags = ["--workload=add-field", "--fields=1990", "--companies=1", "--warm-up=0s"];
    let report = service.run(&flags).await;
    assert_eq!(report["ended"], "exhausted");
    assert_eq!((count(&report, "sent"), count(&report, "succeeded")), (10, 10));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_tells_what_was_measured() {
    let service = Service::start().await;
    let flags =
        ["run", "--json", "--endpoint", &service.endpoint, "--duration=10m", "--warm-up=0s"];
    let mut command = command(&flags);
    let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let measures = async {
        loop {
            let company = service.client.list_companies().next().await;
            // The set-up makes 21 revisions.
            if company.is_some_and(|company| company.unwrap().revision > 21) {
                return;
            }
        }
    };
    tokio::time::timeout(BOUND, measures).await.expect("it measures");
    let id = process.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().await.unwrap().success());
    let output = tokio::time::timeout(BOUND, process.wait_with_output());
    let output = output.await.expect("it ends in time").unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["ended"], "interrupted");
    let answered = count(&report, "succeeded") + count(&report, "failed");
    assert!(answered > 0);
    assert_eq!(count(&report, "sent"), answered + count(&report, "unanswered"));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_measures_all_arms_in_pairs() {
    let service = Service::start().await;
    let (one, two) = (format!("one={}", service.endpoint), format!("two={}", service.endpoint));
    let flags = ["compare", "--arm", &one, "--arm", &two, "--pairs=5", "--block=100ms"];
    let more = ["--companies=2", "--fields=1", "--warm-up=0s", "--json"];
    let output = bench(&[&flags[..], &more[..]].concat()).await;
    assert!(output.status.success(), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["blocks"].as_array().unwrap().len(), 12, "three rounds, there and back");
    assert_eq!(report["arms"][1]["name"], "two");
    assert_eq!(report["arms"][1]["failed"], 0);
    let ratio = &report["ratios"][0];
    assert_eq!(
        (&ratio["arm"], &ratio["base"], &ratio["pairs"]),
        (&"two".into(), &"one".into(), &6.into())
    );
    let ends = ["low", "median", "high"].map(|end| ratio["throughput"][end].as_f64().unwrap());
    assert!(ends.is_sorted() && ends[0] > 0.0, "{ends:?}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_get_a_table_and_hear_what_stays() {
    let service = Service::start().await;
    let flags = ["run", "--endpoint", &service.endpoint, "--operations=20", "--warm-up=0s"];
    let output = bench(&[&flags[..], &["--companies=2", "--fields=1"]].concat()).await;
    assert!(output.status.success(), "{}", said(&output));
    let text = said(&output);
    assert!(text.starts_with("calls\tcount\tmean µs\tp50\tp90\tp99\tp99.9\tmax\n"), "{text}");
    assert!(text.contains("20 of 20 calls succeeded"), "{text}");
    assert!(text.contains("2 companies stay in the database: bench-"), "{text}");
    service.stop().await;
}

#[tokio::test]
async fn wrong_flags_are_told_plainly_and_nothing_is_sent() {
    let elsewhere = "http://192.0.2.1:50051";
    let cases: [(&[&str], &str); 9] = [
        (&["run", "--endpoint", elsewhere], "--yes-not-loopback"),
        (&["compare", "--arm=a=http://127.0.0.1:1"], "two or more"),
        (
            &["compare", "--arm=a=http://127.0.0.1:1", "--arm", &format!("b={elsewhere}")],
            "192.0.2.1",
        ),
        (&["compare", "--arm=a=http://[::1]:1", "--arm=a=http://[::1]:2"], "there twice"),
        (&["compare", "--arm=http://127.0.0.1:1"], "NAME=URL"),
        (&["run", "--rate=0"], "between 0.01 and 1000000"),
        (&["run", "--duration=10"], "write 500ms, 10s or 2m"),
        (&["run", "--fields=2000"], "companies are full"),
        (&["run", "--token-file=/nowhere/token"], "/nowhere/token"),
    ];
    for (flags, wanted) in cases {
        let output = bench(flags).await;
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {}", said(&output));
        assert!(said(&output).contains(wanted), "{flags:?}: {}", said(&output));
    }
}

#[tokio::test]
async fn nobody_at_the_endpoint_is_a_failure() {
    let output = bench(&["run", "--endpoint=http://127.0.0.1:1"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("http://127.0.0.1:1 cannot be reached"), "{}", said(&output));
}

/// A caller that fails every third call and never answers every tenth.
struct Moody(Arc<AtomicU64>);

#[async_trait]
impl Caller for Moody {
    async fn call(&mut self) -> Answer {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            call if call % 10 == 9 => std::future::pending().await,
            call if call % 3 == 0 => Answer::Failed("MOODY".to_owned()),
            _ => Answer::Done("ask"),
        }
    }
}

fn moody(count: usize) -> Vec<Box<dyn Caller>> {
    let calls = Arc::new(AtomicU64::new(0));
    (0..count).map(|_| Box::new(Moody(calls.clone())) as Box<dyn Caller>).collect()
}

#[tokio::test]
async fn every_call_is_counted_once_as_what_became_of_it() {
    for pace in [Pace::Closed, Pace::Open(1_000.0)] {
        let timeout = Duration::from_millis(20);
        let plan = Plan { pace, duration: None, operations: Some(100), timeout };
        let (supervisor, stop) = (Supervisor::new(), CancellationToken::new());
        let progress = Arc::new(Progress::default());
        let (callers, measured) = measure(moody(5), &plan, &supervisor, &stop, &progress).await;
        assert_eq!(callers.len(), 5);
        assert_eq!(measured.sent, 100);
        assert_eq!(measured.errors["TIMEOUT"], 10);
        // Of 0 to 99 every third, without those that end in 9: 9, 39, 69, 99.
        assert_eq!(measured.errors["MOODY"], 34 - 4);
        assert_eq!(measured.succeeded(), 60);
        assert_eq!(measured.not_sent + measured.unanswered, 0);
        assert_eq!(measured.ended, Ended::AsPlanned);
        assert_eq!(progress.answered(), 100);
        assert!(supervisor.shutdown(BOUND).await);
    }
}

#[tokio::test]
async fn waiting_for_a_free_client_counts_where_calls_keep_to_a_schedule() {
    /// Takes 50 ms.
    struct Slow;

    #[async_trait]
    impl Caller for Slow {
        async fn call(&mut self) -> Answer {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Answer::Done("ask")
        }
    }

    let timeout = Duration::from_secs(5);
    let plan = Plan { pace: Pace::Open(100.0), duration: None, operations: Some(10), timeout };
    let (supervisor, stop) = (Supervisor::new(), CancellationToken::new());
    let progress = Arc::new(Progress::default());
    let callers: Vec<Box<dyn Caller>> = vec![Box::new(Slow)];
    let (_, measured) = measure(callers, &plan, &supervisor, &stop, &progress).await;
    // The tenth was to be sent at 90 ms; the nine before it took 450 ms of the one client.
    let longest = measured.latencies["ask"].max();
    assert!(longest >= 400_000_000, "{longest}");
    assert!(measured.lag.unwrap().max() >= 350_000_000);
}

#[tokio::test]
async fn calls_that_are_due_and_find_no_client_are_not_forgotten() {
    let timeout = Duration::from_millis(300);
    let duration = Some(Duration::from_millis(200));
    let plan = Plan { pace: Pace::Open(100.0), duration, operations: None, timeout };
    let (supervisor, stop) = (Supervisor::new(), CancellationToken::new());
    let progress = Arc::new(Progress::default());
    let callers: Vec<Box<dyn Caller>> = vec![Box::new(Moody(Arc::new(AtomicU64::new(9))))];
    let (_, measured) = measure(callers, &plan, &supervisor, &stop, &progress).await;
    assert_eq!((measured.sent, measured.not_sent), (1, 19));
    assert_eq!(measured.errors["TIMEOUT"], 1);
}

#[tokio::test]
async fn a_stop_gives_up_calls_that_are_not_answered() {
    let timeout = Duration::from_secs(600);
    let plan = Plan { pace: Pace::Closed, duration: None, operations: None, timeout };
    let (supervisor, stop) = (Supervisor::new(), CancellationToken::new());
    let progress = Arc::new(Progress::default());
    let stopper = async {
        while progress.answered() < 9 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let measuring = measure(moody(1), &plan, &supervisor, &stop, &progress);
    let ((callers, measured), ()) = tokio::join!(measuring, stopper);
    assert!(callers.is_empty(), "its call was given up");
    assert_eq!((measured.sent, measured.unanswered, measured.ended), (10, 1, Ended::Interrupted));
}
