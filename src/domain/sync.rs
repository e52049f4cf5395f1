//! Where the vendor stands with one resource, and how that changes.
//!
//! Every change of a [`Sync`] is one of the functions below, so that what the database holds after
//! any crash is a state that the planner knows how to go on from.

mod names;
mod problem;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::carry::{Carry, Checkpoint, Fill, Had, Left, Retire};
use super::drift::{LeftAs, Outside};
use super::{Attributes, Revision, Timestamp};
pub use problem::{Details, Problem, ProblemReason};

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
    /// The name at the vendor that all this is about; `None` where it is the one that was decided.
    pub key: Option<String>,
    /// The names that it had before; `None` when it never had another.
    pub trail: Option<Trail>,
    /// How far long work is.
    pub checkpoint: Option<Checkpoint>,
    /// What is known of changes that others make.
    pub outside: Outside,
}

/// The names at the vendor that a resource had before the present one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    /// Those that are still there, with values to be carried along.
    pub left: Vec<Left>,
    /// All of them.
    pub had: Vec<Had>,
    /// Whether what the vendor may bring back under the present name was another's.
    #[serde(default)]
    pub foreign: bool,
    /// Since when values are carried to the present name, in microseconds.
    pub since_micros: i64,
}

/// A call whose outcome is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InDoubt {
    /// What was to be done.
    pub effect: Effect,
    /// The name that the call was about; `None` where that is the one that everything else is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
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
    /// Carries values of records along from names that it had.
    Carry(Carry),
    /// Fills in a value on records that have none.
    Fill(Fill),
    /// Archives a name that it had, once more carrying values along.
    Retire(Retire),
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
    /// It goes on its way to another name. What the vendor holds under the present one stays there
    /// for now, with values to be carried along.
    Move {
        /// That name.
        name: String,
        /// Whether what the vendor may bring back under it was another's.
        foreign: bool,
    },
    /// The vendor still holds this under a name that it had.
    Found(Left),
    /// A name that it had is gone at the vendor.
    Retired(String),
    /// A page of long work is done.
    Advance(Box<Checkpoint>),
    /// The values of records are filled in, as this revision asked.
    Filled(Revision),
    /// A scan found what the vendor holds, which somebody else changed.
    Observe {
        /// That; `None` when it holds nothing.
        held: Option<Attributes>,
        /// What of it is left as it is.
        left_as: BTreeMap<String, LeftAs>,
        /// Whether it is left removed, as this revision's.
        left_removed: Option<Revision>,
        /// Whether something of it is to be set right.
        unlike: bool,
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
            _ => None,
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
            Transition::Observe { held, left_as, left_removed, unlike } => {
                self.observe(held.clone(), *unlike);
                self.outside.settle(now);
                self.outside.left_as.clone_from(left_as);
                self.outside.left_removed = *left_removed;
            }
            Transition::Move { name, foreign } => self.go_to(name, *foreign, now),
            Transition::Found(left) => {
                self.in_doubt = None;
                self.trail.get_or_insert_default().left.push(left.clone());
            }
            Transition::Retired(name) => {
                let effect = self.in_doubt.take().map(|in_doubt| in_doubt.effect);
                let looked = matches!(effect, Some(Effect::Retire(it)) if it.last_look.is_some());
                self.failing = None;
                if let Some(trail) = &mut self.trail {
                    trail.left.retain(|left| left.name != *name);
                    // All that was to be carried was: what is there now is its own.
                    trail.foreign &= !(looked && trail.left.is_empty());
                }
            }
            Transition::Advance(checkpoint) => {
                self.in_doubt = None;
                self.failing = None;
                self.checkpoint = Some((**checkpoint).clone());
            }
            Transition::Filled(_) => self.checkpoint = None,
            Transition::Park { held, problem } => {
                match held {
                    Some(held) => self.settle(Some(held.clone()), now),
                    None if problem.reason == ProblemReason::GaveUp => {}
                    None => self.in_doubt = None,
                }
                // Whoever retries wants all of it looked at once more.
                if matches!(problem.reason, ProblemReason::ValuesRefused | ProblemReason::Conflict)
                {
                    self.look_again(now);
                }
                self.park(Parked { revision: desired_rev, problem: Some(problem.clone()) });
                self.failing = None;
            }
            Transition::Fail { in_doubt, wait_ms, problem } => {
                if !in_doubt {
                    self.in_doubt = None;
                }
                // What is in use goes on being written to.
                if problem.reason == ProblemReason::InUse {
                    self.look_again(now);
                }
                self.fail(now, now.plus(Duration::from_millis(*wait_ms)));
            }
        }
    }

    /// Notes that a call about this name is about to be made.
    pub fn begin(&mut self, effect: Effect, name: &str, settled_at: Timestamp) {
        if !self.is_moving() {
            self.key.get_or_insert_with(|| name.to_owned());
        }
        let name = Some(name.to_owned()).filter(|_| self.key.as_deref() != Some(name));
        self.in_doubt = Some(InDoubt { effect, name, settled_at_micros: settled_at.as_micros() });
    }

    fn look_again(&mut self, now: Timestamp) {
        if let Some(checkpoint) = &mut self.checkpoint {
            checkpoint.look_again(now);
        }
    }

    /// Notes that the vendor holds what was decided up to `revision`: `held`, or nothing.
    fn confirm(&mut self, held: Option<Attributes>, revision: Revision, at: Timestamp) {
        self.made(held.is_some());
        self.wrote(held, at);
        self.applied_rev = self.applied_rev.max(revision);
        self.confirmed_at = Some(at);
        self.in_doubt = None;
        self.failing = None;
        // Only what is carried along altogether is confirmed; filling in goes on after that. What was
        // removed before another's values were cleared may come back with them.
        let is_gone = self.applied.is_none();
        let trail = self.trail.take().filter(|trail| !trail.had.is_empty());
        // What stays where it is, stays under all of its names.
        self.trail = trail.map(|trail| Trail {
            left: Vec::new(),
            foreign: trail.foreign && is_gone,
            ..trail
        });
        self.checkpoint = self.checkpoint.take().filter(|checkpoint| checkpoint.fills.is_some());
        if self.parked.as_ref().is_some_and(|parked| parked.revision <= revision) {
            self.parked = None;
        }
    }

    /// Notes what a read found, which is not what was decided.
    fn settle(&mut self, held: Option<Attributes>, at: Timestamp) {
        let created = self.in_doubt.as_ref().map(|it| matches!(it.effect, Effect::Create(_)));
        if self.applied.is_none() && held.is_some() && created != Some(true) {
            // It was there, in use, before anything of ours: what it holds is nobody else's.
            self.trail.iter_mut().for_each(|trail| trail.foreign = false);
        }
        self.made(held.is_some());
        self.wrote(held, at);
        self.applied_rev = Revision::ZERO;
        self.confirmed_at = Some(at);
        self.in_doubt = None;
    }

    /// Notes that a call of ours made what is there, or that there is nothing. What it is carried along from
    /// may not be ours.
    fn made(&mut self, is_there: bool) {
        let is_ours = self.in_doubt.as_ref().is_some_and(|in_doubt| match in_doubt.effect {
            Effect::Create(_) => is_there && self.left().is_empty(),
            Effect::Archive => !is_there,
            _ => false,
        });
        self.outside.imported &= !is_ours;
    }

    /// Notes what the vendor holds after a write of ours, which reads may not show for a while.
    fn wrote(&mut self, held: Option<Attributes>, at: Timestamp) {
        if self.applied != held {
            self.previous = self.applied.take();
            self.outside.wrote(self.previous.clone(), at);
        }
        self.applied = held;
    }

    /// Notes what the vendor holds although nothing of ours was written.
    fn observe(&mut self, held: Option<Attributes>, unlike: bool) {
        if self.applied != held {
            self.previous = self.applied.take();
        }
        self.applied = held;
        if unlike {
            self.applied_rev = Revision::ZERO;
        }
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
