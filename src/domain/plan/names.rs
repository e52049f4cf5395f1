//! Who holds which name at the vendor, and who has to make way for whom.

use crate::domain::{ResourceId, ResourceKind, Revision, Sync, Timestamp, Tracked, Version};

/// The names that one resource holds at the vendor, and the one that it is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The resource.
    pub id: ResourceId,
    /// Its kind.
    pub kind: ResourceKind,
    /// The names that it holds.
    pub holds: Vec<String>,
    /// The names that it has or had, with until when in microseconds.
    pub had: Vec<(String, i64)>,
    /// The name that was decided; `None` when it was removed.
    pub wants: Option<String>,
    /// Whether it is left alone, and so makes way for nobody.
    pub is_parked: bool,
}

impl Holder {
    /// Tells what a resource holds, and held.
    pub fn of(version: &Version, sync: &Sync) -> Self {
        let holds = names_of(sync, &version.name);
        let before = sync.trail.iter().flat_map(|trail| &trail.had);
        let mut had: Vec<_> = before.map(|had| (had.name.clone(), had.until_micros)).collect();
        had.extend(holds.iter().map(|name| (name.clone(), i64::MAX)));
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
    pub fn with_name(mut self, name: &str, until: Option<Timestamp>) -> Self {
        self.had.push((name.to_owned(), until.map_or(i64::MIN, Timestamp::as_micros)));
        self
    }
}

/// Returns the names that a resource holds at the vendor, where `decided` was decided.
pub fn names_of(sync: &Sync, decided: &str) -> Vec<String> {
    let mut holds: Vec<_> = sync.left().iter().map(|left| left.name.clone()).collect();
    // What is on its way to a name is to be created there.
    if sync.applied.is_some() || sync.in_doubt.is_some() || !holds.is_empty() {
        holds.push(sync.key_or(decided).to_owned());
    }
    holds
}

/// Who holds which name at the vendor, and what is to come and to go first, as far as it matters to a
/// plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    holders: Vec<Holder>,
    /// What others are to stand in and that is not there yet.
    coming: Vec<(ResourceKind, String)>,
    /// What is to be changed by which decision, where nothing holds it up.
    changing: Vec<(ResourceKind, Revision)>,
}

impl Names {
    /// Collects them from resources and from others that are not planned.
    pub fn of<'a>(tracked: impl IntoIterator<Item = &'a Tracked>, others: &[Holder]) -> Self {
        let (mut holders, mut coming, mut changing) = (Vec::new(), Vec::new(), Vec::new());
        for Tracked { version, sync, .. } in tracked {
            let holder = Holder::of(version, sync);
            if let Some(wants) = holder.wants.as_ref().filter(|_| !holder.is_parked)
                && sync.applied.is_none()
            {
                coming.push((version.kind, wants.clone()));
            }
            if !holder.is_parked && sync.failing.is_none() {
                changing.push((version.kind, version.from_rev));
            }
            holders.push(holder);
        }
        for other in others {
            match holders.iter_mut().find(|holder| holder.id == other.id) {
                Some(known) => known.had.extend(other.had.iter().cloned()),
                None => holders.push(other.clone()),
            }
        }
        Self { holders, coming, changing }
    }

    /// Tells whether something that others are to stand in is not there yet, and comes.
    pub(super) fn is_coming(&self, what: (ResourceKind, &str)) -> bool {
        self.coming.iter().any(|(kind, name)| (*kind, name.as_str()) == what)
    }

    /// Tells whether something of this kind may still be about to go elsewhere, as it was decided by
    /// this revision.
    pub(super) fn are_changing(&self, kind: ResourceKind, by: Revision) -> bool {
        self.changing.iter().any(|(of, decided)| *of == kind && *decided <= by)
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
        self.holders.iter().find(holds)
    }

    /// Tells whether another one has or had a name, also after `since` where that is given, so that what
    /// a vendor brings back with it may be the other's.
    pub(super) fn was_anothers(
        &self,
        kind: ResourceKind,
        name: &str,
        id: &ResourceId,
        since: Option<i64>,
    ) -> bool {
        let later = |until: i64| since.is_none_or(|since| until >= since);
        let had =
            |holder: &Holder| holder.had.iter().any(|(it, until)| it == name && later(*until));
        self.holders.iter().any(|holder| holder.kind == kind && holder.id != *id && had(holder))
    }

    /// Tells whether a resource is to make way by a detour: it and others wait for each other in a
    /// ring, and it is the first of them.
    pub(super) fn breaks_ring(&self, id: &ResourceId, kind: ResourceKind, wants: &str) -> bool {
        let (mut at, mut wants) = (id, wants);
        let mut first = id;
        for _ in 0..=self.holders.len() {
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
