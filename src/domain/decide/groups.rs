//! Adding, changing and removing property groups.

use super::{Asked, Context, Decision};
use crate::domain::group::GROUPS_MAX;
use crate::domain::{
    Action, Group, GroupDraft, GroupPatch, Refusal, Resource, ResourceKind, Tracked, Violation,
};

pub(super) fn add(context: &Context<'_>, draft: &GroupDraft) -> Result<Decision, Refusal> {
    let name = draft.resolved_name();
    let known = context.named(ResourceKind::Group, &name);
    let id = context.id_for(ResourceKind::Group, known);
    let group = draft.clone().complete(id).map_err(|found| found.within("group"))?;
    let company_id = || context.company_id().clone();
    if known.is_some_and(|tracked| tracked.version.resource.is_some()) {
        return Err(Refusal::GroupExists { company_id: company_id(), name });
    }
    let groups = resources(context).filter(|resource| resource.kind() == ResourceKind::Group);
    if groups.count() >= GROUPS_MAX {
        return Err(Refusal::LimitReached {
            company_id: company_id(),
            limit: "at most 500 groups",
        });
    }
    context.add(Action::AddGroup, Resource::Group(group), known, false)
}

pub(super) fn modify(
    context: &Context<'_>,
    name: &str,
    patch: &GroupPatch,
) -> Result<Decision, Refusal> {
    let (tracked, group) = existing(context, name)?;
    let changed = patch.clone().apply(group).map_err(|found| found.within("group"))?;
    context.replace(Action::ModifyGroup, tracked, Resource::Group(changed), Asked::default())
}

/// Removes a group in which nothing stands.
pub(super) fn remove(context: &Context<'_>, name: &str) -> Result<Decision, Refusal> {
    let (tracked, _) = existing(context, name)?;
    let stand_in_it = resources(context)
        .filter(|resource| resource.stands_in() == Some((ResourceKind::Group, name)));
    let mut fields: Vec<_> = stand_in_it.map(|resource| resource.name().to_owned()).collect();
    if !fields.is_empty() {
        fields.sort_unstable();
        let company_id = context.company_id().clone();
        return Err(Refusal::GroupInUse { company_id, name: name.to_owned(), fields });
    }
    Ok(context.versions(Action::RemoveGroup, vec![context.tombstone(tracked, false)]))
}

/// All that is decided now.
fn resources<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a Resource> {
    context.situation.latest.iter().filter_map(|tracked| tracked.version.resource.as_ref())
}

fn existing<'a>(context: &'a Context<'_>, name: &str) -> Result<(&'a Tracked, &'a Group), Refusal> {
    if name.is_empty() {
        return Err(Violation::new("name", "must be given").into());
    }
    let tracked = context.named(ResourceKind::Group, name);
    match tracked.and_then(|tracked| Some((tracked, tracked.version.resource.as_ref()?))) {
        Some((tracked, Resource::Group(group))) => Ok((tracked, group)),
        _ => {
            let company_id = context.company_id().clone();
            Err(Refusal::GroupNotFound { company_id, name: name.to_owned() })
        }
    }
}
