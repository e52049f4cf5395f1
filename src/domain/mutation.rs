//! What callers ask for.

use super::drift::{DriftItem, Mode};
use super::{
    Attributes, CadenceDraft, Caller, CompanyId, ConnectionId, Digest, FieldDraft, FieldPatch,
    GroupDraft, GroupPatch, RequestId, Resource, ResourceId, ResourceKind, Revision, Timestamp,
    VendorKind, cadence,
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
    AddField {
        /// The field.
        draft: FieldDraft,
        /// Whether its default value is to be filled in on deals that have none.
        backfill: bool,
    },
    /// Change a field.
    ModifyField {
        /// Its internal name.
        name: String,
        /// The change.
        patch: FieldPatch,
        /// Whether its default value is to be filled in on deals that have none.
        backfill: bool,
        /// Whether values that deals hold may be lost.
        allow_data_loss: bool,
    },
    /// Change the label of the only field that has this one.
    RelabelField {
        /// Its label.
        label: String,
        /// Its new label.
        new_label: String,
        /// Whether its name is to be made from the new label, too.
        renames: bool,
    },
    /// Remove a field.
    RemoveField {
        /// Its internal name.
        name: String,
        /// Whether values that deals hold may be lost.
        allow_data_loss: bool,
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
    /// Decide what is done about changes of others.
    SetPolicy(PolicyAsk),
    /// Let nothing be enforced until a moment, or again.
    PauseEnforcement {
        /// The moment.
        until: Option<Timestamp>,
    },
    /// Take over what a vendor holds.
    Import(Import),
    /// Leave changes of others as they are.
    IgnoreDrift {
        /// The changes.
        items: Vec<DriftItem>,
        /// Until when.
        until: Option<Timestamp>,
    },
    /// Decide what others made of it.
    AdoptDrift(Adopt),
    /// Go back to an older revision.
    Rollback {
        /// That revision.
        to: Revision,
        /// Whether values that deals hold may be lost.
        allow_data_loss: bool,
    },
}

/// A request for a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyAsk {
    /// The kind of the resource that it is about; `None` for all that the company decided.
    pub kind: Option<ResourceKind>,
    /// The name of the resource.
    pub name: String,
    /// The attribute, by the vendor's name.
    pub attribute: Option<String>,
    /// What is to be done; `None` forgets the policy.
    pub mode: Option<Mode>,
    /// Until when it holds.
    pub until: Option<Timestamp>,
}

/// What a vendor holds and is to be taken over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Import {
    /// The resources, each with its canonical form at the vendor. Their identities are given anew.
    pub resources: Vec<(Resource, Attributes)>,
    /// When the vendor was seen to hold them.
    pub observed_at: Timestamp,
    /// The connection at which it was.
    pub connection_id: Option<ConnectionId>,
}

/// What others made of resources, and is to be decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adopt {
    /// The items of the inbox that it is about, each with the number of its last change.
    pub items: Vec<(i64, i64)>,
    /// The resources that were changed or removed.
    pub changes: Vec<AdoptedChange>,
    /// Those that were created.
    pub created: Import,
    /// Who did it.
    pub editor: String,
}

/// A resource that somebody else changed or removed.
#[derive(Clone, Debug, PartialEq)]
pub struct AdoptedChange {
    /// The resource.
    pub id: ResourceId,
    /// The revision that decided it when it was looked at.
    pub from_rev: Revision,
    /// What it is now; `None` when it was removed.
    pub resource: Option<Resource>,
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
    /// The share of the vendor's limits that is left to others, in percent.
    pub reserve_percent: u32,
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
    /// The latest versions of the resources of this kind and these names, tombstones included, and
    /// how much the company holds.
    Named(ResourceKind, Vec<String>),
    /// The latest version of every resource, tombstones included.
    All,
    /// That, and the version of every resource that was current at this revision.
    AllAnd(Revision),
}

impl Intent {
    /// Adds a field, and no more than that.
    pub fn add_field(draft: FieldDraft) -> Self {
        Self::AddField { draft, backfill: false }
    }

    /// Changes a field, and no more than that.
    pub fn modify_field(name: impl Into<String>, patch: FieldPatch) -> Self {
        let name = name.into();
        Self::ModifyField { name, patch, backfill: false, allow_data_loss: false }
    }

    /// Removes a field, unless that would lose values.
    pub fn remove_field(name: impl Into<String>) -> Self {
        Self::RemoveField { name: name.into(), allow_data_loss: false }
    }

    /// Goes back to a revision, unless that would lose values.
    pub fn rollback(to: Revision) -> Self {
        Self::Rollback { to, allow_data_loss: false }
    }

    /// Tells whether values that records hold may be lost by it.
    pub fn allows_data_loss(&self) -> bool {
        match self {
            Self::ModifyField { allow_data_loss, .. }
            | Self::RemoveField { allow_data_loss, .. }
            | Self::Rollback { allow_data_loss, .. } => *allow_data_loss,
            _ => false,
        }
    }

    /// Tells whether a default value is to be filled in on records.
    pub fn asks_for_backfill(&self) -> bool {
        match self {
            Self::AddField { backfill, .. } | Self::ModifyField { backfill, .. } => *backfill,
            _ => false,
        }
    }

    /// Returns the items of the inbox that have to be looked up to decide about it.
    pub fn drift_items(&self) -> Vec<i64> {
        match self {
            Self::IgnoreDrift { items, .. } => items.iter().map(|item| item.id).collect(),
            Self::AdoptDrift(adopt) => adopt.items.iter().map(|(id, _)| *id).collect(),
            _ => Vec::new(),
        }
    }

    /// Tells whether the policies have to be looked up to decide about it.
    pub fn needs_policies(&self) -> bool {
        matches!(
            self,
            Self::SetPolicy(_) | Self::PauseEnforcement { .. } | Self::IgnoreDrift { .. }
        )
    }

    /// Returns what has to be looked up to decide about it.
    pub fn needs(&self) -> Needs {
        let field = |names| Needs::Named(ResourceKind::Field, names);
        let cadence = |id| Needs::Named(ResourceKind::Cadence, vec![id]);
        let group = |name| Needs::Named(ResourceKind::Group, vec![name]);
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
            Self::AddField { draft, .. } if draft.details.has_unique_value => Needs::All,
            Self::AddField { draft, .. } => field(vec![draft.resolved_name()]),
            Self::ModifyField { name, patch, .. } => field(
                [Some(name), patch.new_name.as_ref()].into_iter().flatten().cloned().collect(),
            ),
            Self::RemoveField { name, .. } => field(vec![name.clone()]),
            Self::AddCadence(draft) => cadence(draft.resolved_id()),
            Self::ModifyCadence { cadence_id, .. } | Self::RemoveCadence { cadence_id } => {
                cadence(cadence_id.clone())
            }
            Self::ModifyGroup { name, .. } => group(name.clone()),
            Self::SetPolicy(ask) => match ask.kind {
                Some(kind) => Needs::Named(kind, vec![ask.name.clone()]),
                None => Needs::Nothing,
            },
            Self::PauseEnforcement { .. } | Self::IgnoreDrift { .. } => Needs::Nothing,
            Self::Import(_) | Self::AdoptDrift(_) => Needs::All,
            Self::Rollback { to, .. } => Needs::AllAnd(*to),
        }
    }
}
