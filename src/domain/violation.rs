//! Broken rules, each with the path of the field that breaks it.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field in the request, such as `field.options[3].value`.
    pub field: String,
    /// The rule, as the end of a sentence that begins with the field: `must not be empty`.
    pub rule: String,
}

impl Violation {
    /// Creates a violation.
    pub fn new(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { field: field.into(), rule: rule.into() }
    }

    /// Puts the name of the enclosing field in front of the path.
    #[must_use]
    pub fn within(mut self, parent: &str) -> Self {
        self.field = match self.field.is_empty() {
            true => parent.to_owned(),
            false => format!("{parent}.{}", self.field),
        };
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.rule)
    }
}

/// Collects violations, so that a caller hears of all of them at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Starts with none.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a broken rule.
    pub fn add(&mut self, field: impl Into<String>, rule: impl Into<String>) {
        self.0.push(Violation::new(field, rule));
    }

    /// Notes a broken rule unless `holds`.
    pub fn require(&mut self, holds: bool, field: impl Into<String>, rule: impl Into<String>) {
        if !holds {
            self.add(field, rule);
        }
    }

    /// Notes every item of a list that has something in common with an item before it.
    pub fn require_unique<K: Eq + Hash>(
        &mut self,
        list: &str,
        name: &str,
        keys: impl IntoIterator<Item = K>,
    ) {
        let mut seen = HashMap::new();
        for (index, key) in keys.into_iter().enumerate() {
            if let Some(before) = seen.insert(key, index) {
                let rule = format!("must differ from {list}[{before}].{name}");
                self.add(format!("{list}[{index}].{name}"), rule);
            }
        }
    }

    /// Takes the value of a check, or notes what it found.
    pub fn take<T>(&mut self, checked: Result<T, Violation>) -> Option<T> {
        checked.map_err(|violation| self.0.push(violation)).ok()
    }

    /// Takes the value of several checks, or notes what they found.
    pub fn take_all<T>(&mut self, checked: Result<T, Violations>) -> Option<T> {
        checked.map_err(|violations| self.0.extend(violations.0)).ok()
    }

    /// Puts the name of the enclosing field in front of every path.
    #[must_use]
    pub fn within(self, parent: &str) -> Self {
        Self(self.0.into_iter().map(|violation| violation.within(parent)).collect())
    }

    /// Calls the field at one path by another, under which the caller gave it.
    #[must_use]
    pub fn renamed(mut self, from: &str, to: &str) -> Self {
        for violation in self.0.iter_mut().filter(|violation| violation.field == from) {
            to.clone_into(&mut violation.field);
        }
        self
    }

    /// Returns `value` if no rule was broken.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Returns the violations.
    pub fn as_slice(&self) -> &[Violation] {
        &self.0
    }

    /// Tells whether no rule was broken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Violation> for Violations {
    fn from(violation: Violation) -> Self {
        Self(vec![violation])
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{violation}")?;
        }
        Ok(())
    }
}
