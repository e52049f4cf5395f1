//! What must never be shown, and texts made fit to be shown.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// Shorter texts are too common for a secret to be told from them.
const LENGTH_MIN: usize = 8;

/// Secrets, to take them out of the texts of others.
#[derive(Clone, Default)]
pub struct Secrets(Arc<[Zeroizing<String>]>);

impl Secrets {
    /// Collects secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let long_enough = |secret: &&str| secret.len() >= LENGTH_MIN;
        let mut kept: Vec<_> = secrets.into_iter().filter(long_enough).collect();
        // One may be a part of another.
        kept.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(kept.into_iter().map(|secret| Zeroizing::new(secret.to_owned())).collect())
    }

    /// Makes a text fit to be kept and shown: one line, not too long, and without the secrets.
    pub fn clean(&self, text: &str, length_max: usize) -> String {
        let mut text = text.to_owned();
        for secret in &*self.0 {
            text = text.replace(secret.as_str(), "(credential)");
        }
        let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        match one_line.char_indices().nth(length_max) {
            None => one_line,
            Some(_) => one_line.chars().take(length_max - 1).chain(['…']).collect(),
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shortened_between_characters() {
        let secrets = Secrets::new(["a-credential"]);
        assert_eq!(secrets.clean("äöü", 3), "äöü");
        assert_eq!(secrets.clean("äöüß", 3), "äö…");
        assert_eq!(secrets.clean("so a-credential\n", 50), "so (credential) ");
        assert_eq!(secrets.clean("a\u{0}b", 50), "a b");
    }

    #[test]
    fn every_secret_is_taken_out_also_where_one_begins_with_another() {
        let secrets = Secrets::new(["a-credential", "a-credential-and-more", "short"]);
        let cleaned = secrets.clean("a-credential-and-more, a-credential, short", 100);
        assert_eq!(cleaned, "(credential), (credential), short");
        assert!(!format!("{secrets:?}").contains("credential"));
    }
}
