//! Single calls, each in a place that the limiter gave.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::classify::Limit;
use super::portal::{NAME, Portal};
use super::said::Said;
use crate::vendors::Failure;
use crate::vendors::answers::{View, retry_after};
use crate::vendors::http::{Reply, Request};
use crate::vendors::limiter::Quota;
use crate::vendors::places::Places;

/// The calls that one request to a portal takes.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    portal: &'a Portal,
    places: Places<'a>,
}

impl<'a> Turn<'a> {
    /// Begins a request whose caller took the place of its first call.
    pub(super) fn with_place(portal: &'a Portal) -> Self {
        let Self { portal, places } = Self::without_place(portal);
        Self { portal, places: places.with_first() }
    }

    /// Begins a request that waits for every place itself.
    pub(super) fn without_place(portal: &'a Portal) -> Self {
        let places = Places::none(&portal.limiter, NAME, portal.call_timeout);
        Self { portal, places }
    }

    /// Begins another part of the request, which waits for every place itself.
    pub(super) fn beside(&self) -> Self {
        Self { portal: self.portal, places: self.places.beside() }
    }

    pub(super) fn portal(&self) -> &'a Portal {
        self.portal
    }

    pub(super) fn begins_until(&self) -> Instant {
        self.places.begins_until()
    }

    /// Tells that a call was not made because others before it took up the time.
    pub(super) fn no_time_left(&self) -> Failure {
        self.places.no_time_left()
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
        let ends_at = self.places.next().await?;
        self.portal.call(method, url, body, ends_at).await
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
        let headers = HeaderMap::new();
        let request = Request { method, url, bearer: &self.bearer, headers, body, timeout };
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
