//! Noting what came of calls.

use std::time::Duration;

use tokio::time::Instant;

use super::launch::is_long;
use super::{End, Finished, Look, STORE_RETRY, Session, Task};
use crate::domain::{Effect, Observed, Problem, ProblemReason, Revision, Transition};
use crate::executor::outcomes::{self, Meaning};
use crate::failpoint::{self, Boundary};
use crate::store::{self, Gate, Outcome};
use crate::vendors::{Answer, Failure};

impl Session {
    /// Notes what came of calls that have ended.
    pub(super) async fn note(&mut self, all: Vec<Finished>) -> Result<(), End> {
        let mut outcomes = Vec::new();
        let mut gate = None;
        let mut scans = Vec::new();
        for finished in all {
            self.calls -= 1;
            let closes = match finished {
                Finished::Called { tasks, results } => self.called(tasks, results, &mut outcomes),
                Finished::Looked { looks, result } => self.looked(looks, result, &mut outcomes),
                Finished::Scanned { begun, result } => {
                    let closes = self.health.after(result.as_ref().err());
                    scans.push((begun, result));
                    closes
                }
            };
            gate = longer(gate, closes);
        }
        if !outcomes.is_empty() || gate.is_some() {
            self.record(outcomes, gate).await?;
        }
        for (begun, result) in scans {
            self.scanned(*begun, result).await?;
        }
        Ok(())
    }

    fn called(
        &mut self,
        tasks: Vec<Task>,
        results: Vec<Result<Answer, Failure>>,
        outcomes: &mut Vec<Outcome>,
    ) -> Option<Gate> {
        if tasks.iter().any(|task| matches!(task.call.effect, Effect::Create(_))) {
            self.creates -= 1;
        }
        if is_long(&tasks) {
            self.long -= 1;
        }
        // A batch counts once: by the failure that reaches furthest.
        let worst = results.iter().filter_map(|result| result.as_ref().err());
        let worst = worst.min_by_key(|failure| failure.scope);
        let gate = self.health.after(worst);
        let now = self.now();
        let open = self.open.as_ref();
        let allowance = open.map(|open| open.account.allowance()).unwrap_or_default();
        for (task, result) in tasks.into_iter().zip(results) {
            self.in_flight.remove(&task.resource_id);
            self.look_first.remove(&task.resource_id);
            let (transition, message) = match result {
                Ok(answer) => match outcomes::answered(&task, answer, now, &allowance) {
                    Meaning::Note(transition, message) => (transition, message),
                    Meaning::Look => {
                        self.look_first.insert(task.resource_id.clone());
                        let message = outcomes::unexpected(&task);
                        (Transition::Withdraw, message)
                    }
                },
                Err(failure) => {
                    outcomes::failed(&task.subject(), task.before, false, &failure, gate.as_ref())
                }
            };
            outcomes.push(Outcome {
                resource_id: task.resource_id,
                desired_rev: task.desired_rev,
                seen_rev: task.seen_rev,
                transition,
                message,
            });
        }
        gate
    }

    fn looked(
        &mut self,
        looks: Vec<Look>,
        result: Result<Vec<Observed>, Failure>,
        outcomes: &mut Vec<Outcome>,
    ) -> Option<Gate> {
        for look in &looks {
            self.in_flight.remove(&look.resource_id);
        }
        let failure = match result {
            Ok(observed) => {
                self.health.succeeded();
                for (look, observed) in looks.into_iter().zip(observed) {
                    self.seen(look, observed, outcomes);
                }
                return None;
            }
            Err(failure) => failure,
        };
        let gate = self.health.failed(&failure);
        for look in looks {
            let (subject, in_doubt) = (look.subject(), look.in_doubt.is_some());
            let (transition, message) =
                outcomes::failed(&subject, look.before, in_doubt, &failure, gate.as_ref());
            outcomes.push(Outcome {
                resource_id: look.resource_id,
                desired_rev: look.desired_rev,
                seen_rev: look.seen_rev,
                transition,
                message,
            });
        }
        gate
    }

    /// Keeps what a read found for the next plan. When the vendor refused a create because it holds
    /// the name, and now says that it does not, nothing is to be had from it for a while. What was
    /// ours may be gone.
    fn seen(&mut self, look: Look, observed: Observed, outcomes: &mut Vec<Outcome>) {
        self.look_first.remove(&look.resource_id);
        if look.in_doubt.is_some() || look.is_ours || observed != Observed::Absent {
            self.observed.insert(look.resource_id, (observed, look.in_doubt));
            return;
        }
        let message = format!("the vendor says that it holds {} and shows none", look.subject());
        let problem = Problem::new(ProblemReason::VendorUnavailable, message);
        let (transition, message) = look.before.fails_again(&look.subject(), false, None, problem);
        outcomes.push(Outcome {
            resource_id: look.resource_id,
            desired_rev: look.desired_rev,
            seen_rev: look.seen_rev,
            transition,
            message,
        });
    }

    /// Writes outcomes down, for as long as the lease lasts, and has the work read again.
    pub(super) async fn record(
        &mut self,
        outcomes: Vec<Outcome>,
        gate: Option<Gate>,
    ) -> Result<(), End> {
        if let Some(gate) = &gate {
            let until = Instant::now() + Duration::from_millis(gate.wait_ms);
            self.closed_until = Some(self.closed_until.map_or(until, |at| at.max(until)));
            // All jobs that are open now are told.
            let seen = self.work.as_ref().map_or(Revision::ZERO, |work| work.revision);
            self.told_rev = self.told_rev.max(seen);
        }
        self.work = None;
        if outcomes.is_empty() && gate.is_none() {
            return Ok(());
        }
        loop {
            match self.parts.store.record(&self.lease, outcomes.clone(), gate.clone()).await {
                Ok(recorded) => {
                    for outcome in &outcomes {
                        self.begun.remove(&outcome.resource_id);
                    }
                    failpoint::hit(Boundary::Recorded);
                    self.noted(recorded);
                    failpoint::hit(Boundary::Event);
                    return Ok(());
                }
                // To record it again changes nothing.
                Err(store::Error::Unavailable(error) | store::Error::InDoubt(error))
                    if Instant::now() < self.lease_until =>
                {
                    tracing::warn!(%error, "outcomes could not be recorded yet");
                    tokio::time::sleep(STORE_RETRY).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn longer(one: Option<Gate>, other: Option<Gate>) -> Option<Gate> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if one.wait_ms >= other.wait_ms { one } else { other }),
        (one, other) => one.or(other),
    }
}
