//! What holds a resource up or was refused.

use serde::{Deserialize, Serialize};

use crate::domain::carry::Refused;

/// What holds a resource up or was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The kind of trouble.
    pub reason: ProblemReason,
    /// One sentence for people.
    pub message: String,
    /// The attributes concerned, by the vendor's names.
    #[serde(default)]
    pub attributes: Vec<String>,
    /// The HTTP status of the vendor's answer; 0 when there was none.
    #[serde(default)]
    pub vendor_status: u16,
    /// The vendor's own identification of its answer.
    #[serde(default)]
    pub correlation_id: String,
    /// More about it, where there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<Details>>,
}

/// What few problems tell beside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The values of records that the vendor refused.
    #[serde(default)]
    pub refused: Refused,
    /// What uses it at the vendor.
    #[serde(default)]
    pub used_by: Vec<String>,
}

impl Problem {
    /// Creates a problem that no answer of the vendor goes with.
    pub fn new(reason: ProblemReason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            attributes: Vec::new(),
            vendor_status: 0,
            correlation_id: String::new(),
            details: None,
        }
    }
}

/// The kinds of trouble; those of the API's `JobErrorReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemReason {
    /// The company is not connected to the vendor.
    NotConnected,
    /// The vendor's rate limit is used up.
    RateLimited,
    /// The vendor did not answer, or with a fault of its own.
    VendorUnavailable,
    /// The vendor refused the credential.
    CredentialRefused,
    /// The stored credential cannot be opened.
    CredentialSealed,
    /// The vendor refused the change.
    VendorRefused,
    /// The vendor said yes and left attributes as they were.
    VendorIgnored,
    /// The vendor holds something else under that name, which is not ours.
    Conflict,
    /// It was tried for 24 hours without a clear answer.
    GaveUp,
    /// The vendor refused values of records.
    ValuesRefused,
    /// Records hold values that would be lost.
    HoldsValues,
    /// The vendor does not archive what something else there uses.
    InUse,
    /// The calls of the day are used up.
    DailyLimit,
    /// The credential opens another account than the connection's.
    WrongAccount,
}
