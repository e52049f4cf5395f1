//! What an account keeps: its cadences, whom it tells of changes, and which creates it remembers.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::time::Duration;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::definition::Definition;
use super::refusal::{Code, Refusal};
use super::webhook::Webhook;
use crate::domain::Timestamp;
use crate::hex;
use crate::sandbox::registry::Kept;
use crate::sandbox::wire_time::WireTime;

/// How long the answer to a create is remembered under its idempotency key.
const MEMORY: Duration = Duration::from_secs(24 * 60 * 60);

/// A cadence, as it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Cadence {
    pub(crate) key: String,
    #[serde(flatten)]
    pub(crate) definition: Definition,
    pub(crate) version: String,
    pub(crate) created_at: WireTime,
    pub(crate) updated_at: WireTime,
    pub(crate) updated_by: String,
}

/// How often something really happened under a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    pub(crate) created: u64,
    pub(crate) replaced: u64,
    pub(crate) deleted: u64,
}

/// How deliveries to the subscriber ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Deliveries {
    pub(crate) delivered: u64,
    pub(crate) given_up: u64,
}

/// Who changes something, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hand<'a> {
    pub(crate) by: &'a str,
    pub(crate) now: Timestamp,
}

/// A create that is remembered.
#[derive(Debug)]
struct Remembered {
    definition: Definition,
    answer: Cadence,
}

/// What an account keeps.
#[derive(Debug, Default)]
pub(crate) struct Cadences {
    kept: BTreeMap<String, Cadence>,
    effects: BTreeMap<String, Effects>,
    remembered: HashMap<String, Remembered>,
    /// The idempotency keys, oldest first.
    remembered_since: VecDeque<(Timestamp, String)>,
    versions: u64,
    pub(crate) webhook: Option<Webhook>,
    pub(crate) deliveries: Deliveries,
}

impl Kept for Cadences {
    type Id = String;
    type Opening = ();
    const SCOPES: &'static [&'static str] = &[];

    fn id_of(token: &str) -> String {
        let digest = Sha256::digest(token.as_bytes());
        format!("acc_{}", &hex::encode(&digest)[..12])
    }

    fn opened((): &(), _now: Timestamp) -> Self {
        Self::default()
    }
}

impl Cadences {
    /// Returns every cadence, by key.
    pub(crate) fn all(&self) -> impl ExactSizeIterator<Item = &Cadence> {
        self.kept.values()
    }

    /// Returns at most `limit` cadences whose keys come after `after`, and whether there are more.
    pub(crate) fn page(&self, after: Option<&str>, limit: usize) -> (Vec<&Cadence>, bool) {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.kept.range::<str, _>((from, Bound::Unbounded)).map(|(_, kept)| kept);
        let page = rest.by_ref().take(limit).collect();
        (page, rest.next().is_some())
    }

    /// Returns a cadence.
    pub(crate) fn get(&self, key: &str) -> Result<&Cadence, Refusal> {
        self.kept.get(key).ok_or_else(missing)
    }

    /// Returns how often each key was created, replaced and deleted, keys that are gone included.
    pub(crate) fn effects(&self) -> &BTreeMap<String, Effects> {
        &self.effects
    }

    /// Returns what a create under this idempotency key was answered, if it is remembered.
    pub(crate) fn remembered(
        &mut self,
        idempotency_key: &str,
        key: &str,
        definition: &Definition,
        now: Timestamp,
    ) -> Result<Option<Cadence>, Refusal> {
        while let Some((since, oldest)) = self.remembered_since.front()
            && now.since(*since) >= MEMORY
        {
            self.remembered.remove(oldest);
            self.remembered_since.pop_front();
        }
        match self.remembered.get(idempotency_key) {
            None => Ok(None),
            Some(Remembered { definition: first, answer })
                if answer.key == key && first == definition =>
            {
                Ok(Some(answer.clone()))
            }
            Some(_) => Err(Refusal::new(
                Code::IdempotencyKeyReused,
                "this Idempotency-Key came with another body before",
            )),
        }
    }

    /// Remembers what a create was answered.
    pub(crate) fn remember(&mut self, idempotency_key: String, answer: Cadence, now: Timestamp) {
        let definition = answer.definition.clone();
        self.remembered_since.push_back((now, idempotency_key.clone()));
        self.remembered.insert(idempotency_key, Remembered { definition, answer });
    }

    /// Creates a cadence.
    pub(crate) fn create(
        &mut self,
        key: String,
        definition: Definition,
        hand: Hand<'_>,
    ) -> Result<Cadence, Refusal> {
        if self.kept.contains_key(&key) {
            let message = format!("there is a cadence '{key}' already");
            return Err(Refusal::new(Code::KeyTaken, message));
        }
        self.effects.entry(key.clone()).or_default().created += 1;
        Ok(self.keep(key, definition, hand, WireTime(hand.now)))
    }

    /// Replaces a definition if it is of the version that the caller knows; without one, whatever
    /// is there.
    pub(crate) fn replace(
        &mut self,
        key: &str,
        version: Option<&str>,
        definition: Definition,
        hand: Hand<'_>,
    ) -> Result<Cadence, Refusal> {
        let created_at = self.checked(key, version)?.created_at;
        self.effects.entry(key.to_owned()).or_default().replaced += 1;
        Ok(self.keep(key.to_owned(), definition, hand, created_at))
    }

    /// Deletes a cadence if it is of the version that the caller knows; without one, whatever is
    /// there.
    pub(crate) fn delete(&mut self, key: &str, version: Option<&str>) -> Result<(), Refusal> {
        self.checked(key, version)?;
        self.kept.remove(key);
        self.effects.entry(key.to_owned()).or_default().deleted += 1;
        Ok(())
    }

    fn checked(&self, key: &str, version: Option<&str>) -> Result<&Cadence, Refusal> {
        let cadence = self.get(key)?;
        if version.is_some_and(|version| version != cadence.version) {
            let refusal = Refusal::new(
                Code::VersionMismatch,
                "the cadence is of another version than If-Match says",
            );
            return Err(Refusal { version: Some(cadence.version.clone()), ..refusal });
        }
        Ok(cadence)
    }

    fn keep(
        &mut self,
        key: String,
        definition: Definition,
        hand: Hand<'_>,
        created_at: WireTime,
    ) -> Cadence {
        // Counted over the whole account, so that no version ever comes back under a key.
        self.versions += 1;
        let cadence = Cadence {
            key,
            definition,
            version: format!("v{}", self.versions),
            created_at,
            updated_at: WireTime(hand.now),
            updated_by: hand.by.to_owned(),
        };
        self.kept.insert(cadence.key.clone(), cadence.clone());
        cadence
    }
}

fn missing() -> Refusal {
    Refusal::not_found("there is no such cadence")
}

#[cfg(test)]
mod tests;
