//! The log of API calls, by which a test proves what was asked, how often and how many at a time.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::vendor::Vendor;
use super::wire_time::WireTime;
use crate::domain::Timestamp;

/// Most calls that are remembered; older ones are forgotten.
const CALLS_MAX: usize = 100_000;

/// One call of the API.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Call {
    /// Counts up from 1 and is never used again, not even after the log was cleared.
    pub(crate) n: u64,
    /// When it arrived.
    pub(crate) at: WireTime,
    /// Whose API it was.
    pub(crate) vendor: Vendor,
    /// Which portal of HubSpot it was for; none when the token opened none.
    pub(crate) portal_id: Option<u32>,
    /// Which account of Upso it was for, likewise.
    pub(crate) account_id: Option<String>,
    pub(crate) method: String,
    pub(crate) path: String,
    /// What kind of call it is: `deals.batch_update`, for example.
    pub(crate) kind: &'static str,
    /// How many inputs a batch of deals has.
    pub(crate) inputs: usize,
    /// The names of the properties, groups or cadences it is about.
    pub(crate) items: Vec<String>,
    /// What the client was answered; none while it is being served, or when it got no answer.
    pub(crate) status: Option<u16>,
    /// What the vendor did, whether or not the client learnt of it; none when the call never got there.
    pub(crate) effect_status: Option<u16>,
    /// The kind of the fault that met it.
    pub(crate) fault: Option<&'static str>,
    /// How many calls of the account were being served when it arrived, itself included.
    pub(crate) in_flight: u64,
    /// Whether it is over.
    pub(crate) done: bool,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ending {
    pub(crate) status: Option<u16>,
    pub(crate) effect_status: Option<u16>,
}

/// Which calls a test asks for; what is left out matches every call.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    vendor: Option<Vendor>,
    portal_id: Option<u32>,
    account_id: Option<String>,
    method: Option<String>,
    path_contains: Option<String>,
    kind: Option<String>,
    item: Option<String>,
    status: Option<u16>,
    after: Option<u64>,
}

impl Query {
    fn matches(&self, call: &Call) -> bool {
        self.vendor.is_none_or(|vendor| call.vendor == vendor)
            && self.portal_id.is_none_or(|id| call.portal_id == Some(id))
            && self.account_id.as_ref().is_none_or(|id| call.account_id.as_ref() == Some(id))
            && self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&call.method))
            && self.path_contains.as_ref().is_none_or(|part| call.path.contains(part.as_str()))
            && self.kind.as_ref().is_none_or(|kind| call.kind == kind)
            && self.item.as_ref().is_none_or(|item| call.items.contains(item))
            && self.status.is_none_or(|status| call.status == Some(status))
            && self.after.is_none_or(|n| call.n > n)
    }
}

/// How many calls of a kind ended how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Count {
    calls: u64,
    inputs: usize,
    /// By what the client was answered; calls without an answer are under `none`.
    by_status: BTreeMap<String, u64>,
}

/// The log.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    kept: VecDeque<Call>,
    last: u64,
    forgotten: u64,
}

impl Calls {
    /// Writes a call down as it arrives and returns its number.
    pub(crate) fn open(&mut self, call: impl FnOnce(u64) -> Call) -> u64 {
        self.last += 1;
        if self.kept.len() >= CALLS_MAX {
            self.kept.pop_front();
            self.forgotten += 1;
        }
        self.kept.push_back(call(self.last));
        self.last
    }

    /// Writes down how a call ended.
    pub(crate) fn close(&mut self, n: u64, ending: Ending) {
        let first = self.kept.front().map_or(0, |call| call.n);
        let call = n
            .checked_sub(first)
            .and_then(|index| usize::try_from(index).ok())
            .and_then(|index| self.kept.get_mut(index));
        if let Some(call) = call {
            call.status = ending.status;
            call.effect_status = ending.effect_status;
            call.done = true;
        }
    }

    /// Returns the calls a query matches, oldest first.
    pub(crate) fn matching(&self, query: &Query) -> Vec<Call> {
        self.kept.iter().filter(|call| query.matches(call)).cloned().collect()
    }

    /// Counts the calls a query matches, by their kind.
    pub(crate) fn counted(&self, query: &Query) -> BTreeMap<&'static str, Count> {
        let mut counts = BTreeMap::<_, Count>::new();
        for call in self.kept.iter().filter(|call| query.matches(call)) {
            let count = counts.entry(call.kind).or_default();
            count.calls += 1;
            count.inputs += call.inputs;
            let status = call.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
            *count.by_status.entry(status).or_default() += 1;
        }
        counts
    }

    /// Returns how many calls were made, and how many of them were pushed out of the log.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.last, self.forgotten)
    }

    /// Forgets every call; numbers go on where they were.
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
    }
}

/// Returns a call that has just arrived.
pub(crate) fn arrived(n: u64, at: Timestamp, method: &str, path: &str) -> Call {
    Call {
        n,
        at: WireTime(at),
        vendor: Vendor::of(path),
        portal_id: None,
        account_id: None,
        method: method.to_owned(),
        path: path.to_owned(),
        kind: "other",
        inputs: 0,
        items: Vec::new(),
        status: None,
        effect_status: None,
        fault: None,
        in_flight: 0,
        done: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(paths: &[&str]) -> Calls {
        let mut calls = Calls::default();
        for path in paths {
            calls.open(|n| arrived(n, Timestamp::from_micros(0), "GET", path));
        }
        calls
    }

    #[test]
    fn the_end_of_a_call_is_written_to_that_call_even_after_the_log_was_cleared() {
        let mut calls = log_of(&["/a", "/b"]);
        calls.clear();
        let third = calls.open(|n| arrived(n, Timestamp::from_micros(0), "GET", "/c"));
        calls.close(1, Ending { status: Some(500), effect_status: None });
        calls.close(third, Ending { status: Some(200), effect_status: Some(200) });
        let kept = calls.matching(&Query::default());
        assert_eq!((kept.len(), kept[0].n, kept[0].status), (1, 3, Some(200)));
    }

    #[test]
    fn the_log_forgets_the_oldest_calls() {
        let paths = vec!["/a"; CALLS_MAX + 3];
        let calls = log_of(&paths);
        assert_eq!(calls.matching(&Query::default()).len(), CALLS_MAX);
        assert_eq!(calls.counts(), (CALLS_MAX as u64 + 3, 3));
    }

    #[test]
    fn a_query_narrows_by_path_and_number() {
        let calls = log_of(&["/a", "/b", "/a"]);
        let query = Query { path_contains: Some("/a".into()), after: Some(1), ..Query::default() };
        assert_eq!(calls.matching(&query).iter().map(|call| call.n).collect::<Vec<_>>(), [3]);
    }
}
