//! Page sizes and page tokens.
//!
//! A token carries where to go on and a digest of the request that it belongs to, so that a token
//! of another list, or one that somebody made up, is refused instead of answering nonsense.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::domain::{Violation, Violations};

const PAGE_SIZE_DEFAULT: usize = 100;
const PAGE_SIZE_MAX: usize = 1_000;
const DIGEST_LENGTH: usize = 8;

/// Checks a page size.
pub(super) fn page_size(found: &mut Violations, asked: i32) -> usize {
    match usize::try_from(asked) {
        Ok(0) => PAGE_SIZE_DEFAULT,
        Ok(size) => size.min(PAGE_SIZE_MAX),
        Err(_) => {
            found.add("page_size", "must not be negative");
            PAGE_SIZE_DEFAULT
        }
    }
}

/// Writes a token for a list that `request` describes.
pub(super) fn token(request: &str, position: &str) -> String {
    let mut bytes = digest(request, position);
    bytes.extend_from_slice(position.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a token of a list that `request` describes; `None` for the first page.
pub(super) fn position(request: &str, token: &str) -> Result<Option<String>, Violation> {
    if token.is_empty() {
        return Ok(None);
    }
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (sum, position) = bytes.split_at_checked(DIGEST_LENGTH)?;
        let position = std::str::from_utf8(position).ok()?;
        (digest(request, position) == sum).then(|| position.to_owned())
    };
    let rule = "must be the next_page_token of the page before, with all else unchanged";
    read().map(Some).ok_or_else(|| Violation::new("page_token", rule))
}

fn digest(request: &str, position: &str) -> Vec<u8> {
    let mut hasher = Sha256::new();
    hasher.update(b"page token 1\0");
    hasher.update(request.as_bytes());
    hasher.update(b"\0");
    hasher.update(position.as_bytes());
    hasher.finalize().iter().copied().take(DIGEST_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_on_where_it_was_written() {
        let token = token("audit acme", "42");
        assert_eq!(position("audit acme", &token), Ok(Some("42".to_owned())));
        assert_eq!(position("audit acme", ""), Ok(None));
    }

    #[test]
    fn a_token_of_another_list_or_a_made_up_one_is_refused() {
        let token = token("audit acme", "42");
        assert!(position("audit other", &token).is_err());
        for made_up in ["x", "42", "!!!", "AAAAAAAAAAA0Mg"] {
            assert!(position("audit acme", made_up).is_err(), "{made_up}");
        }
    }
}
