//! The contract, as it is served.

use axum::http::header;
use axum::response::IntoResponse;

/// The OpenAPI document.
const DOCUMENT: &str = include_str!("../../../docs/http-openapi.yaml");

/// `GET /openapi.yaml`
pub(super) async fn openapi() -> impl IntoResponse {
    // RFC 9512 gives the type its name.
    ([(header::CONTENT_TYPE, "application/yaml")], DOCUMENT)
}
