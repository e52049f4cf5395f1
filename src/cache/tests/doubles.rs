//! Stand-ins for the shared cache.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::*;

/// A shared cache in memory, which counts what it is asked.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    configs: Mutex<HashMap<Key, Bytes>>,
    heads: Mutex<HashMap<CompanyId, Revision>>,
    pub(super) asked: AtomicUsize,
}

impl Shelf {
    /// Loses everything.
    pub(super) fn clear(&self) {
        self.configs.lock().unwrap().clear();
        self.heads.lock().unwrap().clear();
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn kept(&self, id: &CompanyId, revision: Revision) -> Option<Bytes> {
        self.configs.lock().unwrap().get(&(id.clone(), revision)).cloned()
    }
}

#[async_trait]
impl SharedCache for Shelf {
    async fn get(&self, id: &CompanyId, revision: Revision) -> Option<Bytes> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.kept(id, revision)
    }

    async fn latest(&self, id: &CompanyId, least: Revision) -> Option<(Revision, Bytes)> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let head = self.heads.lock().unwrap().get(id).copied();
        let of = |revision| Some((revision, self.kept(id, revision)?));
        head.filter(|head| *head > least).and_then(of).or_else(|| of(least))
    }

    fn put(&self, id: &CompanyId, revision: Revision, config: Bytes) {
        self.configs.lock().unwrap().insert((id.clone(), revision), config);
    }

    fn reached(&self, id: &CompanyId, revision: Revision) {
        let mut heads = self.heads.lock().unwrap();
        let head = heads.entry(id.clone()).or_insert(revision);
        *head = revision.max(*head);
    }
}

type Write = Box<dyn FnOnce(&dyn SharedCache) + Send>;

/// How many writes are held up.
const HELD: usize = 32;

/// Holds up what is written, and lets it through in any order.
pub(super) struct Late {
    inner: Arc<dyn SharedCache>,
    held: Mutex<Vec<Write>>,
}

impl Late {
    pub(super) fn new(inner: Arc<dyn SharedCache>) -> Self {
        Self { inner, held: Mutex::default() }
    }

    /// Lets everything through.
    pub(super) fn settle(&self) {
        self.let_through(0);
    }

    fn later(&self, write: impl FnOnce(&dyn SharedCache) + Send + 'static) {
        self.held.lock().unwrap().push(Box::new(write));
        self.let_through(HELD);
    }

    fn let_through(&self, leave: usize) {
        let mut held = self.held.lock().unwrap();
        while held.len() > leave {
            let index = rand::random_range(0..held.len());
            held.swap_remove(index)(&*self.inner);
        }
    }
}

impl fmt::Debug for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Late").finish_non_exhaustive()
    }
}

#[async_trait]
impl SharedCache for Late {
    async fn get(&self, id: &CompanyId, revision: Revision) -> Option<Bytes> {
        self.inner.get(id, revision).await
    }

    async fn latest(&self, id: &CompanyId, least: Revision) -> Option<(Revision, Bytes)> {
        self.inner.latest(id, least).await
    }

    fn put(&self, id: &CompanyId, revision: Revision, config: Bytes) {
        let id = id.clone();
        self.later(move |inner| inner.put(&id, revision, config));
    }

    fn reached(&self, id: &CompanyId, revision: Revision) {
        let id = id.clone();
        self.later(move |inner| inner.reached(&id, revision));
    }
}
