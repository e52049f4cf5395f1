//! Configurations that were read before, encoded as they are answered.
//!
//! An encoded configuration is kept under its company and revision, and never changes. Beside them
//! stands the head of each company: its latest known revision, and as of when that is known. A head
//! is replaced by comparing revisions; only one that a lost answer made doubtful is forgotten.
//!
//! What is answered MUST NOT be older than the revision that the caller asks for at least, and not
//! older than what this process has told a caller that it committed. Where other processes write to the
//! database too, an answer to a caller who asks for no revision MUST NOT be older than the longest age of a
//! head.
//!
//! A cache that processes share stands between [`Configs`] and the store: it is asked for what is not
//! here, and told what was read and committed. The age of a head stays with each process: only the
//! database can say what is the latest. What the bus says can make a head older, never younger.
//!
//! Whatever becomes of the shared cache, the database sees one read at a time for each company from each
//! process, and only a few for all of them.

mod gate;
mod heads;
mod read;
mod redis;
mod shared;
#[cfg(test)]
mod tests;
mod turns;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::domain::{CompanyId, Refusal, Revision, Scope};
use crate::store::{self, Answer, Committed, Store};

pub use redis::RedisCache;
pub use shared::SharedCache;

use gate::Gate;
use heads::Heads;
use turns::Turns;

/// What a configuration takes beside its bytes, roughly.
const ENTRY_BYTES: usize = 200;
/// How many are expected. The cache is cut into pieces for so many, and a piece has to be large enough
/// for the largest configuration: few pieces, then.
const ENTRIES: usize = 64;

/// How much is kept, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many bytes of configurations are kept at most.
    pub bytes_max: u64,
    /// After how long the database is asked for the latest revision again; never, where no other
    /// process writes to it.
    pub head_age_max: Option<Duration>,
}

type Key = (CompanyId, Revision);

/// Reads configurations, from memory where they are there.
pub struct Configs {
    store: Arc<dyn Store>,
    shared: Option<Arc<dyn SharedCache>>,
    gate: Gate,
    encoded: Cache<Key, Bytes, ByBytes>,
    heads: Heads,
    /// One at a time reads what many ask for; revision 0 stands for the latest.
    turns: Turns<Key>,
}

impl Configs {
    /// Creates an empty cache before a store.
    pub fn new(store: Arc<dyn Store>, settings: Settings) -> Self {
        Self {
            store,
            shared: None,
            gate: Gate::new(),
            encoded: Cache::with_weighter(ENTRIES, settings.bytes_max, ByBytes),
            heads: Heads::new(settings.head_age_max),
            turns: Turns::default(),
        }
    }

    /// Has it use a cache that processes share.
    #[must_use]
    pub fn sharing(self, shared: Option<Arc<dyn SharedCache>>) -> Self {
        Self { shared, ..self }
    }

    /// Answers the latest configuration, which has to be of `min` or later.
    pub async fn latest(&self, scope: &Scope, id: &CompanyId, min: Revision) -> Answer<Bytes> {
        if !scope.contains(id) {
            return Ok(Err(Refusal::CompanyNotFound(id.clone())));
        }
        let asked_at = Instant::now();
        let known = || self.known(id, min, asked_at);
        match known() {
            Some(known) => Ok(known),
            None => {
                let key = (id.clone(), Revision::ZERO);
                // Boxed, so that the future of those who need not wait stays small.
                let read = self.read_latest(id, min, asked_at);
                Box::pin(self.in_turn(key, asked_at, known, read)).await
            }
        }
    }

    /// Answers the configuration at a revision of a company that has to have reached `min`.
    pub async fn at(
        &self,
        scope: &Scope,
        id: &CompanyId,
        revision: Revision,
        min: Revision,
    ) -> Answer<Bytes> {
        if !scope.contains(id) {
            return Ok(Err(Refusal::CompanyNotFound(id.clone())));
        }
        let key = (id.clone(), revision);
        let known = || self.encoded.get(&key).map(Ok);
        let config = match known() {
            Some(config) => config,
            None => {
                let read = self.read_at(id, revision);
                Box::pin(self.in_turn(key.clone(), Instant::now(), known, read)).await?
            }
        };
        // Whether a later one was reached is a question to the company itself.
        let is_reached =
            revision >= min || self.heads.get(id).is_some_and(|head| head.revision >= min);
        if config.is_err() || is_reached {
            return Ok(config);
        }
        Ok(match Box::pin(self.read_head(id)).await? {
            Ok(present) if present < min => Err(not_reached(id, min, present)),
            Ok(_) => config,
            Err(refusal) => Err(refusal),
        })
    }

    /// Takes note of what this process commits. To be called with what a commit answered before
    /// any of it is told to anybody, and with the moment before it was begun.
    pub fn committed(
        &self,
        companies: &[CompanyId],
        answers: &Result<Vec<Result<Committed, Refusal>>, store::Error>,
        begun_at: Instant,
    ) {
        match answers {
            Ok(answers) => {
                for (id, answer) in companies.iter().zip(answers) {
                    // The answer of a repeat is of long ago.
                    if let Ok(Committed { revision, repeated: false, .. }) = answer {
                        self.heads.committed(id, *revision, begun_at);
                        self.tell_reached(id, *revision);
                    }
                }
            }
            Err(store::Error::InDoubt(_)) => companies.iter().for_each(|id| self.heads.doubt(id)),
            // Nothing was changed.
            Err(_) => {}
        }
    }

    /// Takes note that somebody says that a company has reached a revision.
    pub fn heard(&self, id: &CompanyId, revision: Revision) {
        self.heads.rumour(id, revision);
    }

    /// Answers from memory, where what is there is good enough for somebody who asked then.
    fn known(
        &self,
        id: &CompanyId,
        min: Revision,
        asked_at: Instant,
    ) -> Option<Result<Bytes, Refusal>> {
        let head = self.heads.get(id)?;
        if head.revision < min {
            let is_certain = head.as_of.is_some_and(|as_of| as_of >= asked_at);
            return is_certain.then(|| Err(not_reached(id, min, head.revision)));
        }
        if !self.heads.is_current(&head, asked_at) {
            return None;
        }
        self.encoded.get(&(id.clone(), head.revision)).map(Ok)
    }

    /// Reads what is not known once it is the caller's turn, unless it is known by then.
    async fn in_turn(
        &self,
        key: Key,
        asked_at: Instant,
        known: impl Fn() -> Option<Result<Bytes, Refusal>>,
        read: impl Future<Output = Answer<Bytes>>,
    ) -> Answer<Bytes> {
        let mut turn = self.turns.take(key).await;
        if let Some(known) = known() {
            return Ok(known);
        }
        // To wait for a database that is away is not to take the longer the more are waiting.
        if turn.has_failed_since(asked_at) {
            return Err(store::Error::Unavailable("the read that was waited for failed".into()));
        }
        let read = read.await;
        if matches!(read, Err(store::Error::Unavailable(_))) {
            turn.fail();
        }
        read
    }
}

impl fmt::Debug for Configs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configs").field("bytes", &self.encoded.weight()).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug)]
struct ByBytes;

impl Weighter<Key, Bytes> for ByBytes {
    fn weight(&self, _: &Key, encoded: &Bytes) -> u64 {
        (encoded.len() + ENTRY_BYTES) as u64
    }
}

fn not_reached(id: &CompanyId, wanted: Revision, present: Revision) -> Refusal {
    Refusal::MinRevisionNotReached { company_id: id.clone(), wanted, present }
}
