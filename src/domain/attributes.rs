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
#[serde(transparent)]
pub struct Attributes(BTreeMap<String, Value>);

impl Attributes {
    /// Creates the form without attributes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an attribute.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Returns an attribute.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Returns the attributes in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Returns the names of the attributes.
    pub fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns those attributes of `self` that `other` lacks or holds with another value.
    #[must_use]
    pub fn differing_from(&self, other: &Self) -> Self {
        let differs = |(name, value): &(&String, &Value)| other.0.get(*name) != Some(*value);
        let pairs = self.0.iter().filter(differs);
        Self(pairs.map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}

impl<const N: usize> From<[(&str, Value); N]> for Attributes {
    fn from(pairs: [(&str, Value); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}
