//! The stored form of an audit entry, and the chain that it is a link of.
//!
//! The record is the entry's message, encoded: map-free, fields in the order of their numbers, the
//! hash of the entry before in it. The hash of the entry is the SHA-256 of the record.

use gomark_sdk::v1 as pb;
use prost::Message;
use sha2::{Digest as _, Sha256};

use crate::domain::{Digest, Entry};
use crate::wire::Unreadable;

/// What stands in the place of the hash before revision 1.
pub const GENESIS: Digest = [0; 32];

/// Encodes an entry; answers the record and its hash.
pub fn encode(entry: &Entry) -> (Vec<u8>, Digest) {
    let record = pb::AuditEntry::from(entry).encode_to_vec();
    let hash = hash(&record);
    (record, hash)
}

/// Reads a record.
pub fn decode(record: &[u8]) -> Result<Entry, Unreadable> {
    pb::AuditEntry::decode(record)?.try_into()
}

/// Returns the hash of a record.
pub fn hash(record: &[u8]) -> Digest {
    Sha256::digest(record).into()
}
