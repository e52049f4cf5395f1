//! Bytes as lower-case hexadecimal text.

use std::fmt::Write as _;

/// Writes bytes, two digits each.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Reads `N` bytes from exactly `2 * N` digits, in either case.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn digit(character: u8) -> Option<u8> {
    let value = char::from(character).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        let bytes = [0x00, 0x7f, 0xa0, 0xff];
        assert_eq!(encode(&bytes), "007fa0ff");
        assert_eq!(decode("007fA0Ff"), Some(bytes));
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in ["", "007fa0f", "007fa0ff0", "007fa0fg", "+07fa0ff", "ä07fa0f"] {
            assert_eq!(decode::<4>(bad), None, "{bad}");
        }
    }
}
