//! The open account of a session.

use std::sync::Arc;

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::Parts;
use crate::domain::{Problem, ProblemReason, SealedConnection, VendorKind};
use crate::store::Lease;
use crate::vendors::grant::Keeper;
use crate::vendors::{Access, Account, Failure, FailureScope, Limits, Vendor};

/// An account that is open with a certain credential.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) credential_id: String,
    pub(super) vendor: Arc<dyn Vendor>,
    pub(super) account: Arc<dyn Account>,
}

/// Opens the account of a connection with the credential that is stored now.
pub(super) fn open(
    parts: &Arc<Parts>,
    lease: &Lease,
    sealed: &SealedConnection,
    window: Option<String>,
) -> Result<Open, Problem> {
    let connection = &sealed.connection;
    let unavailable = |message: String| Problem::new(ProblemReason::VendorUnavailable, message);
    let vendor = parts.vendors.get(connection.vendor).cloned();
    let vendor = vendor.ok_or_else(|| unavailable(format!("no vendor {}", connection.vendor)))?;
    let credential = parts
        .vault
        .open(&lease.doorbell.company_id, connection.vendor, &sealed.sealed)
        .map_err(|error| Problem::new(ProblemReason::CredentialSealed, error.to_string()))?;
    let base_url = url::Url::parse(&connection.base_url)
        .map_err(|error| unavailable(format!("the base url cannot be read: {error}")))?;
    let access = Access {
        base_url,
        credential,
        keeper: Some(Arc::new(UnderLease {
            parts: Arc::clone(parts),
            lease: lease.clone(),
            vendor: connection.vendor,
            credential_id: connection.credential_id.clone(),
        })),
        account_id: Some(connection.account_id.clone()),
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

/// Keeps a credential that the vendor replaced in the database, for as long as the lease is ours.
#[derive(Debug)]
struct UnderLease {
    parts: Arc<Parts>,
    lease: Lease,
    vendor: VendorKind,
    credential_id: String,
}

#[async_trait]
impl Keeper for UnderLease {
    async fn keep(&self, credential: Zeroizing<String>) -> Result<(), Failure> {
        let Parts { vault, store, .. } = &*self.parts;
        let company_id = &self.lease.doorbell.company_id;
        let not_kept = |error: &dyn std::error::Error| Failure {
            scope: FailureScope::Connection,
            effect_unknown: false,
            retry_after: None,
            problem: Problem::new(
                ProblemReason::VendorUnavailable,
                format!("the credential was renewed and could not be kept yet: {error}"),
            ),
        };
        let sealed = vault.seal(company_id, self.vendor, &credential);
        let sealed = sealed.map_err(|error| not_kept(&error))?;
        store
            .reseal(&self.lease, &self.credential_id, &sealed)
            .await
            .map_err(|error| not_kept(&error))?;
        tracing::info!(doorbell = %self.lease.doorbell, "the vendor replaced the credential");
        Ok(())
    }
}
