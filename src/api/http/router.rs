//! Which path leads where.
//!
//! Who watches over the program needs no token: its paths say nothing of any company. Nor do vendors,
//! who sign what they say.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State as Shared};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::problem::Problem;
use super::{BODY_BYTES_MAX, calls, document, hooks};
use crate::api::answer::Told;
use crate::api::readiness::{Readiness, Standing};
use crate::auth::Policy;
use crate::engine::Engine;
use crate::metrics::{self, Metrics};

/// What the calls need.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) engine: Engine,
    pub(super) policy: Arc<Policy>,
    pub(super) stopping: CancellationToken,
}

/// How long a call may take, its body included: as long as over gRPC.
pub(super) const CALL_MAX: Duration = Duration::from_secs(60);

/// What watching over the program needs.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) metrics: Arc<Metrics>,
    pub(super) readiness: Readiness,
}

/// Returns every path.
pub(super) fn router(state: State, watched: Watched) -> Router {
    let hook = post(hooks::upso).layer(DefaultBodyLimit::max(hooks::BODY_BYTES_MAX));
    let calls = Router::new()
        .route("/hubspot/fields/add", post(calls::add_field))
        .route("/hubspot/fields/modify/{company_id}/{old_name}", put(calls::modify_field))
        .route("/upso/cadence/modify/{company_id}", put(calls::modify_cadence))
        .route("/webhooks/upso/{company_id}", hook)
        .route("/openapi.yaml", get(document::openapi))
        .with_state(state);
    completed(calls.merge(watching(watched)))
}

/// Returns the paths of a process that takes no calls.
pub(super) fn router_without_calls(watched: Watched) -> Router {
    completed(watching(watched))
}

fn watching(watched: Watched) -> Router {
    Router::new().route("/health", get(health)).route("/metrics", get(metrics)).with_state(watched)
}

/// Adds what is answered where nothing is found.
fn completed(router: Router) -> Router {
    router
        .fallback(async || {
            Problem::of_http(StatusCode::NOT_FOUND, "there is no such path; see /openapi.yaml")
        })
        .method_not_allowed_fallback(async || {
            let detail = "this path has other methods: see the header Allow";
            Problem::of_http(StatusCode::METHOD_NOT_ALLOWED, detail)
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(in_time))
}

/// `GET /health`: whether calls should be sent here.
async fn health(Shared(watched): Shared<Watched>) -> Response {
    health_of(watched.readiness.now())
}

/// `GET /metrics`: for Prometheus.
async fn metrics(Shared(watched): Shared<Watched>) -> Response {
    match watched.metrics.text().await {
        Ok(text) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            let told = "the metrics cannot be written";
            tracing::error!(%error, "{told}");
            Problem::of_http(StatusCode::INTERNAL_SERVER_ERROR, told).into_response()
        }
    }
}

pub(super) fn health_of(standing: Standing) -> Response {
    match standing {
        Standing::Ready => Json(json!({ "status": "serving" })).into_response(),
        Standing::NotReady => Problem::from(Told::store_away()).into_response(),
        Standing::Draining => Problem::from(Told::shutting_down()).into_response(),
    }
}

/// Answers a call that takes too long.
async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(CALL_MAX, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => Problem::from(Told::late()).into_response(),
    }
}
