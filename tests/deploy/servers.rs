//! Servers of one test: Redis and RabbitMQ, with nothing in them.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Servers that `scripts/services` starts in a folder of their own; they end with this.
pub(crate) struct Servers {
    folder: TempDir,
    urls: HashMap<String, String>,
}

impl Servers {
    /// Starts them; `None` where they cannot be had.
    pub(crate) fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let started = run(folder.path(), "start");
        let Ok(_) = started else {
            assert!(std::env::var_os("CI").is_none(), "{started:?}");
            eprintln!("SKIPPED: the composition was not tried: {started:?}");
            return None;
        };
        let mut servers = Self { folder, urls: HashMap::new() };
        for line in run(servers.folder.path(), "env").unwrap().lines() {
            let (name, url) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
            servers.urls.insert(name.to_owned(), url.trim_matches('\'').to_owned());
        }
        Some(servers)
    }

    pub(crate) fn redis(&self) -> &str {
        &self.urls["GOMARK_TEST_REDIS_URL"]
    }

    pub(crate) fn rabbitmq(&self) -> &str {
        &self.urls["GOMARK_TEST_AMQP_URL"]
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if let Err(told) = run(self.folder.path(), "stop") {
            eprintln!("the servers in {} are left there: {told}", self.folder.path().display());
        }
    }
}

fn run(folder: &Path, verb: &str) -> Result<String, String> {
    let output = Command::new("scripts/services")
        .args([verb, "redis", "rabbitmq", "haproxy"])
        .env("GOMARK_SERVICES", folder)
        // Others' servers are not meant.
        .env_remove("GOMARK_TEST_REDIS_URL")
        .env_remove("GOMARK_TEST_AMQP_URL")
        .output()
        .map_err(|error| error.to_string())?;
    let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(told(&output.stdout)),
        false => Err(told(&output.stderr)),
    }
}
