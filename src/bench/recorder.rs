//! Collects what calls took and why they failed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

/// Latencies to three significant digits, in nanoseconds.
pub type Latencies = Histogram<u64>;

/// How many parts the collection has, so that few calls meet at one lock and many clients do not
/// each hold a histogram of their own.
const SHARDS: usize = 16;

/// Collects from many clients at once.
#[derive(Debug)]
pub(super) struct Recorder {
    shards: Vec<Mutex<Recorded>>,
}

/// What was collected.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorded {
    /// By kind of call.
    pub(super) latencies: BTreeMap<&'static str, Latencies>,
    /// How late calls were sent, where there was a schedule.
    pub(super) lag: Option<Latencies>,
    /// By reason.
    pub(super) errors: BTreeMap<String, u64>,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    /// Records a call that was answered OK.
    pub(super) fn succeeded(&self, client: usize, kind: &'static str, took: Duration) {
        let mut shard = self.shard(client);
        record(shard.latencies.entry(kind).or_insert_with(empty), took);
    }

    /// Records a call that was not.
    pub(super) fn failed(&self, client: usize, reason: String) {
        *self.shard(client).errors.entry(reason).or_default() += 1;
    }

    /// Records how long after its time a call was sent.
    pub(super) fn sent(&self, client: usize, late: Duration) {
        record(self.shard(client).lag.get_or_insert_with(empty), late);
    }

    /// Adds everything up.
    pub(super) fn collected(&self) -> Recorded {
        let mut all = Recorded::default();
        for client in 0..self.shards.len() {
            let shard = self.shard(client);
            for (kind, latencies) in &shard.latencies {
                add(all.latencies.entry(kind).or_insert_with(empty), latencies);
            }
            if let Some(lag) = &shard.lag {
                add(all.lag.get_or_insert_with(empty), lag);
            }
            for (reason, count) in &shard.errors {
                *all.errors.entry(reason.clone()).or_default() += count;
            }
        }
        all
    }

    fn shard(&self, client: usize) -> MutexGuard<'_, Recorded> {
        // Nothing is half done in a shard when a thread panics: each lock makes one change.
        self.shards[client % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[allow(clippy::expect_used)] // three digits are within what a histogram can have
pub(super) fn empty() -> Latencies {
    Histogram::new(3).expect("three significant digits")
}

fn record(into: &mut Latencies, took: Duration) {
    // It grows by itself; only a value beyond what any histogram can hold is refused.
    let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    if into.record(nanos).is_err() {
        into.saturating_record(nanos);
    }
}

/// Adds one histogram to another. Both grow by themselves, so that there is always room.
pub(super) fn add(into: &mut Latencies, from: &Latencies) {
    if into.add(from).is_err() {
        debug_assert!(false, "a histogram that grows by itself has room");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_record_adds_up() {
        let recorder = Recorder::new();
        for client in 0..100 {
            recorder.succeeded(client, "read", Duration::from_micros(100));
            recorder.failed(client, "OVERLOADED".to_owned());
            recorder.sent(client, Duration::from_millis(client as u64));
        }
        let all = recorder.collected();
        assert_eq!(all.latencies["read"].len(), 100);
        assert_eq!(all.errors["OVERLOADED"], 100);
        let lag = all.lag.expect("a schedule");
        assert_eq!(lag.len(), 100);
        assert!(lag.max() >= 99_000_000);
    }
}
