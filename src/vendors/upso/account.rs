//! One account, reached with one key.

mod pages;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, IF_MATCH};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use super::NAME;
use super::canonical::{canonical, definition, new_cadence};
use super::classify::{failure, says};
use crate::clock::Clock;
use crate::domain::{Allowance, Attributes, Effect, Observed, carry};
use crate::vendors::answers::{View, retry_after};
use crate::vendors::http::{Bearer, Client, Reply, Request};
use crate::vendors::limiter::{Limiter, Quota};
use crate::vendors::places::Places;
use crate::vendors::secrets::Secrets;
use crate::vendors::{Access, Answer, Call, Entry, Failure, Identity, Lane, Target};

/// How long to wait after a 429 that does not say: as long as the window that the limiter assumes.
const REFUSED_WAIT: Duration = Duration::from_secs(10);

/// The most cadences that are read one by one.
const SINGLES_MAX: usize = 3;
pub(super) struct Account {
    client: Client,
    base_url: Url,
    bearer: Bearer,
    /// Kept to take it out of texts, should the vendor repeat it in one.
    secrets: Secrets,
    call_timeout: Duration,
    limiter: Limiter,
    clock: Arc<dyn Clock>,
}

/// What a call sends.
#[derive(Default)]
struct Sent<'a> {
    headers: HeaderMap,
    body: Option<&'a Value>,
}

impl Account {
    pub(super) fn new(
        client: Client,
        base_url: Url,
        bearer: Bearer,
        secrets: Secrets,
        access: Access,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let window = access.window.as_deref();
        Self {
            client,
            base_url,
            bearer,
            limiter: Limiter::new(access.limits, window, Arc::clone(&clock)),
            secrets,
            call_timeout: access.call_timeout,
            clock,
        }
    }

    async fn write(&self, places: &mut Places<'_>, call: &Call) -> Result<Answer, Failure> {
        let key = call.target.name.as_str();
        let held = call.held.as_ref();
        match &call.effect {
            Effect::Create(attributes) => self.create(places, key, attributes).await,
            Effect::Update(changes) => match held.and_then(|held| Some((held, if_match(held)?))) {
                Some((held, headers)) => {
                    let body = definition(&held.with(changes));
                    let sent = Sent { headers, body: Some(&body) };
                    let reply = self.call(places, Method::PUT, &[key], sent).await?;
                    self.changed(reply, key)
                }
                None => Ok(Answer::Unexpected),
            },
            Effect::Archive => match held.and_then(if_match) {
                Some(headers) => {
                    let sent = Sent { headers, body: None };
                    let reply = self.call(places, Method::DELETE, &[key], sent).await?;
                    self.changed(reply, key)
                }
                None => Ok(Answer::Unexpected),
            },
            // Cadences have no records, and keep their ids.
            Effect::Carry(_) | Effect::Fill(_) => Ok(Answer::Page(carry::Page::default())),
            Effect::Retire(_) => Ok(Answer::Retired { carried: 0, missed: false }),
        }
    }

    async fn create(
        &self,
        places: &mut Places<'_>,
        key: &str,
        attributes: &Attributes,
    ) -> Result<Answer, Failure> {
        let body = new_cadence(key, attributes);
        // Every creation has a key of its own: a creation in doubt is read back and never repeated,
        // and under an old key the vendor would answer as it did then, whatever became of the
        // cadence since.
        let name = HeaderName::from_static("idempotency-key");
        let value = HeaderValue::from_str(&Uuid::new_v4().to_string());
        let headers = value.into_iter().map(|value| (name.clone(), value)).collect();
        let sent = Sent { headers, body: Some(&body) };
        let reply = self.call(places, Method::POST, &[], sent).await?;
        match reply.status {
            201 => self.holds(&reply, key),
            409 if says(&reply, "key_taken") => Ok(Answer::Unexpected),
            _ => Err(failure(&self.view(true), &reply)),
        }
    }

    /// Tells what the answer to a replacement or a deletion means.
    fn changed(&self, reply: Reply, key: &str) -> Result<Answer, Failure> {
        match reply.status {
            200 => self.holds(&reply, key),
            204 => Ok(Answer::Gone),
            404 if says(&reply, "not_found") => Ok(Answer::Gone),
            412 if says(&reply, "version_mismatch") => Ok(Answer::Unexpected),
            _ => Err(failure(&self.view(true), &reply)),
        }
    }

    /// Reads the cadence in the answer to a write.
    fn holds(&self, reply: &Reply, key: &str) -> Result<Answer, Failure> {
        let said = serde_json::from_slice(&reply.body).ok();
        let held = said.and_then(|said| canonical(said, key));
        let unreadable = || self.view(true).unreadable(reply.status, "it is not the cadence");
        held.map(Answer::Holds).ok_or_else(unreadable)
    }

    async fn read_one(&self, places: &mut Places<'_>, key: &str) -> Result<Observed, Failure> {
        let reply = self.call(places, Method::GET, &[key], Sent::default()).await?;
        let view = self.view(false);
        match reply.status {
            200 => {
                let said = serde_json::from_slice(&reply.body).ok();
                let held = said.and_then(|said| canonical(said, key));
                held.map(|attributes| Observed::Present { attributes, protected: false })
                    .ok_or_else(|| view.unreadable(reply.status, "it is not the cadence asked for"))
            }
            404 if says(&reply, "not_found") => Ok(Observed::Absent),
            _ => Err(failure(&view, &reply)),
        }
    }

    async fn ask_identity(&self) -> Result<Identity, Failure> {
        let mut places = self.places();
        let ends_at = places.next().await?;
        let url = self.url(&["v1", "account"]);
        let reply = self.send(Method::GET, url, Sent::default(), ends_at).await?;
        let view = self.view(false);
        if reply.status != 200 {
            return Err(failure(&view, &reply));
        }
        let account: Option<Value> = serde_json::from_slice(&reply.body).ok();
        let id = account.as_ref().and_then(|account| account.get("account_id")?.as_str());
        match id.filter(|id| (1..=64).contains(&id.len())) {
            Some(id) => Ok(Identity { account_id: id.to_owned(), warnings: Vec::new() }),
            None => Err(view.unreadable(reply.status, "it names no account")),
        }
    }

    /// Makes a call about cadences.
    async fn call(
        &self,
        places: &mut Places<'_>,
        method: Method,
        rest: &[&str],
        sent: Sent<'_>,
    ) -> Result<Reply, Failure> {
        let ends_at = places.next().await?;
        let path: Vec<_> = ["v1", "cadences"].into_iter().chain(rest.iter().copied()).collect();
        self.send(method, self.url(&path), sent, ends_at).await
    }

    /// Makes a call and learns from its answer how much of the rate limit is left.
    async fn send(
        &self,
        method: Method,
        url: Url,
        sent: Sent<'_>,
        ends_at: Instant,
    ) -> Result<Reply, Failure> {
        let writes = method != Method::GET;
        let timeout = ends_at.saturating_duration_since(Instant::now());
        let Sent { headers, body } = sent;
        let bearer = Some(&self.bearer);
        let request = Request { method, url, bearer, headers, body: body.into(), timeout };
        let sent = self.limiter.send();
        let reply =
            self.client.send(request).await.map_err(|error| self.view(writes).no_answer(&error))?;
        if reply.status == 429 {
            let wait = retry_after(&reply, self.clock.now()).unwrap_or(REFUSED_WAIT);
            self.limiter.refused(&sent, &quota(&reply), Some(wait));
        } else {
            self.limiter.answered(&sent, &quota(&reply));
        }
        Ok(reply)
    }

    fn places(&self) -> Places<'_> {
        Places::none(&self.limiter, NAME, self.call_timeout)
    }

    /// What failures are seen from.
    fn view(&self, writes: bool) -> View {
        View { vendor: NAME, writes, secrets: self.secrets.clone(), now: self.clock.now() }
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base_url.clone();
        // Fails only for addresses such as `data:`, which no host policy lets through.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

#[async_trait]
impl crate::vendors::Account for Account {
    async fn identify(&self) -> Result<Identity, Failure> {
        self.ask_identity().await
    }

    async fn admit(&self, lane: Lane) {
        self.limiter.admit(lane).await;
    }

    fn wait(&self, lane: Lane) -> Duration {
        self.limiter.wait(lane)
    }

    fn window(&self) -> String {
        self.limiter.record()
    }

    fn allowance(&self) -> Allowance {
        self.limiter.allowance()
    }

    async fn read(&self, targets: &[Target]) -> Result<Vec<Observed>, Failure> {
        let mut places = self.places().with_first();
        if targets.len() > SINGLES_MAX {
            return self.read_list(&mut places, targets).await;
        }
        let mut observed = Vec::with_capacity(targets.len());
        for target in targets {
            observed.push(self.read_one(&mut places, &target.name).await?);
        }
        Ok(observed)
    }

    async fn list(&self, _with: &[String]) -> Result<Vec<Entry>, Failure> {
        self.list_all(self.places().with_first().patient()).await
    }

    async fn carry_out(&self, calls: &[Call]) -> Vec<Result<Answer, Failure>> {
        let mut places = self.places().with_first();
        let mut answers = Vec::with_capacity(calls.len());
        for call in calls {
            answers.push(self.write(&mut places, call).await);
        }
        answers
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("base_url", &self.base_url.as_str())
            .field("limiter", &self.limiter)
            .finish_non_exhaustive()
    }
}

/// The condition that what the vendor holds is still of this version; `None` without a version.
fn if_match(held: &Attributes) -> Option<HeaderMap> {
    let tag = HeaderValue::from_str(&format!("\"{}\"", held.version()?)).ok()?;
    Some(HeaderMap::from_iter([(IF_MATCH, tag)]))
}

/// Reads the headers in which the vendor tells of its limit.
fn quota(reply: &Reply) -> Quota {
    let header = |name: &str| reply.headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
    Quota {
        max: header("ratelimit-limit"),
        remaining: header("ratelimit-remaining"),
        ..Quota::default()
    }
}
