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
    /// There was no later revision at this moment; `None` where that is not known of any.
    pub(super) as_of: Option<Instant>,
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
        let is_young = |as_of| self.age_max.is_none_or(|age_max| as_of + age_max >= asked_at);
        head.as_of.is_some_and(is_young)
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
            self.raise(id, Head { revision, as_of: Some(reading.began_at) });
        }
    }

    /// Takes what was committed.
    pub(super) fn committed(&self, id: &CompanyId, revision: Revision, begun_at: Instant) {
        let mut commits = self.group(id);
        *commits += 1;
        self.raise(id, Head { revision, as_of: Some(begun_at) });
    }

    /// Something may have been committed: only the database can tell.
    pub(super) fn doubt(&self, id: &CompanyId) {
        let mut commits = self.group(id);
        *commits += 1;
        // What was told before stays the least that may be answered.
        self.age(id);
    }

    /// There may be a later revision. That it is there is not certain, and less so that it is the
    /// latest.
    pub(super) fn rumour(&self, id: &CompanyId, revision: Revision) {
        let _commits = self.group(id);
        if self.known.peek(id).is_some_and(|known| known.revision < revision) {
            self.age(id);
        }
    }

    /// There is such a revision, and perhaps a later one. Tells whether it may be answered: it is not
    /// older than what was told before, as far as that is known.
    pub(super) fn heard_of(&self, id: &CompanyId, revision: Revision) -> bool {
        let commits = self.group(id);
        let may_be_told = match self.known.peek(id) {
            Some(known) => known.revision <= revision,
            // A head that this process committed may have had to make room.
            None => *commits == 0,
        };
        if may_be_told {
            self.raise(id, Head { revision, as_of: None });
        }
        may_be_told
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

    /// Has the database asked next time. To be called with the group locked.
    fn age(&self, id: &CompanyId) {
        if let Some(known) = self.known.peek(id) {
            self.known.insert(id.clone(), Head { as_of: None, ..known });
        }
    }

    fn group(&self, id: &CompanyId) -> MutexGuard<'_, u64> {
        let index = self.groups.hash_one(id) as usize % GROUPS;
        self.commits[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
