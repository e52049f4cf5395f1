//! How a portal is told who asks: by a token that stays, or by one that a grant renews.

mod renew;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::portal::Portal;
use super::scopes::Scopes;
use crate::domain::{Problem, ProblemReason};
use crate::vendors::grant::{Grant, Keeper};
use crate::vendors::http::Bearer;
use crate::vendors::secrets::Secrets;
use crate::vendors::{Failure, FailureScope};

/// A token that is refused is renewed only when it is older than this: a new one would be refused
/// alike, and HubSpot asks not to renew for that reason.
const SUSPECT_AFTER: Duration = Duration::from_secs(5 * 60);
/// How soon a renewal ahead of time is tried again while the present token still serves.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Who asks.
#[derive(Debug)]
pub(super) enum Auth {
    /// A token of a private application or a service key.
    Token {
        /// As calls carry it.
        bearer: Bearer,
        /// As it is.
        token: Hidden,
        /// It, to be taken out of texts.
        secrets: Secrets,
    },
    /// A grant of OAuth.
    Grant(Box<Tokens>),
}

/// A text that is not shown.
pub(super) struct Hidden(pub(super) Zeroizing<String>);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}

impl Auth {
    pub(super) fn token(bearer: Bearer, token: &str) -> Self {
        let hidden = Hidden(Zeroizing::new(token.to_owned()));
        Self::Token { bearer, token: hidden, secrets: Secrets::new([token]) }
    }

    /// Returns what is to be taken out of texts.
    pub(super) fn secrets(&self) -> Secrets {
        match self {
            Self::Token { secrets, .. } => secrets.clone(),
            Self::Grant(tokens) => tokens.secrets(),
        }
    }

    /// Returns the token to call with; a grant has it renewed first where that is due.
    pub(super) async fn bearer(&self, portal: &Portal, until: Instant) -> Result<Bearer, Failure> {
        match self {
            Self::Token { bearer, .. } => Ok(bearer.clone()),
            Self::Grant(tokens) => tokens.bearer(portal, until).await,
        }
    }

    /// Notes that a call was refused for its token.
    pub(super) async fn refused(&self) {
        if let Self::Grant(tokens) = self {
            tokens.refused().await;
        }
    }
}

/// The access tokens of a grant.
#[derive(Debug)]
pub(super) struct Tokens {
    /// Locked while a token is renewed: one renewal at a time.
    state: Mutex<State>,
    secrets: RwLock<Secrets>,
    keeper: Option<Arc<dyn Keeper>>,
}

#[derive(Debug)]
struct State {
    grant: Grant,
    /// Whether the grant is kept as it is. One that was replaced is kept before its token is used.
    is_kept: bool,
    token: Option<Token>,
    told: Told,
}

#[derive(Debug)]
struct Token {
    bearer: Bearer,
    secret: Hidden,
    since: Instant,
    renew_at: Instant,
    ends_at: Instant,
}

/// What HubSpot told of a grant along with a token.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// The portal.
    pub(super) account_id: Option<String>,
    /// What the token is good for.
    pub(super) scopes: Option<Scopes>,
}

impl Tokens {
    pub(super) fn new(grant: Grant, keeper: Option<Arc<dyn Keeper>>) -> Self {
        let secrets = Secrets::new([grant.client_secret.as_str(), &grant.refresh_token]);
        let state = State { grant, is_kept: true, token: None, told: Told::default() };
        Self { state: Mutex::new(state), secrets: RwLock::new(secrets), keeper }
    }

    /// Returns what HubSpot told when it gave the present token.
    pub(super) async fn told(&self) -> Told {
        self.state.lock().await.told.clone()
    }

    fn secrets(&self) -> Secrets {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn bearer(&self, portal: &Portal, until: Instant) -> Result<Bearer, Failure> {
        let state = timeout_at(until, self.state.lock()).await;
        let mut state = state.map_err(|_| not_now("another call waits for an access token"))?;
        self.keep(&mut state, until).await?;
        let now = Instant::now();
        if let Some(token) = state.token.as_ref().filter(|token| now < token.renew_at) {
            return Ok(token.bearer.clone());
        }
        if let Err(failure) = self.renew(portal, &mut state, until).await {
            let refused = failure.problem.reason == ProblemReason::CredentialRefused;
            let is_over = refused || !state.is_kept;
            let serves = state.token.as_mut().filter(|token| !is_over && now < token.ends_at);
            let Some(token) = serves else { return Err(failure) };
            token.renew_at = (now + AGAIN_AFTER).min(token.ends_at);
            tracing::warn!(problem = failure.problem.message, "a token was not renewed yet");
        }
        let token = state.token.as_ref().ok_or_else(|| not_now("there is no access token"))?;
        Ok(token.bearer.clone())
    }

    /// Keeps a grant that was replaced.
    async fn keep(&self, state: &mut State, until: Instant) -> Result<(), Failure> {
        if let Some(keeper) = self.keeper.as_ref().filter(|_| !state.is_kept) {
            let kept = timeout_at(until, keeper.keep(state.grant.to_text())).await;
            kept.map_err(|_| not_now("the renewed grant could not be kept in time"))??;
        }
        state.is_kept = true;
        Ok(())
    }

    async fn refused(&self) {
        let mut state = self.state.lock().await;
        let now = Instant::now();
        if let Some(token) = state.token.as_mut().filter(|it| it.since + SUSPECT_AFTER <= now) {
            token.renew_at = now;
            token.ends_at = now;
        }
    }
}

/// Tells that no call can be made for now: there is no token for it.
fn not_now(message: &str) -> Failure {
    Failure {
        scope: FailureScope::Connection,
        effect_unknown: false,
        retry_after: None,
        problem: Problem::new(ProblemReason::VendorUnavailable, message),
    }
}
