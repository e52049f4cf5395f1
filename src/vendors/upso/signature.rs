//! Signatures of Upso's messages: that the account sent it, and that it did so just now.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::Timestamp;
use crate::hex;

/// How far a message's time may be from ours.
const AGE_MAX: Duration = Duration::from_secs(300);
/// The header that Upso signs with.
pub const HEADER: &str = "Upso-Signature";
/// The most secrets that an account's messages may be signed with.
pub const SECRETS_MAX: usize = 2;
/// Stands for a secret that there is not, so that this takes as long.
const NOBODYS: &str = "no message is signed with this";

/// What [`HEADER`] says: `t=<unix seconds>,v1=<hex>`.
#[derive(Clone, Debug)]
pub struct Signature {
    /// As it was written, since that is what is signed.
    seconds: String,
    at: i64,
    mac: [u8; 32],
}

impl Signature {
    /// Reads a header; `None` when it is not written so.
    pub fn parse(header: &str) -> Option<Self> {
        let (seconds, mac) = header.strip_prefix("t=")?.split_once(",v1=")?;
        let are_digits = seconds.bytes().all(|byte| byte.is_ascii_digit());
        let at = seconds.parse().ok().filter(|_| are_digits)?;
        Some(Self { seconds: seconds.to_owned(), at, mac: hex::decode(mac)? })
    }

    /// Tells whether it was made about now.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.as_micros().div_euclid(1_000_000).abs_diff(self.at) <= AGE_MAX.as_secs()
    }

    /// Tells whether one of the secrets, [`SECRETS_MAX`] at the most, signed this body. It takes as
    /// long whether it did or not, and however many there are.
    pub fn is_of(&self, secrets: &[String], body: &[u8]) -> bool {
        let mut is_right = false;
        for index in 0..SECRETS_MAX {
            let secret = secrets.get(index);
            let signs = self.is_with(secret.map_or(NOBODYS, String::as_str), body);
            is_right |= signs & secret.is_some();
        }
        is_right
    }

    fn is_with(&self, secret: &str, body: &[u8]) -> bool {
        // A key of any length will do.
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).is_ok_and(|mut mac| {
            mac.update(self.seconds.as_bytes());
            mac.update(b".");
            mac.update(body);
            // In constant time.
            mac.verify_slice(&self.mac).is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a-secret-of-a-test";
    // echo -n '1700000000.{"a":1}' | openssl dgst -sha256 -hmac a-secret-of-a-test
    const HEADER: &str =
        "t=1700000000,v1=3b525df8bf31760162e5b3b4acad8d9795eefe34f583f1deab6a5c4960a44d2b";
    const BODY: &[u8] = br#"{"a":1}"#;

    fn is_of(header: &str, secrets: &[&str], body: &[u8]) -> bool {
        let secrets: Vec<_> = secrets.iter().map(|&secret| secret.to_owned()).collect();
        Signature::parse(header).unwrap().is_of(&secrets, body)
    }

    #[test]
    fn a_signature_is_of_one_of_the_secrets() {
        for secrets in [&[SECRET][..], &[SECRET, "another"], &["another", SECRET]] {
            assert!(is_of(HEADER, secrets, BODY), "{secrets:?}");
        }
        for secrets in [&[][..], &[""], &["another"], &["another", "A-secret-of-a-test"]] {
            assert!(!is_of(HEADER, secrets, BODY), "{secrets:?}");
        }
        assert!(!is_of(HEADER, &[SECRET], br#"{"a":2}"#));
        assert!(!is_of(HEADER, &[SECRET], b""));
        assert!(!is_of(&HEADER.replace("1700000000", "1700000001"), &[SECRET], BODY));
        assert!(!is_of(&HEADER.replace("3b", "3c"), &[SECRET], BODY));
    }

    #[test]
    fn nobody_signs_for_a_secret_that_there_is_not() {
        let mut mac = Hmac::<Sha256>::new_from_slice(NOBODYS.as_bytes()).unwrap();
        mac.update(b"1700000000.");
        let header = format!("t=1700000000,v1={}", hex::encode(&mac.finalize().into_bytes()));
        assert!(!is_of(&header, &[], b"") && !is_of(&header, &[SECRET], b""));
    }

    #[test]
    fn a_signature_is_fresh_for_five_minutes_either_way() {
        let signature = Signature::parse(HEADER).unwrap();
        let is_fresh = |seconds: i64| {
            signature.is_fresh(Timestamp::from_micros((1_700_000_000 + seconds) * 1_000_000))
        };
        for seconds in [-300, -1, 0, 1, 300] {
            assert!(is_fresh(seconds), "{seconds}");
        }
        for seconds in [-301, 301, -1_700_000_000] {
            assert!(!is_fresh(seconds), "{seconds}");
        }
        let ages = HEADER.replace("1700000000", &i64::MAX.to_string());
        assert!(!Signature::parse(&ages).unwrap().is_fresh(Timestamp::from_micros(i64::MIN)));
    }

    #[test]
    fn anything_else_is_no_signature() {
        let hex = "3b525df8bf31760162e5b3b4acad8d9795eefe34f583f1deab6a5c4960a44d2b";
        for bad in [
            String::new(),
            "t=1,v1=".to_owned(),
            format!("t=,v1={hex}"),
            format!("t=+1,v1={hex}"),
            format!("t=-1,v1={hex}"),
            format!("t=99999999999999999999,v1={hex}"),
            format!("v1={hex},t=1"),
            format!("t=1, v1={hex}"),
            format!("t=1,v1={hex}00"),
            format!("t=1,v1={hex},v1={hex}"),
            format!("t=1,v0={hex}"),
        ] {
            assert!(Signature::parse(&bad).is_none(), "{bad}");
        }
    }
}
