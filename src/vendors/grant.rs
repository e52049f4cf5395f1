//! Grants of OAuth: what access tokens are renewed with.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::Failure;

/// What a grant's text begins with. No other credential holds a blank.
const PREFIX: &str = "oauth ";

/// What an application was given for an account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The id of the application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// What access tokens are asked for with; the vendor may replace it each time.
    pub refresh_token: String,
}

impl Grant {
    /// Writes it as the credential that is sealed.
    pub fn to_text(&self) -> Zeroizing<String> {
        // Three strings, which can always be written.
        let json = Zeroizing::new(serde_json::to_string(self).unwrap_or_default());
        Zeroizing::new(format!("{PREFIX}{}", *json))
    }

    /// Reads a credential; `None` when it is not a grant but a token.
    pub fn parse(credential: &str) -> Option<Self> {
        serde_json::from_str(credential.strip_prefix(PREFIX)?).ok()
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.client_secret.zeroize();
        self.refresh_token.zeroize();
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Keeps a credential that was renewed, in the place of the one that an account was opened with.
#[async_trait]
pub trait Keeper: Send + Sync + fmt::Debug {
    /// Keeps it. When this answers `Ok`, the credential is as safe as the one before was.
    async fn keep(&self, credential: Zeroizing<String>) -> Result<(), Failure>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        let text = |text: &str| text.to_owned();
        Grant {
            client_id: text("an-app"),
            client_secret: text("a \"secret\""),
            refresh_token: text("a-token"),
        }
    }

    #[test]
    fn a_grant_is_read_as_it_was_written() {
        assert_eq!(Grant::parse(&grant().to_text()), Some(grant()));
    }

    #[test]
    fn a_token_is_no_grant() {
        for token in ["pat-na1-token", "oauth", "oauth {}", "oauth pat", "{\"client_id\":\"a\"}"] {
            assert_eq!(Grant::parse(token), None, "{token}");
        }
    }

    #[test]
    fn a_grant_does_not_show_its_secrets() {
        let shown = format!("{:?}", grant());
        assert!(shown.contains("an-app") && !shown.contains("secret") && !shown.contains("token"));
    }
}
