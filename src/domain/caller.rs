//! Who asks, and what they may see.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Instant;

use super::CompanyId;

/// Who makes a call, through which door, for which companies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name that stands in the audit log.
    pub actor: String,
    /// The way the call came in.
    pub door: Door,
    /// The companies that exist for this caller.
    pub scope: Scope,
    /// When the caller stops waiting, where that is known: what has not begun by then is not done.
    pub deadline: Option<Instant>,
}

/// A way into GoMark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The gRPC API.
    Grpc,
    /// The HTTP calls.
    Http,
}

impl Door {
    /// Returns the name that stands in the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http => "http",
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The companies that exist for a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them, and those to come.
    All,
    /// Only these.
    Only(BTreeSet<CompanyId>),
}

impl Scope {
    /// Tells whether a company exists for the caller.
    pub fn contains(&self, company_id: &CompanyId) -> bool {
        match self {
            Self::All => true,
            Self::Only(companies) => companies.contains(company_id),
        }
    }
}
