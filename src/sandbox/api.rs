//! The paths of HubSpot's API.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{Response, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::answer::Answer;
use super::hubspot::Refusal;
use super::world::World;

mod account;
mod deals;
mod groups;
pub(crate) mod items;
pub(crate) mod oauth;
mod properties;
mod query;
mod target;
pub(crate) mod token;

/// Longest body a handler reads; the gate has cut longer ones off already.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Returns every path of the API. The caller's token is expected among the request's extensions.
pub(crate) fn router(world: Arc<World>) -> Router {
    let of_an_object = || properties::router().nest("/groups", groups::router());
    Router::new()
        .nest("/crm/v3/properties/{object_type}", of_an_object())
        .nest("/crm/properties/{version}/{object_type}", of_an_object())
        .nest("/crm/v3/objects/{object_type}", deals::router())
        .nest("/crm/objects/{version}/{object_type}", deals::router())
        .route("/account-info/{version}/details", get(account::details))
        .route("/account-info/{version}/api-usage/daily/private-apps", get(account::daily_usage))
        .route("/crm/v3/limits/{what}", get(account::limits))
        .route("/crm/limits/{version}/{what}", get(account::limits))
        .route("/oauth/{version}/token", post(oauth::token))
        .route(token::TOKEN_INFO, post(account::token_info))
        .fallback(async || Refusal::not_found("There is no such path here."))
        .method_not_allowed_fallback(async || {
            Refusal::new(405, "METHOD_NOT_ALLOWED", "This path does not know this method.")
        })
        .with_state(world)
}

/// Returns a fresh id for an error, as every HubSpot error has one.
pub(crate) fn correlation_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        Answer::new(self.status, self.body(&correlation_id())).into_response()
    }
}

/// A JSON body; anything else is refused in HubSpot's words.
#[derive(Debug)]
pub(crate) struct JsonBody(pub(crate) Value);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let kind = request.headers().get(header::CONTENT_TYPE).cloned();
        let body = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX)
            .await
            .map_err(|error| Refusal::invalid(format!("The body could not be read: {error}")))?;
        let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        if !is_json {
            return Err(Refusal::new(
                415,
                "VALIDATION_ERROR",
                "The content type of the body must be application/json.",
            ));
        }
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| Refusal::invalid(format!("Invalid input JSON: {error}")))
    }
}

/// Writes a list that is not paged.
fn results(results: Vec<Value>) -> Answer {
    Answer::new(200, json!({ "results": results }))
}
