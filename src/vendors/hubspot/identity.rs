//! Whose portal it is, and what the credential may do there.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{timeout, timeout_at};

use super::auth::Auth;
use super::calls::Turn;
use super::classify::Classify as _;
use super::portal::Portal;
use super::scopes::Scopes;
use crate::domain::{Problem, ProblemReason};
use crate::vendors::{Failure, FailureScope, Identity};

/// How long is waited at most to hear what a token may do: it is good to know, and no more.
const SCOPES_WAIT: Duration = Duration::from_secs(2);
/// How soon it is looked again whether a credential opens the right portal. Connecting anew does not
/// wait for that.
const WRONG_WAIT: Duration = Duration::from_secs(10 * 60);

#[derive(Deserialize)]
struct TokenInfo {
    scopes: Vec<String>,
}

impl Portal {
    /// Asks whose portal it is and whether the credential suffices.
    pub(super) async fn ask_identity(&self) -> Result<Identity, Failure> {
        let mut turn = Turn::without_place(self);
        let account_id = self.ask_account(&mut turn).await.map_err(of_credential)?;
        // Whose token it is any token may ask. What it is for needs a scope.
        let groups = self.groups.refresh(&mut turn).await;
        let scopes = timeout(SCOPES_WAIT, self.ask_scopes(&mut turn)).await.ok().flatten();
        if let Some(message) = scopes.as_ref().and_then(Scopes::refusal) {
            return Err(Failure {
                scope: FailureScope::Refused,
                effect_unknown: false,
                retry_after: None,
                problem: Problem::new(ProblemReason::CredentialRefused, message),
            });
        }
        groups.map_err(of_credential)?;
        let warnings = scopes.map(|scopes| scopes.warnings()).unwrap_or_default();
        Ok(Identity { account_id, warnings })
    }

    /// Makes sure, once, that the portal is the one that the connection was made for: a credential
    /// that opens another one must not write there.
    pub(super) async fn check_account(&self, turn: &mut Turn<'_>) -> Result<(), Failure> {
        let Some(expected) = &self.expected else { return Ok(()) };
        let until = turn.begins_until();
        let late = turn.no_time_left();
        let asking = self.checked.get_or_try_init(|| async {
            let found = self.ask_account(turn).await?;
            if found == *expected {
                return Ok(());
            }
            let message = format!(
                "the credential opens portal {found}, and the connection is to {expected}; \
                 nothing is written there"
            );
            Err(Failure {
                scope: FailureScope::Connection,
                effect_unknown: false,
                retry_after: Some(WRONG_WAIT),
                problem: Problem::new(ProblemReason::WrongAccount, message),
            })
        });
        timeout_at(until, asking).await.map_err(|_| late)?.map(drop)
    }

    /// Asks which portal it is, and notes its time zone.
    async fn ask_account(&self, turn: &mut Turn<'_>) -> Result<String, Failure> {
        let reply = turn.get(self.paths.details()).await?;
        let view = self.view(false);
        if reply.status != 200 {
            return Err(view.failure(&reply));
        }
        let details: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let account_id = match details.get("portalId") {
            Some(Value::Number(id)) => id.to_string(),
            Some(Value::String(id)) if !id.is_empty() => id.clone(),
            _ => return Err(view.unreadable(reply.status, "it names no portal")),
        };
        if let Auth::Grant(tokens) = &self.auth
            && tokens.told().await.account_id.is_some_and(|told| told != account_id)
        {
            return Err(view.unreadable(reply.status, "the grant is said to be of another portal"));
        }
        let zone = details.get("timeZone").and_then(Value::as_str);
        if let Some(zone) = zone.and_then(|name| TimeZone::get(name).ok()) {
            self.zone.get_or_init(|| zone);
        }
        Ok(account_id)
    }

    /// Asks what the credential may do; `None` when that is not told.
    async fn ask_scopes(&self, turn: &mut Turn<'_>) -> Option<Scopes> {
        let token = match &self.auth {
            Auth::Grant(tokens) => return tokens.told().await.scopes,
            Auth::Token { token, .. } => token,
        };
        let body = json!({ "tokenKey": token.0.as_str() });
        let reply = turn.ask(self.paths.token_info(), &body).await.ok()?;
        let info = serde_json::from_slice::<TokenInfo>(&reply.body).ok();
        info.filter(|_| reply.status == 200).map(|info| Scopes::new(info.scopes))
    }
}

/// A credential that may not do what has to be done is refused.
fn of_credential(mut failure: Failure) -> Failure {
    if failure.problem.vendor_status == 403 {
        failure.problem.reason = ProblemReason::CredentialRefused;
    }
    failure
}
