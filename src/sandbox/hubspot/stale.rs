//! Reads of definitions that do not know of a write yet.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use super::Portal;
use super::portal::missing;
use super::property::Property;
use super::refusal::Refusal;
use crate::domain::Timestamp;

/// What was under a name before a write that reads may not know of.
#[derive(Debug)]
pub(super) struct Before {
    active: Option<Property>,
    archived: Option<Property>,
    stale_until: Timestamp,
    reads_left: u64,
}

impl Before {
    fn hides(&self, now: Timestamp) -> bool {
        now < self.stale_until || self.reads_left > 0
    }

    fn of(&self, archived: bool) -> Option<&Property> {
        if archived { self.archived.as_ref() } else { self.active.as_ref() }
    }
}

impl Portal {
    /// Keeps what is under a name, where the switches want reads to go on showing it after a write.
    pub(super) fn remember(&mut self, name: &str, now: Timestamp) {
        let (stale_ms, reads_left) = (self.switches.stale_ms, self.switches.stale_reads);
        if stale_ms == 0 && reads_left == 0 {
            return;
        }
        let before = Before {
            active: self.active.get(name).cloned(),
            archived: self.archived.get(name).cloned(),
            stale_until: now.plus(Duration::from_millis(stale_ms)),
            reads_left,
        };
        self.before.insert(name.to_owned(), before);
    }

    /// Returns the active or the archived properties as a read sees them.
    pub(crate) fn seen(
        &mut self,
        archived: bool,
        now: Timestamp,
    ) -> Cow<'_, BTreeMap<String, Property>> {
        self.before.retain(|_, before| before.hides(now));
        let truth = if archived { &self.archived } else { &self.active };
        if self.before.is_empty() {
            return Cow::Borrowed(truth);
        }
        let mut seen = truth.clone();
        for (name, before) in &mut self.before {
            before.reads_left = before.reads_left.saturating_sub(1);
            match before.of(archived) {
                Some(property) => seen.insert(name.clone(), property.clone()),
                None => seen.remove(name),
            };
        }
        Cow::Owned(seen)
    }

    /// Returns a property as a read sees it.
    pub(crate) fn seen_property(
        &mut self,
        name: &str,
        archived: bool,
        now: Timestamp,
    ) -> Result<&Property, Refusal> {
        let hidden = match self.before.get_mut(name) {
            Some(before) if before.hides(now) => {
                before.reads_left = before.reads_left.saturating_sub(1);
                true
            }
            _ => false,
        };
        if hidden {
            let before = self.before.get(name).and_then(|before| before.of(archived));
            return before.ok_or_else(|| missing(name));
        }
        self.property(name, archived)
    }
}
