//! Applications and what they are granted, from the outside.

use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Result, Shared, Wrong, read};
use crate::sandbox::answer::Answer;
use crate::sandbox::oauth::{App, GrantSpec};
use crate::sandbox::world::lock;

/// `GET /_sandbox/oauth`. Secrets are not told.
pub(super) async fn show(State(world): Shared) -> Answer {
    let oauth = lock(&world.oauth);
    let apps = oauth.apps().map(|app| {
        json!({
            "client_id": app.client_id,
            "lifetime_seconds": app.lifetime_seconds,
            "rotate": app.rotate,
        })
    });
    let body = json!({ "apps": apps.collect::<Vec<Value>>(), "grants": oauth.grants() });
    Answer::new(200, body)
}

/// `POST /_sandbox/oauth/apps`.
pub(super) async fn make_app(State(world): Shared, body: Bytes) -> Result {
    let app: App = read(&body)?;
    let client_id = app.client_id.clone();
    lock(&world.oauth).make_app(app);
    Ok(Answer::new(201, json!({ "client_id": client_id })))
}

/// `POST /_sandbox/oauth/grants`.
pub(super) async fn make_grant(State(world): Shared, body: Bytes) -> Result {
    let spec: GrantSpec = read(&body)?;
    super::portals::check_portal_id(spec.portal_id)?;
    let portal_id = spec.portal_id;
    let token = lock(&world.oauth).make_grant(spec).map_err(|wrong| Wrong(400, wrong))?;
    Ok(Answer::new(201, json!({ "refresh_token": token, "portal_id": portal_id })))
}

/// Who loses what it was granted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoke {
    client_id: String,
    portal_id: u32,
    /// Whether access tokens end as well, as they do when the application is uninstalled.
    #[serde(default = "yes")]
    access_tokens: bool,
}

fn yes() -> bool {
    true
}

/// `POST /_sandbox/oauth/revoke`.
pub(super) async fn revoke(State(world): Shared, body: Bytes) -> Result {
    let Revoke { client_id, portal_id, access_tokens } = read(&body)?;
    let grants = lock(&world.oauth).revoke(&client_id, portal_id);
    let tokens = if access_tokens { world.portals.revoke(&portal_id, &client_id) } else { 0 };
    Ok(Answer::new(200, json!({ "grants": grants, "access_tokens": tokens })))
}
