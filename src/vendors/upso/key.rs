//! The credential of an account: its API key, and what its messages are signed with.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::vendors::secrets::Secrets;

/// What the text begins with where there are secrets. No API key holds a blank.
const PREFIX: &str = "upso ";

/// An API key, with the secrets of the account's webhook subscription.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// The API key.
    pub api_key: String,
    /// What messages of the account may be signed with: two while one takes the place of the other.
    #[serde(default)]
    pub webhook_secrets: Vec<String>,
}

impl ApiKey {
    /// Writes it as the credential that is sealed: the key alone, where there are no secrets.
    pub fn to_text(&self) -> Zeroizing<String> {
        if self.webhook_secrets.is_empty() {
            return Zeroizing::new(self.api_key.clone());
        }
        // Strings, which can always be written.
        let json = Zeroizing::new(serde_json::to_string(self).unwrap_or_default());
        Zeroizing::new(format!("{PREFIX}{}", *json))
    }

    /// Reads a credential.
    pub fn parse(credential: &str) -> Self {
        let with_secrets =
            credential.strip_prefix(PREFIX).and_then(|json| serde_json::from_str(json).ok());
        with_secrets
            .unwrap_or_else(|| Self { api_key: credential.to_owned(), webhook_secrets: Vec::new() })
    }

    /// All that must never be shown.
    pub(super) fn secrets(&self) -> Secrets {
        let all = std::iter::once(&self.api_key).chain(&self.webhook_secrets);
        Secrets::new(all.map(String::as_str))
    }
}

impl Drop for ApiKey {
    fn drop(&mut self) {
        self.api_key.zeroize();
        self.webhook_secrets.zeroize();
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(webhook_secrets: &[&str]) -> ApiKey {
        ApiKey {
            api_key: "a-\"key\"".to_owned(),
            webhook_secrets: webhook_secrets.iter().map(|&secret| secret.to_owned()).collect(),
        }
    }

    #[test]
    fn a_key_is_read_as_it_was_written() {
        for secrets in [&[][..], &["a-\\secret"], &["one-secret", "two-secret"]] {
            assert_eq!(ApiKey::parse(&key(secrets).to_text()), key(secrets));
        }
        assert_eq!(*key(&[]).to_text(), "a-\"key\"", "as it was before there were secrets");
    }

    #[test]
    fn what_is_not_written_so_is_a_key() {
        for text in ["upso", "{\"api_key\":\"a\"}", "upso {}"] {
            let read = ApiKey::parse(text);
            assert_eq!((read.api_key.as_str(), read.webhook_secrets.len()), (text, 0));
        }
    }

    #[test]
    fn a_key_does_not_show_its_secrets() {
        let key = key(&["a-secret-of-a-test"]);
        assert_eq!(format!("{key:?}"), "ApiKey");
        let said = "no a-\"key\" and a-secret-of-a-test";
        assert_eq!(key.secrets().clean(said, 100), "no a-\"key\" and (credential)");
    }
}
