//! A doorbell as a message: `1 acme connection-2`, the version of the form, the company and the
//! connection, in ASCII, with one blank in between.
//!
//! A process that does not know a version leaves such a message to the sweeper; a new version can
//! therefore be rung before all processes know it.

use crate::domain::{CompanyId, ConnectionId};
use crate::store::Doorbell;

const VERSION: &str = "1";
/// The longest message that is read, in bytes.
const LENGTH_MAX: usize = 256;

/// Writes a doorbell.
pub(super) fn write(doorbell: &Doorbell) -> String {
    format!("{VERSION} {} {}", doorbell.company_id, doorbell.connection_id)
}

/// Reads a doorbell; nothing where a message is none. Whether there is such a connection is the
/// store's to say.
pub(super) fn read(message: &[u8]) -> Option<Doorbell> {
    if message.len() > LENGTH_MAX {
        return None;
    }
    let text = std::str::from_utf8(message).ok()?;
    let parts: Vec<_> = text.split(' ').collect();
    let &[VERSION, company_id, connection_id] = parts.as_slice() else { return None };
    let sound = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    if connection_id.is_empty() || !connection_id.bytes().all(sound) {
        return None;
    }
    let company_id = CompanyId::parse(company_id).ok()?;
    Some(Doorbell { company_id, connection_id: ConnectionId::from_trusted(connection_id) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::conformance::of;

    #[test]
    fn a_doorbell_is_written_and_read() {
        assert_eq!(write(&of("acme")), "1 acme connection-2");
        assert_eq!(read(b"1 acme connection-2"), Some(of("acme")));
    }

    #[test]
    fn anything_else_is_no_doorbell() {
        let long = format!("1 acme {}", "c".repeat(300));
        for message in [
            "",
            "1",
            "1 acme",
            "1 acme ",
            "1 acme connection-2 ",
            "1  acme connection-2",
            "2 acme connection-2",
            "1 Acme! connection-2",
            "1 acme connection\n2",
            "1 acme connection-2\0",
            "{\"company\":\"acme\"}",
            &long,
        ] {
            assert_eq!(read(message.as_bytes()), None, "{message:?}");
        }
        assert_eq!(read(b"1 acme \xff\xfe"), None);
    }
}
