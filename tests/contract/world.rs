//! A service and a stand-in for HubSpot, each on a free port.

use std::time::Duration;

use gomark::app::App;
use gomark::auth::{Policy, Tokens};
use gomark::clock::SystemClock;
use gomark::config::{Checked, Database};
use gomark::sandbox::{self, Sandbox};
use gomark::supervisor::Supervisor;
use gomark::vault::{Key, Vault};
use gomark_sdk::v1::{AuditEntry, Company, Job};
use gomark_sdk::{Client, RetryPolicy};
use tempfile::TempDir;

use crate::calls::Wire;

/// How long a test waits for something before it says that it did not happen.
pub(crate) const BOUND: Duration = Duration::from_secs(30);

/// The tokens of a [`World::with_tokens`]: who may do everything, and who only something.
pub(crate) const ROOT: &str = "the-token-of-root-0000";
pub(crate) const ADA: &str = "the-token-of-ada-00000";
pub(crate) const EVE: &str = "the-token-of-eve-00000";

/// A service that runs, with a client that may do everything and repeats nothing.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) wire: Wire,
    pub(crate) hubspot_url: String,
    pub(crate) address: String,
    app: App,
    supervisor: Supervisor,
    _folder: TempDir,
}

/// All that a caller can see of a company.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) company: Company,
    pub(crate) entries: Vec<AuditEntry>,
    pub(crate) jobs: Vec<Job>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts with `root`, who may do everything, `ada`, who has the companies listed, and `eve`,
    /// who has another.
    pub(crate) async fn with_tokens(of_ada: &[&str]) -> Self {
        let text = format!(
            "[[caller]]\nactor = \"root\"\ncompanies = [\"*\"]\ntoken = \"{ROOT}\"\n\
             [[caller]]\nactor = \"ada\"\ncompanies = {of_ada:?}\ntoken = \"{ADA}\"\n\
             [[caller]]\nactor = \"eve\"\ncompanies = [\"of-eve\"]\ntoken = \"{EVE}\"\n"
        );
        let tokens = Tokens::parse(&text).unwrap();
        Self::with(|settings| settings.auth = Policy::Tokens(tokens)).await
    }

    /// Starts with settings of its own.
    pub(crate) async fn with(change: impl FnOnce(&mut Checked)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let supervisor = Supervisor::new();
        let hubspot = sandbox::Config::default();
        let hubspot = Sandbox::start(hubspot, &supervisor, SystemClock::shared()).await.unwrap();
        let database = Database::Sqlite(folder.path().join("gomark.db"));
        let mut settings = Checked {
            call_timeout: Duration::from_secs(2),
            lease: Duration::from_secs(6),
            sweep_interval: Duration::from_millis(200),
            shutdown_grace: Duration::from_secs(10),
            scan_interval: None,
            ..Checked::local(database, Vault::new(&Key::generate().unwrap()))
        };
        change(&mut settings);
        let app = App::start(settings).await.unwrap();
        let address = format!("http://{}", app.local_addr());
        Self {
            client: client(&address, Some(ROOT)),
            wire: Wire::connect(&address).with_token(ROOT),
            hubspot_url: hubspot.base_url(),
            address,
            app,
            supervisor,
            _folder: folder,
        }
    }

    /// A client with a token of its own, or none.
    pub(crate) fn client_of(&self, token: Option<&str>) -> Client {
        client(&self.address, token)
    }

    /// Registers a company and connects it to a portal of its own.
    pub(crate) async fn connected(&self, company: &str) {
        self.client.register_company(company).await.unwrap();
        let connect = self.client.connect_hubspot(company, portal_token(company));
        connect.base_url(&self.hubspot_url).await.unwrap();
    }

    /// What there is to see of a company; `None` when it is not registered.
    pub(crate) async fn state(&self, company: &str) -> Option<State> {
        let found = match self.client.get_company(company).await {
            Ok(company) => company,
            Err(error) if error.reason_str() == Some("COMPANY_NOT_FOUND") => return None,
            Err(error) => panic!("{company}: {error}"),
        };
        let entries = self.client.list_audit(company).all().await.unwrap();
        let jobs = self.client.list_jobs(company).all().await.unwrap();
        Some(State { company: found, entries, jobs })
    }

    /// The revision of a company; 0 before it is registered.
    pub(crate) async fn revision(&self, company: &str) -> i64 {
        self.state(company).await.map_or(0, |state| state.company.revision)
    }

    /// Stops the service; tells whether everything ended in time.
    pub(crate) async fn stop(self) -> bool {
        let in_time = self.app.stop().await;
        self.supervisor.shutdown(BOUND).await;
        in_time
    }
}

/// The token that opens the portal of a company.
pub(crate) fn portal_token(company: &str) -> String {
    format!("portal-of-{company}")
}

fn client(address: &str, token: Option<&str>) -> Client {
    let builder = Client::builder(address).retry(RetryPolicy::none());
    let builder = match token {
        Some(token) => builder.token(token),
        None => builder,
    };
    builder.connect_lazy().unwrap()
}
