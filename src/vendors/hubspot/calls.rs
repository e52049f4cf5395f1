//! Single calls, each in a place that the limiter gave.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::classify::{Limit, View, retry_after};
use super::portal::Portal;
use super::said::Said;
use crate::domain::{Problem, ProblemReason};
use crate::vendors::http::{Reply, Request};
use crate::vendors::limiter::Quota;
use crate::vendors::{Failure, FailureScope};

/// The calls that one request to an account takes.
///
/// Together they take at most one call time-out, however long the limiter would make them wait: the
/// lease, and whoever waits for calls in doubt to settle, reckon with that. The last of them begins
/// while at least a quarter of that time is left.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    portal: &'a Portal,
    has_place: bool,
    ends_at: Instant,
}

impl<'a> Turn<'a> {
    /// Begins a request whose caller took the place of its first call.
    pub(super) fn with_place(portal: &'a Portal) -> Self {
        Self { has_place: true, ..Self::without_place(portal) }
    }

    /// Begins a request that waits for every place itself.
    pub(super) fn without_place(portal: &'a Portal) -> Self {
        let ends_at = Instant::now() + portal.call_timeout;
        Self { portal, has_place: false, ends_at }
    }

    pub(super) fn portal(&self) -> &'a Portal {
        self.portal
    }

    pub(super) fn begins_until(&self) -> Instant {
        self.ends_at - self.portal.call_timeout / 4
    }

    pub(super) async fn get(&mut self, url: Url) -> Result<Reply, Failure> {
        self.call(Method::GET, url, None).await
    }

    pub(super) async fn post(&mut self, url: Url, body: &Value) -> Result<Reply, Failure> {
        self.call(Method::POST, url, Some(body)).await
    }

    pub(super) async fn patch(&mut self, url: Url, body: &Value) -> Result<Reply, Failure> {
        self.call(Method::PATCH, url, Some(body)).await
    }

    pub(super) async fn delete(&mut self, url: Url) -> Result<Reply, Failure> {
        self.call(Method::DELETE, url, None).await
    }

    async fn call(
        &mut self,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Reply, Failure> {
        if std::mem::take(&mut self.has_place) {
            // The place was taken before the vendor refused somebody else's call.
            if let Some(wait) = self.portal.limiter.closed_for() {
                return Err(self.closed(wait));
            }
        } else {
            let admitted = timeout_at(self.begins_until(), self.portal.limiter.admit()).await;
            admitted.map_err(|_| self.no_time_left())?;
        }
        if Instant::now() > self.begins_until() {
            return Err(self.no_time_left());
        }
        self.portal.call(method, url, body, self.ends_at).await
    }

    /// Tells that a call was not made because HubSpot just refused another one. It had no effect.
    fn closed(&self, wait: Duration) -> Failure {
        Failure {
            scope: FailureScope::Connection,
            effect_unknown: false,
            retry_after: Some(wait),
            problem: Problem::new(ProblemReason::RateLimited, "HubSpot's rate limit is used up"),
        }
    }

    /// Tells that a call was not made because others before it took up the time. It had no effect.
    pub(super) fn no_time_left(&self) -> Failure {
        Failure {
            scope: FailureScope::Resource,
            effect_unknown: false,
            retry_after: Some(self.portal.limiter.wait()),
            problem: Problem::new(
                ProblemReason::RateLimited,
                "the rate limit left no time for a call that was needed after others",
            ),
        }
    }
}

impl Portal {
    /// Makes a call and learns from its answer how much of the rate limit is left.
    async fn call(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
        until: Instant,
    ) -> Result<Reply, Failure> {
        let writes = method != Method::GET;
        let timeout = until.saturating_duration_since(Instant::now());
        let request = Request { method, url, bearer: &self.bearer, body, timeout };
        let sent = self.limiter.send();
        let reply =
            self.client.send(request).await.map_err(|error| self.view(writes).no_answer(&error))?;
        let quota = quota(&reply);
        if reply.status == 429 {
            let View { now, .. } = self.view(writes);
            let wait = match Limit::of(Said::read(&reply.body).as_ref()) {
                // That one opens at midnight; the burst is not to blame.
                Limit::Daily => None,
                limit => Some(retry_after(&reply, now).unwrap_or(limit.wait())),
            };
            self.limiter.refused(&sent, &quota, wait);
        } else {
            self.limiter.answered(&sent, &quota);
        }
        Ok(reply)
    }
}

/// Reads the headers in which HubSpot tells of the burst limit (its usage guidelines).
fn quota(reply: &Reply) -> Quota {
    let header = |name: &str| reply.headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let count = |name: &str| header(name).and_then(|count| u32::try_from(count).ok());
    Quota {
        max: count("x-hubspot-ratelimit-max"),
        remaining: count("x-hubspot-ratelimit-remaining"),
        interval_ms: header("x-hubspot-ratelimit-interval-milliseconds"),
    }
}
