//! The names at the vendor that a resource has, had and is to have.

use super::Sync;
use crate::domain::Timestamp;
use crate::domain::carry::{Had, Left};
use crate::domain::drift::Outside;

impl Sync {
    /// Notes that another name was decided than `name`, the one that the vendor knows it by.
    pub fn rename_from(&mut self, name: &str) {
        if self.applied.is_some() || self.in_doubt.is_some() {
            self.key.get_or_insert_with(|| name.to_owned());
            self.trail.get_or_insert_default();
        }
    }

    /// Returns the name at the vendor that all this is about, where `decided` was decided.
    pub fn key_or<'a>(&'a self, decided: &'a str) -> &'a str {
        self.key.as_deref().unwrap_or(decided)
    }

    /// Returns the name that the call in doubt was about.
    pub fn doubtful_name<'a>(&'a self, decided: &'a str) -> &'a str {
        let named = self.in_doubt.as_ref().and_then(|in_doubt| in_doubt.name.as_deref());
        named.unwrap_or_else(|| self.key_or(decided))
    }

    /// Returns the names that it had and that are still there.
    pub fn left(&self) -> &[Left] {
        self.trail.as_ref().map_or(&[], |trail| &trail.left)
    }

    /// Tells whether values are still to be carried along from a name that it had, or another's to
    /// be cleared.
    pub fn is_moving(&self) -> bool {
        self.trail.as_ref().is_some_and(|trail| trail.foreign || !trail.left.is_empty())
    }

    /// Returns the name whose values are on their way to the decided one: the first that it had.
    pub fn migrating_from<'a>(&'a self, decided: &str) -> Option<&'a str> {
        let first = self.left().first().map(|left| left.name.as_str());
        let key = self.key.as_deref().filter(|key| *key != decided && self.applied.is_some());
        first.or(key)
    }

    /// Returns until when this resource had a name for itself that it has no more, in microseconds;
    /// `None` when it never did.
    pub fn had_until(&self, name: &str) -> Option<i64> {
        let is_here = self.key.as_deref() == Some(name) && self.was_there();
        let here = self.confirmed_at.filter(|_| is_here);
        let mut had = self.trail.iter().flat_map(|trail| &trail.had);
        let before = had.find(|had| had.name == name && !had.foreign);
        here.map(Timestamp::as_micros).or(before.map(|had| had.until_micros))
    }

    /// Tells whether the vendor ever held it under the present name.
    fn was_there(&self) -> bool {
        self.applied.is_some() || self.previous.is_some()
    }

    /// Goes to another name, leaving what the vendor holds for now. It may be one that it had.
    pub(super) fn go_to(&mut self, name: &str, foreign: bool, now: Timestamp) {
        let mut trail = self.trail.take().unwrap_or_default();
        let was_there = self.was_there();
        let (key, held) = (self.key.take(), self.applied.take());
        if let Some(key) = key.filter(|_| was_there) {
            trail.had.retain(|had| had.name != key);
            let (name, until_micros) = (key.clone(), now.as_micros());
            trail.had.push(Had { name, until_micros, foreign: trail.foreign });
            if let Some(held) = held {
                let target_until_micros = (!trail.left.is_empty()).then(|| now.as_micros());
                let own_since_micros = trail.foreign.then_some(trail.since_micros);
                let left = Left { name: key, held, target_until_micros, own_since_micros };
                trail.left.push(left);
            }
        }
        let back = trail.left.iter().position(|left| left.name == name);
        let back = back.map(|place| trail.left.remove(place));
        let is_new = !trail.had.iter().any(|had| had.name == name && !had.foreign);
        let own_since = back.as_ref().and_then(|left| left.own_since_micros);
        trail.foreign = own_since.is_some() || (back.is_none() && (foreign || is_new));
        trail.since_micros = own_since.unwrap_or(now.as_micros());
        self.applied = back.map(|left| left.held);
        *self = Self {
            applied: self.applied.take(),
            key: Some(name.to_owned()),
            trail: Some(trail),
            parked: self.parked.take(),
            outside: Outside { imported: self.outside.imported, ..Outside::default() },
            ..Self::default()
        };
    }
}
