//! The stand-in for HubSpot: `gomark sandbox`, whose own log tells what was called.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::process::Command;

use crate::Outcome;
use crate::process::{Process, free_port};
use crate::work::{Kind, Portal, name};

/// Where properties of deals are.
pub(crate) const PROPERTIES: &str = "/crm/properties/2026-09/deals";
/// More calls in 10 seconds than anybody here makes. What GoMark believes ends there.
const BURST_LIMIT: u32 = 100_000;
const READY: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct StandIn {
    process: Process,
    pub(crate) base_url: String,
    http: reqwest::Client,
}

#[derive(Debug, Deserialize)]
struct Health {
    calls: u64,
}

#[derive(Debug, Deserialize)]
struct Log {
    calls: Vec<Call>,
}

#[derive(Debug, Deserialize)]
struct Call {
    n: u64,
    at: String,
    method: String,
    path: String,
    status: Option<u16>,
}

#[derive(Debug, Deserialize)]
struct Properties {
    results: Vec<Property>,
}

#[derive(Debug, Deserialize)]
struct Property {
    name: String,
    label: String,
}

impl StandIn {
    /// Starts one, and waits until it answers.
    pub(crate) async fn start(gomark: &Path, latency_ms: u64) -> Outcome<Self> {
        let listen = format!("127.0.0.1:{}", free_port()?);
        let mut command = Command::new(gomark);
        command
            .arg("sandbox")
            .args(["--listen", &listen])
            .args(["--latency-ms", &latency_ms.to_string()])
            .args(["--burst-limit", &BURST_LIMIT.to_string()]);
        let process = Process::start(command, &[])?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let stand_in = Self { process, base_url: format!("http://{listen}"), http };
        let began_at = Instant::now();
        while let Err(error) = stand_in.calls().await {
            if began_at.elapsed() > READY {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(stand_in)
    }

    /// Returns how many calls there ever were.
    pub(crate) async fn calls(&self) -> Outcome<u64> {
        let health: Health = self.get("/_sandbox/health", None).await?;
        Ok(health.calls)
    }

    /// Returns the calls after one, counted by what they were, and when the first of them came; a
    /// call that failed is named apart. Forgets them.
    pub(crate) async fn calls_after(
        &self,
        first: u64,
    ) -> Outcome<(BTreeMap<String, usize>, String)> {
        let log: Log = self.get("/_sandbox/calls", None).await?;
        let mut counts = BTreeMap::new();
        let first_at = log.calls.iter().find(|call| call.n > first).map(|call| call.at.clone());
        for call in log.calls.iter().filter(|call| call.n > first) {
            *counts.entry(call.name()).or_default() += 1;
        }
        let url = format!("{}/_sandbox/calls", self.base_url);
        self.http.delete(url).send().await?.error_for_status()?;
        Ok((counts, first_at.ok_or("nobody called")?))
    }

    /// Fails unless every field of every portal is there, as it was to be.
    pub(crate) async fn holds(&self, portals: &[Portal], kind: Kind) -> Outcome<()> {
        for portal in portals {
            let found: Properties = self.get(PROPERTIES, Some(&portal.token)).await?;
            let found: BTreeMap<_, _> =
                found.results.into_iter().map(|found| (found.name, found.label)).collect();
            for field in 1..=portal.fields {
                if found.get(&name(field)) != Some(&kind.label(field)) {
                    let company_id = &portal.company_id;
                    return Err(format!("{kind} of field {field} of {company_id} is lost").into());
                }
            }
        }
        Ok(())
    }

    pub(crate) async fn end(self) -> Outcome<()> {
        self.process.end().await
    }

    async fn get<T: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        token: Option<&str>,
    ) -> Outcome<T> {
        let mut request = self.http.get(format!("{}{path}", self.base_url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        Ok(request.send().await?.error_for_status()?.json().await?)
    }
}

impl Call {
    /// Names what it was: `POST batch/create`.
    fn name(&self) -> String {
        let path = self.path.strip_prefix(PROPERTIES).unwrap_or(&self.path);
        let path = path.trim_start_matches('/');
        let path = if self.method == "PATCH" { "" } else { path };
        let failed = match self.status {
            Some(200..=299) => String::new(),
            Some(status) => format!(" ({status})"),
            None => " (no answer)".to_owned(),
        };
        format!("{}{}{path}{failed}", self.method, if path.is_empty() { "" } else { " " })
    }
}
