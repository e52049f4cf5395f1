//! New versions of resources, and the job that brings them to the vendors.

use std::collections::BTreeMap;

use super::{
    Asked, CONFIG_BYTES_MAX, Context, Decision, DriftWrites, FIELDS_MAX, Holds, PartWrite,
    VersionWrite, Writes, not_connected, unit,
};
use crate::domain::cadence::CADENCES_MAX;
use crate::domain::{
    Action, Change, Connection, JobState, Leaves, Refusal, Resource, ResourceId, ResourceKind,
    Sync, Tracked, VendorKind, Version,
};

impl Context<'_> {
    /// Writes new versions of resources, and a job for those whose vendor sees a difference.
    pub(super) fn versions(&self, action: Action, versions: Vec<VersionWrite>) -> Decision {
        if versions.is_empty() {
            return self.unchanged();
        }
        Decision::Change(Box::new(self.writes(action, versions)))
    }

    /// The rows of new versions of resources.
    pub(super) fn writes(&self, action: Action, versions: Vec<VersionWrite>) -> Writes {
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
            !same || write.fills || write.sync.parked.is_some()
        });
        let mut by_vendor: BTreeMap<VendorKind, Vec<&VersionWrite>> = BTreeMap::new();
        for write in seen_by_vendor {
            by_vendor.entry(write.version.kind.vendor()).or_default().push(write);
        }
        let part = |(vendor, versions): (VendorKind, Vec<&VersionWrite>)| {
            let fills = versions.iter().filter(|write| write.fills);
            let fills = fills.map(|write| write.version.id.clone()).collect();
            let versions: Vec<_> = versions.iter().map(|write| &write.version).collect();
            part(vendor, self.connection(vendor).cloned(), &versions, fills)
        };
        let parts = by_vendor.into_iter().filter_map(part).collect();
        let revision = self.revision();
        let touched = versions.iter().map(|write| Tracked {
            version: write.version.clone(),
            sync: write.sync.clone(),
            fill: write.fills.then_some(revision),
        });
        let touched = touched.collect();
        let drift = DriftWrites::default();
        Writes { entry, display_name: None, versions, connection: None, parts, touched, drift }
    }

    /// The latest version of the resource of a kind and name: the one that there is, or else the one
    /// that was removed last.
    pub(super) fn named(&self, kind: ResourceKind, name: &str) -> Option<&Tracked> {
        let is_it =
            |tracked: &&Tracked| tracked.version.kind == kind && tracked.version.name == name;
        let latest = self.situation.latest.iter().filter(is_it);
        latest.max_by_key(|tracked| tracked.rank())
    }

    /// The version of a resource that begins with the decision.
    pub(super) fn version(&self, resource: Resource) -> Version {
        Version {
            id: resource.id().clone(),
            kind: resource.kind(),
            name: resource.name().to_owned(),
            from_rev: self.revision(),
            resource: Some(resource),
            allows_loss: false,
            leaves: Leaves::Nothing,
        }
    }

    /// The identity of a new resource. A name that was removed comes back under its old one: at the
    /// vendor it is the same thing.
    pub(super) fn id_for(&self, kind: ResourceKind, known: Option<&Tracked>) -> ResourceId {
        known.map_or_else(
            || ResourceId::from_trusted(format!("{}-{}", kind.as_str(), self.revision())),
            |tracked| tracked.version.id.clone(),
        )
    }

    /// The identity of one of several new resources.
    pub(super) fn nth_id(&self, kind: ResourceKind, place: usize) -> ResourceId {
        ResourceId::from_trusted(format!("{}-{}", self.id_for(kind, None), place + 1))
    }

    /// Adds a resource under a name that is free.
    pub(super) fn add(
        &self,
        action: Action,
        resource: Resource,
        known: Option<&Tracked>,
        fills: bool,
    ) -> Result<Decision, Refusal> {
        self.check_room(None, &resource)?;
        let sync = known.map(|tracked| tracked.sync.clone()).unwrap_or_default();
        let write = VersionWrite { version: self.version(resource), before: None, sync, fills };
        Ok(self.versions(action, vec![write]))
    }

    /// Puts a resource in the place of what it was.
    pub(super) fn replace(
        &self,
        action: Action,
        tracked: &Tracked,
        resource: Resource,
        asked: Asked,
    ) -> Result<Decision, Refusal> {
        let before = tracked.version.resource.as_ref();
        if before == Some(&resource) && !asked.backfill {
            return Ok(self.unchanged());
        }
        self.check_room(before, &resource)?;
        let version = self.version(resource);
        let write = VersionWrite {
            sync: self.sync_of(tracked, &version.name),
            version: Version { allows_loss: asked.allows_loss, ..version },
            before: before.cloned(),
            fills: asked.backfill,
        };
        Ok(self.versions(action, vec![write]))
    }

    /// Checks that the company may hold a resource in the place of another one, or of none.
    pub(super) fn check_room(
        &self,
        before: Option<&Resource>,
        after: &Resource,
    ) -> Result<(), Refusal> {
        self.check_room_in(self.situation.holds, before, after)
    }

    /// The same, where it holds so much already.
    pub(super) fn check_room_in(
        &self,
        now: Holds,
        before: Option<&Resource>,
        after: &Resource,
    ) -> Result<(), Refusal> {
        let mut then = now;
        then.replace(before, Some(after));
        // Less than there is now is always welcome.
        let limit = if then.fields > FIELDS_MAX.max(now.fields) {
            "at most 2000 fields"
        } else if then.cadences > CADENCES_MAX.max(now.cadences) {
            "at most 500 cadences"
        } else if then.bytes > CONFIG_BYTES_MAX.max(now.bytes) {
            "at most 16 MiB of text in its fields, groups and cadences"
        } else {
            return Ok(());
        };
        Err(Refusal::LimitReached { company_id: self.company_id().clone(), limit })
    }

    /// A write that removes a resource.
    pub(super) fn tombstone(&self, tracked: &Tracked, allows_loss: bool) -> VersionWrite {
        VersionWrite {
            version: Version {
                from_rev: self.revision(),
                resource: None,
                allows_loss,
                leaves: Leaves::Nothing,
                ..tracked.version.clone()
            },
            before: tracked.version.resource.clone(),
            sync: tracked.sync.clone(),
            fills: false,
        }
    }

    /// Where the vendor stands with a resource that is to have this name from now on.
    pub(super) fn sync_of(&self, tracked: &Tracked, name: &str) -> Sync {
        let mut sync = tracked.sync.clone();
        if tracked.version.name != name {
            sync.rename_from(&tracked.version.name);
        }
        sync
    }
}

/// The part of a job that brings versions to a vendor; `None` without any.
pub(super) fn part(
    vendor: VendorKind,
    connection: Option<Connection>,
    versions: &[&Version],
    fills: Vec<ResourceId>,
) -> Option<PartWrite> {
    let unit = unit(versions.iter().map(|version| version.kind.unit()))?;
    let items = versions.iter().map(|version| version.id.clone()).collect();
    let (state, problem) = match connection {
        Some(_) => (JobState::Queued, None),
        None => (JobState::Waiting, Some(not_connected(vendor))),
    };
    Some(PartWrite { vendor, connection, state, problem, items, fills, unit })
}
