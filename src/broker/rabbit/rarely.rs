//! Counts what may happen often, to be told of rarely.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Something that is told of once in a while, with how often it happened since.
#[derive(Debug)]
pub(super) struct Rarely {
    every: Duration,
    untold: Mutex<Untold>,
}

#[derive(Debug, Default)]
struct Untold {
    count: usize,
    told: Option<Instant>,
}

impl Rarely {
    /// Creates one that is told of at most once in `every`.
    pub(super) fn new(every: Duration) -> Self {
        Self { every, untold: Mutex::default() }
    }

    /// Notes that it happened `count` times more; tells how often in all, if it is time to.
    pub(super) fn tell(&self, count: usize, tell: impl FnOnce(usize)) {
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        untold.count += count;
        if untold.count == 0 || untold.told.is_some_and(|told| told.elapsed() < self.every) {
            return;
        }
        untold.told = Some(Instant::now());
        let count = std::mem::take(&mut untold.count);
        drop(untold);
        tell(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_happens_often_is_told_once_in_a_while_and_counted() {
        let rarely = Rarely::new(Duration::from_secs(60));
        let mut told = Vec::new();
        for _ in 0..100 {
            rarely.tell(1, |count| told.push(count));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(told, [1, 60]);
    }

    #[tokio::test]
    async fn what_did_not_happen_is_not_told() {
        Rarely::new(Duration::ZERO).tell(0, |count| panic!("{count}"));
    }
}
