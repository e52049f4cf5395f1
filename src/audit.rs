//! Proves the audit log: recomputes the chain of each company from the records themselves.
//!
//! Nothing here trusts a stored hash or calls the code that wrote it; [`Verifier`] is pure and sees
//! rows from a database or an export alike.
//!
//! What it cannot see: whoever can write the whole database can replace a suffix of the log, make
//! all its hashes anew and change the company's head with them. Nothing inside tells such a chain
//! from the true one. Only a [`Head`] that was kept elsewhere does: given as a witness, no entry up
//! to it can have been changed. The same goes for a company that was removed as a whole.

mod database;
mod export;
mod fault;
mod source;
mod verify;

pub use export::{Section, read as read_export, write_entry, write_header};
pub use fault::{Fault, FaultKind};
pub use source::{Chosen, Error, Exported, Source, Witness};
pub use verify::{Report, Verifier, verify};

use crate::domain::Revision;

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The latest revision; 0 before the first.
    pub revision: Revision,
    /// The hash of its entry.
    pub hash: Vec<u8>,
}

#[cfg(test)]
mod tests;
