//! Who goes first when calls are scarce.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Mutex, MutexGuard, Notify};

/// What a call is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// A change that somebody asked for, and waits for.
    Change,
    /// Long work that follows from one, such as carrying values over. It leaves an eighth of the
    /// places for changes, and lets every change in line go first.
    Background,
}

/// Those who wait in one lane.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Held by whoever is first: tokio's mutex is fair.
    first: Mutex<()>,
    length: AtomicUsize,
    changed: Notify,
}

impl Line {
    /// Counts somebody in line, until dropped.
    pub(super) fn enter(&self) -> InLine<'_> {
        self.length.fetch_add(1, Ordering::Relaxed);
        InLine(&self.length)
    }

    /// Tells how many stand in line.
    pub(super) fn length(&self) -> usize {
        self.length.load(Ordering::Relaxed)
    }

    /// Waits to be the first in line.
    pub(super) async fn first(&self) -> MutexGuard<'_, ()> {
        self.first.lock().await
    }

    /// Waits until it is worth looking again.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Has the first in line look again.
    pub(super) fn look_again(&self) {
        self.changed.notify_one();
    }
}

/// Somebody in line.
#[derive(Debug)]
pub(super) struct InLine<'a>(&'a AtomicUsize);

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
