//! Decides about a mutation: from what a company is and what is asked, what to write.
//!
//! Pure, so that every store decides the same, a batch can be decided one after the other, and a
//! dry run is the same function whose result is not written.

mod connection;
mod fields;
mod rollback;

use std::collections::BTreeMap;

use super::{
    Action, Change, Company, CompanyId, Connection, ConnectionStatus, Digest, Entry, Intent,
    JobState, Mutation, Problem, ProblemReason, Refusal, Resource, ResourceId, Revision, Sync,
    Tracked, VendorKind, Version, company,
};

pub use fields::{CONFIG_BYTES_MAX, FIELDS_MAX};

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
    /// How many fields the company has.
    pub field_count: i64,
    /// How many bytes the texts of its fields take up.
    pub field_bytes: i64,
    /// For a connection: whether its account is connected to another company.
    pub account_taken: bool,
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
        Intent::AddField(draft) => fields::add(&context, draft),
        Intent::ModifyField { name, patch } => fields::modify(&context, name, patch),
        Intent::RemoveField { name } => fields::remove(&context, name),
        Intent::Rollback { to } => rollback::rollback(&context, *to),
    }
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
        })))
    }

    /// Writes new versions of resources, and a job for those whose vendor sees a difference.
    fn versions(&self, action: Action, versions: Vec<VersionWrite>) -> Decision {
        if versions.is_empty() {
            return self.unchanged();
        }
        let changes = versions.iter().map(|write| Change::Resource {
            id: write.version.id.clone(),
            kind: write.version.kind,
            before: write.before.clone(),
            after: write.version.resource.clone(),
        });
        let entry = self.entry(action, changes.collect());
        let seen_by_vendor = versions.iter().filter(|write| {
            let pair = write.before.as_ref().zip(write.version.resource.as_ref());
            let same = pair.is_some_and(|(before, after)| before.same_at_vendor(after));
            // A new version takes up what was parked, and that is to be seen in a job.
            !same || write.sync.parked.is_some()
        });
        let mut by_vendor: BTreeMap<VendorKind, Vec<&Version>> = BTreeMap::new();
        for write in seen_by_vendor {
            by_vendor.entry(write.version.kind.vendor()).or_default().push(&write.version);
        }
        let part = |(vendor, versions): (VendorKind, Vec<&Version>)| {
            part(vendor, self.connection(vendor).cloned(), &versions)
        };
        let parts = by_vendor.into_iter().filter_map(part).collect();
        let touched = versions
            .iter()
            .map(|write| Tracked { version: write.version.clone(), sync: write.sync.clone() });
        let touched = touched.collect();
        let writes =
            Writes { entry, display_name: None, versions, connection: None, parts, touched };
        Decision::Change(Box::new(writes))
    }

    /// A write that removes a resource.
    fn tombstone(&self, tracked: &Tracked) -> VersionWrite {
        VersionWrite {
            version: Version {
                from_rev: self.revision(),
                resource: None,
                ..tracked.version.clone()
            },
            before: tracked.version.resource.clone(),
            sync: tracked.sync.clone(),
        }
    }
}

/// The part of a job that brings versions to a vendor; `None` without any.
fn part(
    vendor: VendorKind,
    connection: Option<Connection>,
    versions: &[&Version],
) -> Option<PartWrite> {
    let unit = unit(versions.iter().map(|version| version.kind.unit()))?;
    let items = versions.iter().map(|version| version.id.clone()).collect();
    let (state, problem) = match connection {
        Some(_) => (JobState::Queued, None),
        None => (JobState::Waiting, Some(not_connected(vendor))),
    };
    Some(PartWrite { vendor, connection, state, problem, items, unit })
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
