//! A bounded line in which everyone waits once: whoever comes again while waiting keeps the place.

use std::collections::{HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What came of joining the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// At its end.
    Last,
    /// It waited there already.
    Already,
    /// Not at all: the line is full.
    Full,
}

/// A first-in, first-out line without doubles.
#[derive(Debug)]
pub(super) struct Line<T> {
    waiting: Mutex<Waiting<T>>,
    length_max: usize,
    came: Notify,
    left: Notify,
}

#[derive(Debug)]
struct Waiting<T> {
    order: VecDeque<T>,
    present: HashSet<T>,
}

impl<T: Clone + Eq + Hash> Line<T> {
    /// Creates an empty line.
    pub(super) fn new(length_max: usize) -> Self {
        let waiting = Waiting { order: VecDeque::new(), present: HashSet::new() };
        Self { waiting: Mutex::new(waiting), length_max, came: Notify::new(), left: Notify::new() }
    }

    /// Joins the line. Never waits.
    pub(super) fn join(&self, item: T) -> Joined {
        let mut waiting = self.lock();
        if waiting.present.contains(&item) {
            return Joined::Already;
        }
        if waiting.order.len() >= self.length_max {
            return Joined::Full;
        }
        waiting.present.insert(item.clone());
        waiting.order.push_back(item);
        drop(waiting);
        self.came.notify_one();
        Joined::Last
    }

    /// Joins the line as soon as there is room.
    pub(super) async fn join_when_free(&self, item: &T) {
        while self.join(item.clone()) == Joined::Full {
            self.left.notified().await;
        }
    }

    /// Waits for the first in line and takes it out. Cancel safe.
    pub(super) async fn next(&self) -> T {
        loop {
            if let Some(item) = self.take() {
                return item;
            }
            self.came.notified().await;
        }
    }

    /// Sends everybody away; returns how many there were.
    pub(super) fn clear(&self) -> usize {
        let mut waiting = self.lock();
        waiting.present.clear();
        let gone = waiting.order.drain(..).count();
        drop(waiting);
        self.left.notify_one();
        gone
    }

    /// Tells whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().order.is_empty()
    }

    fn take(&self) -> Option<T> {
        let mut waiting = self.lock();
        let item = waiting.order.pop_front()?;
        waiting.present.remove(&item);
        let more = !waiting.order.is_empty();
        drop(waiting);
        // Two who come at once may leave one notice between them: whoever is served passes it on.
        if more {
            self.came.notify_one();
        }
        self.left.notify_one();
        Some(item)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        // Nothing panics while the lock is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt as _;
    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn whoever_comes_again_keeps_the_place() {
        let line = Line::new(8);
        let joined = ["a", "b", "a", "a"].map(|item| line.join(item));
        assert_eq!(joined, [Joined::Last, Joined::Last, Joined::Already, Joined::Already]);
        assert_eq!([line.next().await, line.next().await], ["a", "b"]);
        assert!(line.is_empty());
        assert_eq!(line.join("a"), Joined::Last);
    }

    #[tokio::test]
    async fn a_full_line_lets_nobody_in_until_somebody_leaves() {
        let line = Line::new(2);
        assert_eq!(
            [1, 2, 3].map(|item| line.join(item)),
            [Joined::Last, Joined::Last, Joined::Full]
        );
        let mut third = Box::pin(line.join_when_free(&3));
        assert!(third.as_mut().now_or_never().is_none());
        assert_eq!(line.next().await, 1);
        third.await;
        assert_eq!([line.next().await, line.next().await], [2, 3]);
    }

    #[tokio::test]
    async fn a_line_that_was_cleared_has_room() {
        let line = Line::new(1);
        line.join(1);
        let mut second = Box::pin(line.join_when_free(&2));
        assert!(second.as_mut().now_or_never().is_none());
        assert_eq!(line.clear(), 1);
        second.await;
        assert_eq!(line.next().await, 2);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn everyone_who_waits_for_somebody_gets_one() {
        for round in 0..200 {
            let line = Arc::new(Line::new(8));
            let waiters: Vec<_> = (0..3)
                .map(|_| {
                    let line = Arc::clone(&line);
                    #[allow(clippy::disallowed_methods)] // the line is to be met by several threads
                    tokio::spawn(async move { line.next().await })
                })
                .collect();
            assert_eq!([0, 1, 2].map(|item| line.join(item)), [Joined::Last; 3]);
            let bound = std::time::Duration::from_secs(10);
            let mut got: Vec<_> = tokio::time::timeout(bound, join_all(waiters))
                .await
                .unwrap_or_else(|_| panic!("round {round}: somebody waits for ever"))
                .into_iter()
                .map(Result::unwrap)
                .collect();
            got.sort_unstable();
            assert_eq!(got, [0, 1, 2]);
        }
    }
}
