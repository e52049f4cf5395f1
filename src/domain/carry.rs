//! Long work at a vendor that goes record by record: carrying the values of a resource along to its
//! new name, and filling in a default value.
//!
//! The vendor does a page at a time; how far it is stands in a [`Checkpoint`], which is kept with
//! where the vendor stands. A page can be done again without harm, so whatever is interrupted goes
//! on from the last page that is known to be done.

mod history;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use history::{Role, Value, newest};

use super::{Attributes, Revision, Timestamp};

/// How many refused values are listed; of others only the number is kept.
pub const REFUSED_MAX: usize = 100;
/// How many records a call reads or writes.
const PAGE: u64 = 100;
/// The most looks at what was written since a pass began, each as long as a call may take, before there
/// is another pass. One that sees all of it is the last.
const LOOKS_MAX: u32 = 100;
/// The most passes over all records. Writers who never rest are not waited for.
const PASSES_MAX: u32 = 8;
/// For how long what we wrote ourselves may look as if it was written since a pass began: as long as a
/// vendor's clock may be behind ours.
pub const SKEW: Duration = Duration::from_secs(5);
/// How many values a pass may have written for that not to matter.
const FEW: i64 = 500;

/// A name that a resource had and that the vendor still holds, with values to be carried along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// The name.
    pub name: String,
    /// What the vendor holds under it, in canonical form.
    pub held: Attributes,
    /// Until when values were carried to it; `None` when they never were. In microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_until_micros: Option<i64>,
    /// Since when what it holds is the resource's own, where what was there before was another's; in
    /// microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_since_micros: Option<i64>,
}

/// A name that a resource had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Had {
    /// The name.
    pub name: String,
    /// Until when, in microseconds.
    pub until_micros: i64,
    /// Whether there may have been values of another's under it.
    #[serde(default)]
    pub foreign: bool,
}

/// Carries the values of one page of records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carry {
    /// Where from.
    pub from: Vec<Left>,
    /// Since when values are carried to where they go now, in microseconds.
    pub since_micros: i64,
    /// Whether the values that are there from before that were another resource's, which the vendor
    /// brought back with the name.
    #[serde(default)]
    pub foreign: bool,
    /// The page; `None` for the first.
    pub cursor: Option<String>,
    /// Whether this is the first time that the records are looked at.
    pub first_pass: bool,
    /// Whether the vendor is to count the records, too.
    pub count: bool,
}

/// Fills in a value on those records of one page that have none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// The value.
    pub value: String,
    /// The page; `None` for the first.
    pub cursor: Option<String>,
    /// Whether the vendor is to count the records, too.
    pub count: bool,
}

/// Archives a name that was left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retire {
    /// The name.
    pub name: String,
    /// What is looked at before that; `None` where no value is to be carried along any more.
    pub last_look: Option<LastLook>,
}

/// A look at what was written since the last pass over all records began, or since another such look
/// came so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastLook {
    /// The name that values are carried to.
    pub to: String,
    /// How they are carried.
    pub carry: Carry,
    /// Since when, in microseconds.
    #[serde(default)]
    pub since_micros: i64,
    /// Whether the name is archived however much was written meanwhile: it was looked at often enough.
    pub at_last: bool,
}

/// What came of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The page after it; `None` after the last.
    pub next: Option<String>,
    /// How many records were looked at.
    pub looked: i64,
    /// On how many a value was written.
    pub written: i64,
    /// How many records there are altogether, where that was counted.
    pub total: Option<i64>,
    /// The values that the vendor refused.
    pub refused: Refused,
}

/// Values that the vendor refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// How many.
    pub count: i64,
    /// The first [`REFUSED_MAX`] of them.
    pub first: Vec<RefusedValue>,
}

/// A value that the vendor refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedValue {
    /// The record, by the vendor's id.
    pub record_id: String,
    /// Why, in the vendor's words.
    pub reason: String,
}

impl Refused {
    /// Adds one.
    pub fn add(&mut self, record_id: impl Into<String>, reason: impl Into<String>) {
        self.count += 1;
        if self.first.len() < REFUSED_MAX {
            self.first.push(RefusedValue { record_id: record_id.into(), reason: reason.into() });
        }
    }

    /// Adds those of another part.
    pub fn extend(&mut self, other: &Self) {
        self.count += other.count;
        let room = REFUSED_MAX.saturating_sub(self.first.len());
        self.first.extend(other.first.iter().take(room).cloned());
    }
}

/// How far long work is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The revision that asked for a value to be filled in; `None` when values are carried along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fills: Option<Revision>,
    /// The value that is filled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Which pass over the records this is, from 1.
    pub pass: u32,
    /// The page to do next; `None` for the first.
    pub cursor: Option<String>,
    /// How many records there are, as far as that is known.
    pub total: i64,
    /// How many were looked at in this pass.
    pub looked: i64,
    /// On how many a value was written in this pass.
    pub changed: i64,
    /// The same for the pass before.
    pub changed_before: i64,
    /// The same for all passes.
    pub written: i64,
    /// What the vendor refused in this pass.
    #[serde(default)]
    pub refused: Refused,
    /// When this pass began, in microseconds; it may have to wait for that. After the last pass: up to
    /// when it was looked at what was written since.
    pub begun_at_micros: i64,
    /// How often it was looked at that.
    #[serde(default)]
    pub looks: u32,
    /// Whether all of it is done.
    pub done: bool,
    /// How many seconds the vendor's limits let it take from here, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
}

impl Checkpoint {
    /// The beginning.
    pub fn begin(fills: Option<Revision>, now: Timestamp) -> Self {
        Self {
            fills,
            value: None,
            pass: 1,
            cursor: None,
            total: 0,
            looked: 0,
            changed: 0,
            changed_before: 0,
            written: 0,
            refused: Refused::default(),
            begun_at_micros: now.as_micros(),
            looks: 0,
            done: false,
            seconds_left: None,
        }
    }

    /// Returns where it stands after a page.
    #[must_use]
    pub fn after(&self, page: &Page, now: Timestamp) -> Self {
        let mut next = self.clone();
        next.looked += page.looked;
        next.changed += page.written;
        next.written += page.written;
        next.refused.extend(&page.refused);
        next.total = page.total.unwrap_or(next.total).max(next.looked);
        next.cursor.clone_from(&page.next);
        if next.cursor.is_none() {
            next.end_pass(now);
        }
        next
    }

    /// Begins another pass over all records. After many values were written it waits until they are
    /// not taken for what others wrote since it began: that would have to be looked at once more.
    pub fn again(&mut self, now: Timestamp) {
        let begins_at = if self.changed > FEW { now.plus(SKEW) } else { now };
        self.pass += 1;
        self.cursor = None;
        self.looked = 0;
        self.changed_before = self.changed;
        self.changed = 0;
        self.refused = Refused::default();
        self.begun_at_micros = begins_at.as_micros();
        self.looks = 0;
        self.done = false;
    }

    /// Returns where it stands after a look at what was written since the last pass began, which came
    /// so far and carried so many values. After very many looks there is another pass, up to the most
    /// that there are.
    #[must_use]
    pub fn after_look(&self, until_micros: i64, carried: i64, now: Timestamp) -> Self {
        // What was written a moment ago may not be shown yet although what was written after it is.
        let shown_until = now.as_micros() - 2 * skew_micros();
        let begun_at_micros = self.look_since().max(until_micros.min(shown_until));
        let (looks, written) = (self.looks + 1, self.written + carried);
        let mut next = Self { begun_at_micros, looks, written, ..self.clone() };
        if looks >= LOOKS_MAX && self.pass < PASSES_MAX {
            next.again(now);
        }
        next
    }

    /// Returns since when it is to be looked at what was written, in microseconds. The vendor's clock
    /// may have begun the pass earlier than ours.
    pub fn look_since(&self) -> i64 {
        self.begun_at_micros - if self.looks == 0 { skew_micros() } else { 0 }
    }

    /// Begins another pass because something kept the end of the ones before from being reached; it
    /// counts as the second.
    pub fn look_again(&mut self, now: Timestamp) {
        self.again(now);
        self.pass = 2;
    }

    /// A pass that found nothing to carry is the last. One that found no less than half of what the
    /// one before found is, too: that is what others write meanwhile, and would never end.
    fn end_pass(&mut self, now: Timestamp) {
        self.total = self.looked;
        let steady = self.pass > 1 && self.changed.saturating_mul(2) > self.changed_before;
        let ends = self.changed == 0 || steady || self.pass >= PASSES_MAX;
        if self.fills.is_some() || ends {
            self.done = true;
        } else {
            self.again(now);
        }
    }

    /// Estimates how many calls are left: one to read a page and, as far as it went until now, one to
    /// write it; and another look at everything, unless this one finds nothing.
    pub fn calls_left(&self) -> u64 {
        let pages = |records: i64| u64::try_from(records.max(0)).unwrap_or(0).div_ceil(PAGE);
        if self.done {
            return 0;
        }
        let writes = if self.changed > 0 || self.looked == 0 { 2 } else { 1 };
        let here = pages(self.total - self.looked) * writes;
        let again = self.fills.is_none() && (self.changed > 0 || self.looked == 0);
        here + if again { pages(self.total) } else { 0 }
    }

    /// Estimates how many calls it takes from the beginning, for so many records.
    pub fn calls_for(records: i64, fills: bool) -> u64 {
        let fills = fills.then_some(Revision::ZERO);
        Self { total: records, ..Self::begin(fills, Timestamp::default()) }.calls_left()
    }

    /// Tells whether it was looked so often at what was written meanwhile that it is enough.
    pub fn is_last(&self) -> bool {
        self.pass >= PASSES_MAX && self.looks >= LOOKS_MAX
    }

    /// Tells when the pass that is to be begun next may be; `None` when one was begun.
    pub fn begins_at(&self) -> Option<Timestamp> {
        let waits = !self.done && self.cursor.is_none() && self.pass > 1;
        waits.then(|| Timestamp::from_micros(self.begun_at_micros))
    }

    /// Tells people how far it is.
    pub fn told(&self, verb: &str) -> String {
        let Self { pass, looked, written, total, .. } = self;
        let mut told = match (self.done, *pass) {
            (true, _) => format!("{verb} {written} values of {total} deals"),
            (false, 1) => format!("looked at {looked} of {total} deals, {verb} {written} values"),
            (false, _) => {
                format!("look {pass}: at {looked} of {total} deals, {verb} {written} values")
            }
        };
        if self.refused.count > 0 {
            told.push_str(&format!(", {} refused", self.refused.count));
        }
        match self.seconds_left.filter(|_| !self.done) {
            Some(0) | None => {}
            Some(seconds @ 1..120) => told.push_str(&format!("; about {seconds} s left")),
            Some(more) => told.push_str(&format!("; about {} min left", more.div_ceil(60))),
        }
        told
    }
}

fn skew_micros() -> i64 {
    i64::try_from(SKEW.as_micros()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
