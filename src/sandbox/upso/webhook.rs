//! Who wants to be told of changes, and what is told.

use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;
use url::{Host, Url};

use super::cadences::Cadence;
use super::refusal::Refusal;
use super::shape::At;
use crate::domain::Timestamp;
use crate::sandbox::wire_time::WireTime;

/// A subscription. The secret is never answered.
#[derive(Clone, Serialize)]
pub(crate) struct Webhook {
    /// The address as it was given.
    url: String,
    #[serde(skip)]
    pub(crate) target: Url,
    #[serde(skip)]
    secret: String,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Webhook {
    /// Reads a subscription. The stand-in calls nobody beyond this machine.
    pub(crate) fn read(body: &Value) -> Result<Self, Refusal> {
        let body = At::body(body).object(&["url", "secret"])?;
        let (url, secret) = (body.get("url")?.text()?, body.get("secret")?.text()?);
        let target = Url::parse(&url).map_err(|_| Refusal::invalid("url", "must be a URL"))?;
        let is_loopback = match target.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            _ => false,
        };
        if target.scheme() != "http" || !is_loopback {
            let rule = "must be http:// with a loopback address: this is a sandbox";
            return Err(Refusal::invalid("url", rule));
        }
        let is_plain = secret.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
        if !is_plain || !(16..=128).contains(&secret.len()) {
            let rule = "must be 16 to 128 printable ASCII characters without spaces";
            return Err(Refusal::invalid("secret", rule));
        }
        Ok(Self { url, target, secret })
    }

    /// Signs a body: `t=<unix seconds>,v1=<HMAC-SHA-256 of "t.body", in hex>`.
    pub(crate) fn sign(&self, now: Timestamp, body: &str) -> String {
        let seconds = now.as_micros().div_euclid(1_000_000);
        let signature = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).map(|mut mac| {
            mac.update(format!("{seconds}.{body}").as_bytes());
            crate::hex::encode(&mac.finalize().into_bytes())
        });
        // A key of any length will do, so there always is a signature.
        format!("t={seconds},v1={}", signature.unwrap_or_default())
    }
}

/// What happened to a cadence.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    id: String,
    event: &'static str,
    account_id: String,
    key: String,
    version: Option<String>,
    changed_by: String,
    at: WireTime,
}

impl Event {
    /// A cadence was created or replaced.
    pub(crate) fn changed(account_id: &str, cadence: &Cadence) -> Self {
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            event: "cadence.changed",
            account_id: account_id.to_owned(),
            key: cadence.key.clone(),
            version: Some(cadence.version.clone()),
            changed_by: cadence.updated_by.clone(),
            at: cadence.updated_at,
        }
    }

    /// A cadence was deleted.
    pub(crate) fn deleted(account_id: &str, key: &str, changed_by: &str, now: Timestamp) -> Self {
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            event: "cadence.deleted",
            account_id: account_id.to_owned(),
            key: key.to_owned(),
            version: None,
            changed_by: changed_by.to_owned(),
            at: WireTime(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(url: &str, secret: &str) -> Option<String> {
        Webhook::read(&json!({ "url": url, "secret": secret }))
            .err()
            .and_then(|refusal| refusal.path)
    }

    #[test]
    fn nobody_beyond_this_machine_is_told() {
        let secret = "a-secret-of-a-test";
        for good in ["http://127.0.0.1:9/hook", "http://[::1]/", "http://127.1.2.3/a?b=c"] {
            assert_eq!(refused(good, secret), None, "{good}");
        }
        for bad in [
            "https://127.0.0.1/",
            "http://192.0.2.1/",
            "http://example.com/",
            "/hook",
            "",
            "http://localhost/",
            "ftp://127.0.0.1/",
        ] {
            assert_eq!(refused(bad, secret).as_deref(), Some("url"), "{bad}");
        }
        for bad in ["too-short", "with a space in it", &"x".repeat(129)] {
            assert_eq!(refused("http://127.0.0.1/", bad).as_deref(), Some("secret"), "{bad}");
        }
    }

    #[test]
    fn a_signature_covers_the_time_and_the_body() {
        let body = json!({ "url": "http://127.0.0.1/", "secret": "a-secret-of-a-test" });
        let webhook = Webhook::read(&body).unwrap();
        // echo -n '1700000000.{"a":1}' | openssl dgst -sha256 -hmac a-secret-of-a-test
        assert_eq!(
            webhook.sign(Timestamp::from_micros(1_700_000_000_999_999), r#"{"a":1}"#),
            "t=1700000000,v1=3b525df8bf31760162e5b3b4acad8d9795eefe34f583f1deab6a5c4960a44d2b"
        );
    }
}
