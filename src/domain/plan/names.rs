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
    /// The name that was decided; `None` when it was removed.
    pub wants: Option<String>,
    /// Whether it is left alone, and so makes way for nobody.
    pub is_parked: bool,
}

impl Holder {
    /// Tells what a resource holds; `None` when that is nothing.
    pub fn of(version: &Version, sync: &Sync) -> Option<Self> {
        let mut holds: Vec<_> = sync.left().iter().map(|left| left.name.clone()).collect();
        if sync.applied.is_some() || sync.in_doubt.is_some() {
            holds.push(sync.key_or(&version.name).to_owned());
        }
        (!holds.is_empty()).then(|| Self {
            id: version.id.clone(),
            kind: version.kind,
            holds,
            wants: version.resource.as_ref().map(|_| version.name.clone()),
            is_parked: sync.is_parked_at(version.from_rev),
        })
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
            .filter_map(|tracked| Holder::of(&tracked.version, &tracked.sync))
            .collect();
        for other in others {
            if !holders.iter().any(|holder| holder.id == other.id) {
                holders.push(other.clone());
            }
        }
        // What is where it is to be stands in nobody's way.
        holders.retain(|holder| {
            let settled = matches!((&holder.wants, holder.holds.as_slice()),
                (Some(wants), [only]) if wants == only);
            !settled
        });
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
