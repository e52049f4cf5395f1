//! README's first command does what README says.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

const BOUND: Duration = Duration::from_secs(60);

fn demo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gomark"));
    command.arg("demo").stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn the_demo_shows_that_hubspot_holds_what_was_decided() {
    let output = demo().arg("--exit").output();
    let output = tokio::time::timeout(BOUND, output).await.expect("it ends in time").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("the stand-in holds exactly what GoMark decided"), "{said}");
}

#[tokio::test]
async fn the_demo_stays_up_with_lines_to_paste_until_it_is_told_to_end() {
    let mut process = demo().spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let address = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("it stays up");
            if let Some(rest) = line.trim().strip_prefix("grpcurl -plaintext ") {
                return rest.split_whitespace().next().unwrap().to_owned();
            }
        }
    };
    let address = tokio::time::timeout(BOUND, address).await.expect("it gets there in time");
    let client = gomark_sdk::Client::builder(format!("http://{address}")).connect().await.unwrap();
    assert_eq!(client.get_config("123").await.unwrap().fields.len(), 8);
    drop(client);

    let id = process.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().await.unwrap().success());
    let ended = tokio::time::timeout(BOUND, process.wait()).await.expect("it ends in time");
    assert!(ended.unwrap().success());
}
