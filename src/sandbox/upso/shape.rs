//! Reads JSON strictly: every attribute that is named must be there, no other one may be, and each
//! has exactly its type.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::refusal::Refusal;

/// Up to here every whole number can be told from its neighbours when it is written with a fraction.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// A value and its place in the body.
#[derive(Debug)]
pub(super) struct At<'a> {
    value: &'a Value,
    pub(super) path: String,
}

/// An object that has no other attributes than those it may have.
#[derive(Debug)]
pub(super) struct Object<'a> {
    members: &'a Map<String, Value>,
    path: String,
}

impl<'a> At<'a> {
    /// Starts at the whole body.
    pub(super) fn body(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    /// Reads an object with nothing but the named attributes.
    pub(super) fn object(self, names: &[&str]) -> Result<Object<'a>, Refusal> {
        let Value::Object(members) = self.value else {
            return Err(self.refused("must be an object"));
        };
        let object = Object { members, path: self.path };
        match members.keys().find(|name| !names.contains(&name.as_str())) {
            Some(name) => Err(Refusal::invalid(object.path_of(name), "is no known attribute")),
            None => Ok(object),
        }
    }

    /// Reads a list, item by item.
    pub(super) fn list<T>(
        self,
        item: impl Fn(At<'a>) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, Refusal> {
        let Value::Array(items) = self.value else { return Err(self.refused("must be a list")) };
        let at = |(index, value)| At { value, path: format!("{}[{index}]", self.path) };
        items.iter().enumerate().map(at).map(item).collect()
    }

    /// Reads what may be null.
    pub(super) fn nullable<T>(
        self,
        read: impl Fn(At<'a>) -> Result<T, Refusal>,
    ) -> Result<Option<T>, Refusal> {
        if self.value.is_null() { Ok(None) } else { read(self).map(Some) }
    }

    /// Reads a text.
    pub(super) fn text(self) -> Result<String, Refusal> {
        match self.value {
            Value::String(text) => Ok(text.clone()),
            _ => Err(self.refused("must be a text")),
        }
    }

    /// Reads a whole number. To JSON Schema it is one however it is written: `60`, `60.0`, `6e1`.
    pub(super) fn integer(self) -> Result<i64, Refusal> {
        let whole = |number: f64| {
            (number.fract() == 0.0 && number.abs() <= WHOLE_MAX).then_some(number as i64)
        };
        let number = self.value.as_i64().or_else(|| self.value.as_f64().and_then(whole));
        number.ok_or_else(|| self.refused("must be a whole number"))
    }

    /// Reads one of a few words.
    pub(super) fn word<T: DeserializeOwned>(self) -> Result<T, Refusal> {
        let word = self.value.as_str().map(|word| Value::String(word.to_owned()));
        word.and_then(|word| serde_json::from_value(word).ok())
            .ok_or_else(|| self.refused("must be one of the words that are known here"))
    }

    fn refused(&self, rule: &str) -> Refusal {
        Refusal::invalid(&self.path, rule)
    }
}

impl<'a> Object<'a> {
    /// Returns an attribute, which must be there.
    pub(super) fn get(&self, name: &str) -> Result<At<'a>, Refusal> {
        let path = self.path_of(name);
        match self.members.get(name) {
            Some(value) => Ok(At { value, path }),
            None => Err(Refusal::invalid(path, "is missing")),
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}
