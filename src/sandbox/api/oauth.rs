//! `POST /oauth/{version}/token`: access tokens for refresh tokens.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::correlation_id;
use super::target::check_version;
use crate::sandbox::answer::Answer;
use crate::sandbox::hubspot::Refusal;
use crate::sandbox::oauth::{Ask, Denial, Denied};
use crate::sandbox::world::{World, lock};

/// Returns whether a path gives tokens and so asks for none.
pub(crate) fn is_token_path(path: &str) -> bool {
    matches!(path.split('/').collect::<Vec<_>>().as_slice(), ["", "oauth", _, "token"])
}

/// `POST /oauth/{version}/token`.
pub(super) async fn token(
    State(world): State<Arc<World>>,
    Path(version): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refusal> {
    if !matches!(version.as_str(), "v1" | "v3") {
        check_version(&version)?;
    }
    let kind = headers.get(header::CONTENT_TYPE).map(header::HeaderValue::as_bytes);
    if !kind.is_some_and(|kind| kind.starts_with(b"application/x-www-form-urlencoded")) {
        let said = "The content type of the body must be application/x-www-form-urlencoded.";
        return Err(Refusal::new(415, "VALIDATION_ERROR", said));
    }
    let issued = match lock(&world.oauth).refresh(&ask(&body), world.now()) {
        Ok(issued) => issued,
        Err(denied) => return Ok(Answer::new(400, words(denied, version == "v1"))),
    };
    let (portal_id, scopes) = (issued.access.account, issued.access.scopes.clone());
    let access_token = issued.access.token.clone();
    world.portals.assign(issued.access, world.now()).map_err(Refusal::invalid)?;
    let body = json!({
        "access_token": access_token,
        "refresh_token": issued.refresh_token,
        "expires_in": issued.lifetime_seconds,
        "token_type": "bearer",
        "token_use": "access_token",
        "hub_id": portal_id,
        "scopes": scopes,
        "user_id": 1,
    });
    Ok(Answer::new(200, body))
}

fn ask(body: &[u8]) -> Ask {
    let mut ask = Ask::default();
    for (key, value) in form_urlencoded::parse(body) {
        let kept = match &*key {
            "grant_type" => &mut ask.grant_type,
            "client_id" => &mut ask.client_id,
            "client_secret" => &mut ask.client_secret,
            "refresh_token" => &mut ask.refresh_token,
            _ => continue,
        };
        *kept = value.into_owned();
    }
    ask
}

/// Writes a denial, as the first version of the API does or as the standard of OAuth does.
fn words(denied: Denied, first_version: bool) -> Value {
    let (legacy, standard, said) = match denied.why {
        Denial::UnknownApp => ("BAD_CLIENT_ID", "invalid_client", "missing or unknown client id"),
        Denial::WrongSecret => {
            ("BAD_CLIENT_SECRET", "invalid_client", "missing or invalid client secret")
        }
        Denial::BadRefreshToken => {
            ("BAD_REFRESH_TOKEN", "invalid_grant", "missing or invalid refresh token")
        }
        Denial::OtherGrantType => {
            ("BAD_GRANT_TYPE", "unsupported_grant_type", "missing or unknown grant type")
        }
    };
    if first_version || denied.legacy {
        return json!({ "status": legacy, "message": said, "correlationId": correlation_id() });
    }
    json!({ "error": standard, "error_description": said, "correlationId": correlation_id() })
}
