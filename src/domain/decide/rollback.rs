//! Deciding again what was decided at an older revision.

use std::collections::HashMap;

use super::{Context, Decision, VersionWrite};
use crate::domain::{Action, Refusal, Revision, Version, Violation};

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
    let imported = &context.situation.policies.imported;
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
                    unmanaged: false,
                    ..tracked.version.clone()
                },
                before: now.cloned(),
                sync: context.sync_of(tracked, then.name()),
                fills: false,
            }),
            (Some(_), None) => {
                let mut write = context.tombstone(tracked, allows_loss);
                // GoMark did not make it.
                write.version.unmanaged = imported.contains(&tracked.version.id);
                writes.push(write);
            }
            _ => {}
        }
    }
    Ok(context.versions(Action::Rollback { to }, writes))
}
