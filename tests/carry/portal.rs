//! The stand-in for HubSpot with one portal, and its control endpoints.

use std::collections::BTreeMap;
use std::time::Duration;

use gomark::clock::SystemClock;
use gomark::sandbox::{Config, Sandbox};
use gomark::supervisor::Supervisor;
use serde_json::{Value, json};

use crate::Size;

/// The token of the service.
pub(crate) const TOKEN: &str = "token-of-the-service";
/// The token of the other client, for the same portal.
pub(crate) const TOKEN_OF_ANOTHER: &str = "token-of-another";
/// How long its answers may take.
const BOUND: Duration = Duration::from_secs(30);
/// In the paths of the service's calls, and not in those of the other client.
const PATHS_OF_THE_SERVICE: &str = "/2026-09/";

/// A portal of a stand-in that runs in this process.
#[derive(Clone)]
pub(crate) struct Portal {
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    id: String,
}

/// The values that deals hold of a property, by deal.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) archived: bool,
    pub(crate) values: BTreeMap<String, String>,
}

impl Held {
    /// The value of a deal; empty when it has none.
    pub(crate) fn value(&self, deal: &str) -> &str {
        self.values.get(deal).map(String::as_str).unwrap_or_default()
    }

    /// How many deals hold a value.
    pub(crate) fn count(&self) -> usize {
        self.values.values().filter(|value| !value.is_empty()).count()
    }
}

impl Portal {
    /// Starts one without deals. Its limits are so high that none is met.
    pub(crate) async fn start(size: Size, supervisor: &Supervisor) -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let (latency_ms, burst_limit) = (10, 1_000_000);
        let config =
            Config { listen, latency_ms, burst_limit, seed: size.seed, ..Config::default() };
        let running = Sandbox::start(config, supervisor, SystemClock::shared()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().timeout(BOUND).build().unwrap();
        let mut portal = Self { url: running.base_url(), http, id: String::new() };
        let details = format!("{}/account-info/2026-09/details", portal.url);
        let details = portal.send(portal.http.get(details).bearer_auth(TOKEN)).await;
        portal.id = details["portalId"].to_string();
        let id = details["portalId"].clone();
        let other = json!({ "token": TOKEN_OF_ANOTHER, "portal_id": id });
        portal.control("portals", other).await;
        portal
    }

    /// Makes deals, and gives every second of them a value of a property.
    pub(crate) async fn make_deals(&self, count: usize, property: &str) {
        let deals = format!("portals/{}/deals", self.id);
        self.control(&deals, json!({ "count": count })).await;
        let fill = json!({ "property": property, "every": 2, "value": "v-{id}" });
        self.control(&format!("{deals}/fill"), fill).await;
    }

    /// The deals, oldest first.
    pub(crate) async fn deals(&self) -> Vec<String> {
        self.held("dealname").await.unwrap().values.into_keys().collect()
    }

    /// What deals hold of a property, or held of an archived one; `None` where there is none.
    pub(crate) async fn held(&self, property: &str) -> Option<Held> {
        let path = format!("portals/{}/deals?properties={property}&values=true", self.id);
        let held = self.read(&path).await["properties"][property].take();
        let text = |value: &Value| value["value"].as_str().unwrap().to_owned();
        let values = held["values"].as_object()?.iter();
        let values = values.map(|(id, value)| (id.clone(), text(value))).collect();
        Some(Held { archived: held["archived"].as_bool().unwrap(), values })
    }

    /// Loses one answer in twenty, and fails one call in twenty, from now on.
    pub(crate) async fn trouble(&self) {
        for kind in ["drop_answer", "server_error"] {
            self.control("faults", json!({ "kind": kind, "rate": 0.05 })).await;
        }
    }

    pub(crate) async fn no_more_trouble(&self) {
        self.send(self.http.delete(format!("{}/_sandbox/faults", self.url))).await;
    }

    /// The number of the last call.
    pub(crate) async fn last_call(&self) -> u64 {
        self.read("calls?method=NONE").await["total"].as_u64().unwrap()
    }

    /// How many calls about deals the service made after that one, by kind.
    pub(crate) async fn calls_after(&self, last: u64) -> BTreeMap<String, usize> {
        let path = format!("calls/counts?after={last}&path_contains={PATHS_OF_THE_SERVICE}");
        let counts = self.read(&path).await["counts"].take();
        let counts = counts.as_object().unwrap().iter();
        let counts = counts.filter(|(kind, _)| kind.starts_with("deals."));
        let calls = |count: &Value| usize::try_from(count["calls"].as_u64().unwrap()).unwrap();
        counts.map(|(kind, count)| (kind.clone(), calls(count))).collect()
    }

    async fn read(&self, path: &str) -> Value {
        self.send(self.http.get(format!("{}/_sandbox/{path}", self.url))).await
    }

    async fn control(&self, path: &str, body: Value) {
        self.send(self.http.post(format!("{}/_sandbox/{path}", self.url)).json(&body)).await;
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status}: {text}");
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }
}
