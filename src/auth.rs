//! Who may call: from the `authorization` header of a call to the [`Caller`] behind it.
//!
//! Tokens come from a file that the operator keeps; GoMark needs no more than their SHA-256. No
//! error, log line or `Debug` output of this module shows a token or its hash.

mod file;
mod generate;
mod tokens;

use std::fmt;

pub use generate::{NewToken, TokenError};
pub use tokens::Tokens;

use crate::domain::{Caller, Door, Scope};

/// The actor of calls without tokens that come from the same machine.
pub const LOCAL: &str = "local";
/// The actor of calls that anyone may make.
pub const ANONYMOUS: &str = "anonymous";

/// How callers are told apart.
#[derive(Clone)]
pub enum Policy {
    /// By their tokens; without one there is no call.
    Tokens(Tokens),
    /// Not at all: whoever is on this machine may do everything.
    Local,
    /// Not at all: whoever reaches the address may do everything.
    Anonymous,
}

/// A call has no caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// There is no header.
    #[error("a token is needed: authorization: Bearer <token>")]
    Missing,
    /// The header has another form.
    #[error("the authorization header must read: Bearer <token>")]
    Malformed,
    /// Nobody has this token.
    #[error("the token is not known")]
    UnknownToken,
}

impl Policy {
    /// Finds the caller behind an `authorization` header.
    ///
    /// # Errors
    ///
    /// Fails, where tokens are asked for, without a header, when it does not carry a bearer token,
    /// and when nobody has that token.
    pub fn authenticate(
        &self,
        authorization_header: Option<&str>,
        door: Door,
    ) -> Result<Caller, Unauthenticated> {
        match self {
            Self::Tokens(tokens) => {
                let token = bearer(authorization_header.ok_or(Unauthenticated::Missing)?)
                    .ok_or(Unauthenticated::Malformed)?;
                tokens.caller(token, door).ok_or(Unauthenticated::UnknownToken)
            }
            Self::Local => Ok(everyone(LOCAL, door)),
            Self::Anonymous => Ok(everyone(ANONYMOUS, door)),
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tokens(tokens) => tokens.fmt(f),
            Self::Local => f.write_str("Local"),
            Self::Anonymous => f.write_str("Anonymous"),
        }
    }
}

fn everyone(actor: &str, door: Door) -> Caller {
    Caller { actor: actor.to_owned(), door, scope: Scope::All, deadline: None }
}

/// Reads `Bearer <token>`; the case of the scheme does not count (RFC 9110, section 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let token = token.trim_start();
    let right = scheme.eq_ignore_ascii_case("bearer")
        && !token.is_empty()
        && !token.contains(char::is_whitespace);
    right.then_some(token)
}

#[cfg(test)]
mod tests;
