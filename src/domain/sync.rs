//! Where the vendor stands with one resource, and how that changes.
//!
//! Every change of a [`Sync`] is one of the functions below, so that what the database holds after
//! any crash is a state that the planner knows how to go on from.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Attributes, Revision, Timestamp};

/// Where the vendor stands with one resource of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sync {
    /// What the vendor last confirmed; `None` when it holds nothing of ours.
    pub applied: Option<Attributes>,
    /// The company's revision up to which the vendor is known to hold what was decided; zero where it
    /// is known to hold something else.
    pub applied_rev: Revision,
    /// What the vendor confirmed before that.
    pub previous: Option<Attributes>,
    /// When `applied` was confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// A call that was begun and whose outcome is not known.
    pub in_doubt: Option<InDoubt>,
    /// A decision that is not carried out until it is retried or replaced.
    pub parked: Option<Parked>,
    /// The failures since the last clear answer.
    pub failing: Option<Failing>,
}

/// A call whose outcome is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InDoubt {
    /// What was to be done.
    pub effect: Effect,
    /// The moment from which the call cannot take effect any more, in microseconds of the
    /// database's clock.
    pub settled_at_micros: i64,
}

/// What a call does to a resource at the vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Creates it with these attributes.
    Create(Attributes),
    /// Changes these attributes.
    Update(Attributes),
    /// Archives it.
    Archive,
}

/// A decision that is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The revision of the resource that is left alone.
    pub revision: Revision,
    /// Why; `None` when a caller cancelled it.
    pub problem: Option<Problem>,
}

/// Failures since the last clear answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// When the first of them happened.
    pub since: Timestamp,
    /// How many there were.
    pub count: u32,
    /// When the resource may be tried again.
    pub next_attempt_at: Timestamp,
}

/// What holds a resource up or was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The kind of trouble.
    pub reason: ProblemReason,
    /// One sentence for people.
    pub message: String,
    /// The attributes concerned, by the vendor's names.
    #[serde(default)]
    pub attributes: Vec<String>,
    /// The HTTP status of the vendor's answer; 0 when there was none.
    #[serde(default)]
    pub vendor_status: u16,
    /// The vendor's own identification of its answer.
    #[serde(default)]
    pub correlation_id: String,
}

impl Problem {
    /// Creates a problem that no answer of the vendor goes with.
    pub fn new(reason: ProblemReason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            attributes: Vec::new(),
            vendor_status: 0,
            correlation_id: String::new(),
        }
    }
}

/// The kinds of trouble; those of the API's `JobErrorReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemReason {
    /// The company is not connected to the vendor.
    NotConnected,
    /// The vendor's rate limit is used up.
    RateLimited,
    /// The vendor did not answer, or with a fault of its own.
    VendorUnavailable,
    /// The vendor refused the credential.
    CredentialRefused,
    /// The stored credential cannot be opened.
    CredentialSealed,
    /// The vendor refused the change.
    VendorRefused,
    /// The vendor said yes and left attributes as they were.
    VendorIgnored,
    /// The vendor holds something else under that name, which is not ours.
    Conflict,
    /// It was tried for 24 hours without a clear answer.
    GaveUp,
}

/// How the outcome of an operation changes a [`Sync`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// The vendor holds what was decided: this, or nothing.
    Confirm(Option<Attributes>),
    /// The vendor holds this, which is not what was decided. The decision is planned anew from
    /// there, unless it is parked.
    Settle(Option<Attributes>),
    /// The call certainly had no effect; nothing else is known.
    Withdraw,
    /// It is left alone until it is retried or replaced. `held` is what the vendor is known to
    /// hold now, where the answer told; `None` keeps what was known. Giving up tells nothing of a
    /// call, which stays in doubt; any other reason without `held` means that it had no effect.
    Park {
        /// What the answer told.
        held: Option<Attributes>,
        /// Why.
        problem: Problem,
    },
    /// It failed and is tried again after the wait.
    Fail {
        /// Whether the call may have had an effect, so that it stays in doubt.
        in_doubt: bool,
        /// How long to wait, in milliseconds.
        wait_ms: u64,
        /// What happened.
        problem: Problem,
    },
}

impl Sync {
    /// Returns the attributes that the vendor is to be asked about: what is decided now, and what
    /// was confirmed or is in doubt.
    pub fn expected(&self, desired: Option<&Attributes>) -> Attributes {
        let in_doubt = match self.in_doubt.as_ref().map(|in_doubt| &in_doubt.effect) {
            Some(Effect::Create(sent) | Effect::Update(sent)) => Some(sent),
            Some(Effect::Archive) | None => None,
        };
        let all = [self.applied.as_ref(), in_doubt, desired];
        all.into_iter().flatten().fold(Attributes::new(), |all, one| all.with(one))
    }

    /// Applies the outcome of an operation that was planned for the version `desired_rev`, when the
    /// company was at `seen_rev`.
    pub fn apply(
        &mut self,
        transition: &Transition,
        desired_rev: Revision,
        seen_rev: Revision,
        now: Timestamp,
    ) {
        match transition {
            Transition::Confirm(held) => self.confirm(held.clone(), seen_rev, now),
            Transition::Settle(held) => {
                self.settle(held.clone(), now);
                // Nothing more is tried here; the next decision begins anew.
                if self.is_parked_at(desired_rev) {
                    self.failing = None;
                }
            }
            Transition::Withdraw => self.in_doubt = None,
            Transition::Park { held, problem } => {
                match held {
                    Some(held) => self.settle(Some(held.clone()), now),
                    None if problem.reason == ProblemReason::GaveUp => {}
                    None => self.in_doubt = None,
                }
                self.park(Parked { revision: desired_rev, problem: Some(problem.clone()) });
                self.failing = None;
            }
            Transition::Fail { in_doubt, wait_ms, .. } => {
                if !in_doubt {
                    self.in_doubt = None;
                }
                self.fail(now, now.plus(Duration::from_millis(*wait_ms)));
            }
        }
    }

    /// Notes that a call is about to be made.
    pub fn begin(&mut self, effect: Effect, settled_at: Timestamp) {
        self.in_doubt = Some(InDoubt { effect, settled_at_micros: settled_at.as_micros() });
    }

    /// Notes that the vendor holds what was decided up to `revision`: `held`, or nothing.
    fn confirm(&mut self, held: Option<Attributes>, revision: Revision, at: Timestamp) {
        if self.applied != held {
            self.previous = self.applied.take();
        }
        self.applied = held;
        self.applied_rev = self.applied_rev.max(revision);
        self.confirmed_at = Some(at);
        self.in_doubt = None;
        self.failing = None;
        if self.parked.as_ref().is_some_and(|parked| parked.revision <= revision) {
            self.parked = None;
        }
    }

    /// Notes what a read found, which is not what was decided.
    fn settle(&mut self, held: Option<Attributes>, at: Timestamp) {
        if self.applied != held {
            self.previous = self.applied.take();
        }
        self.applied = held;
        self.applied_rev = Revision::ZERO;
        self.confirmed_at = Some(at);
        self.in_doubt = None;
    }

    /// Leaves a decision alone because a caller cancelled it.
    pub fn cancel(&mut self, revision: Revision) {
        self.park(Parked { revision, problem: None });
        self.failing = None;
    }

    /// Leaves a decision alone, unless a newer one is: the outcome of a call for an older decision
    /// says nothing about that.
    fn park(&mut self, parked: Parked) {
        if self.parked.as_ref().is_none_or(|present| present.revision <= parked.revision) {
            self.parked = Some(parked);
        }
    }

    /// Takes up a parked decision again.
    pub fn unpark(&mut self) {
        self.parked = None;
        self.failing = None;
    }

    /// Notes a failure that may pass, and when to try again.
    fn fail(&mut self, at: Timestamp, next_attempt_at: Timestamp) {
        let (since, count) = self.failing.map_or((at, 0), |failing| (failing.since, failing.count));
        self.failing = Some(Failing { since, count: count.saturating_add(1), next_attempt_at });
    }

    /// Tells whether a decision is left alone.
    pub fn is_parked_at(&self, revision: Revision) -> bool {
        self.parked.as_ref().is_some_and(|parked| parked.revision == revision)
    }
}

#[cfg(test)]
mod tests;
