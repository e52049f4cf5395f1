//! The stand-ins for the vendors, and their control endpoints.

use std::time::Duration;

use gomark::clock::SystemClock;
use gomark::sandbox::{Config, Sandbox};
use gomark::supervisor::Supervisor;
use serde_json::Value;

/// How long its answers may take.
const BOUND: Duration = Duration::from_secs(30);

/// A stand-in that runs in this process.
pub(crate) struct HubSpot {
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
}

impl HubSpot {
    pub(crate) async fn start(config: Config, supervisor: &Supervisor) -> Self {
        let running = Sandbox::start(config, supervisor, SystemClock::shared()).await.unwrap();
        Self { url: running.base_url(), http: http() }
    }

    /// Sends a request that is to succeed, and answers the JSON of the answer.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Value {
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status}: {text}");
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }

    /// Reads what a control endpoint shows.
    pub(crate) async fn read(&self, path: &str) -> Value {
        self.send(self.http.get(format!("{}/_sandbox/{path}", self.url))).await
    }

    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        self.send(self.http.post(format!("{}/_sandbox/{path}", self.url)).json(&body)).await
    }

    /// The number of a company's portal.
    pub(crate) async fn portal_id(&self, company: &str) -> i64 {
        let details = format!("{}/account-info/2026-09/details", self.url);
        let details = self.send(self.http.get(details).bearer_auth(token(company))).await;
        details["portalId"].as_i64().unwrap()
    }

    /// The cadences of a company's account, as Upso's API answers them.
    pub(crate) async fn cadences(&self, company: &str) -> Vec<Value> {
        let list = format!("{}/v1/cadences?limit=100", self.url);
        let mut list = self.send(self.http.get(list).bearer_auth(token(company))).await;
        let Value::Array(cadences) = list["cadences"].take() else { return Vec::new() };
        cadences
    }
}

/// The token that opens the portal of a company, and its account at Upso.
pub(crate) fn token(company: &str) -> String {
    format!("portal-of-{company}")
}

/// An HTTP client for loopback.
fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(BOUND).build().unwrap()
}
