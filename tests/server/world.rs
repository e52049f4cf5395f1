//! A service, and clients.

use std::time::Duration;

use gomark::app::App;
use gomark::config::{Checked, Database};
use gomark::supervisor::Supervisor;
use gomark::vault::{Key, Vault};
use gomark_sdk::{Client, RetryPolicy};
use tempfile::TempDir;

/// How long a test waits for something before it says that it did not happen.
pub(crate) const BOUND: Duration = Duration::from_secs(30);

/// A service that runs on a file of its own.
pub(crate) struct World {
    pub(crate) app: App,
    /// It repeats nothing.
    pub(crate) client: Client,
    pub(crate) supervisor: Supervisor,
    _folder: TempDir,
}

impl World {
    /// Starts with settings of its own, and the company `acme`.
    pub(crate) async fn with(change: impl FnOnce(&mut Checked)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(Database::Sqlite(folder.path().join("gomark.db")));
        change(&mut settings);
        let app = App::start(settings).await.unwrap();
        let client = client(&app, RetryPolicy::none()).await;
        client.register_company("acme").await.unwrap();
        Self { app, client, supervisor: Supervisor::new(), _folder: folder }
    }

    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A client with a connection of its own.
    pub(crate) async fn client(&self, retry: RetryPolicy) -> Client {
        client(&self.app, retry).await
    }

    /// Stops it; everything has to end in time.
    pub(crate) async fn stop(self) {
        drop(self.client);
        assert!(self.app.stop().await, "everything ends in time");
        assert!(self.supervisor.shutdown(BOUND).await);
    }
}

/// Settings for a free port, with short times.
pub(crate) fn settings(database: Database) -> Checked {
    Checked {
        call_timeout: Duration::from_secs(1),
        lease: Duration::from_secs(6),
        sweep_interval: Duration::from_millis(200),
        shutdown_grace: Duration::from_secs(10),
        scan_interval: None,
        ..Checked::local(database, Vault::new(&Key::generate().unwrap()))
    }
}

async fn client(app: &App, retry: RetryPolicy) -> Client {
    let builder = Client::builder(format!("http://{}", app.local_addr()));
    builder.retry(retry).connect().await.unwrap()
}

/// Waits for something that has to happen.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(BOUND, work).await.expect("it happens in time")
}
