//! Adding, changing and removing fields.

use super::{Asked, Context, Decision};
use crate::domain::field::{UNIQUE_FIELDS_MAX, derive_name};
use crate::domain::{
    Action, Field, FieldDraft, FieldPatch, Refusal, Resource, ResourceKind, Tracked, Violation,
};

pub(super) fn add(
    context: &Context<'_>,
    draft: &FieldDraft,
    backfill: bool,
) -> Result<Decision, Refusal> {
    let name = draft.resolved_name();
    let known = context.named(ResourceKind::Field, &name);
    let id = context.id_for(ResourceKind::Field, known);
    let field = draft.clone().complete(id).map_err(|found| found.within("field"))?;
    if known.is_some_and(|tracked| tracked.version.resource.is_some()) {
        let company_id = context.company_id().clone();
        return Err(Refusal::FieldExists { company_id, name });
    }
    check_unique(context, &field)?;
    check_backfill(backfill, &field)?;
    context.add(Action::AddField, Resource::Field(field), known, backfill)
}

/// Checks that the company may have one more field whose values are unique.
fn check_unique(context: &Context<'_>, field: &Field) -> Result<(), Refusal> {
    if !field.details.has_unique_value {
        return Ok(());
    }
    let unique = context.situation.latest.iter().filter(|tracked| {
        let field = tracked.version.resource.as_ref();
        matches!(field, Some(Resource::Field(field)) if field.details.has_unique_value)
    });
    if unique.count() < UNIQUE_FIELDS_MAX {
        return Ok(());
    }
    let (company_id, limit) = (context.company_id().clone(), "at most 10 fields of unique values");
    Err(Refusal::LimitReached { company_id, limit })
}

pub(super) fn modify(
    context: &Context<'_>,
    name: &str,
    patch: &FieldPatch,
    asked: Asked,
) -> Result<Decision, Refusal> {
    let (tracked, field) = existing(context, name)?;
    let changed = patch.clone().apply(field).map_err(|found| {
        let found = found.within("field");
        found.renamed("field.name", "new_name")
    })?;
    if changed.name != field.name {
        check_free(context, &changed.name)?;
    }
    check_backfill(asked.backfill, &changed)?;
    context.replace(Action::ModifyField, tracked, Resource::Field(changed), asked)
}

/// Checks that a field may be renamed to this.
fn check_free(context: &Context<'_>, name: &str) -> Result<(), Refusal> {
    let Some(taken) = context.named(ResourceKind::Field, name) else { return Ok(()) };
    let company_id = context.company_id().clone();
    if taken.version.resource.is_some() {
        return Err(Refusal::FieldExists { company_id, name: name.to_owned() });
    }
    // What was removed is to be gone first: its values are not those of the renamed field.
    if taken.sync.applied.is_some() || taken.sync.in_doubt.is_some() {
        return Err(Refusal::FieldGoing { company_id, name: name.to_owned() });
    }
    Ok(())
}

fn check_backfill(backfill: bool, field: &Field) -> Result<(), Refusal> {
    if backfill && field.default_value.is_empty() {
        let rule = "needs a default_value, which is what is filled in";
        return Err(Violation::new("backfill", rule).into());
    }
    Ok(())
}

/// Changes the label of the only field that has this one.
pub(super) fn relabel(
    context: &Context<'_>,
    label: &str,
    new_label: &str,
    renames: bool,
) -> Result<Decision, Refusal> {
    let fields = context.situation.latest.iter().filter_map(|tracked| {
        match tracked.version.resource.as_ref()? {
            Resource::Field(field) if field.label == label => Some(field.name.as_str()),
            _ => None,
        }
    });
    let company_id = || context.company_id().clone();
    match *fields.collect::<Vec<_>>().as_slice() {
        [name] => {
            let patch = FieldPatch {
                label: Some(new_label.to_owned()),
                new_name: renames.then(|| derive_name(new_label)),
                ..FieldPatch::default()
            };
            modify(context, name, &patch, Asked::default())
        }
        [] => Err(Refusal::FieldNotFound { company_id: company_id(), name: label.to_owned() }),
        ref several => {
            let mut names: Vec<_> = several.iter().map(|&name| name.to_owned()).collect();
            names.sort_unstable();
            Err(Refusal::FieldAmbiguous { company_id: company_id(), names })
        }
    }
}

pub(super) fn remove(
    context: &Context<'_>,
    name: &str,
    allows_loss: bool,
) -> Result<Decision, Refusal> {
    let (tracked, _) = existing(context, name)?;
    Ok(context.versions(Action::RemoveField, vec![context.tombstone(tracked, allows_loss)]))
}

fn existing<'a>(context: &'a Context<'_>, name: &str) -> Result<(&'a Tracked, &'a Field), Refusal> {
    if name.is_empty() {
        return Err(Violation::new("name", "must be given").into());
    }
    let tracked = context.named(ResourceKind::Field, name);
    match tracked.and_then(|tracked| Some((tracked, tracked.version.resource.as_ref()?))) {
        Some((tracked, Resource::Field(field))) => Ok((tracked, field)),
        _ => {
            let company_id = context.company_id().clone();
            Err(Refusal::FieldNotFound { company_id, name: name.to_owned() })
        }
    }
}
