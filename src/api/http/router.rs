//! Which path leads where.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::problem::Problem;
use super::{BODY_BYTES_MAX, calls, document};
use crate::api::answer::Told;
use crate::auth::Policy;
use crate::engine::Engine;

/// What the calls need.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) engine: Engine,
    pub(super) policy: Arc<Policy>,
    pub(super) stopping: CancellationToken,
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
        .with_state(state)
}

/// `GET /health`: whether calls are taken. Who watches over the program needs no token.
async fn health(Shared(state): Shared<State>) -> Response {
    health_of(&state.stopping)
}

pub(super) fn health_of(stopping: &CancellationToken) -> Response {
    match stopping.is_cancelled() {
        true => Problem::from(Told::shutting_down()).into_response(),
        false => Json(json!({ "status": "serving" })).into_response(),
    }
}
