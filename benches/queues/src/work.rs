//! What is to be done: the same for everybody who does it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) companies: usize,
    pub(crate) fields: usize,
}

impl Work {
    /// Names portals that nobody has opened yet.
    pub(crate) fn portals(self, block: usize) -> Vec<Portal> {
        let run = std::process::id();
        let portal = |number| Portal {
            company_id: format!("company-{number}"),
            token: format!("bench-{run}-{block}-{number}"),
            fields: self.fields,
        };
        (1..=self.companies).map(portal).collect()
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {}", self.companies, self.fields)
    }
}

/// A company with its portal.
#[derive(Clone, Debug)]
pub(crate) struct Portal {
    pub(crate) company_id: String,
    /// Opens it.
    pub(crate) token: String,
    pub(crate) fields: usize,
}

/// What happens to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Create,
    Change,
}

impl Kind {
    /// Returns the label that a field has afterwards.
    pub(crate) fn label(self, field: usize) -> String {
        match self {
            Self::Create => format!("Field {field}"),
            Self::Change => format!("Field {field}, changed"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Change => "change",
        })
    }
}

/// Returns the internal name of a field.
pub(crate) fn name(field: usize) -> String {
    format!("field_{field}")
}

/// Returns every field of every portal, portals in turn.
pub(crate) fn in_turn(portals: &[Portal]) -> impl Iterator<Item = (&Portal, usize)> {
    let most = portals.iter().map(|portal| portal.fields).max().unwrap_or_default();
    (1..=most).flat_map(move |field| {
        portals.iter().filter(move |p| field <= p.fields).map(move |portal| (portal, field))
    })
}
