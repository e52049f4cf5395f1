//! The paths of HubSpot's API.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::faults::FaultAnswer;
use super::hubspot::Refusal;
use super::world::World;

mod account;
mod groups;
mod properties;
mod target;

/// Longest body a handler reads; the gate has cut longer ones off already.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Returns every path of the API. The caller's token is expected among the request's extensions.
pub(crate) fn router(world: Arc<World>) -> Router {
    let of_an_object = || properties::router().nest("/groups", groups::router());
    Router::new()
        .nest("/crm/v3/properties/{object_type}", of_an_object())
        .nest("/crm/properties/{version}/{object_type}", of_an_object())
        .route("/account-info/{version}/details", get(account::details))
        .route("/oauth/v2/private-apps/get/access-token-info", post(account::token_info))
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

/// A JSON answer.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    body: Option<Value>,
    location: Option<String>,
}

impl Answer {
    /// Creates an answer with a body.
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self { status, body: Some(body), location: None }
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self { status: 204, body: None, location: None }
    }

    /// 201, naming where the new thing is found.
    pub(crate) fn created(body: Value, location: String) -> Self {
        Self { status: 201, body: Some(body), location: Some(location) }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response<Body> {
        let body = self.body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let mut response = Response::new(body);
        *response.status_mut() = status(self.status);
        let headers = response.headers_mut();
        if self.status != 204 {
            let json = HeaderValue::from_static("application/json;charset=utf-8");
            headers.insert(header::CONTENT_TYPE, json);
        }
        if let Some(Ok(location)) = self.location.map(HeaderValue::try_from) {
            headers.insert(header::LOCATION, location);
        }
        response
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        Answer::new(self.status, self.body(&correlation_id())).into_response()
    }
}

/// Writes the answer of a fault.
pub(crate) fn fault(answer: &FaultAnswer) -> Response<Body> {
    let mut response = match answer.body(&correlation_id()) {
        Value::String(html) => {
            let mut response = Response::new(Body::from(html));
            let kind = HeaderValue::from_static("text/html;charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        body => Answer::new(answer.status, body).into_response(),
    };
    *response.status_mut() = status(answer.status);
    if let Some(seconds) = answer.retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
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
