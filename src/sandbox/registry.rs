//! Which token opens which account, whatever the vendor calls them: a portal of HubSpot, an account
//! of Upso.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

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

/// A token: a key to one account, with its own scopes and its own burst window.
#[derive(Debug)]
pub(crate) struct Token<K: Kept> {
    pub(crate) account: Arc<Account<K>>,
    pub(crate) scopes: Vec<String>,
    pub(crate) burst_limit: Option<u32>,
    pub(crate) revoked: bool,
    window: Mutex<Window>,
}

impl<K: Kept> Token<K> {
    /// Counts a call in: as being served, and against the burst limit.
    pub(crate) fn enter(&self, now: Timestamp, settings: &Settings) -> (InFlight, Standing) {
        let limit = self.burst_limit.unwrap_or(settings.burst_limit);
        let standing = lock(&self.window).admit(now, limit, settings.burst_window_ms);
        (InFlight::enter(&self.account.in_flight), standing)
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
}

impl<K: Kept> Default for Registry<K> {
    fn default() -> Self {
        Self::new(K::Opening::default())
    }
}

impl<K: Kept> Registry<K> {
    /// Creates a registry whose accounts are opened in one way.
    pub(crate) fn new(opening: K::Opening) -> Self {
        let inner = Inner { opening, accounts: BTreeMap::new(), tokens: HashMap::new() };
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
            return if known.revoked { Err(Denied::Revoked) } else { Ok(Arc::clone(known)) };
        }
        let account = inner.account(K::id_of(token), now);
        let opened = Arc::new(Token {
            account,
            scopes: all_scopes::<K>(),
            burst_limit: None,
            revoked: false,
            window: Mutex::default(),
        });
        inner.tokens.insert(token.to_owned(), Arc::clone(&opened));
        Ok(opened)
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
        let id = spec.account.unwrap_or_else(|| K::id_of(&spec.token));
        let mut inner = lock(&self.inner);
        let token = Arc::new(Token {
            account: inner.account(id, now),
            scopes: spec.scopes.unwrap_or_else(all_scopes::<K>),
            burst_limit: spec.burst_limit,
            revoked: spec.revoked,
            window: Mutex::default(),
        });
        inner.tokens.insert(spec.token, Arc::clone(&token));
        Ok(token)
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
    fn account(&mut self, id: K::Id, now: Timestamp) -> Arc<Account<K>> {
        let open = || {
            let (id, kept) = (id.clone(), Mutex::new(K::opened(&self.opening, now)));
            Arc::new(Account { id, kept, in_flight: Arc::default() })
        };
        Arc::clone(self.accounts.entry(id.clone()).or_insert_with(open))
    }
}

fn all_scopes<K: Kept>() -> Vec<String> {
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
            token: token.to_owned(),
            account: Some(77),
            scopes,
            burst_limit: None,
            revoked: false,
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
