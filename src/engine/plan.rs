//! What a mutation leads to at the vendors, from what they last confirmed.

use crate::domain::{Effect, Known, Step, Sync, Tracked, plan};
use crate::vendors::Vendors;
use crate::wire::{PlanView, PlannedCall};

/// Plans what is to be done about the resources that a mutation touched.
pub(super) fn view(vendors: &Vendors, touched: &[Tracked], dry_run: bool) -> PlanView {
    let mut view = PlanView::default();
    for tracked in touched {
        let version = &tracked.version;
        let Some(vendor) = vendors.get(version.kind.vendor()) else { continue };
        let desired = version.resource.as_ref().map(|resource| vendor.desired(resource));
        // What is in doubt is read before it is carried out; the plan says what is known now.
        let sync = Sync { in_doubt: None, parked: None, ..tracked.sync.clone() };
        let known = Known {
            id: &version.id,
            desired: desired.as_ref(),
            desired_rev: version.from_rev,
            sync: &sync,
            observed: None,
        };
        if let Some(confirmed_at) = sync.confirmed_at {
            let oldest = view.observed_at.map_or(confirmed_at, |at| at.min(confirmed_at));
            view.observed_at = Some(oldest);
        }
        for operation in plan([known]) {
            let Step::Call(effect) = operation.step else { continue };
            let is_new = dry_run && matches!(effect, Effect::Create(_));
            view.operations.push(PlannedCall {
                vendor: vendor.kind(),
                summary: summary(&effect, version.kind.as_str(), &version.name),
                effect,
                resource_id: (!is_new).then_some(operation.id),
            });
        }
    }
    view
}

fn summary(effect: &Effect, kind: &str, name: &str) -> String {
    match effect {
        Effect::Create(_) => format!("create {kind} {name}"),
        Effect::Update(changes) => format!("update {kind} {name}: {}", changes.names().join(", ")),
        Effect::Archive => format!("archive {kind} {name}"),
    }
}
