//! What HubSpot says when something goes wrong that is not about the request itself.

use serde_json::{Value, json};

use super::Refusal;
use crate::sandbox::faults::Policy;

/// Writes what HubSpot says with a status.
pub(crate) fn body(status: u16, policy: Policy, correlation_id: &str) -> Value {
    let refusal = match status {
        429 => return rate_limited(policy, correlation_id),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_reported_in_hubspots_words() {
        let body = rate_limited(Policy::Secondly, "c");
        assert_eq!(body["message"], "You have reached your secondly limit.");
        assert_eq!(body["policyName"], "SECONDLY");
    }
}
