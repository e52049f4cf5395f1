//! What happens to a call on its way to an account and back: token, limit, faults, latency, log.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::calls::{Ending, arrived};
use super::control;
use super::faults::{Cut, Plan, ignored};
use super::registry::Denied;
use super::vendor::{Entry, Vendor, Whose};
use super::world::{World, lock};

/// Longest body that is read.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The call gets no answer: returned to hyper, it closes the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unanswered;

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the call is left unanswered")
    }
}

impl std::error::Error for Unanswered {}

/// Leads requests to a vendor's API or to the control endpoints.
#[derive(Debug)]
pub(crate) struct Gate {
    world: Arc<World>,
    hubspot: Router,
    upso: Router,
    control: Router,
}

impl Gate {
    /// Creates the gate of a sandbox.
    pub(crate) fn new(world: Arc<World>) -> Self {
        let hubspot = Vendor::Hubspot.router(Arc::clone(&world));
        let upso = Vendor::Upso.router(Arc::clone(&world));
        let control = control::router(Arc::clone(&world));
        Self { world, hubspot, upso, control }
    }

    /// Serves a request.
    pub(crate) async fn serve(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Unanswered> {
        let request = request.map(Body::new);
        if request.uri().path().split('/').nth(1) == Some("_sandbox") {
            return Ok(answer_of(self.control.clone(), request).await);
        }
        let (parts, body) = request.into_parts();
        let vendor = Vendor::of(parts.uri.path());
        let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
            return Ok(vendor.too_long());
        };
        let client_gone = CancellationToken::new();
        let _tells_when_dropped = client_gone.clone().drop_guard();
        let api = match vendor {
            Vendor::Hubspot => self.hubspot.clone(),
            Vendor::Upso => self.upso.clone(),
        };
        let passage = Passage { world: Arc::clone(&self.world), vendor, api, client_gone };
        // In a task of its own: like a vendor, the sandbox goes on with what it was asked to do even
        // when the client hangs up in the meantime.
        let call = self.world.supervisor.spawn("sandbox call", passage.run(parts, body));
        call.await.unwrap_or(Err(Unanswered))
    }
}

/// One call of an API.
struct Passage {
    world: Arc<World>,
    vendor: Vendor,
    api: Router,
    client_gone: CancellationToken,
}

impl Passage {
    async fn run(self, parts: Parts, body: Bytes) -> Result<Response<Body>, Unanswered> {
        let now = self.world.now();
        let entry = self.vendor.enter(&self.world, &parts, &body, now);
        let entered = entry.as_ref().ok().and_then(Option::as_ref);
        let whose = entered.map(|entry| &entry.whose);
        let standing = entered.map(|entry| entry.standing);
        let (method, path) = (parts.method.as_str(), parts.uri.path());
        let plan = if standing.is_some_and(|standing| !standing.admitted()) {
            Plan::default()
        } else {
            lock(&self.world.faults).plan(method, path, whose)
        };
        let n = lock(&self.world.calls).open(|n| {
            let mut call = arrived(n, now, method, path);
            call.portal_id = whose.and_then(Whose::portal_id);
            call.account_id = whose.and_then(Whose::account_id).map(str::to_owned);
            call.items = self.vendor.items(path, &body);
            (call.kind, call.inputs) = self.vendor.about(method, path, &body);
            call.fault = plan.kind;
            call.in_flight = entered.map_or(1, |entry| entry.serving.number);
            call
        });
        let latency_ms = self.world.settings().latency_ms.saturating_add(plan.latency_ms);
        let (answer, effect_status) = if self.outlast(Duration::from_millis(latency_ms)).await {
            self.cross(entry, plan, parts, body).await
        } else {
            drop(entry);
            (None, None)
        };
        let status = answer.as_ref().map(|answer| answer.status().as_u16());
        lock(&self.world.calls).close(n, Ending { status, effect_status });
        let mut answer = answer.ok_or(Unanswered)?;
        for (name, value) in standing.iter().flat_map(|standing| self.vendor.headers(standing)) {
            answer.headers_mut().insert(name, value.into());
        }
        Ok(answer)
    }

    /// Lets the call take effect, or not, and returns its answer, or none, as the plan says.
    async fn cross(
        &self,
        entry: Result<Option<Entry>, Denied>,
        plan: Plan,
        parts: Parts,
        body: Bytes,
    ) -> (Option<Response<Body>>, Option<u16>) {
        if let Ok(Some(Entry { standing, .. })) = &entry
            && !standing.admitted()
        {
            return (Some(self.vendor.used_up(standing)), None);
        }
        let after_effect = match &plan.cut {
            None => true,
            Some(Cut::Answer { after_effect, .. })
            | Some(Cut::Drop { after_effect })
            | Some(Cut::Hang { after_effect }) => *after_effect,
        };
        let mut real = None;
        if after_effect {
            let body = ignored::without(body, &plan.ignored);
            real = Some(match &entry {
                Ok(entry) => {
                    let mut request = Request::from_parts(parts, Body::from(body));
                    let token = entry.iter().map(|entry| entry.token.clone());
                    token.for_each(|token| request.extensions_mut().extend(token));
                    answer_of(self.api.clone(), request).await
                }
                Err(why) => self.vendor.denied(*why),
            });
        }
        let effect_status = real.as_ref().map(|real| real.status().as_u16());
        let answer = match plan.cut {
            None => real,
            Some(Cut::Answer { answer, .. }) => Some(self.vendor.fault(&answer)),
            Some(Cut::Drop { .. }) => None,
            Some(Cut::Hang { .. }) => {
                let stopping = self.world.supervisor.stopping();
                tokio::select! {
                    () = stopping.cancelled() => {}
                    () = self.client_gone.cancelled() => {}
                }
                None
            }
        };
        (answer, effect_status)
    }

    /// Waits; returns false when the sandbox stops first.
    async fn outlast(&self, latency: Duration) -> bool {
        if latency.is_zero() {
            return true;
        }
        let stopping = self.world.supervisor.stopping();
        tokio::select! {
            () = stopping.cancelled() => false,
            () = tokio::time::sleep(latency) => true,
        }
    }
}

async fn answer_of(mut router: Router, request: Request<Body>) -> Response<Body> {
    // A router is always ready, so it need not be polled for that.
    let answer: Result<_, Infallible> = router.call(request).await;
    match answer {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}
