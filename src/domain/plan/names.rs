//! Who holds which name at the vendor, and who has to make way for whom.

use crate::domain::{ResourceId, ResourceKind, Sync, Tracked, Version};

/// The names that one resource holds at the vendor, and the one that it is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The resource.
    pub id: ResourceId,
    /// Its kind.
    pub kind: ResourceKind,
    /// The names that it holds.
    pub holds: Vec<String>,
    /// The names that it has or had.
    pub had: Vec<String>,
    /// The name that was decided; `None` when it was removed.
    pub wants: Option<String>,
    /// Whether it is left alone, and so makes way for nobody.
    pub is_parked: bool,
}

impl Holder {
    /// Tells what a resource holds, and held.
    pub fn of(version: &Version, sync: &Sync) -> Self {
        let mut holds: Vec<_> = sync.left().iter().map(|left| left.name.clone()).collect();
        if sync.applied.is_some() || sync.in_doubt.is_some() {
            holds.push(sync.key_or(&version.name).to_owned());
        }
        let mut had = sync.trail.as_ref().map(|trail| trail.had.clone()).unwrap_or_default();
        had.extend(holds.iter().cloned());
        Self {
            id: version.id.clone(),
            kind: version.kind,
            holds,
            had,
            wants: version.resource.as_ref().map(|_| version.name.clone()),
            is_parked: sync.is_parked_at(version.from_rev),
        }
    }

    /// Tells of a resource that it had its name, whatever it holds.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.had.push(name.to_owned());
        self
    }
}

/// Who holds which name at the vendor, as far as it matters to a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(Vec<Holder>);

impl Names {
    /// Collects them from resources and from others that are not planned.
    pub fn of<'a>(tracked: impl IntoIterator<Item = &'a Tracked>, others: &[Holder]) -> Self {
        let mut holders: Vec<_> = tracked
            .into_iter()
            .map(|tracked| Holder::of(&tracked.version, &tracked.sync))
            .collect();
        for other in others {
            match holders.iter_mut().find(|holder| holder.id == other.id) {
                Some(known) => known.had.extend(other.had.iter().cloned()),
                None => holders.push(other.clone()),
            }
        }
        Self(holders)
    }

    /// Returns who else holds a name.
    pub(super) fn holder(
        &self,
        kind: ResourceKind,
        name: &str,
        except: &ResourceId,
    ) -> Option<&Holder> {
        let holds = |holder: &&Holder| {
            holder.kind == kind && holder.id != *except && holder.holds.iter().any(|it| it == name)
        };
        self.0.iter().find(holds)
    }

    /// Tells whether another one has or had a name, so that what a vendor brings back with it may be
    /// the other's.
    pub(super) fn was_anothers(&self, kind: ResourceKind, name: &str, id: &ResourceId) -> bool {
        let had = |holder: &Holder| holder.had.iter().any(|it| it == name);
        self.0.iter().any(|holder| holder.kind == kind && holder.id != *id && had(holder))
    }

    /// Tells whether a resource is to make way by a detour: it and others wait for each other in a
    /// ring, and it is the first of them.
    pub(super) fn breaks_ring(&self, id: &ResourceId, kind: ResourceKind, wants: &str) -> bool {
        let (mut at, mut wants) = (id, wants);
        let mut first = id;
        for _ in 0..=self.0.len() {
            let Some(holder) = self.holder(kind, wants, at) else { return false };
            if holder.id == *id {
                return first == id;
            }
            let Some(next) = &holder.wants else { return false };
            first = first.min(&holder.id);
            (at, wants) = (&holder.id, next);
        }
        false
    }
}
