//! The program on a database, as a process that may die.

use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;

use gomark::failpoint::{Boundary, LAST_WORDS};
use gomark::vault::Key;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// The program; its database, key and address stay the same whenever it is started.
pub(crate) struct Service {
    database_url: String,
    key: String,
    address: SocketAddr,
    folder: TempDir,
}

impl Service {
    pub(crate) fn on(database_url: &str) -> Self {
        Self {
            database_url: database_url.to_owned(),
            key: Key::generate().unwrap().to_text().to_string(),
            address: free_address(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts it, to die as `failpoints` says.
    pub(crate) fn start(&self, failpoints: &str) -> Child {
        let log = self.folder.path().join("log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        Command::new(env!("CARGO_BIN_EXE_gomark"))
            .args(["serve", "--call-timeout", "300ms", "--lease", "1s"])
            .args(["--scan-interval", "3s"])
            .args(["--sweep-interval", "100ms", "--listen", &self.address.to_string()])
            .args(["--database-url", &self.database_url, "--log", "error"])
            .env("GOMARK_KEY", &self.key)
            .env("FAILPOINTS", failpoints)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// What all the processes wrote.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// How often a process said that it dies at this boundary.
    pub(crate) fn deaths(&self, boundary: Boundary) -> usize {
        let words = format!("{LAST_WORDS}{}", boundary.as_str());
        self.log().lines().filter(|line| *line == words).count()
    }
}

/// An address that nobody listens on now.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
