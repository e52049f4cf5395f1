//! What a mutation leads to at the vendors, from what they last confirmed.

use crate::domain::carry::Checkpoint;
use crate::domain::plan::Names;
use crate::domain::{Attributes, Effect, Known, Step, Sync, Timestamp, Tracked, Transition, plan};
use crate::vendors::Vendors;
use crate::wire::{PlanView, PlannedCall};

/// Plans what is to be done about the resources that a mutation touched.
pub(super) fn view(vendors: &Vendors, touched: &[Tracked], dry_run: bool) -> PlanView {
    let mut view = PlanView::default();
    for tracked in touched {
        let version = &tracked.version;
        let Some(vendor) = vendors.get(version.kind.vendor()) else { continue };
        let desired = tracked.decided(|resource| vendor.desired(resource));
        if let Some(confirmed_at) = tracked.sync.confirmed_at {
            let oldest = view.observed_at.map_or(confirmed_at, |at| at.min(confirmed_at));
            view.observed_at = Some(oldest);
        }
        for effect in effects(tracked, desired.as_ref()) {
            let is_new = dry_run && matches!(effect, Effect::Create(_));
            view.operations.push(PlannedCall {
                vendor: vendor.kind(),
                summary: summary(&effect, tracked),
                effect,
                resource_id: (!is_new).then(|| version.id.clone()),
            });
        }
    }
    view
}

/// The steps that are left to do, each planned as if the ones before had gone well.
fn effects(tracked: &Tracked, desired: Option<&Attributes>) -> Vec<Effect> {
    const STEPS_MAX: usize = 16;
    // What is in doubt is read before it is carried out; the plan says what is known now.
    let sync = Sync { in_doubt: None, parked: None, ..tracked.sync.clone() };
    let mut tracked = Tracked { sync, ..tracked.clone() };
    let (rev, now) = (tracked.version.from_rev, Timestamp::default());
    let mut effects = Vec::new();
    for _ in 0..STEPS_MAX {
        let known = Known::new(&tracked, desired, now);
        let Some(operation) = plan([known], &Names::default()).pop() else { break };
        let transition = match operation.step {
            Step::Move { name, foreign } => Transition::Move { name, foreign },
            Step::Confirm(held) if tracked.fill.is_some() => Transition::Confirm(held),
            Step::Call(effect) => {
                let transition = done(&effect, desired, &tracked);
                effects.push(effect);
                transition
            }
            _ => break,
        };
        tracked.sync.apply(&transition, rev, rev, now);
    }
    effects
}

/// What is noted when a call goes well.
fn done(effect: &Effect, desired: Option<&Attributes>, tracked: &Tracked) -> Transition {
    let checkpoint = |fills| {
        let begun = Checkpoint::begin(fills, Timestamp::default());
        Transition::Advance(Box::new(Checkpoint { done: true, ..begun }))
    };
    match effect {
        Effect::Create(_) | Effect::Update(_) => Transition::Settle(desired.cloned()),
        Effect::Archive => Transition::Settle(None),
        Effect::Carry(_) => checkpoint(None),
        Effect::Fill(_) => checkpoint(tracked.fill),
        Effect::Retire(retire) => Transition::Retired(retire.name.clone()),
    }
}

fn summary(effect: &Effect, tracked: &Tracked) -> String {
    let (kind, name) = (tracked.version.kind.as_str(), &tracked.version.name);
    match effect {
        Effect::Create(_) => format!("create {kind} {name}"),
        Effect::Update(changes) => format!("update {kind} {name}: {}", changes.names().join(", ")),
        Effect::Archive => format!("archive {kind} {}", tracked.sync.key_or(name)),
        Effect::Carry(carry) => {
            let from: Vec<_> = carry.from.iter().map(|left| left.name.as_str()).collect();
            format!("carry values of deals from {} to {name}", from.join(", "))
        }
        Effect::Fill(fill) => format!("fill in {} for {name} on deals without a value", fill.value),
        Effect::Retire(retire) => format!("archive {kind} {}", retire.name),
    }
}
