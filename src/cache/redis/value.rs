//! A configuration as it is kept in Redis: with what it is, so that nothing else is taken for it.
//!
//! ```text
//! "gmc" | version | checksum of the rest | revision | length of the id | id | configuration
//!   3   |    1    |          8           |    8     |        1         |    |
//! ```

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use sha2::{Digest as _, Sha256};

use crate::domain::{CompanyId, Revision};

const MAGIC: &[u8; 3] = b"gmc";
/// The version that is written. Readers take no other.
const VERSION: u8 = 1;
const CHECKSUM: usize = 8;

pub(super) fn write(id: &CompanyId, revision: Revision, config: &[u8]) -> Bytes {
    let id = id.as_str().as_bytes();
    // No company id is longer than 63.
    let length = u8::try_from(id.len()).unwrap_or(u8::MAX);
    let mut rest = BytesMut::with_capacity(9 + id.len() + config.len());
    rest.put_i64(revision.get());
    rest.put_u8(length);
    rest.put_slice(id);
    rest.put_slice(config);
    let mut value = BytesMut::with_capacity(MAGIC.len() + 1 + CHECKSUM + rest.len());
    value.put_slice(MAGIC);
    value.put_u8(VERSION);
    value.put_slice(&checksum(&rest));
    value.put_slice(&rest);
    value.freeze()
}

/// Reads the configuration of a company at a revision; `None` for anything else.
pub(super) fn read(value: &Bytes, id: &CompanyId, revision: Revision) -> Option<Bytes> {
    let mut rest = value.strip_prefix(MAGIC)?.strip_prefix(&[VERSION])?;
    let sum = rest.split_off(..CHECKSUM)?;
    if sum != checksum(rest) {
        return None;
    }
    let found = rest.try_get_i64().ok()?;
    let length = rest.try_get_u8().ok()?;
    let owner = rest.split_off(..usize::from(length))?;
    let is_it = found == revision.get() && owner == id.as_str().as_bytes();
    is_it.then(|| value.slice(value.len() - rest.len()..))
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&Sha256::digest(bytes)[..CHECKSUM]);
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(text: &str) -> CompanyId {
        CompanyId::parse(text).unwrap()
    }

    #[test]
    fn a_configuration_is_read_as_it_was_put_and_as_no_other() {
        let (acme, seven) = (id("acme"), Revision::new(7));
        for config in [&b""[..], b"a configuration"] {
            let value = write(&acme, seven, config);
            assert_eq!(read(&value, &acme, seven).as_deref(), Some(config));
            assert_eq!(read(&value, &id("acm"), seven), None);
            assert_eq!(read(&value, &acme, Revision::new(8)), None);
        }
    }

    #[test]
    fn what_was_cut_off_or_changed_is_not_read() {
        let (acme, seven) = (id("acme"), Revision::new(7));
        let value = write(&acme, seven, b"a configuration");
        for length in 0..value.len() {
            assert_eq!(read(&value.slice(..length), &acme, seven), None, "{length}");
            let mut changed = value.to_vec();
            changed[length] ^= 1;
            assert_eq!(read(&changed.into(), &acme, seven), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn whatever_else_is_there_is_not_read(bytes: Vec<u8>) {
            prop_assert_eq!(read(&bytes.into(), &id("acme"), Revision::new(7)), None);
        }
    }
}
