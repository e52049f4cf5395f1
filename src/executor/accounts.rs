//! The open account of a session.

use std::sync::Arc;

use super::Parts;
use crate::domain::{Problem, ProblemReason, SealedConnection};
use crate::store::Doorbell;
use crate::vendors::{Access, Account, Limits, Vendor};

/// An account that is open with a certain credential.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) credential_id: String,
    pub(super) vendor: Arc<dyn Vendor>,
    pub(super) account: Arc<dyn Account>,
}

/// Opens the account of a connection with the credential that is stored now.
pub(super) fn open(
    parts: &Parts,
    doorbell: &Doorbell,
    sealed: &SealedConnection,
    window: Option<String>,
) -> Result<Open, Problem> {
    let connection = &sealed.connection;
    let unavailable = |message: String| Problem::new(ProblemReason::VendorUnavailable, message);
    let vendor = parts.vendors.get(connection.vendor).cloned();
    let vendor = vendor.ok_or_else(|| unavailable(format!("no vendor {}", connection.vendor)))?;
    let credential = parts
        .vault
        .open(&doorbell.company_id, connection.vendor, &sealed.sealed)
        .map_err(|error| Problem::new(ProblemReason::CredentialSealed, error.to_string()))?;
    let base_url = url::Url::parse(&connection.base_url)
        .map_err(|error| unavailable(format!("the base url cannot be read: {error}")))?;
    let access = Access {
        base_url,
        credential,
        limits: Limits {
            burst_per_10s: connection.burst_per_10s,
            reserve_percent: connection.reserve_percent,
        },
        call_timeout: parts.settings.call_timeout,
        window,
    };
    let account = vendor.open(access).map_err(|failure| failure.problem)?;
    Ok(Open { credential_id: connection.credential_id.clone(), vendor, account })
}
