//! The key of an installation, as text: `gmk1_` and 43 characters of URL-safe base64.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::hex;

const PREFIX: &str = "gmk1_";
const LENGTH: usize = 32;

/// A text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no text.
    #[error("is empty")]
    Empty,
    /// It does not have the form of a key.
    #[error(
        "is not a key: expected {PREFIX} and 43 characters of URL-safe base64, as \
         `gomark key generate` prints them"
    )]
    Malformed,
    /// The operating system gave no random bytes.
    #[error("cannot be made: the operating system gives no random bytes")]
    NoRandomness,
}

/// 256 random bits, from which the keys for each purpose are derived.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; LENGTH]>);

impl Key {
    /// Makes a new key.
    ///
    /// # Errors
    ///
    /// Fails when the operating system gives no random bytes.
    pub fn generate() -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        getrandom::fill(&mut *bytes).map_err(|_| KeyError::NoRandomness)?;
        Ok(Self(bytes))
    }

    /// Reads a key; blanks around it do not count.
    ///
    /// # Errors
    ///
    /// Fails on everything that [`Key::to_text`] does not write.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        let encoded = text.strip_prefix(PREFIX).ok_or(KeyError::Malformed)?;
        let decoded =
            Zeroizing::new(URL_SAFE_NO_PAD.decode(encoded).map_err(|_| KeyError::Malformed)?);
        let bytes: [u8; LENGTH] = decoded.as_slice().try_into().map_err(|_| KeyError::Malformed)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// Writes the key as text, for whoever has to keep it.
    pub fn to_text(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0.as_slice()));
        Zeroizing::new(format!("{PREFIX}{}", *encoded))
    }

    /// Returns the name of the key, which tells nothing about it.
    pub fn id(&self) -> KeyId {
        let digest = Sha256::digest(self.0.as_slice());
        let mut id = [0; KeyId::LENGTH];
        id.copy_from_slice(&digest[..KeyId::LENGTH]);
        KeyId(id)
    }

    /// Derives the key for one purpose.
    pub(super) fn derive(&self, purpose: &str) -> Zeroizing<[u8; LENGTH]> {
        let mut mac = mac(&self.0);
        mac.update(purpose.as_bytes());
        Zeroizing::new(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id())
    }
}

/// Begins an HMAC-SHA-256.
pub(super) fn mac(key: &[u8; LENGTH]) -> Hmac<Sha256> {
    // HMAC fills a short key up with zeros to the block of the hash.
    let mut block = Zeroizing::new([0; 64]);
    block[..LENGTH].copy_from_slice(key);
    <Hmac<Sha256> as KeyInit>::new(&(*block).into())
}

/// Names a key: the first 8 hexadecimal digits of its SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; KeyId::LENGTH]);

impl KeyId {
    /// The length in bytes.
    pub(super) const LENGTH: usize = 4;

    pub(super) fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    pub(super) fn to_bytes(self) -> [u8; Self::LENGTH] {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_as_it_was_written() {
        let key = Key::generate().unwrap();
        let text = key.to_text();
        assert_eq!(text.len(), 48);
        let read = Key::parse(&format!("  {}\n", *text)).unwrap();
        assert_eq!(read.id(), key.id());
        assert_eq!(*read.0, *key.0);
    }

    #[test]
    fn a_key_id_is_the_beginning_of_the_hash_of_the_key() {
        let key = Key(Zeroizing::new([0; LENGTH]));
        assert_eq!(key.id().to_string(), "66687aad");
    }

    #[test]
    fn texts_that_are_no_keys_are_refused_and_not_repeated() {
        let no_prefix = "A".repeat(43);
        let short = format!("{PREFIX}{}", "A".repeat(42));
        let long = format!("{PREFIX}{}", "A".repeat(44));
        let foreign = format!("{PREFIX}{}", "!".repeat(43));
        for bad in ["", " \n", PREFIX, &no_prefix, &short, &long, &foreign] {
            let error = Key::parse(bad).unwrap_err();
            assert!(!error.to_string().contains("AAAA"), "{error}");
        }
    }

    #[test]
    fn debug_shows_the_id_and_not_the_key() {
        let key = Key::generate().unwrap();
        let shown = format!("{key:?}");
        assert_eq!(shown, format!("Key({})", key.id()));
    }
}
