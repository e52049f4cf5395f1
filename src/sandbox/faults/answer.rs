//! The answer a fault gives in place of the real one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Kind, Spec};

/// Which limit was used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Policy {
    #[default]
    TenSecondlyRolling,
    Secondly,
    Daily,
}

/// An answer that a fault gives in place of the real one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FaultAnswer {
    pub(crate) status: u16,
    pub(crate) retry_after_seconds: Option<u64>,
    pub(crate) policy: Policy,
    body: Option<Value>,
}

impl FaultAnswer {
    /// Returns the answer a fault asks for.
    pub(super) fn of(spec: &Spec) -> Self {
        let status = match spec.kind {
            Kind::RateLimited => 429,
            _ => spec.status.unwrap_or(500),
        };
        Self {
            status,
            retry_after_seconds: spec.retry_after_seconds,
            policy: spec.policy.unwrap_or_default(),
            body: spec.body.clone(),
        }
    }

    /// Writes the body: the one asked for, or else what the vendor would say with this status.
    ///
    /// A text is meant as HTML, which is what gateways in front of vendors answer.
    pub(crate) fn body(&self, in_the_vendors_words: impl FnOnce(&Self) -> Value) -> Value {
        match (&self.body, self.status) {
            (Some(body), _) => body.clone(),
            (None, status @ (502 | 504 | 520..=526)) => Value::String(format!(
                "<html><head><title>{status}</title></head><body><h1>Error {status}</h1></body></html>"
            )),
            (None, _) => in_the_vendors_words(self),
        }
    }
}
