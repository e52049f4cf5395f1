//! A service, a stand-in for HubSpot, and a client.

use std::time::Duration;

use gomark::app::App;
use gomark::config::Checked;
use gomark::sandbox;
use gomark::supervisor::Supervisor;
use gomark_sdk::v1::{Job, JobEvent, JobState};
use gomark_sdk::{Change, Client};
use serde_json::{Value, json};

use crate::database::Fresh;
use crate::hubspot::HubSpot;
pub(crate) use crate::hubspot::token;
use crate::settings::settings;

/// How long a test waits for something before it says that it did not happen.
pub(crate) const BOUND: Duration = Duration::from_secs(30);

/// A service and a stand-in, each on a free port.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) hubspot: HubSpot,
    app: Option<App>,
    settings: Checked,
    supervisor: Supervisor,
    fresh: Fresh,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts with settings of its own.
    pub(crate) async fn with(change: impl FnOnce(&mut Checked)) -> Self {
        let fresh = Fresh::make().await;
        let supervisor = Supervisor::new();
        let hubspot = HubSpot::start(sandbox::Config::default(), &supervisor).await;
        let mut settings = settings(fresh.database());
        change(&mut settings);
        let app = App::start(settings.clone()).await.unwrap();
        let client = client(&app).await;
        Self { client, hubspot, app: Some(app), settings, supervisor, fresh }
    }

    /// Starts, registers a company and connects it to a portal.
    pub(crate) async fn connected(company: &str) -> Self {
        let world = Self::start().await;
        world.connect(company).await;
        world
    }

    /// Registers a company and connects it to a portal of its own.
    pub(crate) async fn connect(&self, company: &str) {
        self.client.register_company(company).await.unwrap();
        self.client
            .connect_hubspot(company, token(company))
            .base_url(&self.hubspot.url)
            .await
            .unwrap();
    }

    /// Stops the service and starts it again on its database.
    pub(crate) async fn restart(&mut self) {
        assert!(self.app.take().unwrap().stop().await, "everything ends in time");
        let app = App::start(self.settings.clone()).await.unwrap();
        self.client = client(&app).await;
        self.app = Some(app);
    }

    /// Stops the service and starts it again at its address, so that its clients find it there.
    pub(crate) async fn restart_in_place(&mut self) {
        self.settings.listen = self.app.as_ref().unwrap().local_addr();
        self.restart().await;
    }

    /// The address of the HTTP calls.
    pub(crate) fn http_url(&self) -> String {
        format!("http://{}", self.app.as_ref().unwrap().http_addr().unwrap())
    }

    /// A client with a token of its own.
    pub(crate) async fn client_of(&self, token: &str) -> Client {
        let address = self.app.as_ref().unwrap().local_addr();
        Client::builder(format!("http://{address}")).token(token).connect().await.unwrap()
    }

    /// Stops the service, changes its database, and starts it again.
    pub(crate) async fn restart_after(&mut self, sql: &'static str) {
        assert!(self.app.take().unwrap().stop().await, "everything ends in time");
        self.fresh.execute(sql).await;
        let app = App::start(self.settings.clone()).await.unwrap();
        self.client = client(&app).await;
        self.app = Some(app);
    }

    pub(crate) async fn stop(mut self) {
        assert!(self.app.take().unwrap().stop().await, "everything ends in time");
        self.supervisor.shutdown(BOUND).await;
    }
}

async fn client(app: &App) -> Client {
    Client::builder(format!("http://{}", app.local_addr())).connect().await.unwrap()
}

/// Waits for the job of a change and answers what it became, whether it succeeded or not, with the
/// events that were seen.
pub(crate) async fn ended(change: &Change) -> (Job, Vec<JobEvent>) {
    let job = change.job.as_ref().expect("a job");
    let mut events = Vec::new();
    let waited = job.wait_with(|event| events.push(event.clone()));
    let waited = tokio::time::timeout(BOUND, waited).await.expect("the job ends in time");
    let ended = match waited {
        Ok(job) => job,
        Err(error) => error.job().cloned().unwrap_or_else(|| panic!("{error:?}")),
    };
    (ended, events)
}

/// Waits for the job of a change, which is to succeed.
pub(crate) async fn succeeded(change: &Change) {
    let (job, events) = ended(change).await;
    assert_eq!(job.state(), JobState::Succeeded, "{job:?} {events:?}");
}

/// Waits until an event of the job of a change is as wanted.
pub(crate) async fn until(change: &Change, wanted: impl Fn(&JobEvent) -> bool) -> JobEvent {
    let mut events = change.job.as_ref().expect("a job").watch(0);
    let found = async {
        loop {
            let event = events.next().await.expect("the job goes on").unwrap();
            if wanted(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(BOUND, found).await.expect("the event comes in time")
}

impl HubSpot {
    pub(crate) async fn settings(&self, body: Value) {
        self.put("settings", body).await;
    }

    /// Sets something of the stand-in.
    pub(crate) async fn put(&self, path: &str, body: Value) {
        self.send(self.http.put(format!("{}/_sandbox/{path}", self.url)).json(&body)).await;
    }

    /// An active property of a company's portal, as HubSpot's API answers it.
    pub(crate) async fn property(&self, company: &str, name: &str) -> Option<Value> {
        let portal = self.portal(company).await;
        let properties = portal["properties"].as_array().unwrap();
        properties.iter().find(|property| property["name"] == name).cloned()
    }

    /// The names of the properties that somebody defined, sorted.
    pub(crate) async fn custom_names(&self, company: &str) -> Vec<String> {
        let custom = self.custom_properties(company).await;
        let mut names: Vec<_> =
            custom.iter().map(|property| property["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    /// The calls that change something, in their order.
    pub(crate) async fn writes(&self, company: &str) -> Vec<Value> {
        let id = self.portal_id(company).await;
        let calls = self.read(&format!("calls?portal_id={id}")).await;
        let calls = calls["calls"].as_array().unwrap();
        let writes = |call: &&Value| {
            call["method"] != "GET" && !call["path"].as_str().unwrap().contains("access-token-info")
        };
        calls.iter().filter(writes).cloned().collect()
    }

    /// Somebody, who is its user 77, edits in HubSpot's own screen.
    pub(crate) async fn edit(&self, company: &str, method: &str, name: &str, body: Value) {
        let id = self.portal_id(company).await;
        let edit = json!({ "method": method, "name": name, "user_id": "77", "body": body });
        self.control(&format!("portals/{id}/edit"), edit).await;
    }
}
