//! The bytes of a sealed credential: format (1), key id (4), nonce (12), ciphertext with its tag.

use super::{Error, KeyId};
use crate::domain::{CompanyId, VendorKind};

/// The present format.
const FORMAT: u8 = 1;
/// The length of a nonce: 96 bits, as AES-GCM wants it.
pub(super) const NONCE_LENGTH: usize = 12;
const HEADER_LENGTH: usize = 1 + KeyId::LENGTH + NONCE_LENGTH;

/// A sealed credential, taken apart.
pub(super) struct Sealed<'a> {
    pub(super) key_id: KeyId,
    pub(super) nonce: [u8; NONCE_LENGTH],
    pub(super) ciphertext: &'a [u8],
}

impl<'a> Sealed<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let (&format, rest) = bytes.split_first().ok_or(Error::Damaged)?;
        if format != FORMAT {
            return Err(Error::UnknownFormat(format));
        }
        let (key_id, rest) = rest.split_first_chunk().ok_or(Error::Damaged)?;
        let (nonce, ciphertext) = rest.split_first_chunk().ok_or(Error::Damaged)?;
        Ok(Self { key_id: KeyId::from_bytes(*key_id), nonce: *nonce, ciphertext })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_LENGTH + self.ciphertext.len());
        bytes.push(FORMAT);
        bytes.extend_from_slice(&self.key_id.to_bytes());
        bytes.extend_from_slice(&self.nonce);
        bytes.extend_from_slice(self.ciphertext);
        bytes
    }
}

/// What a sealed credential is bound to, beside its bytes.
pub(super) fn associated_data(
    key_id: KeyId,
    company_id: &CompanyId,
    vendor: VendorKind,
) -> Vec<u8> {
    let mut data = vec![FORMAT];
    data.extend_from_slice(&key_id.to_bytes());
    data.extend_from_slice(company_id.as_str().as_bytes());
    // No company id contains a zero byte.
    data.push(0);
    data.extend_from_slice(vendor.as_str().as_bytes());
    data
}
