//! New tokens: `gmt1_` and 43 characters of URL-safe base64, 256 random bits.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::file::{ANY_COMPANY, check_actor};
use super::tokens::hash;
use crate::domain::CompanyId;
use crate::hex;

const PREFIX: &str = "gmt1_";

/// Why no token was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The actor cannot stand in a tokens file.
    #[error("the actor {0}")]
    Actor(&'static str),
    /// A company id has the wrong form.
    #[error("the company {0:?} must match ^[a-z0-9][a-z0-9_-]{{0,62}}$, or be * for all")]
    Company(String),
    /// `*` stands beside companies.
    #[error("* means all companies and stands alone")]
    AllAndSome,
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}

/// A token that was just made, with the entry of the tokens file that lets it in.
pub struct NewToken {
    /// The token, for the caller; it is kept nowhere.
    pub token: Zeroizing<String>,
    /// The entry for the tokens file; it holds the hash of the token alone.
    pub entry: String,
}

impl NewToken {
    /// Makes a token for an actor and companies; none or `*` means all companies.
    ///
    /// # Errors
    ///
    /// Fails when the tokens file would refuse the entry.
    pub fn generate(actor: &str, companies: &[String]) -> Result<Self, TokenError> {
        check_actor(actor).map_err(TokenError::Actor)?;
        let all = companies.is_empty() || companies.iter().any(|id| id == ANY_COMPANY);
        if all && companies.len() > 1 {
            return Err(TokenError::AllAndSome);
        }
        if let Some(wrong) = companies.iter().find(|id| !all && CompanyId::parse(id).is_err()) {
            return Err(TokenError::Company(wrong.clone()));
        }
        let listed = if all { &[ANY_COMPANY.to_owned()][..] } else { companies };

        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(|_| TokenError::NoRandomness)?;
        let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()));
        let token = Zeroizing::new(format!("{PREFIX}{}", *encoded));
        let entry = format!(
            "[[caller]]\nactor = {}\ncompanies = [{}]\ntoken_sha256 = \"{}\"\n",
            quote(actor),
            listed.iter().map(|id| quote(id)).collect::<Vec<_>>().join(", "),
            hex::encode(&hash(&token)),
        );
        Ok(Self { token, entry })
    }
}

impl fmt::Debug for NewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewToken").finish_non_exhaustive()
    }
}

/// Writes a TOML string. What needs an escape beyond these two, [`check_actor`] refuses.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
