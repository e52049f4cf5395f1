//! What can be wrong with an audit log.

use std::fmt;

use crate::domain::Revision;

/// Something that is wrong with the log of a company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The revision at which it shows; `None` where it cannot be told.
    pub revision: Option<Revision>,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The record is no audit entry.
    Unreadable(String),
    /// The record has a format that this version does not know.
    UnknownFormat(i32),
    /// The record has another hash than the row says.
    WrongHash,
    /// The record names another hash before it than the row says.
    WrongPrevHash,
    /// The hash that the record names is not the one of the entry before.
    BrokenLink,
    /// The record, or the row, belongs to another company.
    OtherCompany(String),
    /// The record belongs to another revision than the row says.
    OtherRevision(Revision),
    /// Another revision should stand here: one is missing, doubled or moved.
    OutOfSequence {
        /// The revision that should.
        expected: Revision,
    },
    /// The log ends before the company's present revision.
    CutTail {
        /// The company's present revision.
        head: Revision,
    },
    /// The log goes on after the company's present revision.
    BeyondHead {
        /// The company's present revision.
        head: Revision,
    },
    /// The company is at no revision, which none ever is.
    NoRevision,
    /// The latest entry has another hash than the company's head.
    WrongHeadHash,
    /// There are entries, but no company that they belong to.
    NoCompany,
    /// The entry has another hash than the witness.
    NotAsWitnessed,
    /// The log does not reach the witness.
    WitnessNotReached,
    /// A line of an export cannot be read.
    MalformedLine {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        error: String,
    },
}

impl FaultKind {
    /// Returns a name for machines.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::UnknownFormat(_) => "unknown_format",
            Self::WrongHash => "wrong_hash",
            Self::WrongPrevHash => "wrong_prev_hash",
            Self::BrokenLink => "broken_link",
            Self::OtherCompany(_) => "other_company",
            Self::OtherRevision(_) => "other_revision",
            Self::OutOfSequence { .. } => "out_of_sequence",
            Self::CutTail { .. } => "cut_tail",
            Self::BeyondHead { .. } => "beyond_head",
            Self::NoRevision => "no_revision",
            Self::WrongHeadHash => "wrong_head_hash",
            Self::NoCompany => "no_company",
            Self::NotAsWitnessed => "not_as_witnessed",
            Self::WitnessNotReached => "witness_not_reached",
            Self::MalformedLine { .. } => "malformed_line",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "the record is no audit entry ({error})"),
            Self::UnknownFormat(format) => {
                write!(f, "the record has format {format}, which this version does not know")
            }
            Self::WrongHash => f.write_str("the record does not have the hash that its row gives"),
            Self::WrongPrevHash => {
                f.write_str("the record and its row name different hashes of the entry before")
            }
            Self::BrokenLink => {
                f.write_str("the record does not name the hash of the entry before it")
            }
            Self::OtherCompany(company) => {
                write!(f, "it belongs to another company: {company:?}")
            }
            Self::OtherRevision(revision) => {
                write!(f, "the record was made for revision {revision}")
            }
            Self::OutOfSequence { expected } => write!(
                f,
                "it stands where revision {expected} should: entries are missing, doubled or moved"
            ),
            Self::CutTail { head } => {
                write!(f, "the log ends here, but the company is at revision {head}")
            }
            Self::BeyondHead { head } => {
                write!(f, "the log ends here, but the company is only at revision {head}")
            }
            Self::NoRevision => f.write_str("the company is at no revision, which none ever is"),
            Self::WrongHeadHash => {
                f.write_str("the latest entry does not have the hash of the company's head")
            }
            Self::NoCompany => f.write_str("there are entries, but no such company"),
            Self::NotAsWitnessed => f.write_str("the entry does not have the hash of the witness"),
            Self::WitnessNotReached => f.write_str("the log does not reach the witness"),
            Self::MalformedLine { line, error } => {
                write!(f, "line {line} of the export cannot be read ({error})")
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.revision {
            Some(revision) => write!(f, "revision {revision}: {}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}
