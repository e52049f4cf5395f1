//! Single calls, each in a place that the limiter gave.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::classify::{Classify as _, Limit};
use super::day;
use super::portal::{NAME, Portal};
use super::said::Said;
use crate::vendors::answers::retry_after;
use crate::vendors::http::{Reply, Request};
use crate::vendors::limiter::{Limiter, Quota, Told};
use crate::vendors::places::Places;
use crate::vendors::{Failure, FailureScope, Lane};

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

    /// Has it wait for further places in this lane; usually it is that of changes.
    #[must_use]
    pub(super) fn in_lane(self, lane: Lane) -> Self {
        let Self { portal, places } = self;
        Self { portal, places: places.in_lane(lane) }
    }

    /// Gives it more time, as [`Places::patient`] does.
    #[must_use]
    pub(super) fn patient(self) -> Self {
        let Self { portal, places } = self;
        Self { portal, places: places.patient() }
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
        self.read(Method::GET, url, None).await
    }

    /// Asks with a body, which changes nothing.
    pub(super) async fn ask(&mut self, url: Url, body: &Value) -> Result<Reply, Failure> {
        self.read(Method::POST, url, Some(body)).await
    }

    pub(super) async fn post(&mut self, url: Url, body: &Value) -> Result<Reply, Failure> {
        self.write(Method::POST, url, Some(body)).await
    }

    pub(super) async fn patch(&mut self, url: Url, body: &Value) -> Result<Reply, Failure> {
        self.write(Method::PATCH, url, Some(body)).await
    }

    pub(super) async fn delete(&mut self, url: Url) -> Result<Reply, Failure> {
        self.write(Method::DELETE, url, None).await
    }

    /// Searches. Searches have a limit of their own, which is counted apart from all other calls: one
    /// that is refused for it says nothing of the connection.
    pub(super) async fn search(&mut self, url: Url, body: &Value) -> Result<Reply, Failure> {
        let ends_at = self.places.next_of(&self.portal.searches).await?;
        let (method, counted_by) = (Method::POST, Counter::Search);
        let call = Call { method, url, body: Some(body), writes: false, counted_by };
        let reply = self.portal.call(call, ends_at).await?;
        if reply.status == 429 && Limit::of(Said::read(&reply.body).as_ref()) == Limit::Secondly {
            let failure = self.portal.view(false).failure(&reply);
            return Err(Failure { scope: FailureScope::Resource, ..failure });
        }
        Ok(reply)
    }

    async fn read(
        &mut self,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Reply, Failure> {
        let ends_at = self.places.next().await?;
        let call = Call { method, url, body, writes: false, counted_by: Counter::Burst };
        self.portal.call(call, ends_at).await
    }

    /// Makes a call that changes something, once it is certain that it is at the right portal.
    async fn write(
        &mut self,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Reply, Failure> {
        self.portal.check_account(self).await?;
        let ends_at = self.places.next().await?;
        let call = Call { method, url, body, writes: true, counted_by: Counter::Burst };
        self.portal.call(call, ends_at).await
    }
}

/// One call.
struct Call<'a> {
    method: Method,
    url: Url,
    body: Option<&'a Value>,
    /// Whether it changes anything.
    writes: bool,
    counted_by: Counter,
}

/// Which of HubSpot's limits counts a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counter {
    Burst,
    Search,
}

impl Portal {
    /// Makes a call and learns from its answer how much of the rate limits is left.
    async fn call(&self, call: Call<'_>, until: Instant) -> Result<Reply, Failure> {
        let writes = call.writes;
        let bearer = match self.auth.bearer(self, until).await {
            Ok(bearer) => bearer,
            Err(failure) => {
                self.limiter_of(call.counted_by).give_back();
                return Err(failure);
            }
        };
        let timeout = until.saturating_duration_since(Instant::now());
        let request = Request {
            method: call.method,
            url: call.url,
            bearer: Some(&bearer),
            headers: HeaderMap::new(),
            body: call.body.into(),
            timeout,
        };
        let limiter = self.limiter_of(call.counted_by);
        let sent = limiter.send();
        let reply =
            self.client.send(request).await.map_err(|error| self.view(writes).no_answer(&error))?;
        let quota = match call.counted_by {
            Counter::Burst => self.quota(&reply),
            // Its answers tell nothing of its limit, and must not be taken to tell of another.
            Counter::Search => Quota::default(),
        };
        if reply.status == 401 {
            self.auth.refused().await;
        }
        if reply.status != 429 {
            limiter.answered(&sent, &quota);
            return Ok(reply);
        }
        let limit = Limit::of(Said::read(&reply.body).as_ref());
        let wait = retry_after(&reply, self.view(writes).now).unwrap_or(limit.wait());
        match (limit, call.counted_by) {
            (Limit::Daily, _) => {
                limiter.answered(&sent, &quota);
                return Err(self.day_is_over(&reply));
            }
            (Limit::Burst, Counter::Search) => {
                limiter.answered(&sent, &quota);
                self.limiter.close(wait);
            }
            _ => limiter.refused(&sent, &quota, Some(wait)),
        }
        Ok(reply)
    }

    /// Notes that the calls of the day are used up, and tells until when.
    fn day_is_over(&self, reply: &Reply) -> Failure {
        let view = self.view(false);
        let failure = view.failure(reply);
        let wait = self.zone.get().and_then(|zone| day::wait(zone, view.now));
        let wait = wait.or(failure.retry_after).unwrap_or(Limit::Daily.wait());
        self.limiter.day_is_over(view.now.plus(wait));
        Failure { retry_after: Some(wait), ..failure }
    }

    fn limiter_of(&self, counter: Counter) -> &Limiter {
        match counter {
            Counter::Burst => &self.limiter,
            Counter::Search => &self.searches,
        }
    }

    /// Reads the headers in which HubSpot tells of its limits (its usage guidelines).
    fn quota(&self, reply: &Reply) -> Quota {
        let header =
            |name: &str| reply.headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let count = |name: &str| header(name).and_then(|count| u32::try_from(count).ok());
        Quota {
            max: count("x-hubspot-ratelimit-max"),
            remaining: count("x-hubspot-ratelimit-remaining"),
            interval_ms: header("x-hubspot-ratelimit-interval-milliseconds"),
            day: Told {
                max: count("x-hubspot-ratelimit-daily"),
                remaining: count("x-hubspot-ratelimit-daily-remaining"),
                ends_at: self.day_end(),
            },
        }
    }
}
