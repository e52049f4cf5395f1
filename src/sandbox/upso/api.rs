//! The paths of the contract, below `/v1`.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use serde_json::{Value, json};

use super::refusal::{Code, Refusal};
use crate::sandbox::answer::Answer;
use crate::sandbox::world::World;

mod cadences;
mod request;
mod webhook;

use request::{Caller, NoQuery};

type Result = std::result::Result<Answer, Refusal>;

/// Returns every path. The caller's key is expected among the request's extensions.
pub(crate) fn router(world: Arc<World>) -> Router {
    let paths = Router::new()
        .route("/account", get(account))
        .route("/cadences", get(cadences::list).post(cadences::create))
        .route(
            "/cadences/{key}",
            get(cadences::read).put(cadences::replace).delete(cadences::delete),
        )
        .route("/webhook", get(webhook::read).put(webhook::subscribe).delete(webhook::unsubscribe));
    Router::new()
        .nest("/v1", paths)
        .fallback(async || Refusal::not_found("there is no such path"))
        .method_not_allowed_fallback(async || {
            Refusal::new(Code::MethodNotAllowed, "this path does not know this method")
        })
        .with_state(world)
}

/// Returns the key of the cadence a call is about.
pub(crate) fn items(path: &str, body: &Bytes) -> Vec<String> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match segments.as_slice() {
        ["v1", "cadences", key] => vec![(*key).to_owned()],
        ["v1", "cadences"] => {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            body.get("key").and_then(Value::as_str).map(str::to_owned).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// `GET /v1/account`.
async fn account(Caller(account): Caller, _: NoQuery) -> Answer {
    let name = format!("Sandbox account {}", account.id);
    Answer::new(200, json!({ "account_id": account.id, "name": name }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_found_in_the_path_or_in_the_body() {
        let body = Bytes::from_static(br#"{"key":"welcome"}"#);
        assert_eq!(items("/v1/cadences", &body), ["welcome"]);
        assert_eq!(items("/v1/cadences/other", &body), ["other"]);
        assert!(items("/v1/cadences", &Bytes::new()).is_empty());
        assert!(items("/v1/account", &body).is_empty());
    }
}
