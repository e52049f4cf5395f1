//! A RabbitMQ that belongs to some tests alone, so that they may kill it.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Weak};

use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use super::world;
use crate::config::ServerUrl;

/// A server of scripts/services, in a folder of its own.
pub(super) struct Server {
    folder: TempDir,
    // Who breaks it has it for itself.
    turn: Mutex<()>,
}

impl Server {
    /// Starts one, or takes the one that another test uses; `None` where none is to be had.
    pub(super) async fn own() -> Option<Arc<Self>> {
        static RUNNING: Mutex<Weak<Server>> = Mutex::const_new(Weak::new());
        // Who has none for all tests may not be able to start one either.
        world::server()?;
        let mut running = RUNNING.lock().await;
        if let Some(server) = running.upgrade() {
            return Some(server);
        }
        let server = Arc::new(Self { folder: TempDir::new().unwrap(), turn: Mutex::new(()) });
        server.services(&["start", "rabbitmq"]);
        *running = Arc::downgrade(&server);
        Some(server)
    }

    /// Waits until no other test uses it.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    pub(super) fn url(&self) -> ServerUrl {
        let said = self.services(&["env", "rabbitmq"]);
        ServerUrl::amqp(said.split('\'').nth(1).unwrap()).unwrap()
    }

    /// Runs scripts/services; returns what it says.
    pub(super) fn services(&self, arguments: &[&str]) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/services");
        let done = Command::new(script)
            .args(arguments)
            .env("GOMARK_SERVICES", self.folder.path())
            .env_remove("GOMARK_TEST_AMQP_URL")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        let faults = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "scripts/services {arguments:?}: {said}{faults}");
        said
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.services(&["stop", "rabbitmq"]);
    }
}
