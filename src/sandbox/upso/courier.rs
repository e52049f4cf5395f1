//! Carries what a subscriber is told: a POST to its address, repeated a few times.
//!
//! Nothing is promised about the order, and what is given up is lost: a subscriber that misses a
//! message finds the change by reading. Only addresses of this machine are subscribed at all.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use tokio::sync::Semaphore;

use super::cadences::Cadences;
use super::webhook::{Event, Webhook};
use crate::clock::Clock;
use crate::sandbox::registry::Account;
use crate::supervisor::Supervisor;

/// How long the courier waits before it tries again, each time.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(5)];
/// How long a subscriber may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How many messages are under way at a time.
const AT_A_TIME: usize = 16;

/// Delivers messages in tasks of its own.
#[derive(Debug)]
pub(crate) struct Courier {
    http: reqwest::Client,
    under_way: Arc<Semaphore>,
    supervisor: Supervisor,
    clock: Arc<dyn Clock>,
}

impl Courier {
    /// Creates a courier.
    pub(crate) fn new(supervisor: Supervisor, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(io::Error::other)?;
        Ok(Self { http, under_way: Arc::new(Semaphore::new(AT_A_TIME)), supervisor, clock })
    }

    /// Tells the account's subscriber, if there is one. Does not wait for it.
    pub(crate) fn tell(&self, account: &Arc<Account<Cadences>>, event: &Event) {
        let Some(webhook) = account.lock().webhook.clone() else { return };
        let Ok(body) = serde_json::to_string(event) else { return };
        let trip = Trip {
            http: self.http.clone(),
            clock: Arc::clone(&self.clock),
            under_way: Arc::clone(&self.under_way),
            webhook,
            body,
        };
        let (account, stopping) = (Arc::clone(account), self.supervisor.stopping());
        self.supervisor.spawn("sandbox courier", async move {
            let delivered = tokio::select! {
                () = stopping.cancelled() => return,
                delivered = trip.made() => delivered,
            };
            let deliveries = &mut account.lock().deliveries;
            match delivered {
                true => deliveries.delivered += 1,
                false => deliveries.given_up += 1,
            }
        });
    }
}

/// One message on its way.
struct Trip {
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    under_way: Arc<Semaphore>,
    webhook: Webhook,
    body: String,
}

impl Trip {
    /// Tries until it is taken, or often enough; returns whether it was taken.
    async fn made(&self) -> bool {
        for pause in PAUSES.map(Some).into_iter().chain([None]) {
            if self.attempt().await {
                return true;
            }
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
        false
    }

    async fn attempt(&self) -> bool {
        let Ok(_permit) = self.under_way.acquire().await else { return false };
        let signature = self.webhook.sign(self.clock.now(), &self.body);
        let answer = self
            .http
            .post(self.webhook.target.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("Upso-Signature", signature)
            .body(self.body.clone())
            .send()
            .await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }
}
