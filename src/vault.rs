//! Seals the credentials of connections, so that the database alone gives none away.
//!
//! A sealed credential belongs to one company and one vendor: moved to another row it does not
//! open. Every purpose has a key of its own, derived from the one [`Key`] of the installation.
//! Nothing here writes a credential or a key to a log, an error or a `Debug` output.

mod key;
mod key_file;
mod sealed;

use std::fmt;

use aes_gcm::aead::{Aead, AeadInOut, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use key::mac;
pub use key::{Key, KeyError, KeyId};
pub use key_file::{KeyFileError, create as create_key_file, read as read_key_file};
use sealed::{NONCE_LENGTH, Sealed};

use crate::domain::{CompanyId, Digest, VendorKind};
use crate::hex;

/// How many bytes of the digest a credential id shows.
const CREDENTIAL_ID_BYTES: usize = 8;

/// Why a credential could not be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
    /// The credential is longer than the cipher can take.
    #[error("the credential is too long to be sealed")]
    TooLong,
    /// It was sealed by a version of GoMark that this one does not know.
    #[error("the credential was sealed in format {0}, which this version cannot open")]
    UnknownFormat(u8),
    /// It was sealed with another key.
    #[error("the credential was sealed with key {sealed_with}, and the key in use is {in_use}")]
    WrongKey {
        /// The key that it was sealed with.
        sealed_with: KeyId,
        /// The key in use.
        in_use: KeyId,
    },
    /// It was changed, or sealed for another company or vendor.
    #[error("the sealed credential was changed, or belongs to another company or vendor")]
    Damaged,
}

/// Seals and opens credentials with one key.
#[derive(Clone)]
pub struct Vault {
    key_id: KeyId,
    cipher: Aes256Gcm,
    credential_ids: Hmac<Sha256>,
    fingerprints: Hmac<Sha256>,
}

impl Vault {
    /// Creates a vault.
    pub fn new(key: &Key) -> Self {
        let sealing = key.derive("gomark/1/seal");
        Self {
            key_id: key.id(),
            cipher: Aes256Gcm::new(&(*sealing).into()),
            credential_ids: mac(&key.derive("gomark/1/credential-id")),
            fingerprints: mac(&key.derive("gomark/1/fingerprint")),
        }
    }

    /// Returns which key is in use.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Seals a credential for one company and vendor.
    ///
    /// # Errors
    ///
    /// Fails when the operating system gives no random bytes, and on gigabytes of credential.
    pub fn seal(
        &self,
        company_id: &CompanyId,
        vendor: VendorKind,
        credential: &str,
    ) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_LENGTH];
        getrandom::fill(&mut nonce).map_err(|_| Error::NoRandomness)?;
        let aad = sealed::associated_data(self.key_id, company_id, vendor);
        let payload = Payload { msg: credential.as_bytes(), aad: &aad };
        let ciphertext =
            self.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| Error::TooLong)?;
        Ok(Sealed { key_id: self.key_id, nonce, ciphertext: &ciphertext }.to_bytes())
    }

    /// Opens a credential that was sealed for this company and vendor.
    ///
    /// # Errors
    ///
    /// Fails when it was sealed with another key, for another company or vendor, or was changed.
    pub fn open(
        &self,
        company_id: &CompanyId,
        vendor: VendorKind,
        sealed: &[u8],
    ) -> Result<Zeroizing<String>, Error> {
        let sealed = Sealed::parse(sealed)?;
        if sealed.key_id != self.key_id {
            return Err(Error::WrongKey { sealed_with: sealed.key_id, in_use: self.key_id });
        }
        let aad = sealed::associated_data(self.key_id, company_id, vendor);
        let mut buffer = Zeroizing::new(sealed.ciphertext.to_vec());
        self.cipher
            .decrypt_in_place(&Nonce::from(sealed.nonce), &aad, &mut *buffer)
            .map_err(|_| Error::Damaged)?;
        let text = std::str::from_utf8(&buffer).map_err(|_| Error::Damaged)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Returns a name for a credential of a company: the same for the same credential, another for
    /// another one or under another key, and of no use to whoever wants to guess the credential.
    pub fn credential_id(&self, company_id: &CompanyId, credential: &str) -> String {
        let mut mac = self.credential_ids.clone();
        mac.update(company_id.as_str().as_bytes());
        // No company id contains a zero byte.
        mac.update(&[0]);
        mac.update(credential.as_bytes());
        let digest: Digest = mac.finalize().into_bytes().into();
        hex::encode(&digest[..CREDENTIAL_ID_BYTES])
    }

    /// Returns a digest by which equal requests are recognised, also those that hold a credential.
    pub fn fingerprint(&self, bytes: &[u8]) -> Digest {
        let mut mac = self.fingerprints.clone();
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
