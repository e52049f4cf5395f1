//! What was asked of a company, what was answered, and when.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gomark_sdk::v1::{AuditAction, ErrorReason};

/// How old the answer of a `GetConfig` without `min_revision` may be.
pub(crate) const CONFIG_AGE_MAX: Duration = Duration::from_secs(1);

/// The fields of a company, by name, and its cadences, by id.
pub(crate) type Fields = BTreeMap<String, Definition>;

/// Tells whether a name is that of a cadence: the label is its name then, the description the text of
/// its only email.
pub(crate) fn is_cadence(name: &str) -> bool {
    name.starts_with("cadence")
}

/// What a field is. Its type follows from its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) label: String,
    pub(crate) description: String,
    pub(crate) default_value: String,
    pub(crate) choices: Vec<String>,
}

/// A change of one attribute of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Patch {
    Label(String),
    Description(String),
    DefaultValue(String),
    Choices(Vec<String>),
}

/// What a mutation asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// With its name for people, as `Rename` has it.
    Register(String),
    Rename(String),
    Connect,
    ConnectUpso,
    Disconnect,
    Add(String, Definition),
    Modify(String, Patch),
    Remove(String),
    Rollback(i64),
}

impl Ask {
    pub(crate) fn action(&self) -> AuditAction {
        match self {
            Self::Register(_) => AuditAction::RegisterCompany,
            Self::Rename(_) => AuditAction::UpdateCompany,
            Self::Connect | Self::ConnectUpso => AuditAction::ConnectVendor,
            Self::Disconnect => AuditAction::DisconnectVendor,
            Self::Add(name, _) if is_cadence(name) => AuditAction::AddCadence,
            Self::Modify(name, _) if is_cadence(name) => AuditAction::ModifyCadence,
            Self::Remove(name) if is_cadence(name) => AuditAction::RemoveCadence,
            Self::Add(..) => AuditAction::AddField,
            Self::Modify(..) => AuditAction::ModifyField,
            Self::Remove(_) => AuditAction::RemoveField,
            Self::Rollback(_) => AuditAction::Rollback,
        }
    }
}

/// A mutation as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mutation {
    /// Its request id; `None` for a dry run.
    pub(crate) id: Option<u64>,
    pub(crate) ask: Ask,
    pub(crate) expected_revision: i64,
    /// The reason, which makes one body unlike another.
    pub(crate) reason: u64,
}

impl Mutation {
    /// The request id as it is sent.
    pub(crate) fn request_id(&self) -> String {
        self.id.map(|id| format!("request-{id}")).unwrap_or_default()
    }

    /// The reason as it is sent.
    pub(crate) fn reason(&self) -> String {
        format!("reason-{}", self.reason)
    }
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Mutate(Mutation),
    /// `GetConfig` at a revision, 0 for the latest, that is to have been reached.
    Config {
        revision: i64,
        min_revision: i64,
    },
    Company,
    /// `ListAudit`: so many of the newest entries.
    Audit {
        entries: usize,
    },
}

/// What a call was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The mutation is accepted: the revision after it.
    Accepted(i64),
    Refused(Refusal),
    Config {
        revision: i64,
        fields: Fields,
    },
    Company {
        revision: i64,
        display_name: String,
        connected: bool,
    },
    /// Entries, the newest first.
    Audit(Vec<Entry>),
    /// None: the mutation may have taken effect or not, at any time since.
    Unknown,
}

/// Why a call was refused, and the revision that a `REVISION_MISMATCH` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: ErrorReason,
    pub(crate) revision: Option<i64>,
}

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) revision: i64,
    pub(crate) action: AuditAction,
    pub(crate) request_id: String,
    pub(crate) reason: String,
}

/// A call with its answer and the times between which it took effect, in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) client: u32,
    pub(crate) request: Request,
    pub(crate) answer: Answer,
    pub(crate) called_at: i64,
    pub(crate) returned_at: i64,
    /// The job that the answer to a mutation brought.
    pub(crate) job_id: Option<String>,
}

/// The time since the test began, in nanoseconds.
pub(crate) fn nanos_since(began_at: Instant) -> i64 {
    i64::try_from(began_at.elapsed().as_nanos()).unwrap()
}
