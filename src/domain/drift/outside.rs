//! What is known of changes that others make to one resource.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SETTLING;
use crate::domain::{Attributes, Revision, Timestamp};

/// How many writes of ours are remembered at most.
const BEFORE_MAX: usize = 16;

/// What is known of changes that others make to one resource at its vendor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// Attributes that are left as somebody else made them, by the vendor's names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_as: BTreeMap<String, LeftAs>,
    /// It is left removed, as long as this revision decides it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_removed: Option<Revision>,
    /// Whether it was there before it was decided, and nothing of ours created or archived it since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
    /// What the vendor held before writes of ours, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Held>,
}

/// An attribute that is left as somebody else made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftAs {
    /// What was decided then. Once something else is, that counts.
    pub decided: Option<Value>,
    /// What the vendor holds.
    pub held: Option<Value>,
}

/// What the vendor held until a write of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// That; `None` when it held nothing.
    pub held: Option<Attributes>,
    /// Until when, in microseconds.
    pub until_micros: i64,
}

impl Outside {
    /// Tells whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns what is to be at the vendor, where `desired` was decided by `revision`: that, with what
    /// is left as somebody else made it.
    #[must_use]
    pub fn as_left(&self, desired: Attributes, revision: Revision) -> Option<Attributes> {
        if self.left_removed == Some(revision) {
            return None;
        }
        let mut left = desired;
        for (name, as_it_is) in self.standing(&left.clone()) {
            left.put(name, as_it_is.held.clone());
        }
        Some(left)
    }

    /// Lists what is left as somebody else made it, where `desired` is decided now.
    pub fn standing<'a>(
        &'a self,
        desired: &'a Attributes,
    ) -> impl Iterator<Item = (&'a str, &'a LeftAs)> {
        let stands = |(name, it): &(&String, &LeftAs)| desired.get(name) == it.decided.as_ref();
        self.left_as.iter().filter(stands).map(|(name, it)| (name.as_str(), it))
    }

    /// Returns what is left, where `desired` was decided by `revision`.
    pub fn standing_at(
        &self,
        desired: Option<&Attributes>,
        revision: Revision,
    ) -> (BTreeMap<String, LeftAs>, Option<Revision>) {
        let own = |(name, left): (&str, &LeftAs)| (name.to_owned(), left.clone());
        let left_as = desired.map(|desired| self.standing(desired).map(own).collect());
        let left_removed = self.left_removed.filter(|left| desired.is_some() && *left == revision);
        (left_as.unwrap_or_default(), left_removed)
    }

    /// Forgets what the vendor held before writes that reads show by now.
    pub fn settle(&mut self, now: Timestamp) {
        self.before.retain(|before| before.may_show(now, SETTLING));
    }

    /// Notes that a write of ours ended what the vendor held.
    pub fn wrote(&mut self, held: Option<Attributes>, now: Timestamp) {
        self.settle(now);
        self.before.push(Held { held, until_micros: now.as_micros() });
        let more = self.before.len().saturating_sub(BEFORE_MAX);
        self.before.drain(..more);
    }

    /// Lists what reads may show that do not know of our last writes.
    pub fn lagging(
        &self,
        now: Timestamp,
        settling: Duration,
    ) -> impl Iterator<Item = Option<&Attributes>> {
        self.before.iter().filter(move |it| it.may_show(now, settling)).map(|it| it.held.as_ref())
    }
}

impl Held {
    fn may_show(&self, now: Timestamp, settling: Duration) -> bool {
        now.since(Timestamp::from_micros(self.until_micros)) < settling
    }
}
