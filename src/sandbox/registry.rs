//! Which token opens which portal.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::hubspot::{Portal, Refusal};
use super::limiter::Window;
use super::world::lock;
use crate::domain::Timestamp;

/// Fewest characters of a token.
const TOKEN_CHARS_MIN: usize = 8;

/// What a token may do unless it was given less.
const SCOPES: [&str; 5] = [
    "oauth",
    "crm.objects.deals.read",
    "crm.objects.deals.write",
    "crm.schemas.deals.read",
    "crm.schemas.deals.write",
];

/// A portal with what the sandbox knows about its use.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: u32,
    portal: Mutex<Portal>,
    in_flight: AtomicU64,
}

impl Account {
    /// Locks the portal.
    pub(crate) fn portal(&self) -> MutexGuard<'_, Portal> {
        lock(&self.portal)
    }

    /// Counts a call in, until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> InFlight {
        let number = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        InFlight { account: Arc::clone(self), number }
    }
}

/// A call that is being served.
#[derive(Debug)]
pub(crate) struct InFlight {
    account: Arc<Account>,
    /// How many calls of the portal were being served when this one came, itself included.
    pub(crate) number: u64,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.account.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A token: a key to one portal, with its own scopes and its own burst window.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) account: Arc<Account>,
    pub(crate) scopes: Vec<String>,
    pub(crate) burst_limit: Option<u32>,
    pub(crate) revoked: bool,
    pub(crate) window: Mutex<Window>,
}

/// How a test wants a token to be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenSpec {
    token: String,
    portal_id: Option<u32>,
    scopes: Option<Vec<String>>,
    burst_limit: Option<u32>,
    #[serde(default)]
    revoked: bool,
}

/// Every portal and token.
#[derive(Default)]
pub(crate) struct Registry {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    accounts: BTreeMap<u32, Arc<Account>>,
    tokens: HashMap<String, Arc<Token>>,
}

impl Registry {
    /// Returns what a token opens; one that was never seen opens a portal of its own.
    pub(crate) fn token(&self, token: &str, now: Timestamp) -> Result<Arc<Token>, Refusal> {
        if token.chars().count() < TOKEN_CHARS_MIN {
            return Err(unauthenticated());
        }
        if token.starts_with("revoked") {
            return Err(expired());
        }
        if token.starts_with("invalid") {
            return Err(unauthenticated());
        }
        let mut inner = lock(&self.inner);
        if let Some(known) = inner.tokens.get(token) {
            return if known.revoked { Err(expired()) } else { Ok(Arc::clone(known)) };
        }
        let account = inner.account(portal_id_of(token), now);
        let opened = Token::new(account, None, None, false);
        inner.tokens.insert(token.to_owned(), Arc::clone(&opened));
        Ok(opened)
    }

    /// Maps a token to a portal, with the scopes and the limit the test wants.
    pub(crate) fn assign(&self, spec: TokenSpec, now: Timestamp) -> Result<Arc<Token>, String> {
        if spec.token.chars().count() < TOKEN_CHARS_MIN {
            return Err(format!("a token has at least {TOKEN_CHARS_MIN} characters"));
        }
        let id = spec.portal_id.unwrap_or_else(|| portal_id_of(&spec.token));
        if id == 0 || i32::try_from(id).is_err() {
            return Err("a portal_id lies between 1 and 2147483647".to_owned());
        }
        let mut inner = lock(&self.inner);
        let account = inner.account(id, now);
        let token = Token::new(account, spec.scopes, spec.burst_limit, spec.revoked);
        inner.tokens.insert(spec.token, Arc::clone(&token));
        Ok(token)
    }

    /// Returns a portal by its id.
    pub(crate) fn account(&self, id: u32) -> Option<Arc<Account>> {
        lock(&self.inner).accounts.get(&id).cloned()
    }

    /// Returns every portal, by id, and how many tokens open it.
    pub(crate) fn accounts(&self) -> Vec<(Arc<Account>, Vec<Arc<Token>>)> {
        let inner = lock(&self.inner);
        let tokens_of = |id: u32| {
            inner.tokens.values().filter(|token| token.account.id == id).cloned().collect()
        };
        inner
            .accounts
            .values()
            .map(|account| (Arc::clone(account), tokens_of(account.id)))
            .collect()
    }
}

impl fmt::Debug for Registry {
    // Tokens are keys even here, so they are not written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = lock(&self.inner);
        f.debug_struct("Registry")
            .field("portals", &inner.accounts.len())
            .field("tokens", &inner.tokens.len())
            .finish()
    }
}

impl Inner {
    fn account(&mut self, id: u32, now: Timestamp) -> Arc<Account> {
        let open = || {
            let portal = Mutex::new(Portal::open(now));
            Arc::new(Account { id, portal, in_flight: AtomicU64::new(0) })
        };
        Arc::clone(self.accounts.entry(id).or_insert_with(open))
    }
}

impl Token {
    fn new(
        account: Arc<Account>,
        scopes: Option<Vec<String>>,
        burst_limit: Option<u32>,
        revoked: bool,
    ) -> Arc<Self> {
        let scopes = scopes.unwrap_or_else(|| SCOPES.map(str::to_owned).to_vec());
        Arc::new(Self { account, scopes, burst_limit, revoked, window: Mutex::default() })
    }

    /// Refuses the call unless the token has one of the scopes; the first is the one that is named.
    pub(crate) fn needs(&self, scopes: &[&str]) -> Result<(), Refusal> {
        if self.scopes.iter().any(|scope| scopes.contains(&scope.as_str())) {
            return Ok(());
        }
        let named = scopes.first().map(|scope| (*scope).to_owned()).into_iter().collect();
        Err(Refusal::new(
            403,
            "MISSING_SCOPES",
            "This token has none of the scopes that the call requires.",
        )
        .with("requiredGranularScopes", named))
    }
}

/// Derives the id of a token's own portal: the same in every run, positive, under 2^31.
fn portal_id_of(token: &str) -> u32 {
    let digest = Sha256::digest(token.as_bytes());
    let number = digest.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    (number & 0x7fff_ffff).max(1)
}

/// 401 for a token that is missing or that nobody knows.
pub(crate) fn unauthenticated() -> Refusal {
    Refusal::new(401, "INVALID_AUTHENTICATION", "No valid token came with this request.")
}

fn expired() -> Refusal {
    Refusal::new(401, "EXPIRED_AUTHENTICATION", "The token of this request is expired or revoked.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(0);

    #[test]
    fn a_token_always_opens_the_same_portal_and_another_token_another() {
        let registry = Registry::default();
        let id = |token: &str| registry.token(token, NOW).unwrap().account.id;
        assert_eq!(id("pat-na1-one"), id("pat-na1-one"));
        assert_ne!(id("pat-na1-one"), id("pat-na1-two"));
        assert_eq!(
            id("pat-na1-one"),
            Registry::default().token("pat-na1-one", NOW).unwrap().account.id
        );
    }

    #[test]
    fn short_invalid_and_revoked_tokens_are_turned_away() {
        let registry = Registry::default();
        let category = |token: &str| registry.token(token, NOW).unwrap_err().category;
        assert_eq!(category("short"), "INVALID_AUTHENTICATION");
        assert_eq!(category("invalid-token"), "INVALID_AUTHENTICATION");
        assert_eq!(category("revoked-token"), "EXPIRED_AUTHENTICATION");
    }

    #[test]
    fn two_tokens_can_open_one_portal_with_different_scopes() {
        let registry = Registry::default();
        let spec = |token: &str, scopes: Option<Vec<String>>| TokenSpec {
            token: token.to_owned(),
            portal_id: Some(77),
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
