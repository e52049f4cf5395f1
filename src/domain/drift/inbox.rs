//! The items of the inbox while a scan is judged.

use std::time::Duration;

use super::{DriftChange, DriftItem, DriftState, Mode};
use crate::domain::{ResourceId, ResourceKind, Timestamp};

/// What an item is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) kind: ResourceKind,
    /// `None` where it is not decided.
    pub(super) id: Option<&'a ResourceId>,
    pub(super) name: &'a str,
}

/// The items, with whether they were changed.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    items: Vec<(DriftItem, bool)>,
    found: usize,
}

impl Inbox {
    pub(super) fn new(items: &[DriftItem]) -> Self {
        Self { items: items.iter().map(|item| (item.clone(), false)).collect(), found: 0 }
    }

    /// Returns what is new or changed, and how many are new.
    pub(super) fn changed(self) -> (Vec<DriftItem>, usize) {
        let changed = self.items.into_iter().filter(|(_, changed)| *changed);
        (changed.map(|(item, _)| item).collect(), self.found)
    }

    /// Adds an item.
    pub(super) fn add(&mut self, item: DriftItem) {
        self.found += 1;
        self.items.push((item, true));
    }

    /// Changes the item about an attribute that is still going on, or the one that begins now.
    pub(super) fn change(
        &mut self,
        subject: Subject<'_>,
        attribute: Option<&str>,
        now: Timestamp,
        begin: impl FnOnce() -> DriftItem,
        change: impl FnOnce(&mut DriftItem),
    ) {
        let goes_on = |item: &DriftItem| is_about(item, subject, attribute) && item.goes_on(now);
        let Some((item, changed)) = self.items.iter_mut().find(|(item, _)| goes_on(item)) else {
            let mut item = begin();
            change(&mut item);
            return self.add(item);
        };
        let before = item.clone();
        change(item);
        *changed |= *item != before;
    }

    /// Notes that a change of an attribute, or of the resource being there, stands no more.
    pub(super) fn clear(&mut self, subject: Subject<'_>, attribute: Option<&str>) {
        self.clear_all(|item| is_about(item, subject, attribute));
    }

    /// Notes that no change of a resource stands any more.
    pub(super) fn clear_resource(&mut self, subject: Subject<'_>) {
        self.clear_all(|item| is_of(item, subject));
    }

    /// Notes that the changes that `which` picks stand no more.
    pub(super) fn clear_all(&mut self, which: impl Fn(&DriftItem) -> bool) {
        self.change_all(which, |item| {
            let was_set_right = item.state == DriftState::Reverting;
            item.state = if was_set_right { DriftState::Reverted } else { DriftState::Cleared };
        });
    }

    /// Changes what stands and `which` picks.
    pub(super) fn change_all(
        &mut self,
        which: impl Fn(&DriftItem) -> bool,
        change: impl Fn(&mut DriftItem),
    ) {
        let standing = |item: &DriftItem| item.state.is_standing() && which(item);
        for (item, changed) in self.items.iter_mut().filter(|(item, _)| standing(item)) {
            let before = item.clone();
            change(item);
            *changed |= *item != before;
        }
    }

    /// Tells whether a change of an attribute, or of the resource being there, is being set right.
    pub(super) fn is_reverting(&self, subject: Subject<'_>, attribute: Option<&str>) -> bool {
        self.items.iter().any(|(item, _)| {
            item.state == DriftState::Reverting && is_about(item, subject, attribute)
        })
    }
}

/// Decides what becomes of a change; tells whether it is to be set right now. `stuck` says why nothing
/// is carried out for its resource.
pub(super) fn decide(
    item: &mut DriftItem,
    mode: Mode,
    stuck: Option<String>,
    interval: Duration,
    now: Timestamp,
) -> bool {
    item.mode = mode;
    if let (Mode::Enforce, Some(reason)) = (mode, &stuck) {
        item.is_stuck(reason.clone());
        return false;
    }
    item.state = match (mode, stuck) {
        (Mode::Ignore, _) => DriftState::Ignored,
        (Mode::Enforce, None) if item.may_revert(now) => {
            // Whatever kept it from being set right is over.
            if item.resolved_by.is_empty() {
                item.reason.clear();
            }
            item.revert(interval, now);
            DriftState::Reverting
        }
        (Mode::Enforce | Mode::Report, _) => DriftState::Open,
    };
    item.state == DriftState::Reverting
}

fn is_of(item: &DriftItem, subject: Subject<'_>) -> bool {
    let same = match (&item.resource_id, subject.id) {
        (Some(one), Some(other)) => one == other,
        (None, None) => item.name == subject.name,
        _ => false,
    };
    same && item.kind == subject.kind
}

/// Tells whether it is about this attribute, or about the resource being there. That something else
/// has a name now is nothing that ends.
fn is_about(item: &DriftItem, subject: Subject<'_>, attribute: Option<&str>) -> bool {
    is_of(item, subject)
        && item.attribute.as_deref() == attribute
        && item.change != DriftChange::Recreated
}
