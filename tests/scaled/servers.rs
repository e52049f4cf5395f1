//! A Postgres, a Redis and a RabbitMQ that may be killed: nobody else uses them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use tokio::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/services");

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Server {
    Postgres,
    Redis,
    RabbitMq,
}

impl Server {
    pub(crate) const ALL: [Self; 3] = [Self::Postgres, Self::Redis, Self::RabbitMq];

    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::RabbitMq => "rabbitmq",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "GOMARK_TEST_POSTGRES_URL",
            Self::Redis => "GOMARK_TEST_REDIS_URL",
            Self::RabbitMq => "GOMARK_TEST_AMQP_URL",
        }
    }
}

/// Servers of a test's own. They are stopped with this.
pub(crate) struct Servers {
    folder: PathBuf,
    urls: BTreeMap<Server, String>,
}

impl Servers {
    /// Starts them, in a folder of that name; `None` where they cannot be had.
    pub(crate) async fn start(name: &str) -> Option<Self> {
        if Server::ALL.iter().any(|server| std::env::var_os(server.variable()).is_none()) {
            assert!(std::env::var_os("CI").is_none(), "in CI all servers have to be there");
            eprintln!("SKIPPED: {name} needs Postgres, Redis and RabbitMQ");
            return None;
        }
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let mut servers = Self { folder, urls: BTreeMap::new() };
        servers.call(&["start"]).await;
        let told = servers.call(&["env"]).await;
        let told = String::from_utf8(told.stdout).unwrap();
        for server in Server::ALL {
            let start = format!("export {}='", server.variable());
            let url = told.lines().find_map(|line| line.strip_prefix(&start)?.strip_suffix('\''));
            servers.urls.insert(server, url.expect("each is named").to_owned());
        }
        Some(servers)
    }

    pub(crate) fn url(&self, server: Server) -> &str {
        &self.urls[&server]
    }

    /// Ends a server the hard way.
    pub(crate) async fn kill(&self, server: Server) {
        self.call(&["kill", server.name()]).await;
    }

    /// Lets a server stand still.
    pub(crate) async fn pause(&self, server: Server) {
        self.call(&["pause", server.name()]).await;
    }

    pub(crate) async fn resume(&self, server: Server) {
        self.call(&["resume", server.name()]).await;
    }

    /// Starts a server again, where it was.
    pub(crate) async fn revive(&self, server: Server) {
        self.call(&["start", server.name()]).await;
    }

    async fn call(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "scripts/services {arguments:?}: {said}");
        output
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(SCRIPT);
        command.args(arguments).env("GOMARK_SERVICES", &self.folder).stdin(Stdio::null());
        // What these name is for tests that kill nothing.
        for server in Server::ALL {
            command.env_remove(server.variable());
        }
        command
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let mut command = self.command(&["stop"]).into_std();
        if !command.status().is_ok_and(|status| status.success()) {
            eprintln!("the servers in {} were not stopped", self.folder.display());
        }
    }
}
