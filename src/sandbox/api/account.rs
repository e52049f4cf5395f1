//! Which portal a token belongs to, by two ways of asking, and the limits of that portal.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;

use super::target::check_version;
use crate::sandbox::answer::Answer;
use crate::sandbox::hubspot::{Portal, Refusal};
use crate::sandbox::registry::{Token, TokenKind};
use crate::sandbox::world::World;

/// Any one scope for objects opens the limits; those for schemas alone do not.
const READ_OBJECTS_SCOPES: [&str; 2] = ["crm.objects.deals.read", "crm.objects.deals.write"];

/// `GET /account-info/{version}/details`.
pub(super) async fn details(
    State(world): State<Arc<World>>,
    Path(version): Path<String>,
    Extension(token): Extension<Arc<Token<Portal>>>,
) -> Result<Answer, Refusal> {
    check_version_or_v3(&version)?;
    let portal = token.account.lock();
    let offset = portal.local(world.now()).offset();
    let details = json!({
        "portalId": token.account.id,
        "accountType": "DEVELOPER_TEST",
        "timeZone": portal.switches.time_zone,
        "companyCurrency": "EUR",
        "additionalCurrencies": [],
        "utcOffset": offset_text(offset.seconds()),
        "utcOffsetMilliseconds": i64::from(offset.seconds()) * 1_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    });
    Ok(Answer::new(200, details))
}

/// Writes an offset as `+01:00`.
fn offset_text(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn check_version_or_v3(version: &str) -> Result<(), Refusal> {
    if version == "v3" { Ok(()) } else { check_version(version) }
}

/// `GET /account-info/{version}/api-usage/daily/private-apps`.
pub(super) async fn daily_usage(
    State(world): State<Arc<World>>,
    Path(version): Path<String>,
    Extension(token): Extension<Arc<Token<Portal>>>,
) -> Result<Answer, Refusal> {
    check_version_or_v3(&version)?;
    let told = token.kind == TokenKind::PrivateApp;
    Ok(Answer::new(200, token.account.lock().daily_report(world.now(), told)))
}

/// `GET /crm/limits/{version}/{what}` and `GET /crm/v3/limits/{what}`.
pub(super) async fn limits(
    Path(named): Path<Limits>,
    Extension(token): Extension<Arc<Token<Portal>>>,
) -> Result<Answer, Refusal> {
    if let Some(version) = &named.version {
        check_version(version)?;
    }
    token.needs(&READ_OBJECTS_SCOPES)?;
    let portal = token.account.lock();
    match named.what.as_str() {
        "custom-properties" => Ok(Answer::new(200, portal.property_limits())),
        "records" => Ok(Answer::new(200, portal.record_limits())),
        _ => Err(Refusal::not_found("There is no such path here.")),
    }
}

/// Which limits are asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Limits {
    version: Option<String>,
    what: String,
}

/// `POST /oauth/v2/private-apps/get/access-token-info`, with the token in the body as `tokenKey`.
pub(super) async fn token_info(Extension(token): Extension<Arc<Token<Portal>>>) -> Answer {
    let info = json!({
        "userId": 1,
        "hubId": token.account.id,
        "appId": 1,
        "scopes": token.scopes,
    });
    Answer::new(200, info)
}
