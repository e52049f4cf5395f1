//! The latest known revision of each company, and as of when it is known.
//!
//! A read of the database may take long, and this process may commit meanwhile. So whoever reads
//! says when they began, and what they read is not kept when something was committed since. That is
//! counted for groups of companies, which takes no memory for each and holds also when a head had to
//! make room.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::domain::{CompanyId, Revision};

/// Of how many companies the heads are kept.
const HEADS_MAX: u64 = 100_000;
/// How many are expected.
const HEADS: usize = 1_024;
/// How many groups of companies commits are counted for.
const GROUPS: usize = 1_024;

/// What is known of a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) revision: Revision,
    /// There was no later revision at this moment.
    pub(super) as_of: Instant,
}

/// A read of the database that was begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    began_at: Instant,
    commits: u64,
}

pub(super) struct Heads {
    known: Cache<CompanyId, Head>,
    /// How many commits there were.
    commits: Vec<Mutex<u64>>,
    groups: RandomState,
    age_max: Option<Duration>,
}

impl Heads {
    pub(super) fn new(age_max: Option<Duration>) -> Self {
        Self {
            known: Cache::with_weighter(HEADS, HEADS_MAX, UnitWeighter),
            commits: (0..GROUPS).map(|_| Mutex::new(0)).collect(),
            groups: RandomState::new(),
            age_max,
        }
    }

    pub(super) fn get(&self, id: &CompanyId) -> Option<Head> {
        self.known.get(id)
    }

    /// Tells whether a head may be answered to somebody who asked at a moment.
    pub(super) fn is_current(&self, head: &Head, asked_at: Instant) -> bool {
        self.age_max.is_none_or(|age_max| head.as_of + age_max >= asked_at)
    }

    /// To be called before the database is read.
    pub(super) fn begin(&self, id: &CompanyId) -> Reading {
        let began_at = Instant::now();
        Reading { began_at, commits: *self.group(id) }
    }

    /// Takes what was read.
    pub(super) fn read(&self, id: &CompanyId, revision: Revision, reading: Reading) {
        let commits = self.group(id);
        if *commits == reading.commits {
            self.raise(id, Head { revision, as_of: reading.began_at });
        }
    }

    /// Takes what was committed.
    pub(super) fn committed(&self, id: &CompanyId, revision: Revision, begun_at: Instant) {
        let mut commits = self.group(id);
        *commits += 1;
        self.raise(id, Head { revision, as_of: begun_at });
    }

    /// Something may have been committed: only the database can tell.
    pub(super) fn doubt(&self, id: &CompanyId) {
        let mut commits = self.group(id);
        *commits += 1;
        self.known.remove(id);
    }

    /// Makes room.
    #[cfg(test)]
    pub(super) fn forget(&self, id: &CompanyId) {
        self.known.remove(id);
    }

    /// Replaces an older head. To be called with the group locked.
    fn raise(&self, id: &CompanyId, head: Head) {
        let order = |head: &Head| (head.revision, head.as_of);
        if self.known.peek(id).is_none_or(|known| order(&known) < order(&head)) {
            self.known.insert(id.clone(), head);
        }
    }

    fn group(&self, id: &CompanyId) -> MutexGuard<'_, u64> {
        let index = self.groups.hash_one(id) as usize % GROUPS;
        self.commits[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
