//! Which path leads where.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State as Shared};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::problem::Problem;
use super::{BODY_BYTES_MAX, calls, document};
use crate::api::answer::Told;
use crate::api::readiness::{Readiness, Standing};
use crate::auth::Policy;
use crate::engine::Engine;

/// What the calls need.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) engine: Engine,
    pub(super) policy: Arc<Policy>,
    pub(super) readiness: Readiness,
    pub(super) stopping: CancellationToken,
}

/// How long a call may take, its body included: as long as over gRPC.
pub(super) const CALL_MAX: Duration = Duration::from_secs(60);

/// Returns the path of health alone.
pub(super) fn health_router(readiness: Readiness) -> Router {
    Router::new()
        .route("/health", get(async move || health_of(readiness.now())))
        .fallback(async || Problem::of_http(StatusCode::NOT_FOUND, "only /health is here"))
}

/// Returns every path.
pub(super) fn router(state: State) -> Router {
    Router::new()
        .route("/hubspot/fields/add", post(calls::add_field))
        .route("/hubspot/fields/modify/{company_id}/{old_name}", put(calls::modify_field))
        .route("/upso/cadence/modify/{company_id}", put(calls::modify_cadence))
        .route("/health", get(health))
        .route("/openapi.yaml", get(document::openapi))
        .fallback(async || {
            Problem::of_http(StatusCode::NOT_FOUND, "there is no such path; see /openapi.yaml")
        })
        .method_not_allowed_fallback(async || {
            let detail = "this path has other methods: see the header Allow";
            Problem::of_http(StatusCode::METHOD_NOT_ALLOWED, detail)
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(in_time))
        .with_state(state)
}

/// `GET /health`: whether calls should be sent here. Who watches over the program needs no token.
async fn health(Shared(state): Shared<State>) -> Response {
    health_of(state.readiness.now())
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
