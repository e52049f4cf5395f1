//! Adding, changing and removing fields.

use super::{Context, Decision, VersionWrite};
use crate::domain::{
    Action, Field, FieldDraft, FieldPatch, Refusal, Resource, ResourceId, ResourceKind, Tracked,
    Version, Violation,
};

/// The most fields that a company may have. Ours; HubSpot tells its own limit only by refusing.
pub const FIELDS_MAX: i64 = 2_000;
/// The most bytes that the texts of a company's fields may take up altogether.
pub const CONFIG_BYTES_MAX: i64 = 16 * 1024 * 1024;

pub(super) fn add(context: &Context<'_>, draft: &FieldDraft) -> Result<Decision, Refusal> {
    let name = draft.resolved_name();
    let known = find(context, &name);
    // A name that was removed comes back under its old id: at HubSpot it is the same property.
    let id = known.map_or_else(
        || ResourceId::from_trusted(format!("field-{}", context.revision())),
        |tracked| tracked.version.id.clone(),
    );
    let field = draft.clone().complete(id).map_err(|found| found.within("field"))?;
    if known.is_some_and(|tracked| tracked.version.resource.is_some()) {
        let company_id = context.company_id().clone();
        return Err(Refusal::FieldExists { company_id, name });
    }
    check_room(context, 1, field.bytes(), 0)?;
    let sync = known.map(|tracked| tracked.sync.clone()).unwrap_or_default();
    let write = VersionWrite { version: version(context, &field), before: None, sync };
    Ok(context.versions(Action::AddField, vec![write]))
}

pub(super) fn modify(
    context: &Context<'_>,
    name: &str,
    patch: &FieldPatch,
) -> Result<Decision, Refusal> {
    let (tracked, field) = existing(context, name)?;
    let changed = patch.clone().apply(field).map_err(|found| found.within("field"))?;
    if changed == *field {
        return Ok(context.unchanged());
    }
    check_room(context, 0, changed.bytes(), field.bytes())?;
    let write = VersionWrite {
        version: version(context, &changed),
        before: tracked.version.resource.clone(),
        sync: tracked.sync.clone(),
    };
    Ok(context.versions(Action::ModifyField, vec![write]))
}

pub(super) fn remove(context: &Context<'_>, name: &str) -> Result<Decision, Refusal> {
    let (tracked, _) = existing(context, name)?;
    Ok(context.versions(Action::RemoveField, vec![context.tombstone(tracked)]))
}

/// The version of a field that begins with the decision.
fn version(context: &Context<'_>, field: &Field) -> Version {
    Version {
        id: field.id.clone(),
        kind: ResourceKind::Field,
        name: field.name.clone(),
        from_rev: context.revision(),
        resource: Some(Resource::Field(field.clone())),
    }
}

fn find<'a>(context: &Context<'a>, name: &str) -> Option<&'a Tracked> {
    let is_it = |tracked: &&Tracked| {
        tracked.version.kind == ResourceKind::Field && tracked.version.name == name
    };
    context.situation.latest.iter().find(is_it)
}

fn existing<'a>(context: &Context<'a>, name: &str) -> Result<(&'a Tracked, &'a Field), Refusal> {
    if name.is_empty() {
        return Err(Violation::new("name", "must be given").into());
    }
    let tracked = find(context, name);
    match tracked.and_then(|tracked| Some((tracked, tracked.version.resource.as_ref()?))) {
        Some((tracked, Resource::Field(field))) => Ok((tracked, field)),
        None => {
            let company_id = context.company_id().clone();
            Err(Refusal::FieldNotFound { company_id, name: name.to_owned() })
        }
    }
}

fn check_room(
    context: &Context<'_>,
    fields_more: i64,
    bytes_now: usize,
    bytes_before: usize,
) -> Result<(), Refusal> {
    let signed = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX / 4);
    let company_id = || context.company_id().clone();
    if context.situation.field_count + fields_more > FIELDS_MAX {
        let limit = "at most 2000 fields";
        return Err(Refusal::LimitReached { company_id: company_id(), limit });
    }
    let bytes = context.situation.field_bytes + signed(bytes_now) - signed(bytes_before);
    if bytes > CONFIG_BYTES_MAX && bytes_now > bytes_before {
        let limit = "at most 16 MiB of text in its fields";
        return Err(Refusal::LimitReached { company_id: company_id(), limit });
    }
    Ok(())
}
