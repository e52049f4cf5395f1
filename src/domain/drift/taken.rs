//! The names at a vendor that are not free to be imported.

use std::collections::{HashMap, HashSet};

use crate::domain::plan::names_of;
use crate::domain::{ResourceKind, Timestamp, Tracked};

/// What a company knows of the names that were listed at its vendors.
#[derive(Clone, Debug)]
pub struct TakenNames<'a> {
    latest: HashMap<(ResourceKind, &'a str), &'a Tracked>,
    held: HashSet<(ResourceKind, String)>,
    observed_at: Timestamp,
}

impl<'a> TakenNames<'a> {
    /// Reads the latest versions of all that the company ever decided; `observed_at` is when the names
    /// were listed.
    pub fn new(tracked: &'a [Tracked], observed_at: Timestamp) -> Self {
        let mut latest = HashMap::with_capacity(tracked.len());
        let mut held = HashSet::new();
        for one in tracked {
            let Tracked { version, sync, .. } = one;
            held.extend(names_of(sync, &version.name).into_iter().map(|name| (version.kind, name)));
            let known = latest.entry((version.kind, version.name.as_str())).or_insert(one);
            if one.rank() > known.rank() {
                *known = one;
            }
        }
        Self { latest, held, observed_at }
    }

    /// Returns the resource of this name: the one that is decided, or else the one that was removed
    /// last.
    pub fn known(&self, kind: ResourceKind, name: &str) -> Option<&'a Tracked> {
        self.latest.get(&(kind, name)).copied()
    }

    /// Tells whether a resource of this name is decided.
    pub fn is_decided(&self, kind: ResourceKind, name: &str) -> bool {
        self.known(kind, name).is_some_and(|tracked| tracked.version.resource.is_some())
    }

    /// Tells why something that was listed cannot be imported: the end of a sentence about it.
    pub fn rule_against(&self, kind: ResourceKind, name: &str) -> Option<&'static str> {
        let sync = self.known(kind, name).map(|tracked| &tracked.sync);
        if self.is_decided(kind, name) {
            Some("is decided already")
        } else if sync.is_some_and(|sync| sync.in_doubt.is_some() || sync.applied.is_some()) {
            Some("is about to be removed, or a call for it is in doubt")
        } else if sync.and_then(|it| it.confirmed_at).is_some_and(|at| at >= self.observed_at) {
            Some("was changed by GoMark after it was listed; scan once more")
        } else if self.held.contains(&(kind, name.to_owned())) {
            Some("belongs to something that is decided under another name")
        } else {
            None
        }
    }
}
