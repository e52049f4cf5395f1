//! What others change at the vendors: scans, the inbox, policies, import.

use prost_types::Timestamp;

use super::Mutate;
use crate::client::Client;
use crate::error::Result;
use crate::listing::Listing;
use crate::rpc;
use crate::v1::*;

impl Client {
    /// Scans all vendors of a company now, and answers when that is done. The call's time-out has to
    /// allow for that; a scan that is not done in time has a `scanned_at` before the call.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT`; `NOT_FOUND` (company).
    pub async fn scan_drift(&self, company_id: impl Into<String>) -> Result<Vec<Scan>> {
        let request =
            ScanDriftRequest { company_id: company_id.into(), ..ScanDriftRequest::default() };
        Ok(rpc::call(self, request, None).await?.scans)
    }

    /// Lists the drift inbox of a company, what changed last first.
    pub fn list_drift(&self, company_id: impl Into<String>) -> Listing<ListDriftRequest> {
        let request =
            ListDriftRequest { company_id: company_id.into(), ..ListDriftRequest::default() };
        Listing::new(self.clone(), request)
    }

    /// Says what becomes of items of the inbox: all of them, or none.
    ///
    /// Errors: `NOT_FOUND` (company, item); `FAILED_PRECONDITION` (an item stands no more, or cannot be
    /// reverted or adopted).
    pub fn resolve_drift(
        &self,
        company_id: impl Into<String>,
        item_ids: impl IntoIterator<Item = i64>,
        resolution: DriftResolution,
    ) -> Mutate<ResolveDriftRequest> {
        let request = ResolveDriftRequest {
            company_id: company_id.into(),
            item_ids: item_ids.into_iter().collect(),
            resolution: resolution.into(),
            ..ResolveDriftRequest::default()
        };
        Mutate::new(self, request)
    }

    /// Puts what the last scan of a vendor showed, and nobody decided yet, under management as it is.
    /// What cannot be is among the [`warnings`](crate::Change::warnings).
    ///
    /// Errors: `NOT_FOUND` (company); `FAILED_PRECONDITION` (not connected, or never scanned);
    /// `RESOURCE_EXHAUSTED`.
    pub fn import_vendor(
        &self,
        company_id: impl Into<String>,
        vendor: Vendor,
    ) -> Mutate<ImportVendorRequest> {
        let request = ImportVendorRequest {
            company_id: company_id.into(),
            vendor: vendor.into(),
            ..ImportVendorRequest::default()
        };
        Mutate::new(self, request)
    }

    /// Decides what is done about changes of others. `DriftMode::Unspecified` forgets the policy.
    ///
    /// Errors: `NOT_FOUND` (company).
    pub fn set_policy(
        &self,
        company_id: impl Into<String>,
        target: PolicyTarget,
        mode: DriftMode,
    ) -> Mutate<SetPolicyRequest> {
        let request = SetPolicyRequest {
            company_id: company_id.into(),
            target: Some(target),
            mode: mode.into(),
            ..SetPolicyRequest::default()
        };
        Mutate::new(self, request)
    }

    /// Reads the policies of a company.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT`; `NOT_FOUND` (company).
    pub async fn list_policies(
        &self,
        company_id: impl Into<String>,
    ) -> Result<ListPoliciesResponse> {
        rpc::call(self, ListPoliciesRequest { company_id: company_id.into() }, None).await
    }

    /// Lets nothing be enforced until a moment; `None` ends that.
    ///
    /// Errors: `NOT_FOUND` (company).
    pub fn pause_enforcement(
        &self,
        company_id: impl Into<String>,
        until: Option<Timestamp>,
    ) -> Mutate<PauseEnforcementRequest> {
        let request = PauseEnforcementRequest {
            company_id: company_id.into(),
            until,
            ..PauseEnforcementRequest::default()
        };
        Mutate::new(self, request)
    }
}

impl Mutate<ResolveDriftRequest> {
    /// For `Ignore`: until when.
    pub fn until(mut self, until: Timestamp) -> Self {
        self.request.until = Some(until);
        self
    }
}

impl Mutate<SetPolicyRequest> {
    /// Sets until when it holds.
    pub fn until(mut self, until: Timestamp) -> Self {
        self.request.until = Some(until);
        self
    }
}

impl Mutate<ImportVendorRequest> {
    /// Imports only these, by their names at the vendor.
    pub fn names<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.request.names = names.into_iter().map(Into::into).collect();
        self
    }
}
