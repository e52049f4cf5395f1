//! What the result of an operation means: for the resource, and for the connection.

use std::time::Duration;

use super::backoff;
use super::session::Task;
use crate::domain::carry::Page;
use crate::domain::{
    Allowance, Attributes, Effect, Estimate, Failing, Problem, ProblemReason, Timestamp, Transition,
};
use crate::store::Gate;
use crate::vendors::{Answer, Failure, FailureScope};

/// After how many different failures in a row the connection is given a rest.
const STREAK_MAX: u32 = 3;
/// The shortest wait that a vendor can name.
const NAMED_MIN: Duration = Duration::from_millis(100);
/// After how long without a clear answer a resource is given up.
const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// What a result means for a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// This is to be noted.
    Note(Transition, String),
    /// The vendor holds something else than the call reckoned with; it is to be read before anything
    /// else.
    Look,
}

/// What is told of a call that met something else than it reckoned with.
pub(super) fn unexpected(task: &Task) -> String {
    match task.call.effect {
        Effect::Create(_) => format!("the vendor holds {} already", task.subject()),
        _ => format!("{} was changed at the vendor meanwhile", task.subject()),
    }
}

/// Tells what the answer to a task means. `now` is the present moment, by the database's clock.
pub(super) fn answered(
    task: &Task,
    answer: Answer,
    now: Timestamp,
    allowance: &Allowance,
) -> Meaning {
    let subject = task.subject();
    match (answer, &task.call.effect) {
        (Answer::Unexpected, _) => Meaning::Look,
        (Answer::Page(page), effect) => advanced(task, effect, &page, now, allowance),
        (Answer::NotYet, _) => {
            let mut checkpoint = task.checkpoint.clone();
            checkpoint.look_again(now);
            let message = format!("values that were written to {subject} meanwhile were refused");
            Meaning::Note(Transition::Advance(Box::new(checkpoint)), message)
        }
        (Answer::Looked { until_micros, carried }, _) => {
            let checkpoint = task.checkpoint.after_look(until_micros, carried, now);
            let message = format!("{carried} values that were written to {subject} meanwhile");
            Meaning::Note(Transition::Advance(Box::new(checkpoint)), format!("carried {message}"))
        }
        (Answer::Retired { carried, missed }, _) => {
            let last = match carried {
                0 => String::new(),
                carried => format!("; {carried} values were written to it at the last"),
            };
            let more = if missed { "; more was written than could be looked at" } else { "" };
            let message = format!("archived {subject}{last}{more}");
            Meaning::Note(Transition::Retired(task.call.target.name.clone()), message)
        }
        (Answer::Gone, Effect::Retire(_)) => {
            let message = format!("archived {subject}");
            Meaning::Note(Transition::Retired(task.call.target.name.clone()), message)
        }
        (Answer::Gone, _) if task.desired.is_none() => {
            Meaning::Note(Transition::Confirm(None), format!("archived {subject}"))
        }
        (Answer::Gone, _) => {
            let message = format!("{subject} is gone at the vendor");
            Meaning::Note(Transition::Settle(None), message)
        }
        (Answer::Holds(held), Effect::Create(sent)) => {
            holds(task, sent, held, format!("created {subject}"))
        }
        (Answer::Holds(held), Effect::Update(sent)) => {
            let message = format!("updated {subject}: {}", sent.names().join(", "));
            holds(task, sent, held, message)
        }
        (Answer::Holds(held), _) => {
            let message = format!("the vendor did not archive {subject}");
            let problem = Problem::new(ProblemReason::VendorIgnored, message.clone());
            Meaning::Note(Transition::Park { held: Some(held), problem }, message)
        }
    }
}

/// Tells what it means that a page of long work is done.
fn advanced(
    task: &Task,
    effect: &Effect,
    page: &Page,
    now: Timestamp,
    allowance: &Allowance,
) -> Meaning {
    let mut checkpoint = task.checkpoint.after(page, now);
    let left = Estimate::of(checkpoint.calls_left(), &allowance.in_background());
    checkpoint.seconds_left = left.seconds;
    let verb = match effect {
        Effect::Fill(_) => "filled in",
        _ => "carried",
    };
    let message = format!("{}: {}", task.subject(), checkpoint.told(verb));
    Meaning::Note(Transition::Advance(Box::new(checkpoint)), message)
}

fn holds(task: &Task, sent: &Attributes, held: Attributes, done: String) -> Meaning {
    let ignored = sent.differing_from(&held).names();
    if !ignored.is_empty() {
        let message = format!("the vendor left {} as it was", ignored.join(", "));
        let problem = Problem {
            attributes: ignored,
            ..Problem::new(ProblemReason::VendorIgnored, message.clone())
        };
        return Meaning::Note(Transition::Park { held: Some(held), problem }, message);
    }
    let desired = task.desired.as_ref();
    let as_decided = desired.is_some_and(|desired| desired.differing_from(&held).is_empty());
    if as_decided && !task.is_moving {
        Meaning::Note(Transition::Confirm(Some(held)), done)
    } else {
        // Something else about it was changed meanwhile: the next plan sees to that.
        Meaning::Note(Transition::Settle(Some(held)), done)
    }
}

/// The health of a connection: how it went lately, and what follows from a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Health {
    /// How often the connection as a whole failed in a row.
    closed: u32,
    /// How many calls failed in a row.
    streak: u32,
}

impl Health {
    /// Notes a call; tells whether the connection is to be closed, and how long.
    pub(super) fn after(&mut self, failure: Option<&Failure>) -> Option<Gate> {
        match failure {
            Some(failure) => self.failed(failure),
            None => {
                self.succeeded();
                None
            }
        }
    }

    /// Notes a call that was answered.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Notes a call that failed; tells whether the connection is to be closed, and how long.
    pub(super) fn failed(&mut self, failure: &Failure) -> Option<Gate> {
        // What is in use says nothing of anything else.
        if failure.problem.reason == ProblemReason::InUse {
            self.succeeded();
            return None;
        }
        match failure.scope {
            FailureScope::Refused => {
                self.succeeded();
                return None;
            }
            FailureScope::Connection => {}
            FailureScope::Resource => {
                self.streak += 1;
                if self.streak < STREAK_MAX {
                    return None;
                }
            }
        }
        let wait = named(failure).unwrap_or_else(|| backoff::wait(self.closed));
        self.closed = self.closed.saturating_add(1);
        Some(Gate { wait_ms: millis(wait), problem: failure.problem.clone() })
    }
}

/// What went wrong with a resource before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Before {
    /// How often it failed in a row.
    failures: u32,
    /// Whether that goes on for so long that one more failure is the last.
    too_long: bool,
}

impl Before {
    pub(super) fn new(failing: Option<Failing>, now: Timestamp) -> Self {
        failing.map_or_else(Self::default, |failing| Self {
            failures: failing.count,
            too_long: now.since(failing.since) >= GIVE_UP_AFTER,
        })
    }

    /// What follows from one more failure. Only a failure ends the attempts: whatever time passed
    /// without any, while the service was down or the vendor wanted to be left alone, proves nothing.
    pub(super) fn fails_again(
        self,
        subject: &str,
        in_doubt: bool,
        wait: Option<Duration>,
        problem: Problem,
    ) -> (Transition, String) {
        // A day whose calls are used up proves nothing of a change.
        if self.too_long && problem.reason != ProblemReason::DailyLimit {
            let message = format!("{subject} was tried for 24 hours, at last: {}", problem.message);
            let problem =
                Problem { reason: ProblemReason::GaveUp, message: message.clone(), ..problem };
            return (Transition::Park { held: None, problem }, message);
        }
        let wait_ms = millis(wait.unwrap_or_else(|| backoff::wait(self.failures)));
        let message = format!("{subject} has to wait: {}", problem.message);
        (Transition::Fail { in_doubt, wait_ms, problem }, message)
    }
}

/// Tells what a failure means for a resource. `keeps_doubt` says that a call made earlier is in
/// doubt, whatever this one was.
pub(super) fn failed(
    subject: &str,
    before: Before,
    keeps_doubt: bool,
    failure: &Failure,
    gate: Option<&Gate>,
) -> (Transition, String) {
    let problem = failure.problem.clone();
    if failure.scope == FailureScope::Refused && !keeps_doubt {
        let message = format!("{subject} was refused: {}", problem.message);
        return (Transition::Park { held: None, problem }, message);
    }
    let wait = gate.map(|gate| Duration::from_millis(gate.wait_ms)).or(named(failure));
    before.fails_again(subject, failure.effect_unknown || keeps_doubt, wait, problem)
}

/// The wait that the vendor named. One that is over at once is none: a vendor that fails every call
/// and wants the next one right away would be called, and jobs told, without end.
fn named(failure: &Failure) -> Option<Duration> {
    failure.retry_after.filter(|wait| *wait >= NAMED_MIN)
}

pub(super) fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
