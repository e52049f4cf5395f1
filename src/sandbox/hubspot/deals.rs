//! Deals and the values of their properties.
//!
//! A deal keeps a cell for every property it ever had a value of, and nothing for the others, so
//! that a hundred thousand deals stay small. Values are kept by the slot of a property, not by its
//! name: an archived property takes its slot along, and brings it back when it returns.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use crate::domain::Timestamp;

pub(crate) mod batch;
pub(crate) mod refused;
pub(crate) mod search;
pub(crate) mod seed;
pub(crate) mod source;
mod values;
pub(crate) mod view;
pub(crate) mod write;

pub(crate) use source::{Hand, Source};

/// The first deal of a portal.
const ID_FIRST: u64 = 5_000_001;

/// Where the values of a property are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Slot(pub(crate) u32);

/// Where the value of a property comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Id,
    Created,
    Modified,
    Stored(Slot),
}

/// A value that was written; an empty one says that the value was cleared.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) value: Box<str>,
    pub(crate) at: Timestamp,
    pub(crate) source: Source,
}

/// The values a property of a deal has and had.
#[derive(Clone, Debug)]
struct Cell {
    slot: Slot,
    now: Entry,
    /// Oldest first.
    older: Vec<Entry>,
}

/// A deal.
#[derive(Clone, Debug)]
pub(crate) struct Deal {
    pub(crate) id: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Timestamp,
    pub(crate) archived_at: Option<Timestamp>,
    cells: Vec<Cell>,
}

/// How often deals were really written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DealEffects {
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) archived: u64,
}

/// The deals of a portal.
#[derive(Debug, Default)]
pub(crate) struct Deals {
    all: BTreeMap<u64, Deal>,
    made: u64,
    pub(crate) effects: DealEffects,
    /// How many values were written to a property, the ones that changed nothing included.
    writes: HashMap<Slot, u64>,
    /// Who holds which value of a property with unique values; built when first asked for.
    unique: HashMap<Slot, HashMap<Box<str>, u64>>,
}

impl Deal {
    /// Returns the present value of a stored property; none where there never was one.
    pub(crate) fn entry(&self, slot: Slot) -> Option<&Entry> {
        self.cell(slot).map(|cell| &cell.now)
    }

    /// Returns what the property of a slot was at a moment.
    pub(crate) fn entry_at(&self, slot: Slot, moment: Timestamp) -> Option<&Entry> {
        self.history(slot).find(|entry| entry.at <= moment)
    }

    /// Returns every value of a stored property, newest first.
    pub(crate) fn history(&self, slot: Slot) -> impl Iterator<Item = &Entry> {
        self.cell(slot)
            .into_iter()
            .flat_map(|cell| std::iter::once(&cell.now).chain(cell.older.iter().rev()))
    }

    /// Returns when the deal had last been written at a moment.
    pub(crate) fn modified_at(&self, moment: Timestamp) -> Timestamp {
        if self.modified_at <= moment {
            return self.modified_at;
        }
        let written = self.cells.iter().filter_map(|cell| self.entry_at(cell.slot, moment));
        written.map(|entry| entry.at).max().unwrap_or(self.created_at).max(self.created_at)
    }

    fn cell(&self, slot: Slot) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.slot == slot)
    }

    /// Writes a value. The same value again leaves the history as it is.
    fn put(&mut self, slot: Slot, entry: Entry) {
        self.modified_at = self.modified_at.max(entry.at);
        match self.cells.iter_mut().find(|cell| cell.slot == slot) {
            Some(cell) if cell.now.value == entry.value => {}
            Some(cell) => {
                let before = std::mem::replace(&mut cell.now, entry);
                cell.older.push(before);
            }
            None if entry.value.is_empty() => {}
            None => {
                self.cells.reserve_exact(1);
                self.cells.push(Cell { slot, now: entry, older: Vec::new() });
            }
        }
    }
}

impl Deals {
    /// Makes a deal without any value and returns its id.
    pub(crate) fn open(&mut self, now: Timestamp) -> u64 {
        let id = ID_FIRST + self.made;
        self.made += 1;
        let deal =
            Deal { id, created_at: now, modified_at: now, archived_at: None, cells: Vec::new() };
        self.all.insert(id, deal);
        id
    }

    /// Returns a deal that is not archived.
    pub(crate) fn get(&self, id: u64) -> Option<&Deal> {
        self.all.get(&id).filter(|deal| deal.archived_at.is_none())
    }

    /// Returns a deal, be it archived or not.
    pub(crate) fn any(&self, id: u64) -> Option<&Deal> {
        self.all.get(&id)
    }

    /// Returns the deals whose ids follow `after`, in the order of their ids.
    pub(crate) fn following(&self, after: u64, archived: bool) -> impl Iterator<Item = &Deal> {
        self.all
            .range((Bound::Excluded(after), Bound::Unbounded))
            .map(|(_, deal)| deal)
            .filter(move |deal| deal.archived_at.is_some() == archived)
    }

    /// Returns every deal that is not archived.
    pub(crate) fn active(&self) -> impl Iterator<Item = &Deal> {
        self.following(0, false)
    }

    /// Writes a value of a deal.
    pub(crate) fn put(&mut self, id: u64, slot: Slot, value: &str, hand: &Hand) {
        let Some(deal) = self.all.get_mut(&id) else { return };
        *self.writes.entry(slot).or_default() += 1;
        if let Some(holders) = self.unique.get_mut(&slot) {
            let before = deal.entry(slot).map(|entry| entry.value.clone());
            if let Some(before) = before.filter(|before| holders.get(before) == Some(&id)) {
                holders.remove(&before);
            }
            if !value.is_empty() {
                holders.insert(value.into(), id);
            }
        }
        let entry = Entry { value: value.into(), at: hand.now, source: hand.source.clone() };
        deal.put(slot, entry);
    }

    /// Archives a deal; returns whether it was there.
    pub(crate) fn archive(&mut self, id: u64, now: Timestamp) -> bool {
        let Some(deal) = self.all.get_mut(&id).filter(|deal| deal.archived_at.is_none()) else {
            return false;
        };
        deal.archived_at = Some(now);
        self.effects.archived += 1;
        // Its values are free for other deals.
        self.unique.clear();
        true
    }

    /// Returns who holds a value of a property with unique values.
    pub(crate) fn holder(&mut self, slot: Slot, value: &str) -> Option<u64> {
        if !self.unique.contains_key(&slot) {
            let held = self.active().filter_map(|deal| {
                let value = deal.entry(slot)?.value.clone();
                (!value.is_empty()).then_some((value, deal.id))
            });
            let held = held.collect();
            self.unique.insert(slot, held);
        }
        self.unique.get(&slot)?.get(value).copied()
    }

    /// Returns how many values were written to a property.
    pub(crate) fn writes(&self, slot: Slot) -> u64 {
        self.writes.get(&slot).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
