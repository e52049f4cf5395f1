//! What goes with a refusal, read from the `google.rpc` details of its status.

use std::collections::BTreeMap;
use std::time::Duration;

use tonic::Status;
use tonic_types::StatusExt as _;

use crate::v1::{ErrorReason, Job};

/// The domain of GoMark's reasons; others are not GoMark's and are left alone.
const DOMAIN: &str = "gomark";

/// What the enum's names begin with in the proto, and the reasons on the wire do not.
const REASON_PREFIX: &str = "ERROR_REASON_";

/// Says which field of a request breaks which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldViolation {
    /// The path of the field, for example `field.options[3].value`.
    pub field: String,
    /// The rule it breaks, for people.
    pub rule: String,
}

/// Names a thing that is unknown or exists already.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resource {
    /// What kind of thing it is, for example `company`.
    pub kind: String,
    /// Which one.
    pub name: String,
    /// What is the matter with it, for people; may be empty.
    pub description: String,
}

/// The details of one status.
#[derive(Debug, Default)]
pub(super) struct Details {
    pub(super) reason: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) field_violations: Vec<FieldViolation>,
    pub(super) resource: Option<Resource>,
    pub(super) retry_after: Option<Duration>,
    pub(super) log_id: Option<String>,
}

impl Details {
    /// Reads what can be read: details that cannot be decoded never hide the error itself.
    pub(super) fn of(status: &Status) -> Self {
        if status.details().is_empty() {
            return Self::default();
        }
        let info = status.get_details_error_info().filter(|info| info.domain == DOMAIN);
        let (reason, metadata) = match info {
            Some(info) => (Some(info.reason), info.metadata.into_iter().collect()),
            None => (None, BTreeMap::new()),
        };
        Self {
            reason,
            metadata,
            field_violations: status
                .get_details_bad_request()
                .into_iter()
                .flat_map(|request| request.field_violations)
                .map(|found| FieldViolation { field: found.field, rule: found.description })
                .collect(),
            resource: status.get_details_resource_info().map(|info| Resource {
                kind: info.resource_type,
                name: info.resource_name,
                description: info.description,
            }),
            retry_after: status.get_details_retry_info().and_then(|info| info.retry_delay),
            log_id: status.get_details_request_info().map(|info| info.request_id),
        }
    }

    pub(super) fn known_reason(&self) -> Option<ErrorReason> {
        let reason = self.reason.as_deref()?;
        ErrorReason::from_str_name(&format!("{REASON_PREFIX}{reason}"))
    }
}

/// Says in one line what a job failed of.
pub(super) fn trouble(job: &Job) -> &str {
    match &job.error {
        Some(error) if !error.message.is_empty() => &error.message,
        Some(error) => error.reason().as_str_name(),
        None => "no reason was given",
    }
}
