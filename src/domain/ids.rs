//! Identities, each a type of its own.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

use super::Violation;

/// The longest identity that callers choose, in characters.
const SLUG_LENGTH_MAX: usize = 63;
const SLUG_RULE: &str = "must match ^[a-z0-9][a-z0-9_-]{0,62}$";

/// Implements what all text identities share.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Returns the identity as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Takes an identity that GoMark itself wrote, without checking it again.
            pub fn from_trusted(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Ok(Self::from_trusted(String::deserialize(from)?))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// Identifies a company: `^[a-z0-9][a-z0-9_-]{0,62}$`.
    CompanyId
);
text_id!(
    /// Identifies a resource within its company, over all its revisions: `field-7`.
    ResourceId
);
text_id!(
    /// Identifies a connection within its company: `connection-2`.
    ConnectionId
);
text_id!(
    /// Identifies a cadence for its callers, within its company: `^[a-z0-9][a-z0-9_-]{0,62}$`.
    /// It never changes.
    CadenceId
);
text_id!(
    /// Identifies a step within its cadence, wherever it stands: `^[a-z0-9][a-z0-9_-]{0,62}$`.
    StepId
);
text_id!(
    /// A caller's name for a request, up to 128 characters; unique per company.
    RequestId
);

impl CompanyId {
    /// The longest company id, in characters.
    pub const LENGTH_MAX: usize = SLUG_LENGTH_MAX;

    /// Checks a company id that a caller sent.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        match is_slug(text) {
            true => Ok(Self(text.into())),
            false => Err(Violation::new("company_id", SLUG_RULE)),
        }
    }
}

impl CadenceId {
    /// The longest cadence id, in characters.
    pub const LENGTH_MAX: usize = SLUG_LENGTH_MAX;

    /// Checks a cadence id that a caller sent.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        match is_slug(text) {
            true => Ok(Self(text.into())),
            false => Err(Violation::new("cadence_id", SLUG_RULE)),
        }
    }
}

impl StepId {
    /// Checks a step id that a caller sent.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        match is_slug(text) {
            true => Ok(Self(text.into())),
            false => Err(Violation::new("step_id", SLUG_RULE)),
        }
    }
}

/// Tells whether a text may be an identity that callers choose.
fn is_slug(text: &str) -> bool {
    let mut characters = text.bytes();
    let begins_right =
        characters.next().is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let goes_on_right =
        characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_' || c == b'-');
    begins_right && goes_on_right && text.len() <= SLUG_LENGTH_MAX
}

impl RequestId {
    /// The longest request id, in characters.
    pub const LENGTH_MAX: usize = 128;

    /// Checks a request id that a caller sent; empty means none.
    pub fn parse(text: &str) -> Result<Option<Self>, Violation> {
        if text.is_empty() {
            return Ok(None);
        }
        if text.chars().count() > Self::LENGTH_MAX {
            return Err(Violation::new("request_id", "must be at most 128 characters long"));
        }
        if text.chars().any(char::is_control) {
            return Err(Violation::new("request_id", "must not contain control characters"));
        }
        Ok(Some(Self(text.into())))
    }
}

/// The number of a decision of a company: 1, 2, 3 …; 0 stands for "none yet".
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Revision(i64);

impl Revision {
    /// Before the first revision.
    pub const ZERO: Self = Self(0);

    /// Creates a revision from its number.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Returns the revision after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifies a job: the company and the revision that it carries out.
///
/// Written `acme.42`; a company id has no dot, so this can be read back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId {
    /// The company.
    pub company_id: CompanyId,
    /// The revision that is carried out.
    pub revision: Revision,
}

impl JobId {
    /// Reads a job id that a caller sent; `None` when GoMark never gave such a one.
    pub fn parse(text: &str) -> Option<Self> {
        let (company, revision) = text.split_once('.')?;
        let company_id = CompanyId::parse(company).ok()?;
        let number = revision.parse::<i64>().ok().filter(|number| *number > 0)?;
        // `+7` and `007` parse as numbers too, and are no ids of ours.
        (number.to_string() == revision)
            .then_some(Self { company_id, revision: Revision::new(number) })
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.company_id, self.revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn company_ids_follow_their_pattern() {
        for good in ["a", "0", "acme", "acme-2_x", &"a".repeat(63)] {
            assert!(CompanyId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "_a", "Acme", "a.b", "a b", "ä", &"a".repeat(64)] {
            assert!(CompanyId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_job_id_is_read_back_as_it_was_written() {
        let id =
            JobId { company_id: CompanyId::parse("a-1").unwrap(), revision: Revision::new(42) };
        assert_eq!(JobId::parse(&id.to_string()), Some(id));
        for bad in ["", "a", "a.", "a.0", "a.-1", "a.+1", "a.01", "a.1.2", "A.1", ".1"] {
            assert_eq!(JobId::parse(bad), None, "{bad}");
        }
    }
}
