//! A company that is tested: what its clients know of it, and what they noted.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::history::{Answer, Call, Mutation, Request};

/// A company, shared by its clients.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) id: String,
    pub(crate) calls: Mutex<Vec<Call>>,
    pub(crate) controls: Mutex<Vec<Control>>,
    seen: AtomicI64,
    request_ids: AtomicU64,
    sent: Mutex<Vec<Mutation>>,
    jobs: Mutex<Vec<String>>,
}

/// A call of `CancelJob` or `RetryJob`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Control {
    pub(crate) job_id: String,
    pub(crate) is_retry: bool,
    pub(crate) request_id: u64,
    pub(crate) reason: u64,
    pub(crate) outcome: ControlOutcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ControlOutcome {
    Accepted,
    Refused,
    Unknown,
}

impl Subject {
    pub(crate) fn new(id: String) -> Self {
        Self {
            id,
            calls: Mutex::default(),
            controls: Mutex::default(),
            seen: AtomicI64::new(0),
            request_ids: AtomicU64::new(1),
            sent: Mutex::default(),
            jobs: Mutex::default(),
        }
    }

    /// The latest revision that was answered to anybody.
    pub(crate) fn seen(&self) -> i64 {
        self.seen.load(Ordering::SeqCst)
    }

    pub(crate) fn next_request_id(&self) -> u64 {
        self.request_ids.fetch_add(1, Ordering::Relaxed)
    }

    /// The mutations that were sent, of which one may be sent again.
    pub(crate) fn sent(&self) -> Vec<Mutation> {
        self.sent.lock().unwrap().clone()
    }

    /// Picks something that was sent lately.
    pub(crate) fn sent_lately(&self, back: usize) -> Option<Mutation> {
        let sent = self.sent.lock().unwrap();
        sent.iter().rev().nth(back).cloned()
    }

    /// Picks a job that was answered lately.
    pub(crate) fn job_of_late(&self, back: usize) -> Option<String> {
        let jobs = self.jobs.lock().unwrap();
        jobs.iter().rev().nth(back).cloned()
    }

    /// Notes that a mutation is about to be sent.
    pub(crate) fn sends(&self, mutation: &Mutation) {
        if mutation.id.is_some() {
            self.sent.lock().unwrap().push(mutation.clone());
        }
    }

    /// Notes a call that is over.
    pub(crate) fn note(&self, call: Call) {
        if let Answer::Accepted(revision)
        | Answer::Config { revision, .. }
        | Answer::Company { revision, .. } = call.answer
            && !matches!(call.request, Request::Config { revision: 1.., .. })
        {
            self.seen.fetch_max(revision, Ordering::SeqCst);
        }
        self.jobs.lock().unwrap().extend(call.job_id.clone());
        self.calls.lock().unwrap().push(call);
    }
}
