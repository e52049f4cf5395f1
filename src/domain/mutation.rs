//! What callers ask for.

use super::{
    CadenceDraft, Caller, CompanyId, Digest, FieldDraft, FieldPatch, GroupDraft, GroupPatch,
    RequestId, ResourceKind, Revision, Timestamp, VendorKind, cadence,
};

/// A request to change what a company is or decides.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// The company.
    pub company_id: CompanyId,
    /// What is asked for.
    pub intent: Intent,
    /// The caller's name for the request.
    pub request_id: Option<RequestId>,
    /// A digest of the request without its id, to tell a repeat from another request.
    pub fingerprint: Digest,
    /// The revision that the company has to be at; zero for any.
    pub expected_revision: Revision,
    /// Whether everything is checked and nothing changed.
    pub validate_only: bool,
    /// Why, for the audit log.
    pub reason: String,
    /// Who asks.
    pub caller: Caller,
    /// When it was asked.
    pub at: Timestamp,
}

/// What all requests for a change carry.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The company.
    pub company_id: CompanyId,
    /// The caller's name for the request.
    pub request_id: Option<RequestId>,
    /// A digest of the request without its id, to tell a repeat from another request.
    pub fingerprint: Digest,
    /// The revision that the company has to be at; zero for any.
    pub expected_revision: Revision,
    /// Whether everything is checked and nothing changed.
    pub validate_only: bool,
    /// Why, for the audit log.
    pub reason: String,
    /// Who asks.
    pub caller: Caller,
}

impl Envelope {
    /// Makes the mutation that asks for `intent`.
    pub fn asking(self, intent: Intent, at: Timestamp) -> Mutation {
        Mutation {
            company_id: self.company_id,
            intent,
            request_id: self.request_id,
            fingerprint: self.fingerprint,
            expected_revision: self.expected_revision,
            validate_only: self.validate_only,
            reason: self.reason,
            caller: self.caller,
            at,
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub enum Intent {
    /// Register the company.
    RegisterCompany {
        /// Its name for people.
        display_name: String,
    },
    /// Change the company.
    UpdateCompany {
        /// Its new name for people.
        display_name: String,
    },
    /// Connect a vendor.
    ConnectVendor(NewConnection),
    /// Disconnect a vendor.
    DisconnectVendor {
        /// The vendor.
        vendor: VendorKind,
    },
    /// Add a field.
    AddField(FieldDraft),
    /// Change a field.
    ModifyField {
        /// Its internal name.
        name: String,
        /// The change.
        patch: FieldPatch,
    },
    /// Change the label of the only field that has this one.
    RelabelField {
        /// Its label.
        label: String,
        /// Its new label.
        new_label: String,
    },
    /// Remove a field.
    RemoveField {
        /// Its internal name.
        name: String,
    },
    /// Add a cadence.
    AddCadence(CadenceDraft),
    /// Change a cadence.
    ModifyCadence {
        /// The id that callers use.
        cadence_id: String,
        /// The change.
        change: cadence::Change,
    },
    /// Remove a cadence.
    RemoveCadence {
        /// The id that callers use.
        cadence_id: String,
    },
    /// Add a property group.
    AddGroup(GroupDraft),
    /// Change a property group.
    ModifyGroup {
        /// Its internal name.
        name: String,
        /// The change.
        patch: GroupPatch,
    },
    /// Remove a property group.
    RemoveGroup {
        /// Its internal name.
        name: String,
    },
    /// Go back to an older revision.
    Rollback {
        /// That revision.
        to: Revision,
    },
}

/// A connection, as the vendor just confirmed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConnection {
    /// The vendor.
    pub vendor: VendorKind,
    /// Where it is reached.
    pub base_url: String,
    /// The account that the credential opens.
    pub account_id: String,
    /// The calls that may be made in 10 s; 0 to learn it.
    pub burst_per_10s: u32,
    /// The sealed credential.
    pub sealed: Vec<u8>,
    /// The same for the same credential, and telling nothing of it.
    pub credential_id: String,
}

/// What has to be looked up to decide about an intent, beside the company and its connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing more.
    Nothing,
    /// The latest version of the resource of this kind and name, tombstones included, and how much
    /// the company holds.
    Named(ResourceKind, String),
    /// The latest version of every resource, tombstones included.
    All,
    /// That, and the version of every resource that was current at this revision.
    AllAnd(Revision),
}

impl Intent {
    /// Returns what has to be looked up to decide about it.
    pub fn needs(&self) -> Needs {
        match self {
            Self::RegisterCompany { .. }
            | Self::UpdateCompany { .. }
            | Self::DisconnectVendor { .. } => Needs::Nothing,
            // How many groups there are, and what stands in one, is counted nowhere.
            Self::ConnectVendor(_)
            | Self::RelabelField { .. }
            | Self::AddGroup(_)
            | Self::RemoveGroup { .. } => Needs::All,
            // How many there are is counted nowhere.
            Self::AddField(draft) if draft.details.has_unique_value => Needs::All,
            Self::AddField(draft) => Needs::Named(ResourceKind::Field, draft.resolved_name()),
            Self::ModifyField { name, .. } | Self::RemoveField { name } => {
                Needs::Named(ResourceKind::Field, name.clone())
            }
            Self::AddCadence(draft) => Needs::Named(ResourceKind::Cadence, draft.resolved_id()),
            Self::ModifyCadence { cadence_id, .. } | Self::RemoveCadence { cadence_id } => {
                Needs::Named(ResourceKind::Cadence, cadence_id.clone())
            }
            Self::ModifyGroup { name, .. } => Needs::Named(ResourceKind::Group, name.clone()),
            Self::Rollback { to } => Needs::AllAnd(*to),
        }
    }
}
