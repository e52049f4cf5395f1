//! Which token opens which account, whatever the vendor calls them: a portal of HubSpot, an account
//! of Upso.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use serde::{Deserialize, Serialize};

use super::limiter::{Standing, Window};
use super::world::{Settings, lock};
use crate::domain::Timestamp;

/// Fewest characters of a token.
const TOKEN_CHARS_MIN: usize = 8;

/// What a vendor keeps for one of its customers.
pub(crate) trait Kept: Send + Sized + 'static {
    /// How the vendor names an account.
    type Id: Clone + Ord + fmt::Debug + Send + Sync;
    /// How the sandbox wants new accounts to be.
    type Opening: Default + Send + Sync;
    /// What a token may do unless it was given less; nothing where the vendor knows no scopes.
    const SCOPES: &'static [&'static str];

    /// Derives the id of a token's own account: the same in every run.
    fn id_of(token: &str) -> Self::Id;

    /// Returns what a new account holds.
    fn opened(opening: &Self::Opening, now: Timestamp) -> Self;
}

/// An account with what the sandbox knows about its use.
#[derive(Debug)]
pub(crate) struct Account<K: Kept> {
    pub(crate) id: K::Id,
    kept: Mutex<K>,
    in_flight: Arc<AtomicU64>,
}

impl<K: Kept> Account<K> {
    /// Locks what the account keeps.
    pub(crate) fn lock(&self) -> MutexGuard<'_, K> {
        lock(&self.kept)
    }
}

/// A call that is being served, counted in until this is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    counter: Arc<AtomicU64>,
    /// How many calls of the account were being served when this one came, itself included.
    pub(crate) number: u64,
}

impl InFlight {
    fn enter(counter: &Arc<AtomicU64>) -> Self {
        let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
        Self { counter: Arc::clone(counter), number }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.counter.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What a token was made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenKind {
    #[default]
    PrivateApp,
    ServiceKey,
    Oauth,
}

/// A token: a key to one account, with its own scopes. Its burst window is its own, or that of the
/// application it belongs to.
#[derive(Debug)]
pub(crate) struct Token<K: Kept> {
    pub(crate) account: Arc<Account<K>>,
    pub(crate) kind: TokenKind,
    pub(crate) scopes: Vec<String>,
    pub(crate) burst_limit: Option<u32>,
    pub(crate) revoked: bool,
    /// The moment from which on it opens nothing.
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) application: Option<String>,
    pub(crate) window: Arc<Mutex<Window>>,
}

impl<K: Kept> Clone for Token<K> {
    fn clone(&self) -> Self {
        Self {
            account: Arc::clone(&self.account),
            kind: self.kind,
            scopes: self.scopes.clone(),
            burst_limit: self.burst_limit,
            revoked: self.revoked,
            expires_at: self.expires_at,
            application: self.application.clone(),
            window: Arc::clone(&self.window),
        }
    }
}

impl<K: Kept> Token<K> {
    /// Counts a call in as being served.
    pub(crate) fn serve(&self) -> InFlight {
        InFlight::enter(&self.account.in_flight)
    }

    /// Counts a call in against the burst limit.
    pub(crate) fn admit(&self, now: Timestamp, settings: &Settings) -> Standing {
        let limit = self.burst_limit.unwrap_or(settings.burst_limit);
        lock(&self.window).admit(now, limit, settings.burst_window_ms)
    }
}

/// An account and the tokens that open it.
pub(crate) type WithTokens<K> = (Arc<Account<K>>, Vec<Arc<Token<K>>>);

/// How a test wants a token to be.
#[derive(Debug)]
pub(crate) struct TokenSpec<K: Kept> {
    pub(crate) token: String,
    /// Which account it opens; none: its own.
    pub(crate) account: Option<K::Id>,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) burst_limit: Option<u32>,
    pub(crate) revoked: bool,
    pub(crate) kind: TokenKind,
    pub(crate) expires_at: Option<Timestamp>,
    /// Tokens of one application in one account share a burst window; none: it has its own.
    pub(crate) application: Option<String>,
}

impl<K: Kept> TokenSpec<K> {
    /// Describes a token as one that was never described would be.
    pub(crate) fn of(token: String) -> Self {
        Self {
            token,
            account: None,
            scopes: None,
            burst_limit: None,
            revoked: false,
            kind: TokenKind::default(),
            expires_at: None,
            application: None,
        }
    }
}

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// It is missing, or nobody knows it.
    Unknown,
    /// It was valid once.
    Revoked,
}

/// Every account of one vendor, and the tokens that open them.
pub(crate) struct Registry<K: Kept> {
    inner: Mutex<Inner<K>>,
}

struct Inner<K: Kept> {
    opening: K::Opening,
    accounts: BTreeMap<K::Id, Arc<Account<K>>>,
    tokens: HashMap<String, Arc<Token<K>>>,
    /// The burst windows that several tokens share.
    windows: BTreeMap<(K::Id, String), Arc<Mutex<Window>>>,
}

impl<K: Kept> Default for Registry<K> {
    fn default() -> Self {
        Self::new(K::Opening::default())
    }
}

impl<K: Kept> Registry<K> {
    /// Creates a registry whose accounts are opened in one way.
    pub(crate) fn new(opening: K::Opening) -> Self {
        let inner = Inner {
            opening,
            accounts: BTreeMap::new(),
            tokens: HashMap::new(),
            windows: BTreeMap::new(),
        };
        Self { inner: Mutex::new(inner) }
    }

    /// Returns what a token opens; one that was never seen opens an account of its own.
    pub(crate) fn token(&self, token: &str, now: Timestamp) -> Result<Arc<Token<K>>, Denied> {
        if token.chars().count() < TOKEN_CHARS_MIN {
            return Err(Denied::Unknown);
        }
        if token.starts_with("revoked") {
            return Err(Denied::Revoked);
        }
        if token.starts_with("invalid") {
            return Err(Denied::Unknown);
        }
        let mut inner = lock(&self.inner);
        if let Some(known) = inner.tokens.get(token) {
            let expired = known.expires_at.is_some_and(|end| now >= end);
            let over = known.revoked || expired;
            return if over { Err(Denied::Revoked) } else { Ok(Arc::clone(known)) };
        }
        Ok(inner.assign(TokenSpec::of(token.to_owned()), now))
    }

    /// Maps a token to an account, with the scopes and the limit the test wants.
    pub(crate) fn assign(
        &self,
        spec: TokenSpec<K>,
        now: Timestamp,
    ) -> Result<Arc<Token<K>>, String> {
        if spec.token.chars().count() < TOKEN_CHARS_MIN {
            return Err(format!("a token has at least {TOKEN_CHARS_MIN} characters"));
        }
        Ok(lock(&self.inner).assign(spec, now))
    }

    /// Revokes every token of an application in an account; returns how many there were.
    pub(crate) fn revoke(&self, account: &K::Id, application: &str) -> usize {
        let mut inner = lock(&self.inner);
        let of_it = |token: &Token<K>| {
            token.account.id == *account && token.application.as_deref() == Some(application)
        };
        let tokens: Vec<_> = inner.tokens.values_mut().filter(|token| of_it(token)).collect();
        let number = tokens.len();
        for token in tokens {
            *token = Arc::new(Token { revoked: true, ..Token::clone(token) });
        }
        number
    }

    /// Returns an account by its id.
    pub(crate) fn account(&self, id: &K::Id) -> Option<Arc<Account<K>>> {
        lock(&self.inner).accounts.get(id).cloned()
    }

    /// Returns every account, by id, and the tokens that open it.
    pub(crate) fn accounts(&self) -> Vec<WithTokens<K>> {
        let inner = lock(&self.inner);
        let tokens_of = |id: &K::Id| {
            inner.tokens.values().filter(|token| token.account.id == *id).cloned().collect()
        };
        inner
            .accounts
            .values()
            .map(|account| (Arc::clone(account), tokens_of(&account.id)))
            .collect()
    }
}

impl<K: Kept> fmt::Debug for Registry<K> {
    // Tokens are keys even here, so they are not written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = lock(&self.inner);
        f.debug_struct("Registry")
            .field("accounts", &inner.accounts.len())
            .field("tokens", &inner.tokens.len())
            .finish()
    }
}

impl<K: Kept> Inner<K> {
    fn assign(&mut self, spec: TokenSpec<K>, now: Timestamp) -> Arc<Token<K>> {
        let id = spec.account.unwrap_or_else(|| K::id_of(&spec.token));
        let window = match &spec.application {
            Some(name) => self.windows.entry((id.clone(), name.clone())).or_default().clone(),
            None => Arc::default(),
        };
        let token = Arc::new(Token {
            account: self.account(id, now),
            kind: spec.kind,
            scopes: spec.scopes.unwrap_or_else(all_scopes::<K>),
            burst_limit: spec.burst_limit,
            revoked: spec.revoked,
            expires_at: spec.expires_at,
            application: spec.application,
            window,
        });
        self.tokens.insert(spec.token, Arc::clone(&token));
        token
    }

    fn account(&mut self, id: K::Id, now: Timestamp) -> Arc<Account<K>> {
        let open = || {
            let (id, kept) = (id.clone(), Mutex::new(K::opened(&self.opening, now)));
            Arc::new(Account { id, kept, in_flight: Arc::default() })
        };
        Arc::clone(self.accounts.entry(id.clone()).or_insert_with(open))
    }
}

pub(crate) fn all_scopes<K: Kept>() -> Vec<String> {
    K::SCOPES.iter().map(|scope| (*scope).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::hubspot::Portal;

    const NOW: Timestamp = Timestamp::from_micros(0);

    #[test]
    fn a_token_always_opens_the_same_portal_and_another_token_another() {
        let registry = Registry::<Portal>::default();
        let id = |token: &str| registry.token(token, NOW).unwrap().account.id;
        assert_eq!(id("pat-na1-one"), id("pat-na1-one"));
        assert_ne!(id("pat-na1-one"), id("pat-na1-two"));
        let another = Registry::<Portal>::default();
        assert_eq!(id("pat-na1-one"), another.token("pat-na1-one", NOW).unwrap().account.id);
    }

    #[test]
    fn short_invalid_and_revoked_tokens_are_turned_away() {
        let registry = Registry::<Portal>::default();
        let denied = |token: &str| registry.token(token, NOW).unwrap_err();
        assert_eq!(denied("short"), Denied::Unknown);
        assert_eq!(denied("invalid-token"), Denied::Unknown);
        assert_eq!(denied("revoked-token"), Denied::Revoked);
    }

    #[test]
    fn two_tokens_can_open_one_portal_with_different_scopes() {
        let registry = Registry::<Portal>::default();
        let spec = |token: &str, scopes: Option<Vec<String>>| TokenSpec {
            account: Some(77),
            scopes,
            ..TokenSpec::of(token.to_owned())
        };
        registry
            .assign(spec("reads-only", Some(vec!["crm.schemas.deals.read".into()])), NOW)
            .unwrap();
        registry.assign(spec("reads-and-writes", None), NOW).unwrap();
        let reads = registry.token("reads-only", NOW).unwrap();
        let writes = registry.token("reads-and-writes", NOW).unwrap();
        assert!(Arc::ptr_eq(&reads.account, &writes.account));
        assert!(writes.needs(&["crm.schemas.deals.write"]).is_ok());
        assert_eq!(reads.needs(&["crm.schemas.deals.write"]).unwrap_err().status, 403);
    }
}
