//! Follows one company's chain.

use gomark_sdk::v1 as pb;
use prost::Message as _;
use sha2::{Digest as _, Sha256};

use super::{Fault, FaultKind, Head};
use crate::domain::{CompanyId, Digest, Revision};
use crate::store::StoredEntry;

/// The encoding that this version knows.
const FORMAT: i32 = 1;
/// How many faults of a company are told one by one; further ones are counted.
const FAULTS_MAX: usize = 100;

/// What came of verifying a company's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The company.
    pub company_id: CompanyId,
    /// How many entries there are.
    pub entries: u64,
    /// The latest entry, with its hash as recomputed.
    pub head: Option<Head>,
    /// The first faults.
    pub faults: Vec<Fault>,
    /// How many faults there are.
    pub faults_total: u64,
}

impl Report {
    /// Tells whether nothing is wrong.
    pub fn is_intact(&self) -> bool {
        self.faults_total == 0
    }
}

/// Verifies the log of a company: all its rows, in their order, and where its chain should end.
pub fn verify(
    company_id: &CompanyId,
    rows: impl IntoIterator<Item = StoredEntry>,
    claimed_head: Option<&Head>,
) -> Report {
    let mut verifier = Verifier::new(company_id.clone(), Vec::new());
    for row in rows {
        verifier.push(&row);
    }
    verifier.finish(claimed_head)
}

/// Verifies the log of a company row by row.
#[derive(Clone, Debug)]
pub struct Verifier {
    report: Report,
    last: (Revision, Digest),
    witnesses: Vec<Head>,
}

impl Verifier {
    /// Begins before the first revision. `witnesses` are heads that the chain had at some time.
    pub fn new(company_id: CompanyId, witnesses: Vec<Head>) -> Self {
        let report =
            Report { company_id, entries: 0, head: None, faults: Vec::new(), faults_total: 0 };
        Self { report, last: (Revision::ZERO, [0; 32]), witnesses }
    }

    /// Returns the company.
    pub fn company_id(&self) -> &CompanyId {
        &self.report.company_id
    }

    /// Takes the next row.
    pub fn push(&mut self, row: &StoredEntry) {
        let at = row.revision;
        let hash: Digest = Sha256::digest(&row.record).into();
        self.report.entries += 1;
        if row.company_id != self.report.company_id {
            self.add(at, FaultKind::OtherCompany(row.company_id.to_string()));
        }
        if row.hash != hash {
            self.add(at, FaultKind::WrongHash);
        }
        let expected = self.last.0.get().checked_add(1).map(Revision::new);
        let in_sequence = expected == Some(at);
        if let Some(expected) = expected.filter(|_| !in_sequence) {
            self.add(at, FaultKind::OutOfSequence { expected });
        }
        self.check_record(row, in_sequence);
        self.check_witnesses(at, &hash);
        self.last = (at, hash);
    }

    /// Notes something that is no matter of a row.
    pub fn fault(&mut self, revision: Option<Revision>, kind: FaultKind) {
        self.report.faults_total += 1;
        if self.report.faults.len() < FAULTS_MAX {
            self.report.faults.push(Fault { revision, kind });
        }
    }

    /// Ends the log. Without a head its end is not checked: a cut tail does not show then.
    pub fn finish(mut self, claimed_head: Option<&Head>) -> Report {
        let (last, hash) = self.last;
        if let Some(head) = claimed_head {
            if head.revision <= Revision::ZERO {
                self.add(last, FaultKind::NoRevision);
            } else if last < head.revision {
                self.add(last, FaultKind::CutTail { head: head.revision });
            } else if last > head.revision {
                self.add(last, FaultKind::BeyondHead { head: head.revision });
            } else if head.hash != hash {
                self.add(last, FaultKind::WrongHeadHash);
            }
        }
        for witness in std::mem::take(&mut self.witnesses) {
            self.add(witness.revision, FaultKind::WitnessNotReached);
        }
        if self.report.entries > 0 {
            self.report.head = Some(Head { revision: last, hash: hash.to_vec() });
        }
        self.report
    }

    fn check_record(&mut self, row: &StoredEntry, in_sequence: bool) {
        let at = row.revision;
        let entry = match pb::AuditEntry::decode(row.record.as_slice()) {
            Ok(entry) => entry,
            Err(error) => return self.add(at, FaultKind::Unreadable(error.to_string())),
        };
        if entry.format != FORMAT {
            self.add(at, FaultKind::UnknownFormat(entry.format));
        }
        if entry.company_id != self.report.company_id.as_str() {
            self.add(at, FaultKind::OtherCompany(entry.company_id));
        }
        if entry.revision != at.get() {
            self.add(at, FaultKind::OtherRevision(Revision::new(entry.revision)));
        }
        if entry.prev_hash != row.prev_hash {
            self.add(at, FaultKind::WrongPrevHash);
        }
        // Out of sequence, the entry before is another one for a reason that was told already.
        if in_sequence && entry.prev_hash != self.last.1 {
            self.add(at, FaultKind::BrokenLink);
        }
    }

    fn check_witnesses(&mut self, at: Revision, hash: &Digest) {
        let (here, further) = std::mem::take(&mut self.witnesses)
            .into_iter()
            .partition::<Vec<_>, _>(|witness| witness.revision == at);
        self.witnesses = further;
        for _ in here.iter().filter(|witness| witness.hash != hash) {
            self.add(at, FaultKind::NotAsWitnessed);
        }
    }

    fn add(&mut self, revision: Revision, kind: FaultKind) {
        self.fault(Some(revision), kind);
    }
}
