//! A Redis of a test's own, to do anything to.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use url::Url;

use super::server::skip;

const PROGRAM: &str = "redis-server";
/// How long a server may take to listen.
const BOUND: Duration = Duration::from_secs(20);

/// A server of a test's own. It ends with this.
pub(crate) struct Own {
    port: u16,
    folder: TempDir,
    child: Option<Child>,
}

impl Own {
    /// Starts one; `None` where Redis is not installed.
    pub(crate) fn start() -> Option<Self> {
        let own = Self::absent()?;
        Some(own.started())
    }

    /// Chooses where one is to be, and does not start it.
    pub(crate) fn absent() -> Option<Self> {
        if Command::new(PROGRAM).arg("--version").stdout(Stdio::null()).status().is_err() {
            skip(&format!("there is no {PROGRAM} here"));
            return None;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        Some(Self { port, folder: TempDir::new().unwrap(), child: None })
    }

    fn started(mut self) -> Self {
        self.start_again();
        self
    }

    pub(crate) fn url(&self) -> Url {
        format!("redis://127.0.0.1:{}", self.port).parse().unwrap()
    }

    /// Starts it where it was, with nothing in it.
    pub(crate) fn start_again(&mut self) {
        let child = Command::new(PROGRAM)
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(began.elapsed() < BOUND, "the server listens in time");
            std::thread::yield_now();
        }
    }

    /// Ends it the hard way.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Lets it stand still.
    pub(crate) fn hang(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let process = self.child.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args(["-s", name, &process]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.kill();
    }
}
