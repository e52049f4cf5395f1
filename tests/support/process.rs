//! The program as a process that can be killed and started again at the same address.

use std::fs::OpenOptions;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

/// A service on a database.
pub(crate) struct Process {
    address: SocketAddr,
    database_url: String,
    key: String,
    times: &'static [&'static str],
    log: PathBuf,
    pub(crate) child: Child,
}

impl Process {
    /// Starts it at an address that nobody listens on, with its log in `folder`; `times` are switches
    /// such as that of how long a call takes at most.
    pub(crate) fn start(
        database_url: &str,
        key: &str,
        times: &'static [&'static str],
        folder: &Path,
    ) -> Self {
        let address = free_address();
        let log = folder.join(format!("{}.log", address.port()));
        let child = spawn(address, database_url, key, times, &log);
        let (database_url, key) = (database_url.to_owned(), key.to_owned());
        Self { address, database_url, key, times, log, child }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it the hard way (SIGKILL).
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Starts it again after [`kill`](Self::kill).
    pub(crate) fn start_again(&mut self) {
        self.child = spawn(self.address, &self.database_url, &self.key, self.times, &self.log);
    }
}

fn spawn(address: SocketAddr, database_url: &str, key: &str, times: &[&str], log: &Path) -> Child {
    let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
    Command::new(env!("CARGO_BIN_EXE_gomark"))
        .args(["serve", "--log", "warn"])
        .args(times)
        .args(["--listen", &address.to_string()])
        .args(["--database-url", database_url])
        .env("GOMARK_KEY", key)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// An address that nobody listens on now.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
