//! What happens to a call on its way to a portal and back: token, limit, faults, latency, log.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Request, Response};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::api::{self, Answer};
use super::calls::{Ending, arrived};
use super::control;
use super::faults::{Cut, Plan, Policy, rate_limited};
use super::hubspot::Refusal;
use super::limiter::Standing;
use super::registry::Token;
use super::world::{World, lock};

mod items;

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

/// Leads requests to the API or to the control endpoints.
#[derive(Debug)]
pub(crate) struct Gate {
    world: Arc<World>,
    api: Router,
    control: Router,
}

impl Gate {
    /// Creates the gate of a sandbox.
    pub(crate) fn new(world: Arc<World>) -> Self {
        let api = api::router(Arc::clone(&world));
        let control = control::router(Arc::clone(&world));
        Self { world, api, control }
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
        let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
            let refusal = Refusal::new(413, "VALIDATION_ERROR", "The body is too long.");
            return Ok(refusal.into_response());
        };
        let client_gone = CancellationToken::new();
        let _tells_when_dropped = client_gone.clone().drop_guard();
        let passage =
            Passage { world: Arc::clone(&self.world), api: self.api.clone(), client_gone };
        // In a task of its own: like HubSpot, the sandbox goes on with what it was asked to do even
        // when the client hangs up in the meantime.
        let call = self.world.supervisor.spawn("sandbox call", passage.run(parts, body));
        call.await.unwrap_or(Err(Unanswered))
    }
}

/// One call of the API.
struct Passage {
    world: Arc<World>,
    api: Router,
    client_gone: CancellationToken,
}

impl Passage {
    async fn run(self, parts: Parts, body: Bytes) -> Result<Response<Body>, Unanswered> {
        let now = self.world.now();
        let settings = self.world.settings();
        let token = items::token(&parts, &body)
            .ok_or_else(super::registry::unauthenticated)
            .and_then(|token| self.world.registry.token(&token, now));
        let serving = token.as_ref().ok().map(|token| token.account.enter());
        let portal_id = token.as_ref().ok().map(|token| token.account.id);
        let standing = token.as_ref().ok().map(|token| {
            let limit = token.burst_limit.unwrap_or(settings.burst_limit);
            lock(&token.window).admit(now, limit, settings.burst_window_ms)
        });
        let (method, path) = (parts.method.as_str(), parts.uri.path());
        let refused = standing.is_some_and(|standing| !standing.admitted);
        let plan = if refused {
            Plan::default()
        } else {
            lock(&self.world.faults).plan(method, path, portal_id)
        };
        let n = lock(&self.world.calls).open(|n| {
            let mut call = arrived(n, now, method, path);
            call.portal_id = portal_id;
            call.items = items::names(path, &body);
            call.fault = plan.kind;
            call.in_flight = serving.as_ref().map_or(1, |serving| serving.number);
            call
        });
        let latency = Duration::from_millis(settings.latency_ms.saturating_add(plan.latency_ms));
        let (answer, effect_status) = if self.outlast(latency).await {
            self.cross(token, refused, plan, parts, body).await
        } else {
            (None, None)
        };
        drop(serving);
        let status = answer.as_ref().map(|answer| answer.status().as_u16());
        lock(&self.world.calls).close(n, Ending { status, effect_status });
        answer.map(|answer| with_headers(answer, standing)).ok_or(Unanswered)
    }

    /// Lets the call take effect, or not, and returns its answer, or none, as the plan says.
    async fn cross(
        &self,
        token: Result<Arc<Token>, Refusal>,
        refused: bool,
        plan: Plan,
        parts: Parts,
        body: Bytes,
    ) -> (Option<Response<Body>>, Option<u16>) {
        if refused {
            let body = rate_limited(Policy::TenSecondlyRolling, &api::correlation_id());
            return (Some(Answer::new(429, body).into_response()), None);
        }
        let after_effect = match &plan.cut {
            None => true,
            Some(Cut::Answer { after_effect, .. })
            | Some(Cut::Drop { after_effect })
            | Some(Cut::Hang { after_effect }) => *after_effect,
        };
        let mut real = None;
        if after_effect {
            let body = items::without(body, &plan.ignored);
            real = Some(match token {
                Ok(token) => {
                    let mut request = Request::from_parts(parts, Body::from(body));
                    request.extensions_mut().insert(token);
                    answer_of(self.api.clone(), request).await
                }
                Err(refusal) => refusal.into_response(),
            });
        }
        let effect_status = real.as_ref().map(|real| real.status().as_u16());
        let answer = match plan.cut {
            None => real,
            Some(Cut::Answer { answer, .. }) => Some(api::fault(&answer)),
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

fn with_headers(mut answer: Response<Body>, standing: Option<Standing>) -> Response<Body> {
    for (name, value) in standing.iter().flat_map(Standing::headers) {
        answer.headers_mut().insert(name, value.into());
    }
    answer
}
