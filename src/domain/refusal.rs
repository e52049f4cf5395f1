//! Why a request is refused.

use super::drift::DriftState;
use super::{CompanyId, JobId, JobState, Revision, VendorKind, Violation, Violations};

/// Why a request is refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Rules are broken.
    #[error("{0}")]
    Invalid(Violations),
    /// The request id was used with another body.
    #[error("request_id: was used before with another request")]
    RequestIdReused,
    /// The company does not exist, or not for this caller.
    #[error("company {0} does not exist")]
    CompanyNotFound(CompanyId),
    /// The company exists.
    #[error("company {0} exists already")]
    CompanyExists(CompanyId),
    /// The company has no such field.
    #[error("field {name} does not exist in company {company_id}")]
    FieldNotFound {
        /// The company.
        company_id: CompanyId,
        /// The internal name.
        name: String,
    },
    /// Several fields of the company have that label.
    #[error("several fields of company {company_id} have this label: {}", listed(.names))]
    FieldAmbiguous {
        /// The company.
        company_id: CompanyId,
        /// Their internal names.
        names: Vec<String>,
    },
    /// The company has a field of that name.
    #[error("field {name} exists already in company {company_id}")]
    FieldExists {
        /// The company.
        company_id: CompanyId,
        /// The internal name.
        name: String,
    },
    /// A field of that name was removed, and its vendor still holds it.
    #[error("field {name} of company {company_id} was removed and is not gone at the vendor yet")]
    FieldGoing {
        /// The company.
        company_id: CompanyId,
        /// The internal name.
        name: String,
    },
    /// The company has no such property group.
    #[error("group {name} does not exist in company {company_id}")]
    GroupNotFound {
        /// The company.
        company_id: CompanyId,
        /// The internal name.
        name: String,
    },
    /// The company has a property group of that name.
    #[error("group {name} exists already in company {company_id}")]
    GroupExists {
        /// The company.
        company_id: CompanyId,
        /// The internal name.
        name: String,
    },
    /// Fields stand in the property group.
    #[error("these fields of company {company_id} stand in group {name}: {}", listed(.fields))]
    GroupInUse {
        /// The company.
        company_id: CompanyId,
        /// The internal name.
        name: String,
        /// The internal names of the fields.
        fields: Vec<String>,
    },
    /// The company has no such cadence.
    #[error("cadence {cadence_id} does not exist in company {company_id}")]
    CadenceNotFound {
        /// The company.
        company_id: CompanyId,
        /// The id that callers use.
        cadence_id: String,
    },
    /// The company has a cadence of that id.
    #[error("cadence {cadence_id} exists already in company {company_id}")]
    CadenceExists {
        /// The company.
        company_id: CompanyId,
        /// The id that callers use.
        cadence_id: String,
    },
    /// The company has no such revision.
    #[error("company {company_id} has no revision {revision}; it is at {present}")]
    RevisionNotFound {
        /// The company.
        company_id: CompanyId,
        /// The revision that was asked for.
        revision: Revision,
        /// The present one.
        present: Revision,
    },
    /// The company is not at the revision that the caller expected.
    #[error("company {company_id} is at revision {present}, not {expected}")]
    RevisionMismatch {
        /// The company.
        company_id: CompanyId,
        /// The revision that the caller expected.
        expected: Revision,
        /// The present one.
        present: Revision,
    },
    /// The company has not reached the revision that the caller wants to see.
    #[error("company {company_id} is at revision {present} and has not reached {wanted}")]
    MinRevisionNotReached {
        /// The company.
        company_id: CompanyId,
        /// The revision that the caller wants to see.
        wanted: Revision,
        /// The present one.
        present: Revision,
    },
    /// There is no such job, or not for this caller.
    #[error("job {0} does not exist")]
    JobNotFound(String),
    /// The job's state does not allow it.
    #[error("job {job_id} is {state}: {rule}", state = .state.as_str())]
    JobState {
        /// The job.
        job_id: JobId,
        /// Its state.
        state: JobState,
        /// What would be allowed.
        rule: &'static str,
    },
    /// The company has no such item in its drift inbox.
    #[error("company {company_id} has no drift item {id}")]
    DriftNotFound {
        /// The company.
        company_id: CompanyId,
        /// The number of the item.
        id: i64,
    },
    /// The item's state does not allow it.
    #[error("drift item {id} is {state}: it {rule}", state = .state.as_str())]
    DriftState {
        /// The number of the item.
        id: i64,
        /// Its state.
        state: DriftState,
        /// Why not.
        rule: &'static str,
    },
    /// The vendor was never scanned.
    #[error("what company {company_id} has at {vendor} was never listed; scan it first")]
    NotScanned {
        /// The company.
        company_id: CompanyId,
        /// The vendor.
        vendor: VendorKind,
    },
    /// The company is not connected to the vendor.
    #[error("company {company_id} is not connected to {vendor}")]
    NotConnected {
        /// The company.
        company_id: CompanyId,
        /// The vendor.
        vendor: VendorKind,
    },
    /// The account is connected to another company.
    #[error("this {0} account is connected to another company")]
    AccountTaken(VendorKind),
    /// A company may not hold more.
    #[error("company {company_id} may not hold more: {limit}")]
    LimitReached {
        /// The company.
        company_id: CompanyId,
        /// The limit.
        limit: &'static str,
    },
}

/// Lists the first of some names.
fn listed(names: &[String]) -> String {
    const SHOWN_MAX: usize = 10;
    let more = if names.len() > SHOWN_MAX { ", …" } else { "" };
    let shown: Vec<_> = names.iter().take(SHOWN_MAX).map(String::as_str).collect();
    format!("{}{more}", shown.join(", "))
}

impl From<Violations> for Refusal {
    fn from(violations: Violations) -> Self {
        Self::Invalid(violations)
    }
}

impl From<Violation> for Refusal {
    fn from(violation: Violation) -> Self {
        Self::Invalid(violation.into())
    }
}
