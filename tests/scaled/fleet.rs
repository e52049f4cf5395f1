//! The processes: some serve the API, some carry out.

use std::fs::OpenOptions;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use gomark::vault::Key;
use tokio::process::{Child, Command};

use crate::changes::BOUND;
use crate::wait::until;

/// How long a lease lasts in these tests.
pub(crate) const LEASE: Duration = Duration::from_secs(3);
const SIGTERM: &str = "-TERM";
const SIGSTOP: &str = "-STOP";
const SIGCONT: &str = "-CONT";

/// What all processes have in common.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    pub(crate) database_url: String,
    pub(crate) redis_url: Option<String>,
    pub(crate) amqp_url: Option<String>,
    key: String,
    folder: PathBuf,
}

impl Common {
    pub(crate) fn new(database_url: &str, folder: &Path) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        Self {
            database_url: database_url.to_owned(),
            redis_url: None,
            amqp_url: None,
            key: Key::generate().unwrap().to_text().to_string(),
            folder: folder.to_owned(),
        }
    }
}

/// One process, which stays at its addresses.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) name: String,
    role: &'static str,
    common: Common,
    pub(crate) address: SocketAddr,
    pub(crate) http_address: SocketAddr,
    child: Child,
}

impl Process {
    pub(crate) fn start(common: &Common, role: &'static str, number: usize) -> Self {
        Self::start_with(common, role, number, "")
    }

    /// Starts one that does at failpoints what it is told.
    pub(crate) fn start_with(
        common: &Common,
        role: &'static str,
        number: usize,
        failpoints: &str,
    ) -> Self {
        let name = format!("{role}-{number}");
        let (address, http_address) = (free_address(), free_address());
        let child = spawn(common, role, &name, [address, http_address], failpoints);
        Self { name, role, common: common.clone(), address, http_address, child }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it the hard way.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to end; answers whether it ended well.
    pub(crate) async fn stop(&mut self) -> bool {
        self.signal(SIGTERM).await;
        let ended = tokio::time::timeout(BOUND, self.child.wait()).await;
        ended.expect("it ends").unwrap().success()
    }

    /// Lets it stand still.
    pub(crate) async fn pause(&self) {
        self.signal(SIGSTOP).await;
    }

    pub(crate) async fn resume(&self) {
        self.signal(SIGCONT).await;
    }

    /// Starts it again once it has ended.
    pub(crate) fn start_again(&mut self) {
        let addresses = [self.address, self.http_address];
        self.child = spawn(&self.common, self.role, &self.name, addresses, "");
    }

    /// Waits until it says that it serves.
    pub(crate) async fn is_ready(&self) {
        until(async || self.says_that_it_serves().await, "it becomes ready").await;
    }

    async fn says_that_it_serves(&self) -> bool {
        use tonic_health::pb::HealthCheckRequest;
        use tonic_health::pb::health_check_response::ServingStatus;
        use tonic_health::pb::health_client::HealthClient;
        let Ok(endpoint) = tonic::transport::Endpoint::from_shared(self.url()) else {
            return false;
        };
        let Ok(channel) = endpoint.connect().await else { return false };
        let asked = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
        asked.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving)
    }

    async fn signal(&self, signal: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args([signal, &id]).status().await.unwrap();
        assert!(sent.success(), "{} cannot be sent {signal}", self.name);
    }
}

fn spawn(
    common: &Common,
    role: &str,
    name: &str,
    [address, http_address]: [SocketAddr; 2],
    failpoints: &str,
) -> Child {
    let log = common.folder.join(format!("{name}.log"));
    let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gomark"));
    command
        .args(["serve", "--role", role, "--listen", &address.to_string()])
        .args(["--http-listen", &http_address.to_string(), "--sweep-interval", "500ms"])
        .args(["--lease", &format!("{}s", LEASE.as_secs()), "--call-timeout", "1s"])
        // The balancer asks once a second and believes the second answer.
        .args(["--drain-delay", "2500ms"])
        .args(["--log", "warn,gomark::executor=debug", "--log-format", "json"])
        .env("DATABASE_URL", &common.database_url)
        .env("GOMARK_KEY", &common.key)
        .env("FAILPOINTS", failpoints)
        .env_remove("REDIS_URL")
        .env_remove("AMQP_URL")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true);
    if let Some(url) = &common.redis_url {
        command.env("REDIS_URL", url);
    }
    if let Some(url) = &common.amqp_url {
        command.env("AMQP_URL", url);
    }
    command.spawn().unwrap()
}

/// An address that nobody listens on now.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
