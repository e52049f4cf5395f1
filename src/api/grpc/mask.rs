//! Update masks.

use std::collections::BTreeSet;

use prost_types::FieldMask;

use crate::domain::Violations;

/// Which attributes an update takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mask {
    /// Those that are set.
    Set,
    /// Those that are named, set or not.
    Named(BTreeSet<String>),
}

impl Mask {
    /// Reads a mask; only `allowed` paths may be in it.
    pub(super) fn read(mask: Option<&FieldMask>, allowed: &[&str], found: &mut Violations) -> Self {
        let Some(mask) = mask.filter(|mask| !mask.paths.is_empty()) else {
            return Self::Set;
        };
        for (index, path) in mask.paths.iter().enumerate() {
            let rule = || format!("must be one of {}", allowed.join(", "));
            let path_of_it = format!("update_mask.paths[{index}]");
            found.require(allowed.contains(&path.as_str()), path_of_it, rule());
        }
        Self::Named(mask.paths.iter().cloned().collect())
    }

    /// Tells whether the mask names a path.
    pub(super) fn names(&self, path: &str) -> bool {
        matches!(self, Self::Named(names) if names.contains(path))
    }

    /// Takes an attribute: `value` says what it is when it is set.
    pub(super) fn take<T: Default>(&self, name: &str, value: Option<T>) -> Option<T> {
        match self {
            Self::Set => value,
            Self::Named(names) => names.contains(name).then(|| value.unwrap_or_default()),
        }
    }

    /// Takes an attribute that cannot be cleared.
    pub(super) fn take_set<T>(
        &self,
        name: &str,
        path: &str,
        value: Option<T>,
        found: &mut Violations,
    ) -> Option<T> {
        if let Self::Named(names) = self {
            if !names.contains(name) {
                return None;
            }
            found.require(value.is_some(), path, "must be given, as the mask names it");
        }
        value
    }
}
