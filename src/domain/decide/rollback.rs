//! Deciding again what was decided at an older revision.

use std::collections::{HashMap, HashSet};

use super::{Context, Decision, VersionWrite};
use crate::domain::{Action, Leaves, Refusal, Resource, Revision, Version, Violation};

pub(super) fn rollback(
    context: &Context<'_>,
    to: Revision,
    allows_loss: bool,
) -> Result<Decision, Refusal> {
    if to < Revision::new(1) {
        return Err(Violation::new("to_revision", "must be 1 or more").into());
    }
    if to > context.present {
        let company_id = context.company_id().clone();
        let present = context.present;
        return Err(Refusal::RevisionNotFound { company_id, revision: to, present });
    }
    let old: HashMap<_, &Version> =
        context.situation.old.iter().map(|version| (&version.id, version)).collect();
    let mut filled = HashSet::new();
    let mut writes = Vec::new();
    for tracked in &context.situation.latest {
        let now = tracked.version.resource.as_ref();
        let then = old.get(&tracked.version.id).and_then(|version| version.resource.as_ref());
        match (now, then) {
            (now, Some(then)) if now != Some(then) => writes.push(VersionWrite {
                version: Version {
                    from_rev: context.revision(),
                    name: then.name().to_owned(),
                    resource: Some(then.clone()),
                    allows_loss,
                    leaves: Leaves::Nothing,
                    ..tracked.version.clone()
                },
                before: now.cloned(),
                sync: context.sync_of(tracked, then.name()),
                fills: false,
            }),
            (Some(_), None) => {
                let mut write = context.tombstone(tracked, allows_loss);
                write.version.leaves = Leaves::Imported;
                if tracked.sync.outside.imported {
                    filled.extend(now.and_then(Resource::stands_in));
                }
                writes.push(write);
            }
            _ => {}
        }
    }
    // No group goes from around what stays.
    let is_filled = |version: &Version| filled.contains(&(version.kind, version.name.as_str()));
    for write in writes.iter_mut().filter(|write| write.version.resource.is_none()) {
        if is_filled(&write.version) {
            write.version.leaves = Leaves::All;
        }
    }
    Ok(context.versions(Action::Rollback { to }, writes))
}
