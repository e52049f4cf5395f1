//! Adding, changing and removing cadences.

use super::{Asked, Context, Decision};
use crate::domain::{
    Action, Cadence, CadenceDraft, Refusal, Resource, ResourceKind, Tracked, Violation, cadence,
};

pub(super) fn add(context: &Context<'_>, draft: &CadenceDraft) -> Result<Decision, Refusal> {
    let cadence_id = draft.resolved_id();
    let known = context.named(ResourceKind::Cadence, &cadence_id);
    let id = context.id_for(ResourceKind::Cadence, known);
    let cadence = draft.clone().complete_for_vendor(id).map_err(|it| it.within("cadence"))?;
    if known.is_some_and(|tracked| tracked.version.resource.is_some()) {
        let company_id = context.company_id().clone();
        return Err(Refusal::CadenceExists { company_id, cadence_id });
    }
    context.add(Action::AddCadence, Resource::Cadence(cadence), known, false)
}

pub(super) fn modify(
    context: &Context<'_>,
    cadence_id: &str,
    change: &cadence::Change,
) -> Result<Decision, Refusal> {
    let (tracked, cadence) = existing(context, cadence_id)?;
    let changed = change.clone().apply(cadence)?;
    context.replace(Action::ModifyCadence, tracked, Resource::Cadence(changed), Asked::default())
}

pub(super) fn remove(context: &Context<'_>, cadence_id: &str) -> Result<Decision, Refusal> {
    let (tracked, _) = existing(context, cadence_id)?;
    Ok(context.versions(Action::RemoveCadence, vec![context.tombstone(tracked, false)]))
}

fn existing<'a>(
    context: &'a Context<'_>,
    cadence_id: &str,
) -> Result<(&'a Tracked, &'a Cadence), Refusal> {
    if cadence_id.is_empty() {
        return Err(Violation::new("cadence_id", "must be given").into());
    }
    let tracked = context.named(ResourceKind::Cadence, cadence_id);
    match tracked.and_then(|tracked| Some((tracked, tracked.version.resource.as_ref()?))) {
        Some((tracked, Resource::Cadence(cadence))) => Ok((tracked, cadence)),
        _ => {
            let company_id = context.company_id().clone();
            Err(Refusal::CadenceNotFound { company_id, cadence_id: cadence_id.to_owned() })
        }
    }
}
