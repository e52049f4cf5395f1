//! The canonical form of a resource at its vendor.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The attributes of a resource by the vendor's names, in one spelling: what a vendor normalises,
/// orders or defaults by itself is taken out, so that two forms are equal exactly when there is
/// nothing to do.
///
/// Only attributes that GoMark manages are in it; others are none of its business.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, Value>", into = "BTreeMap<String, Value>")]
pub struct Attributes {
    values: BTreeMap<String, Value>,
    /// The vendor's own name for this state of the resource; no attribute of it.
    version: Option<String>,
}

/// The key under which the version is kept beside the attributes. No vendor names one so.
const VERSION: &str = "@version";

impl Attributes {
    /// Creates the form without attributes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an attribute.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.values.insert(name.to_owned(), value.into());
    }

    /// Sets an attribute, or takes it out.
    pub fn put(&mut self, name: &str, value: Option<Value>) {
        match value {
            Some(value) => self.set(name, value),
            None => drop(self.values.remove(name)),
        }
    }

    /// Returns an attribute.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Returns the attributes in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Returns the names of the attributes.
    pub fn names(&self) -> Vec<String> {
        self.values.keys().cloned().collect()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Returns the version that the vendor gave them, where it has such a thing.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Notes the version that the vendor gave them.
    #[must_use]
    pub fn at_version(self, version: impl Into<String>) -> Self {
        Self { version: Some(version.into()), ..self }
    }

    /// Returns those attributes of `self` that `other` lacks or holds with another value.
    #[must_use]
    pub fn differing_from(&self, other: &Self) -> Self {
        let differs = |(name, value): &(&String, &Value)| other.values.get(*name) != Some(*value);
        let pairs = self.values.iter().filter(differs);
        Self::from_iter(pairs.map(|(name, value)| (name.clone(), value.clone())))
    }

    /// Returns these attributes with those of `changes` in their place.
    #[must_use]
    pub fn with(&self, changes: &Self) -> Self {
        let pairs = self.values.iter().chain(&changes.values);
        Self::from_iter(pairs.map(|(name, value)| (name.clone(), value.clone())))
    }
}

impl Extend<(String, Value)> for Attributes {
    fn extend<T: IntoIterator<Item = (String, Value)>>(&mut self, pairs: T) {
        self.values.extend(pairs);
    }
}

impl FromIterator<(String, Value)> for Attributes {
    fn from_iter<T: IntoIterator<Item = (String, Value)>>(pairs: T) -> Self {
        Self { values: pairs.into_iter().collect(), version: None }
    }
}

impl From<BTreeMap<String, Value>> for Attributes {
    fn from(mut values: BTreeMap<String, Value>) -> Self {
        let version = match values.remove(VERSION) {
            Some(Value::String(version)) => Some(version),
            _ => None,
        };
        Self { values, version }
    }
}

impl From<Attributes> for BTreeMap<String, Value> {
    fn from(attributes: Attributes) -> Self {
        let version = attributes.version.map(|version| (VERSION.to_owned(), version.into()));
        attributes.values.into_iter().chain(version).collect()
    }
}

impl<const N: usize> From<[(&str, Value); N]> for Attributes {
    fn from(pairs: [(&str, Value); N]) -> Self {
        Self::from_iter(pairs.map(|(name, value)| (name.to_owned(), value)))
    }
}
