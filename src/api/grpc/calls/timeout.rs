//! How long a caller waits, as gRPC writes it: up to eight digits and a unit.

use std::time::Duration;

use http::HeaderMap;

/// The most digits that there may be.
const DIGITS_MAX: usize = 8;

/// It cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads the time-out of a call, if there is one.
pub(super) fn read(headers: &HeaderMap) -> Result<Option<Duration>, Malformed> {
    let mut given = headers.get_all("grpc-timeout").iter();
    let Some(text) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(Malformed);
    }
    let text = text.as_bytes();
    let (unit, digits) = text.split_last().ok_or(Malformed)?;
    if !(1..=DIGITS_MAX).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Malformed);
    }
    let number = digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    Ok(Some(match unit {
        b'H' => Duration::from_secs(number * 3_600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return Err(Malformed),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Result<Option<Duration>, Malformed> {
        let name = http::HeaderName::from_static("grpc-timeout");
        read(&texts.iter().map(|text| (name.clone(), text.parse().unwrap())).collect())
    }

    #[test]
    fn a_time_out_is_digits_and_a_unit() {
        assert_eq!(of(&[]), Ok(None));
        for (text, wanted) in [
            ("2H", Duration::from_secs(7_200)),
            ("3M", Duration::from_secs(180)),
            ("99999999S", Duration::from_secs(99_999_999)),
            ("00000150m", Duration::from_millis(150)),
            ("0n", Duration::ZERO),
            ("7u", Duration::from_micros(7)),
        ] {
            assert_eq!(of(&[text]), Ok(Some(wanted)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_out_is_refused() {
        for text in ["", "S", "1", "100000000S", "1s", "-1S", "1.5S", "1 S", " 1S", "+1S", "1SS"] {
            assert_eq!(of(&[text]), Err(Malformed), "{text:?}");
        }
        assert_eq!(of(&["1S", "1S"]), Err(Malformed));
    }
}
