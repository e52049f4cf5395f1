//! Setting right what is left as somebody else made it, because somebody asks for it.

use super::{DriftChange, DriftItem, DriftState};
use crate::domain::{Revision, Sync, Timestamp, Tracked, Transition};

/// Says what becomes of an item, and of the resource that it is of, when somebody asks to have it set
/// right; `tracked` is that resource, where the connection of the item still holds it.
///
/// # Errors
///
/// Tells why it cannot be set right: the end of a sentence about the item.
pub fn revert(
    item: DriftItem,
    tracked: Option<&Tracked>,
    (actor, reason): (&str, &str),
    now: Timestamp,
) -> Result<(Sync, DriftItem), &'static str> {
    if !item.state.is_standing() {
        return Err("stands no more");
    }
    if item.resource_id.is_none() {
        return Err("was never decided, and GoMark removes nothing that it did not make");
    }
    if item.change == DriftChange::Recreated {
        return Err("cannot be undone: what was there before is gone");
    }
    let decided = tracked.filter(|tracked| tracked.version.resource.is_some());
    let Some(Tracked { version, sync, .. }) = decided else {
        return Err("is of nothing that is decided");
    };
    let is_parked = sync.is_parked_at(version.from_rev);
    if is_parked && sync.parked.as_ref().is_some_and(|parked| parked.problem.is_none()) {
        return Err("is of a resource whose job was cancelled; retry that");
    }
    let mut left_as = sync.outside.left_as.clone();
    let mut left_removed = sync.outside.left_removed;
    match &item.attribute {
        Some(attribute) => drop(left_as.remove(attribute)),
        None => left_removed = None,
    }
    let (mut sync, held) = (sync.clone(), sync.applied.clone());
    let observed = Transition::Observe { held, left_as, left_removed, unlike: true };
    sync.apply(&observed, Revision::ZERO, Revision::ZERO, now);
    sync.unpark();
    let item = DriftItem {
        state: DriftState::Reverting,
        reverts: item.reverts.saturating_add(1),
        resolved_by: actor.to_owned(),
        reason: reason.to_owned(),
        ..item
    };
    Ok((sync, item))
}
