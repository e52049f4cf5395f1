//! Audit entries: what a revision did, who did it and why.

use super::drift::Policy;
use super::{
    CompanyId, Connection, ConnectionId, Digest, RequestId, Resource, ResourceId, ResourceKind,
    Revision, Timestamp,
};

/// What a revision did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Registered the company.
    RegisterCompany,
    /// Changed the company.
    UpdateCompany,
    /// Connected a vendor.
    ConnectVendor,
    /// Disconnected a vendor.
    DisconnectVendor,
    /// Added a field.
    AddField,
    /// Changed a field.
    ModifyField,
    /// Removed a field.
    RemoveField,
    /// Added a cadence.
    AddCadence,
    /// Changed a cadence.
    ModifyCadence,
    /// Removed a cadence.
    RemoveCadence,
    /// Added a property group.
    AddGroup,
    /// Changed a property group.
    ModifyGroup,
    /// Removed a property group.
    RemoveGroup,
    /// Took over what a vendor holds.
    ImportVendor,
    /// Adopted changes of others, or left them.
    ResolveDrift,
    /// Decided what is done about changes of others.
    SetPolicy,
    /// Let nothing be enforced for a while, or again.
    PauseEnforcement,
    /// Went back to an older revision.
    Rollback {
        /// That revision.
        to: Revision,
    },
}

impl Action {
    /// Returns the name that the database and the log use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RegisterCompany => "register_company",
            Self::UpdateCompany => "update_company",
            Self::ConnectVendor => "connect_vendor",
            Self::DisconnectVendor => "disconnect_vendor",
            Self::AddField => "add_field",
            Self::ModifyField => "modify_field",
            Self::RemoveField => "remove_field",
            Self::AddCadence => "add_cadence",
            Self::ModifyCadence => "modify_cadence",
            Self::RemoveCadence => "remove_cadence",
            Self::AddGroup => "add_group",
            Self::ModifyGroup => "modify_group",
            Self::RemoveGroup => "remove_group",
            Self::ImportVendor => "import_vendor",
            Self::ResolveDrift => "resolve_drift",
            Self::SetPolicy => "set_policy",
            Self::PauseEnforcement => "pause_enforcement",
            Self::Rollback { .. } => "rollback",
        }
    }
}

/// One change of a revision: the state before and after, `None` where there was or is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The company's display name.
    Company {
        /// The name before.
        before: Option<String>,
        /// The name after.
        after: Option<String>,
    },
    /// A connection.
    Connection {
        /// Which one.
        id: ConnectionId,
        /// The connection before.
        before: Option<Connection>,
        /// The connection after.
        after: Option<Connection>,
    },
    /// What is done about changes of others.
    Policy {
        /// What it is about, as [`super::drift::PolicyTarget::key`] says; `pause` for a while in which
        /// nothing is enforced.
        target: String,
        /// The policy before.
        before: Option<AuditedPolicy>,
        /// The policy after.
        after: Option<AuditedPolicy>,
    },
    /// A resource.
    Resource {
        /// Which one.
        id: ResourceId,
        /// Its kind.
        kind: ResourceKind,
        /// The resource before.
        before: Option<Resource>,
        /// The resource after.
        after: Option<Resource>,
    },
}

/// A policy, as the audit log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditedPolicy {
    /// What is done; `pause` for a while in which nothing is enforced.
    pub mode: String,
    /// Until when it holds.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: String,
}

impl From<&Policy> for AuditedPolicy {
    fn from(policy: &Policy) -> Self {
        let Policy { mode, until, reason, .. } = policy;
        Self { mode: mode.as_str().to_owned(), until: *until, reason: reason.clone() }
    }
}

/// One revision of a company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The company.
    pub company_id: CompanyId,
    /// The revision.
    pub revision: Revision,
    /// What it did.
    pub action: Action,
    /// Who did it.
    pub actor: String,
    /// Through which door.
    pub door: String,
    /// Why.
    pub reason: String,
    /// The caller's name for the request.
    pub request_id: Option<RequestId>,
    /// When it was accepted.
    pub at: Timestamp,
    /// What changed.
    pub changes: Vec<Change>,
    /// Whether the request let values that records hold be lost.
    pub allow_data_loss: bool,
    /// Whether the request asked for a default value to be filled in.
    pub backfill: bool,
    /// The hash of the entry before.
    pub prev_hash: Digest,
}
