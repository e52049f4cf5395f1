//! The program as a process.

use std::net::{SocketAddr, TcpListener};
use std::process::{ExitStatus, Stdio};

use gomark_sdk::{Client, RetryPolicy};
use tokio::process::{Child, Command};

use crate::world::within;

/// A service that ends with the test, if not before.
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Process {
    /// Starts it, and waits until it serves.
    pub(crate) async fn start(database_url: &str, flags: &[&str]) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_gomark")), database_url, flags).await
    }

    /// Starts it by a command that comes before its arguments.
    pub(crate) async fn start_by(mut command: Command, database_url: &str, flags: &[&str]) -> Self {
        let address = free_address();
        let child = command
            .args(["serve", "--log", "warn", "--listen", &address.to_string()])
            .args(["--database-url", database_url])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let process = Self { address, child };
        within(process.client(RetryPolicy::none())).await;
        process
    }

    /// A client; waits until there is somebody to connect to.
    pub(crate) async fn client(&self, retry: RetryPolicy) -> Client {
        loop {
            let builder = Client::builder(format!("http://{}", self.address));
            match builder.retry(retry.clone()).connect().await {
                Ok(client) => return client,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    /// Tells it to end (SIGTERM).
    pub(crate) async fn tell_to_end(&self) {
        let id = self.child.id().unwrap().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().await.unwrap();
        assert!(told.success());
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        within(self.child.wait()).await.unwrap()
    }

    /// What it holds in memory, in bytes.
    pub(crate) fn resident(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id().unwrap());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1_024
    }
}

/// An address that nobody listens on now.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
