//! What HubSpot says when something goes wrong that is not about the request itself.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Kind, Spec};
use crate::sandbox::hubspot::Refusal;

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
    policy: Policy,
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

    /// Writes the body: the one asked for, or what HubSpot would say with this status.
    ///
    /// A text is meant as HTML, which is what gateways in front of HubSpot answer.
    pub(crate) fn body(&self, correlation_id: &str) -> Value {
        if let Some(body) = &self.body {
            return body.clone();
        }
        let refusal = match self.status {
            429 => return rate_limited(self.policy, correlation_id),
            502 | 504 | 520..=526 => {
                return Value::String(format!(
                    "<html><head><title>{0}</title></head><body><h1>Error {0}</h1></body></html>",
                    self.status
                ));
            }
            400 => Refusal::invalid("The request is not valid."),
            401 => Refusal::new(401, "INVALID_AUTHENTICATION", "The token is not valid."),
            403 => Refusal::new(403, "MISSING_SCOPES", "The token lacks a scope.")
                .with("requiredGranularScopes", vec!["crm.schemas.deals.write".to_owned()]),
            404 => Refusal::not_found("No such object."),
            409 => Refusal::new(409, "CONFLICT", "The object was changed by somebody else."),
            423 => Refusal::new(423, "LOCKED", "The resource is locked for a moment."),
            477 => Refusal::new(
                477,
                "MIGRATION_IN_PROGRESS",
                "The portal is being moved between data centres.",
            ),
            _ => {
                return json!({
                    "status": "error",
                    "message": "internal error",
                    "correlationId": correlation_id,
                });
            }
        };
        refusal.body(correlation_id)
    }
}

/// Writes the body of a 429.
pub(crate) fn rate_limited(policy: Policy, correlation_id: &str) -> Value {
    let limit = match policy {
        Policy::TenSecondlyRolling => "ten_secondly_rolling",
        Policy::Secondly => "secondly",
        Policy::Daily => "daily",
    };
    json!({
        "status": "error",
        "message": format!("You have reached your {limit} limit."),
        "errorType": "RATE_LIMIT",
        "correlationId": correlation_id,
        "policyName": policy,
    })
}
