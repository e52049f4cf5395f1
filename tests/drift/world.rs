//! A service on SQLite, stand-ins for the vendors, and a client.

use std::time::Duration;

use gomark::app::App;
use gomark::clock::{Clock as _, SystemClock};
use gomark::config::{Checked, Database};
use gomark::sandbox;
use gomark::supervisor::Supervisor;
use gomark::vault::{Key, Vault};
use gomark_sdk::v1::{DriftItem, JobState};
use gomark_sdk::{Change, Client};
use prost_types::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::hubspot::{HubSpot, token};

/// How long anything is waited for.
pub(crate) const BOUND: Duration = Duration::from_secs(60);
pub(crate) const COMPANY: &str = "acme";

pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) vendors: HubSpot,
    portal_id: i64,
    account_id: String,
    app: App,
    supervisor: Supervisor,
    _folder: TempDir,
}

impl World {
    /// Starts a service, registers a company and connects it to both vendors.
    pub(crate) async fn start(change: impl FnOnce(&mut Checked)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let supervisor = Supervisor::new();
        let vendors = HubSpot::start(sandbox::Config::default(), &supervisor).await;
        let database = Database::Sqlite(folder.path().join("gomark.db"));
        let mut settings = Checked {
            call_timeout: Duration::from_secs(5),
            lease: Duration::from_secs(20),
            sweep_interval: Duration::from_millis(100),
            scan_interval: None,
            ..Checked::local(database, Vault::new(&Key::generate().unwrap()))
        };
        change(&mut settings);
        let app = App::start(settings).await.unwrap();
        let client = Client::builder(format!("http://{}", app.local_addr()));
        let client = client.timeout(BOUND).connect().await.unwrap();
        client.register_company(COMPANY).await.unwrap();
        let hubspot = client.connect_hubspot(COMPANY, token(COMPANY));
        hubspot.base_url(&vendors.url).await.unwrap();
        let upso = client.connect_upso(COMPANY, token(COMPANY));
        upso.base_url(&vendors.url).await.unwrap();
        let portal_id = vendors.portal_id(COMPANY).await;
        let account = vendors.http.get(format!("{}/v1/account", vendors.url));
        let account = vendors.send(account.bearer_auth(token(COMPANY))).await;
        let account_id = account["account_id"].as_str().unwrap().to_owned();
        Self { client, vendors, portal_id, account_id, app, supervisor, _folder: folder }
    }

    /// Scans, and tells how many changes were found.
    pub(crate) async fn found(&self) -> i64 {
        let since = SystemClock.now().as_micros() / 1_000_000;
        let scans = self.client.scan_drift(COMPANY).await.unwrap();
        assert!(scans.iter().all(|scan| scan.problem.is_empty()), "{scans:?}");
        let in_time = |at: &Timestamp| at.seconds >= since;
        assert!(
            scans.iter().all(|scan| scan.scanned_at.as_ref().is_some_and(in_time)),
            "not scanned in time: {scans:?}"
        );
        scans.iter().map(|scan| scan.found).sum()
    }

    /// Does something in HubSpot's own screen.
    pub(crate) async fn screen(&self, edit: Value) {
        self.vendors.control(&format!("portals/{}/edit", self.portal_id), edit).await;
    }

    /// Does something in Upso's.
    pub(crate) async fn upso_screen(&self, edit: Value) {
        self.vendors.control(&format!("upso/{}/edit", self.account_id), edit).await;
    }

    pub(crate) async fn switches(&self, switches: Value) {
        let path = format!("{}/_sandbox/portals/{}/switches", self.vendors.url, self.portal_id);
        self.vendors.send(self.vendors.http.put(path).json(&switches)).await;
    }

    pub(crate) async fn items(&self) -> Vec<DriftItem> {
        self.client.list_drift(COMPANY).page_size(1_000).all().await.unwrap()
    }

    /// How many calls HubSpot got of this method.
    pub(crate) async fn calls(&self, method: &str) -> u64 {
        let path = format!("calls/counts?vendor=hubspot&method={method}");
        let counts = self.vendors.read(&path).await;
        let counts = counts["counts"].as_object().unwrap();
        counts.values().map(|kind| kind["calls"].as_u64().unwrap()).sum()
    }

    pub(crate) async fn stop(self) {
        assert!(self.app.stop().await, "everything ends in time");
        self.supervisor.shutdown(BOUND).await;
    }
}

pub(crate) async fn succeeded(change: &Change) {
    let Some(job) = &change.job else { return };
    let job = tokio::time::timeout(BOUND, job.wait()).await.expect("the job ends in time");
    assert_eq!(job.unwrap().state(), JobState::Succeeded);
}

/// An edit of a property.
pub(crate) fn edit(method: &str, name: &str, body: Value) -> Value {
    json!({ "method": method, "name": name, "user_id": "77", "body": body })
}
