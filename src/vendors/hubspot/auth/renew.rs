//! Asking for a new access token.
//!
//! The answer may bring another refresh token, and then the one before is worth nothing: it is noted
//! before anything is waited for. Only a clear word of HubSpot means that the grant is over; all
//! else is tried again with the same one.

use std::sync::PoisonError;
use std::time::Duration;

use rand::RngExt as _;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::{Hidden, State, Token, Tokens, Told};
use crate::domain::{Problem, ProblemReason};
use crate::vendors::answers::{TEXT_MAX, View, retry_after};
use crate::vendors::http::{Bearer, Body, Reply, Request};
use crate::vendors::hubspot::portal::Portal;
use crate::vendors::hubspot::said::Said;
use crate::vendors::hubspot::scopes::Scopes;
use crate::vendors::secrets::Secrets;
use crate::vendors::{Failure, FailureScope};

/// How long a token lasts where the answer does not say (HubSpot's guide to OAuth).
const LIFETIME_SECS: u64 = 1_800;
/// The lifetimes that are believed.
const LIFETIME_SECS_RANGE: (u64, u64) = (1, 24 * 60 * 60);
/// How long before its end a token is renewed, in seconds: not all at the same time.
const AHEAD_SECS: std::ops::RangeInclusive<u64> = 60..=300;
/// How soon a refused grant is tried again, should it have been a mistake. Connecting anew does not
/// wait for that.
const REFUSED_WAIT: Duration = Duration::from_secs(10 * 60);

/// A token, as HubSpot hands it out.
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<u64>,
    hub_id: Option<Value>,
    scopes: Option<Vec<String>>,
}

impl Tokens {
    /// Asks for a token and takes it, with the refresh token that may come along.
    pub(super) async fn renew(
        &self,
        portal: &Portal,
        state: &mut State,
        until: Instant,
    ) -> Result<(), Failure> {
        let asked_at = Instant::now();
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", state.grant.client_id.as_str()),
            ("client_secret", state.grant.client_secret.as_str()),
            ("refresh_token", state.grant.refresh_token.as_str()),
        ];
        let request = Request {
            method: Method::POST,
            url: portal.paths.token(),
            bearer: None,
            headers: HeaderMap::new(),
            body: Body::Form(&form),
            // Something has to be left for keeping what comes, and for the call itself.
            timeout: until.saturating_duration_since(asked_at) / 2,
        };
        let reply = portal.client.send(request).await;
        let reply = reply.map_err(|error| of_all(portal.view(false).no_answer(&error)))?;
        if reply.status != 200 {
            return Err(refusal(&portal.view(false), &reply));
        }
        let answer = serde_json::from_slice::<Answer>(&reply.body).ok();
        let token = answer.and_then(|answer| Some((Bearer::new(&answer.access_token)?, answer)));
        let Some((bearer, answer)) = token else {
            let what = "it is no access token";
            return Err(of_all(portal.view(false).unreadable(reply.status, what)));
        };
        self.take(state, bearer, answer, asked_at);
        self.keep(state, until).await
    }

    /// Notes what an answer brought. Waits for nothing.
    fn take(&self, state: &mut State, bearer: Bearer, answer: Answer, asked_at: Instant) {
        let before = state.grant.refresh_token.clone();
        let other = answer.refresh_token.filter(|it| !it.is_empty() && *it != before);
        if let Some(other) = other {
            state.grant.refresh_token = other;
            state.is_kept = false;
        }
        let (least, most) = LIFETIME_SECS_RANGE;
        let lifetime = answer.expires_in.unwrap_or(LIFETIME_SECS).clamp(least, most);
        let lifetime = Duration::from_secs(lifetime);
        let ahead = Duration::from_secs(rand::rng().random_range(AHEAD_SECS));
        let replaced = state.token.replace(Token {
            bearer,
            secret: Hidden(Zeroizing::new(answer.access_token)),
            since: asked_at,
            renew_at: asked_at + lifetime - ahead.min(lifetime / 3),
            ends_at: asked_at + lifetime,
        });
        let account_id = answer.hub_id.and_then(|id| match id {
            Value::Number(id) => Some(id.to_string()),
            Value::String(id) => Some(id),
            _ => None,
        });
        state.told = Told { account_id, scopes: answer.scopes.map(Scopes::new) };
        let tokens = [replaced.as_ref(), state.token.as_ref()];
        let tokens = tokens.into_iter().flatten().map(|token| token.secret.0.as_str());
        let grant = &state.grant;
        let secrets = [grant.client_secret.as_str(), &grant.refresh_token, &before];
        let secrets = Secrets::new(secrets.into_iter().chain(tokens));
        *self.secrets.write().unwrap_or_else(PoisonError::into_inner) = secrets;
    }
}

/// Tells what an answer means that brings no token.
fn refusal(view: &View, reply: &Reply) -> Failure {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    // The words of OAuth, of HubSpot's first version of it, and of its API.
    let code = ["error", "status", "category", "subCategory", "errorType"].map(text);
    let is = |codes: &[&str]| {
        matches!(reply.status, 400..=403)
            && code.iter().any(|code| codes.iter().any(|one| code.eq_ignore_ascii_case(one)))
    };
    let said = Said::from_value(&body);
    let told = [said.told(&view.secrets), text("error_description").to_owned()];
    let told: Vec<_> = told.into_iter().filter(|told| !told.is_empty()).collect();
    let status = reply.status;
    let wait = retry_after(reply, view.now);
    let (reason, what, wait) = if is(&["invalid_grant", "bad_refresh_token"]) {
        let what = "HubSpot does not accept the refresh token any more; reconnect";
        (ProblemReason::CredentialRefused, what, Some(REFUSED_WAIT))
    } else if is(&["invalid_client", "unauthorized_client", "bad_client_id", "bad_client_secret"]) {
        let what = "HubSpot does not accept the application's id and secret; reconnect";
        (ProblemReason::CredentialRefused, what, Some(REFUSED_WAIT))
    } else if status == 429 {
        let what = "HubSpot gives no access token for now: too many were asked for";
        (ProblemReason::RateLimited, what, wait)
    } else {
        (ProblemReason::VendorUnavailable, "HubSpot gave no access token", wait)
    };
    let mut message = format!("{what} ({status})");
    if !told.is_empty() {
        message = format!("{message}: {}", told.join("; "));
    }
    Failure {
        scope: FailureScope::Connection,
        effect_unknown: false,
        retry_after: wait,
        problem: Problem {
            vendor_status: status,
            correlation_id: said.identification(&view.secrets),
            ..Problem::new(reason, view.secrets.clean(&message, TEXT_MAX))
        },
    }
}

/// Without a token no call of the connection makes sense.
fn of_all(failure: Failure) -> Failure {
    Failure { scope: FailureScope::Connection, effect_unknown: false, ..failure }
}
