//! Decides about a mutation: from what a company is and what is asked, what to write.
//!
//! Pure, so that every store decides the same, a batch can be decided one after the other, and a
//! dry run is the same function whose result is not written.

mod cadences;
mod connection;
mod drift;
mod fields;
mod groups;
mod rollback;
mod versions;

use super::drift::{DriftItem, DriftState, Policies, Policy, PolicyTarget};
use super::{
    Action, Change, Company, CompanyId, Connection, ConnectionId, ConnectionStatus, Digest, Entry,
    Intent, JobState, Mutation, Problem, ProblemReason, Refusal, Resource, ResourceId,
    ResourceKind, Revision, Sync, Timestamp, Tracked, VendorKind, Version, company,
};

/// The most fields that a company may have. Ours; HubSpot tells its own limit only by refusing.
pub const FIELDS_MAX: i64 = 2_000;
/// The most bytes that the texts of a company's fields, groups and cadences may take up altogether.
pub const CONFIG_BYTES_MAX: i64 = 16 * 1024 * 1024;

/// What a store has looked up about a company for one mutation.
#[derive(Clone, Debug, Default)]
pub struct Situation {
    /// The company; `None` when it is not registered.
    pub company: Option<Company>,
    /// All its connections, also those no longer in use.
    pub connections: Vec<Connection>,
    /// The latest versions that [`Intent::needs`] asks for, each with where the connection in use
    /// stands with it.
    pub latest: Vec<Tracked>,
    /// For a rollback: the versions that were current at the revision asked for.
    pub old: Vec<Version>,
    /// How much the company holds.
    pub holds: Holds,
    /// What is done about changes of others, where [`Intent::needs_policies`] asks for it.
    pub policies: Policies,
    /// The items of the inbox that [`Intent::drift_items`] asks for.
    pub items: Vec<DriftItem>,
    /// For a connection: whether its account is connected to another company.
    pub account_taken: bool,
}

/// How much a company holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// How many fields.
    pub fields: i64,
    /// How many cadences.
    pub cadences: i64,
    /// How many bytes the texts of all of them take up.
    pub bytes: i64,
}

impl Holds {
    /// Reckons a resource in that takes the place of another one, or of none.
    pub fn replace(&mut self, before: Option<&Resource>, after: Option<&Resource>) {
        let signed = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX / 4);
        for (resource, sign) in [(before, -1), (after, 1)] {
            let Some(resource) = resource else { continue };
            match resource.kind() {
                ResourceKind::Field => self.fields += sign,
                ResourceKind::Cadence => self.cadences += sign,
                // Few enough to be counted where it matters.
                ResourceKind::Group => {}
            }
            self.bytes += sign * signed(resource.bytes());
        }
    }
}

/// What comes of a mutation that is not refused.
#[derive(Clone, Debug)]
pub enum Decision {
    /// These rows are to be written.
    Change(Box<Writes>),
    /// Everything is so already.
    NoChange {
        /// The present revision.
        revision: Revision,
    },
}

/// The rows of one revision, written together or not at all.
#[derive(Clone, Debug)]
pub struct Writes {
    /// The audit entry.
    pub entry: Entry,
    /// The company's name for people, when it is new or changed.
    pub display_name: Option<String>,
    /// The versions that begin, each in the place of the one before of the same id.
    pub versions: Vec<VersionWrite>,
    /// The connection that is made, changed or ended.
    pub connection: Option<ConnectionWrite>,
    /// The parts of its job, one per vendor at which something is to be done; none, no job.
    pub parts: Vec<PartWrite>,
    /// What the vendor is to hold now, with where it stands: what a plan is made from.
    pub touched: Vec<Tracked>,
    /// What it means for changes of others.
    pub drift: DriftWrites,
}

/// What a revision means for changes of others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DriftWrites {
    /// Policies that begin or end.
    pub policies: Vec<PolicyWrite>,
    /// Where the vendor stands with what was imported.
    pub syncs: Option<(ConnectionId, Vec<(ResourceId, Sync)>)>,
    /// Items of the inbox, with what became of them.
    pub resolved: Vec<(i64, DriftState)>,
}

/// A policy that begins or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyWrite {
    /// This one begins.
    Put(Policy),
    /// The one for this target ends.
    Remove(PolicyTarget),
    /// Until when nothing is enforced, and why.
    Pause(Option<(Timestamp, String)>),
}

/// A version that begins, with where the vendor stands with its resource.
#[derive(Clone, Debug)]
pub struct VersionWrite {
    /// The version.
    pub version: Version,
    /// The resource before; `None` when it is new or was removed.
    pub before: Option<Resource>,
    /// Where the connection in use stands with it.
    pub sync: Sync,
    /// Whether its default value is to be filled in on records that have none.
    pub fills: bool,
}

/// A connection that is made, changed or ended.
#[derive(Clone, Debug)]
pub struct ConnectionWrite {
    /// The connection as it is now.
    pub connection: Connection,
    /// The sealed credential; empty when it is forgotten.
    pub sealed: Vec<u8>,
}

/// The part of a revision's job that concerns one vendor.
#[derive(Clone, Debug)]
pub struct PartWrite {
    /// The vendor.
    pub vendor: VendorKind,
    /// The connection to carry it out at; `None` when there is none.
    pub connection: Option<Connection>,
    /// QUEUED, or WAITING without a connection.
    pub state: JobState,
    /// Why it waits.
    pub problem: Option<Problem>,
    /// The resources to be confirmed.
    pub items: Vec<ResourceId>,
    /// Those of them whose default value is to be filled in, too.
    pub fills: Vec<ResourceId>,
    /// What is counted.
    pub unit: &'static str,
}

/// Decides about a mutation. The request id was looked up before.
pub fn decide(situation: &Situation, mutation: &Mutation) -> Result<Decision, Refusal> {
    let present = situation.company.as_ref().map_or(Revision::ZERO, |company| company.revision);
    let context = Context { situation, mutation, present };
    match (&situation.company, &mutation.intent) {
        (None, Intent::RegisterCompany { .. }) => {}
        (None, _) => return Err(Refusal::CompanyNotFound(mutation.company_id.clone())),
        (Some(_), Intent::RegisterCompany { .. }) => {
            return Err(Refusal::CompanyExists(mutation.company_id.clone()));
        }
        (Some(_), _) => {}
    }
    let expected = mutation.expected_revision;
    if expected != Revision::ZERO && expected != present {
        let company_id = mutation.company_id.clone();
        return Err(Refusal::RevisionMismatch { company_id, expected, present });
    }
    match &mutation.intent {
        Intent::RegisterCompany { display_name } => {
            context.company(Action::RegisterCompany, None, display_name)
        }
        Intent::UpdateCompany { display_name } => {
            let before = situation.company.as_ref().map(|company| company.display_name.clone());
            context.company(Action::UpdateCompany, before, display_name)
        }
        Intent::ConnectVendor(new) => connection::connect(&context, new),
        Intent::DisconnectVendor { vendor } => connection::disconnect(&context, *vendor),
        Intent::AddField { draft, backfill } => fields::add(&context, draft, *backfill),
        Intent::ModifyField { name, patch, backfill, allow_data_loss } => {
            let asked = Asked { backfill: *backfill, allows_loss: *allow_data_loss };
            fields::modify(&context, name, patch, asked)
        }
        Intent::RelabelField { label, new_label, renames } => {
            fields::relabel(&context, label, new_label, *renames)
        }
        Intent::RemoveField { name, allow_data_loss } => {
            fields::remove(&context, name, *allow_data_loss)
        }
        Intent::AddCadence(draft) => cadences::add(&context, draft),
        Intent::ModifyCadence { cadence_id, change } => {
            cadences::modify(&context, cadence_id, change)
        }
        Intent::RemoveCadence { cadence_id } => cadences::remove(&context, cadence_id),
        Intent::AddGroup(draft) => groups::add(&context, draft),
        Intent::ModifyGroup { name, patch } => groups::modify(&context, name, patch),
        Intent::RemoveGroup { name } => groups::remove(&context, name),
        Intent::SetPolicy(ask) => drift::set_policy(&context, ask),
        Intent::PauseEnforcement { until } => drift::pause(&context, *until),
        Intent::Import(it) => drift::import(&context, it),
        Intent::IgnoreDrift { items, until } => drift::ignore(&context, items, *until),
        Intent::AdoptDrift(it) => drift::adopt(&context, it),
        Intent::Rollback { to, allow_data_loss } => {
            rollback::rollback(&context, *to, *allow_data_loss)
        }
    }
}

/// What is asked for beside a version of a resource.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    /// Whether its default value is to be filled in on records that have none.
    backfill: bool,
    /// Whether values that records hold may be lost.
    allows_loss: bool,
}

/// What all decisions have in common.
struct Context<'a> {
    situation: &'a Situation,
    mutation: &'a Mutation,
    present: Revision,
}

impl Context<'_> {
    fn company_id(&self) -> &CompanyId {
        &self.mutation.company_id
    }

    /// The revision that the decision becomes, if it changes anything.
    fn revision(&self) -> Revision {
        self.present.next()
    }

    fn head_hash(&self) -> Digest {
        self.situation.company.as_ref().map_or([0; 32], |company| company.head_hash)
    }

    /// The connection in use for a vendor.
    fn connection(&self, vendor: VendorKind) -> Option<&Connection> {
        self.situation.connections.iter().find(|connection| {
            connection.vendor == vendor && connection.status == ConnectionStatus::Connected
        })
    }

    fn unchanged(&self) -> Decision {
        Decision::NoChange { revision: self.present }
    }

    fn entry(&self, action: Action, changes: Vec<Change>) -> Entry {
        let Mutation { company_id, request_id, reason, caller, at, .. } = self.mutation;
        Entry {
            company_id: company_id.clone(),
            revision: self.revision(),
            action,
            actor: caller.actor.clone(),
            door: caller.door.as_str().to_owned(),
            reason: reason.clone(),
            request_id: request_id.clone(),
            at: *at,
            changes,
            allow_data_loss: self.mutation.intent.allows_data_loss(),
            backfill: self.mutation.intent.asks_for_backfill(),
            prev_hash: self.head_hash(),
        }
    }

    fn company(
        &self,
        action: Action,
        before: Option<String>,
        display_name: &str,
    ) -> Result<Decision, Refusal> {
        company::check_display_name(display_name)
            .map_err(|violations| violations.within("company"))?;
        if before.as_deref() == Some(display_name) {
            return Ok(self.unchanged());
        }
        let change = Change::Company { before, after: Some(display_name.to_owned()) };
        Ok(Decision::Change(Box::new(Writes {
            entry: self.entry(action, vec![change]),
            display_name: Some(display_name.to_owned()),
            versions: Vec::new(),
            connection: None,
            parts: Vec::new(),
            touched: Vec::new(),
            drift: DriftWrites::default(),
        })))
    }
}

/// What people call things of these units together; `None` where there are none.
pub fn unit<'a>(mut units: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let first = units.next()?;
    Some(if units.all(|unit| unit == first) { first } else { "resources" })
}

/// The reason why jobs wait without a connection.
pub fn not_connected(vendor: VendorKind) -> Problem {
    let message = format!("the company is not connected to {vendor}");
    Problem::new(ProblemReason::NotConnected, message)
}

#[cfg(test)]
mod tests;
