//! The tokens that callers may use.

use std::fmt;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::file;
use crate::domain::{Caller, Digest, Door, Scope};

/// The callers of the tokens file, found by their tokens.
#[derive(Clone)]
pub struct Tokens {
    entries: Vec<TokenEntry>,
}

/// One caller of the tokens file.
#[derive(Clone)]
pub(super) struct TokenEntry {
    pub(super) actor: String,
    pub(super) scope: Scope,
    pub(super) sha256: Digest,
}

impl Tokens {
    /// Reads a tokens file.
    ///
    /// # Errors
    ///
    /// Answers everything that is wrong with it, in the order of its lines.
    pub fn load(path: &Path) -> Result<Self, Vec<String>> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| vec![format!("{} cannot be read: {error}", path.display())])?;
        Self::parse(&text).map_err(|faults| {
            faults.into_iter().map(|fault| format!("{}, {fault}", path.display())).collect()
        })
    }

    /// Reads the text of a tokens file.
    ///
    /// # Errors
    ///
    /// As [`Tokens::load`].
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        file::parse(text).map(|entries| Self { entries })
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tells whether there are none, which no tokens file can say.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Finds the caller who has a token. How long it takes tells nothing about the tokens.
    pub fn caller(&self, bearer: &str, door: Door) -> Option<Caller> {
        let sha256 = hash(bearer);
        let mut found = None;
        for entry in &self.entries {
            if bool::from(entry.sha256.ct_eq(&sha256)) {
                found = Some(entry);
            }
        }
        found.map(|entry| Caller {
            actor: entry.actor.clone(),
            door,
            scope: entry.scope.clone(),
            deadline: None,
        })
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let actors = self.entries.iter().map(|entry| &entry.actor);
        f.write_str("Tokens")?;
        f.debug_list().entries(actors).finish()
    }
}

/// Returns the hash by which a token is known.
pub(super) fn hash(token: &str) -> Digest {
    Sha256::digest(token.as_bytes()).into()
}
