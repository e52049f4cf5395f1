//! The rest of the world around the planner, in memory: decisions, sync rows, leases, an executor
//! that can stop anywhere, and calls that land late.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Names;
use super::vendor::{Answer, NAMES, Owner, Vendor};
use crate::domain::{
    Attributes, Effect, Known, Problem, ProblemReason, ResourceId, Revision, Step, Sync, Timestamp,
    Transition, plan,
};

/// How long after its beginning a call may take effect.
pub(super) const SETTLES_AFTER: Duration = Duration::from_secs(10);
/// The most tasks that bring one resource to rest once nothing fails any more: settle the doubt,
/// call, read what stood in the way, note what that means; and one to spare for a new attempt.
const TASKS_MAX: usize = 5;

/// How a call ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// The vendor does it and says so.
    Done,
    /// It is not sent after all.
    Withdrawn,
    /// The vendor turns it away for now, without effect.
    Busy,
    /// The vendor refuses it for good, without effect.
    Refused,
    /// No answer arrives; it may take effect at any time until it is settled.
    Lost { lands: bool },
    /// The same, and it was the last attempt.
    GaveUp { lands: bool },
}

/// A decided resource and where the vendor stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) desired: Option<Attributes>,
    pub(super) from_rev: Revision,
    pub(super) sync: Sync,
    /// The revision that is to be left alone, by what callers and the vendor said.
    held_back: Option<Revision>,
}

/// What the executor is at with one resource, from a snapshot of its row.
#[derive(Clone, Debug)]
struct Task {
    epoch: u32,
    name: usize,
    row: Row,
    seen_rev: Revision,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Planned(Step),
    Begun(Effect, Timestamp),
    Ended(Transition),
}

/// A call that nobody waits for any more.
#[derive(Clone, Debug)]
struct Stray {
    name: usize,
    effect: Effect,
    until: Timestamp,
    lands: bool,
}

#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) vendor: Vendor,
    pub(super) rows: Vec<Row>,
    pub(super) revision: Revision,
    now: Timestamp,
    epoch: u32,
    tasks: Vec<Task>,
    strays: Vec<Stray>,
    /// Names that a create met something under; known only to the executor that sent it.
    look_first: BTreeSet<usize>,
}

impl World {
    pub(super) fn new(vendor: Vendor) -> Self {
        Self {
            vendor,
            rows: vec![Row::default(); NAMES],
            revision: Revision::new(1),
            now: Timestamp::from_micros(1),
            epoch: 1,
            tasks: Vec::new(),
            strays: Vec::new(),
            look_first: BTreeSet::new(),
        }
    }

    pub(super) fn decide(&mut self, name: usize, desired: Option<Attributes>) {
        let row = &mut self.rows[name];
        if row.desired != desired {
            self.revision = self.revision.next();
            row.desired = desired;
            row.from_rev = self.revision;
            row.held_back = None;
        }
    }

    pub(super) fn cancel(&mut self, name: usize) {
        let row = &mut self.rows[name];
        if row.sync.applied_rev < row.from_rev {
            row.sync.cancel(row.from_rev);
            row.held_back = Some(row.from_rev);
        }
    }

    pub(super) fn retry(&mut self, name: usize) {
        let row = &mut self.rows[name];
        row.sync.unpark();
        row.held_back = None;
    }

    /// Another executor takes the lease. The old one goes on in vain with what it is at, or, after
    /// a crash, no more; calls on their way take effect or not.
    pub(super) fn take_over(&mut self, crash: bool, lands: bool) {
        self.epoch += 1;
        self.look_first.clear();
        if crash {
            for task in std::mem::take(&mut self.tasks) {
                if let Stage::Begun(effect, until) = task.stage {
                    let lands = lands && self.now < until;
                    self.strays.push(Stray { name: task.name, effect, until, lands });
                }
            }
        }
    }

    pub(super) fn wait(&mut self, span: Duration) {
        self.now = self.now.plus(span);
        let (over, still) = std::mem::take(&mut self.strays)
            .into_iter()
            .partition(|stray: &Stray| stray.until <= self.now);
        self.strays = still;
        over.into_iter().for_each(|stray| self.land(stray));
    }

    /// Lets one of the calls that nobody waits for take effect now.
    pub(super) fn land_one(&mut self, which: usize) {
        if !self.strays.is_empty() {
            let stray = self.strays.remove(which % self.strays.len());
            self.land(stray);
        }
    }

    fn land(&mut self, stray: Stray) {
        if stray.lands {
            self.vendor.carry_out(stray.name, &stray.effect);
        }
    }

    /// Takes up a resource, if there is something to do and it is time for it.
    pub(super) fn start(&mut self, name: usize) -> bool {
        let row = &self.rows[name];
        let sync = &row.sync;
        let busy = self.tasks.iter().any(|task| task.name == name && task.epoch == self.epoch);
        let settled_at = sync.in_doubt.as_ref().map_or(0, |in_doubt| in_doubt.settled_at_micros);
        let backing_off = sync.failing.is_some_and(|failing| failing.next_attempt_at > self.now);
        let confirmed = sync.applied_rev >= row.from_rev && sync.in_doubt.is_none();
        if busy || confirmed || backing_off || self.now.as_micros() < settled_at {
            return false;
        }
        let Some(mut step) = step(row, None) else { return false };
        if self.look_first.remove(&name) {
            step = Step::Read;
        }
        let (row, seen_rev) = (row.clone(), self.revision);
        let stage = Stage::Planned(step);
        self.tasks.push(Task { epoch: self.epoch, name, row, seen_rev, stage });
        true
    }

    /// Goes one step on with one of the tasks.
    pub(super) fn advance(&mut self, which: usize, fate: Fate) {
        if !self.tasks.is_empty() {
            let task = self.tasks.remove(which % self.tasks.len());
            if let Some(task) = self.advanced(task, fate) {
                self.tasks.push(task);
            }
        }
    }

    fn advanced(&mut self, task: Task, fate: Fate) -> Option<Task> {
        let name = task.name;
        let stage = match task.stage.clone() {
            Stage::Planned(Step::Confirm(held)) => Stage::Ended(Transition::Confirm(held)),
            Stage::Planned(Step::Settle(held)) => Stage::Ended(Transition::Settle(held)),
            Stage::Planned(Step::Park { held, problem }) => {
                Stage::Ended(Transition::Park { held, problem })
            }
            Stage::Planned(Step::Read) if matches!(fate, Fate::Lost { .. }) => {
                Stage::Ended(failed(true))
            }
            Stage::Planned(Step::Read) => Stage::Planned(self.read(&task)?),
            Stage::Planned(Step::Call(effect)) => {
                // The database takes nothing from an executor that lost its lease.
                if task.epoch != self.epoch {
                    return None;
                }
                let settled_at = self.now.plus(SETTLES_AFTER);
                self.rows[name].sync.begin(effect.clone(), super::NAME, settled_at);
                Stage::Begun(effect, settled_at)
            }
            Stage::Planned(step) => panic!("{step:?} where nothing is renamed or filled in"),
            Stage::Begun(effect, until) => Stage::Ended(self.call(&task, &effect, until, fate)),
            Stage::Ended(transition) => {
                self.record(&task, &transition);
                return None;
            }
        };
        Some(Task { stage, ..task })
    }

    fn read(&mut self, task: &Task) -> Option<Step> {
        let observed = self.vendor.read(task.name);
        if let Some(in_doubt) = &task.row.sync.in_doubt
            && let Effect::Create(sent) = &in_doubt.effect
            && let Some(held) = self.vendor.held.get(&task.name)
            && sent.differing_from(&held.attributes).is_empty()
        {
            // What is exactly as GoMark wanted to create it is as good as GoMark's.
            self.vendor.adopt(task.name);
        }
        let step = step(&task.row, Some(&observed));
        assert_ne!(step, Some(Step::Read), "read again and again");
        step
    }

    fn call(&mut self, task: &Task, effect: &Effect, until: Timestamp, fate: Fate) -> Transition {
        // After its time a call is as good as lost.
        let fate = if self.now >= until { Fate::Lost { lands: false } } else { fate };
        if let Fate::Lost { lands } | Fate::GaveUp { lands } = fate {
            let effect = effect.clone();
            self.strays.push(Stray { name: task.name, effect, until, lands });
        }
        match fate {
            Fate::Done => self.answered(task, effect),
            Fate::Withdrawn => Transition::Withdraw,
            Fate::Busy => failed(false),
            Fate::Refused => parked(None, ProblemReason::VendorRefused),
            Fate::Lost { .. } => failed(true),
            Fate::GaveUp { .. } => parked(None, ProblemReason::GaveUp),
        }
    }

    fn answered(&mut self, task: &Task, effect: &Effect) -> Transition {
        let sent = match effect {
            Effect::Create(sent) | Effect::Update(sent) => sent.clone(),
            _ => Attributes::new(),
        };
        match self.vendor.carry_out(task.name, effect) {
            Answer::Gone => Transition::Confirm(None),
            Answer::Exists => {
                if task.epoch == self.epoch {
                    self.look_first.insert(task.name);
                }
                Transition::Withdraw
            }
            Answer::Holds(held) if sent.differing_from(&held).is_empty() => {
                let wanted = task.row.desired.clone().unwrap_or_default();
                let differing = wanted.differing_from(&held);
                assert!(differing.is_empty(), "{differing:?} was thought to be there");
                Transition::Confirm(Some(held))
            }
            Answer::Holds(held) => parked(Some(held), ProblemReason::VendorIgnored),
        }
    }

    fn record(&mut self, task: &Task, transition: &Transition) {
        if task.epoch != self.epoch {
            return;
        }
        let (desired_rev, seen_rev) = (task.row.from_rev, task.seen_rev);
        let row = &mut self.rows[task.name];
        row.sync.apply(transition, desired_rev, seen_rev, self.now);
        match transition {
            Transition::Confirm(held) => {
                row.held_back = row.held_back.filter(|revision| *revision > seen_rev);
                if held.is_some() {
                    self.vendor.adopt(task.name);
                }
            }
            Transition::Park { .. } if row.from_rev == desired_rev => {
                row.held_back = Some(desired_rev);
            }
            _ => {}
        }
        let parked = row.sync.is_parked_at(row.from_rev);
        assert_eq!(parked, row.held_back.is_some(), "{transition:?} led to {row:?}");
    }

    /// Lets all faults end and the executor work until there is nothing to do.
    pub(super) fn come_to_rest(&mut self, lands: bool) {
        self.take_over(true, lands);
        self.wait(SETTLES_AFTER);
        for name in 0..NAMES {
            let mut tasks = 0;
            while self.start(name) {
                tasks += 1;
                assert!(tasks <= TASKS_MAX, "no end with {:?}", self.rows[name]);
                while !self.tasks.is_empty() {
                    self.advance(0, Fate::Done);
                }
                self.wait(SETTLES_AFTER);
            }
        }
    }

    /// Checks that a world at rest is as it should be.
    pub(super) fn check_rest(&self) {
        for (name, row) in self.rows.iter().enumerate() {
            assert_eq!(row.sync.in_doubt, None);
            let held = self.vendor.held.get(&name);
            if let Some(parked) =
                &row.sync.parked.clone().filter(|parked| parked.revision == row.from_rev)
            {
                self.check_parked(row, parked.problem.as_ref(), held.map(|held| held.owner));
                continue;
            }
            assert!(row.sync.applied_rev >= row.from_rev, "{row:?} is not confirmed");
            assert_eq!(step(row, None), Some(Step::Confirm(row.sync.applied.clone())));
            match (&row.desired, held) {
                (Some(wanted), Some(held)) => {
                    assert_eq!(wanted, &held.attributes);
                    assert_eq!(held.owner, Owner::GoMark);
                    assert_eq!(row.sync.applied.as_ref(), Some(wanted));
                }
                (Some(_), None) => panic!("{row:?} is not at the vendor"),
                (None, Some(held)) => {
                    let left = held.owner != Owner::GoMark || self.vendor.ignores_x;
                    assert!(left, "{held:?} is still at the vendor");
                    assert_eq!(row.sync.applied, None);
                }
                (None, None) => assert_eq!(row.sync.applied, None),
            }
        }
    }

    fn check_parked(&self, row: &Row, problem: Option<&Problem>, owner: Option<Owner>) {
        assert_eq!(step(row, None), None, "what is parked is left alone");
        let reason = problem.map(|problem| problem.reason);
        let right = match reason {
            Some(ProblemReason::Conflict) => {
                owner.is_some_and(|owner| owner != Owner::GoMark) || self.vendor.ignores_x
            }
            Some(ProblemReason::VendorIgnored) => self.vendor.ignores_x,
            None | Some(ProblemReason::VendorRefused | ProblemReason::GaveUp) => true,
            Some(_) => false,
        };
        assert!(right, "parked for {reason:?}, where the vendor's is {owner:?}");
    }
}

/// Plans for one row, and checks what holds for every answer.
fn step(row: &Row, observed: Option<&crate::domain::Observed>) -> Option<Step> {
    let id = ResourceId::from_trusted("field-1");
    let (desired, desired_rev, sync) = (row.desired.as_ref(), row.from_rev, &row.sync);
    let known = Known { desired_rev, ..super::known(&id, desired, sync, observed) };
    let names = Names::default();
    let first = plan([known], &names);
    assert_eq!(plan([known], &names), first, "the same question has the same answer");
    let step = first.into_iter().next().map(|operation| operation.step);
    let acts = !matches!(step, None | Some(Step::Read | Step::Settle(_)));
    assert!(!(acts && row.held_back == Some(row.from_rev)), "{step:?} though it is parked");
    step
}

fn failed(in_doubt: bool) -> Transition {
    let problem = Problem::new(ProblemReason::VendorUnavailable, "no answer");
    Transition::Fail { in_doubt, wait_ms: 500, problem }
}

fn parked(held: Option<Attributes>, reason: ProblemReason) -> Transition {
    Transition::Park { held, problem: Problem::new(reason, "for a test") }
}
