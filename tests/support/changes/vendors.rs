//! The stand-ins for the vendors, and their control endpoints.

use std::collections::BTreeMap;

use gomark::clock::SystemClock;
use gomark::sandbox::{Config, Sandbox};
use gomark::supervisor::Supervisor;
use serde_json::{Value, json};

use super::BOUND;

/// A stand-in on a free port.
#[derive(Clone)]
pub(crate) struct HubSpot {
    pub(crate) url: String,
    http: reqwest::Client,
}

/// A property that somebody defined, or a cadence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) label: String,
    pub(crate) active: bool,
    pub(crate) created: usize,
    pub(crate) archived: usize,
}

/// How many calls were made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calls {
    pub(crate) total: usize,
    /// Those that create several properties.
    pub(crate) batches: usize,
    /// Those that create what is there already.
    pub(crate) in_vain: usize,
}

impl HubSpot {
    pub(crate) async fn start(seed: u64, supervisor: &Supervisor) -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let config = Config { listen, latency_ms: 10, seed, ..Config::default() };
        let running = Sandbox::start(config, supervisor, SystemClock::shared()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().timeout(BOUND).build().unwrap();
        Self { url: running.base_url(), http }
    }

    /// Loses one answer in ten, and fails one call in twenty, from now on.
    pub(crate) async fn trouble(&self) {
        for (kind, rate) in [("drop_answer", 0.1), ("server_error", 0.05)] {
            self.fault(json!({ "kind": kind, "rate": rate })).await;
        }
    }

    pub(crate) async fn no_more_trouble(&self) {
        self.send(self.http.delete(self.control("faults"))).await;
    }

    /// The properties that a portal holds or has archived, by name.
    pub(crate) async fn properties(&self, token: &str) -> BTreeMap<String, Property> {
        self.properties_of(&self.portal(token).await).await
    }

    /// Names a portal. That is a call that counts against its limit.
    pub(crate) async fn portal(&self, token: &str) -> String {
        let details = format!("{}/account-info/2026-09/details", self.url);
        let details = self.send(self.http.get(details).bearer_auth(token)).await;
        details["portalId"].to_string()
    }

    /// The same of a portal whose name is known.
    pub(crate) async fn properties_of(&self, portal: &str) -> BTreeMap<String, Property> {
        let portal = self.send(self.http.get(self.control(&format!("portals/{portal}")))).await;
        let mut properties = BTreeMap::new();
        for (key, active) in [("archived", false), ("properties", true)] {
            let all = portal[key].as_array().unwrap();
            for property in all.iter().filter(|property| property["hubspotDefined"] != true) {
                let count = |key: &str| usize::try_from(property[key].as_u64().unwrap()).unwrap();
                let text = |key: &str| property[key].as_str().unwrap().to_owned();
                let (created, archived) = (count("created_count"), count("archived_count"));
                let property = Property { label: text("label"), active, created, archived };
                properties.insert(text("name"), property);
            }
        }
        properties
    }

    /// The cadences that an account holds or has held, by key.
    pub(crate) async fn cadences(&self, token: &str) -> BTreeMap<String, Property> {
        let account = format!("{}/v1/account", self.url);
        let account = self.send(self.http.get(account).bearer_auth(token)).await;
        let path = format!("upso/{}", account["account_id"].as_str().unwrap());
        let account = self.send(self.http.get(self.control(&path))).await;
        let active: BTreeMap<&str, &str> = account["cadences"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cadence| (cadence["key"].as_str().unwrap(), cadence["name"].as_str().unwrap()))
            .collect();
        let effects = account["effects"].as_object().unwrap().iter();
        let cadence = |(key, effects): (&String, &Value)| {
            let count = |name: &str| usize::try_from(effects[name].as_u64().unwrap()).unwrap();
            let (created, archived) = (count("created_count"), count("deleted_count"));
            let label = active.get(key.as_str()).map(|name| (*name).to_owned());
            let active = label.is_some();
            let label = label.unwrap_or_default();
            (key.clone(), Property { label, active, created, archived })
        };
        effects.map(cadence).collect()
    }

    pub(crate) async fn calls(&self) -> Calls {
        let calls = self.send(self.http.get(self.control("calls?method=POST"))).await;
        let posts = calls["calls"].as_array().unwrap();
        let several = |call: &&Value| call["items"].as_array().unwrap().len() > 1;
        Calls {
            total: usize::try_from(calls["total"].as_u64().unwrap()).unwrap(),
            batches: posts.iter().filter(several).count(),
            in_vain: posts.iter().filter(|call| call["effect_status"] == 409).count(),
        }
    }

    /// Asks for a fault.
    pub(crate) async fn fault(&self, fault: Value) {
        self.send(self.http.post(self.control("faults")).json(&fault)).await;
    }

    fn control(&self, path: &str) -> String {
        format!("{}/_sandbox/{path}", self.url)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        let text = answer.text().await.unwrap();
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }
}
