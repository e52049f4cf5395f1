//! What was written to each deal, as the one who wrote it knows.

use std::collections::BTreeMap;

use gomark::domain::Timestamp;

use crate::portal::Held;

/// A value that was written to a deal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Write {
    /// Empty where it was cleared.
    pub(crate) value: String,
    /// When that was acknowledged; `None` when it may have been written or not.
    pub(crate) acknowledged: Option<Timestamp>,
}

/// The values of each deal, in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    writes: BTreeMap<String, Vec<Write>>,
}

impl Book {
    /// Begins with what the deals hold.
    pub(crate) fn new(deals: &[String], held: &Held, now: Timestamp) -> Self {
        let first = |deal: &String| {
            let value = held.value(deal).to_owned();
            (deal.clone(), vec![Write { value, acknowledged: Some(now) }])
        };
        Self { writes: deals.iter().map(first).collect() }
    }

    /// Notes a write whose answer is not known yet.
    pub(crate) fn sent(&mut self, deal: &str, value: &str) {
        let write = Write { value: value.to_owned(), acknowledged: None };
        self.writes.get_mut(deal).unwrap().push(write);
    }

    /// Notes that the last write to a deal took effect.
    pub(crate) fn acknowledged(&mut self, deal: &str, now: Timestamp) {
        let last = self.writes.get_mut(deal).unwrap().last_mut().unwrap();
        last.acknowledged = Some(now);
    }

    /// Notes that the last write to a deal had no effect.
    pub(crate) fn refused(&mut self, deal: &str) {
        self.writes.get_mut(deal).unwrap().pop();
    }

    pub(crate) fn deals(&self) -> impl Iterator<Item = (&String, &Vec<Write>)> {
        self.writes.iter()
    }

    /// How many writes were acknowledged before a moment, and how many after; what the deals held at
    /// first is none.
    pub(crate) fn count(&self, moment: Timestamp) -> (usize, usize) {
        let writes = self.writes.values().flat_map(|writes| &writes[1..]);
        let times: Vec<_> = writes.filter_map(|write| write.acknowledged).collect();
        let before = times.iter().filter(|at| **at < moment).count();
        (before, times.len() - before)
    }

    /// How many writes may have taken effect or not.
    pub(crate) fn unknown(&self) -> usize {
        self.writes.values().flatten().filter(|write| write.acknowledged.is_none()).count()
    }
}
