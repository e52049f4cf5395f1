//! Audit entries: what a revision did, who did it and why.

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
