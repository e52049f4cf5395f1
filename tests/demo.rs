//! README's first command does what README says.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

use std::process::Stdio;
use std::time::Duration;

use gomark_sdk::Client;
use gomark_sdk::v1::DriftState;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::Mutex;

const BOUND: Duration = Duration::from_secs(60);
/// One demo at a time: they would take the usual port from each other.
static TURN: Mutex<()> = Mutex::const_new(());

fn demo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gomark"));
    command.arg("demo").stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn the_demo_shows_that_the_vendors_hold_what_was_decided() {
    let _turn = TURN.lock().await;
    let output = demo().arg("--exit").output();
    let output = tokio::time::timeout(BOUND, output).await.expect("it ends in time").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("the stand-ins hold exactly what GoMark decided"), "{said}");
}

#[tokio::test]
async fn the_demo_stays_up_with_lines_to_paste_until_it_is_told_to_end() {
    let _turn = TURN.lock().await;
    let demo = Demo::start().await;
    assert_eq!(demo.client.get_config("123").await.unwrap().fields.len(), 8);
    demo.end().await;
}

#[tokio::test]
async fn the_printed_lines_work_as_they_are() {
    let _turn = TURN.lock().await;
    let demo = Demo::start().await;
    let port = demo.port();
    let lines = [
        format!(
            r#"curl -X POST http://localhost:{port}/hubspot/fields/add -d '{{"company_id":"123", "name":"Deal Stage", "type":"string", "value":"Negotiation"}}' -H "Content-Type: application/json""#
        ),
        format!(
            r#"curl -X PUT http://localhost:{port}/hubspot/fields/modify/123/deal_stage -d '{{"new_name":"Stage of the deal"}}' -H "Content-Type: application/json""#
        ),
        format!(
            r#"curl -X PUT http://localhost:{port}/upso/cadence/modify/123 -d '{{"cadence_id":"welcome", "template":"Hi {{{{first_name}}}}!", "delay_hours":48}}' -H "Content-Type: application/json""#
        ),
    ];
    assert_eq!(demo.curls[..3], lines);
    let mut jobs = Vec::new();
    for line in &lines {
        let Some(said) = paste(line).await else { return demo.end().await };
        let said: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
        jobs.push(said["job"]["job_id"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned());
    }
    for job in &jobs {
        tokio::time::timeout(BOUND, demo.client.job(job).wait()).await.unwrap().unwrap();
    }
    let config = demo.client.get_config("123").await.unwrap();
    let field = config.fields.iter().find(|field| field.name == "deal_stage").unwrap();
    assert_eq!(
        (field.label.as_str(), field.default_value.as_str()),
        ("Stage of the deal", "Negotiation")
    );
    let template = config.cadences[0].steps[0].template.as_ref().unwrap();
    assert_eq!(template.body, "Hi {{first_name}}!");
    demo.end().await;
}

#[tokio::test]
async fn what_somebody_else_changes_by_a_printed_line_is_brought_back() {
    let _turn = TURN.lock().await;
    let mut demo = Demo::start().await;
    let line = loop {
        let line = demo.lines.next_line().await.unwrap().expect("it stays up");
        if line.trim().starts_with("curl -X PATCH") {
            break line.trim().to_owned();
        }
    };
    let Some(said) = paste(&line).await else { return demo.end().await };
    assert!(said.contains("Changed by hand"), "{said}");
    let mut inbox = demo.client.watch_drift("123", 0);
    let brought_back = async {
        loop {
            let item = inbox.next().await.expect("there is no end").unwrap();
            assert_eq!((item.name.as_str(), item.attribute.as_str()), ("next_step", "label"));
            if item.state() == DriftState::Reverted {
                return;
            }
        }
    };
    tokio::time::timeout(BOUND, brought_back).await.expect("it is brought back");
    demo.end().await;
}

#[tokio::test]
async fn where_the_usual_port_is_taken_another_one_is_printed() {
    let _turn = TURN.lock().await;
    // Taken by this test, or by another program: it comes to the same.
    let _taken = std::net::TcpListener::bind("127.0.0.1:8080");
    let demo = Demo::start().await;
    assert_ne!(demo.port(), 8080);
    let health = format!("http://localhost:{}/health", demo.port());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(client.get(health).send().await.unwrap().status(), 200);
    demo.end().await;
}

/// A demo that has come to its end and stays up.
struct Demo {
    process: Child,
    client: Client,
    /// The printed lines that call curl.
    curls: Vec<String>,
    /// What it prints has to be taken.
    lines: Lines<BufReader<ChildStdout>>,
}

impl Demo {
    async fn start() -> Self {
        let mut process = demo().spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut curls = Vec::new();
        let address = async {
            loop {
                let line = lines.next_line().await.unwrap().expect("it stays up");
                if let Some(rest) = line.trim().strip_prefix("grpcurl -plaintext ") {
                    return rest.split_whitespace().next().unwrap().to_owned();
                }
                if line.trim().starts_with("curl ") {
                    curls.push(line.trim().to_owned());
                }
            }
        };
        let address = tokio::time::timeout(BOUND, address).await.expect("it gets there in time");
        let client = Client::builder(format!("http://{address}")).connect().await.unwrap();
        Self { process, client, curls, lines }
    }

    /// The port of the HTTP calls.
    fn port(&self) -> u16 {
        let (_, rest) = self.curls[0].split_once("http://localhost:").unwrap();
        rest.split('/').next().unwrap().parse().unwrap()
    }

    async fn end(self) {
        let Self { mut process, client, lines: _lines, .. } = self;
        drop(client);
        let id = process.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().await.unwrap().success());
        let ended = tokio::time::timeout(BOUND, process.wait()).await.expect("it ends in time");
        assert!(ended.unwrap().success());
    }
}

/// Does what a shell does with a line; answers what it printed, or `None` where there is no curl.
async fn paste(line: &str) -> Option<String> {
    if Command::new("curl").arg("--version").output().await.is_err() {
        assert!(std::env::var_os("CI").is_none(), "curl must be installed in CI");
        eprintln!("SKIPPED: the printed lines were not tried, there is no curl");
        return None;
    }
    let shell = Command::new("sh").args(["-c", line]).kill_on_drop(true).output();
    let output = tokio::time::timeout(BOUND, shell).await.expect("it ends in time").unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}
