//! Which portal a token belongs to, by two ways of asking.

use std::sync::Arc;

use axum::Extension;
use axum::extract::Path;
use serde_json::json;

use super::target::check_version;
use crate::sandbox::answer::Answer;
use crate::sandbox::hubspot::{Portal, Refusal};
use crate::sandbox::registry::Token;

/// `GET /account-info/{version}/details`.
pub(super) async fn details(
    Path(version): Path<String>,
    Extension(token): Extension<Arc<Token<Portal>>>,
) -> Result<Answer, Refusal> {
    if version != "v3" {
        check_version(&version)?;
    }
    let details = json!({
        "portalId": token.account.id,
        "accountType": "DEVELOPER_TEST",
        "timeZone": "UTC",
        "companyCurrency": "EUR",
        "additionalCurrencies": [],
        "utcOffset": "+00:00",
        "utcOffsetMilliseconds": 0,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    });
    Ok(Answer::new(200, details))
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
