//! One at a time: of those who want the same, one goes for it and the others wait.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

/// Holds when somebody last failed, for those who are waiting.
type Line = Arc<tokio::sync::Mutex<Option<Instant>>>;

/// Turns, by what is wanted. Nothing is left of a key once nobody has or waits for its turn.
#[derive(Debug)]
pub(super) struct Turns<K: Eq + Hash> {
    lines: Mutex<HashMap<K, (Line, usize)>>,
}

impl<K: Eq + Hash> Default for Turns<K> {
    fn default() -> Self {
        Self { lines: Mutex::default() }
    }
}

impl<K: Clone + Eq + Hash> Turns<K> {
    /// Waits for the turn, which ends when it is dropped.
    pub(super) async fn take(&self, key: K) -> Turn<'_, K> {
        let line = {
            let mut lines = self.lines();
            let (line, count) = lines.entry(key.clone()).or_default();
            *count += 1;
            Arc::clone(line)
        };
        let mut turn = Turn { held: None, turns: self, key };
        turn.held = Some(line.lock_owned().await);
        turn
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<K, (Line, usize)>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lines().is_empty()
    }

    /// How many have or wait for a turn.
    #[cfg(test)]
    pub(super) fn waiting(&self, key: &K) -> usize {
        self.lines().get(key).map_or(0, |(_, count)| *count)
    }
}

/// A turn, or a place in the line.
#[derive(Debug)]
pub(super) struct Turn<'a, K: Clone + Eq + Hash> {
    held: Option<OwnedMutexGuard<Option<Instant>>>,
    turns: &'a Turns<K>,
    key: K,
}

impl<K: Clone + Eq + Hash> Turn<'_, K> {
    /// Tells those who are waiting that it failed.
    pub(super) fn fail(&mut self) {
        if let Some(failed_at) = self.held.as_deref_mut() {
            *failed_at = Some(Instant::now());
        }
    }

    /// Tells whether somebody in the same line failed after a moment.
    pub(super) fn has_failed_since(&self, at: Instant) -> bool {
        self.held.as_deref().and_then(Option::as_ref).is_some_and(|failed_at| *failed_at >= at)
    }
}

impl<K: Clone + Eq + Hash> Drop for Turn<'_, K> {
    fn drop(&mut self) {
        self.held = None;
        let mut lines = self.turns.lines();
        if let Some((_, count)) = lines.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                lines.remove(&self.key);
            }
        }
    }
}
