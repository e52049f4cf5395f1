//! Random logs of a few companies, and everything that somebody could do to them.

use gomark_sdk::v1 as pb;
use proptest::prelude::*;
use proptest::sample::Index;
use prost::Message as _;
use sha2::{Digest as _, Sha256};

use crate::audit::{Head, Report, Witness, read_export, verify, write_entry, write_header};
use crate::domain::{CompanyId, Revision};
use crate::store::StoredEntry;

/// One company with its log.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pub(super) company_id: CompanyId,
    pub(super) head: Head,
    pub(super) rows: Vec<StoredEntry>,
}

/// The logs of a few companies.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) companies: Vec<Log>,
}

/// Something that is done to the log of one company.
#[derive(Clone, Debug)]
pub(super) struct Tampering {
    company: Index,
    entry: Index,
    other: Index,
    deed: Deed,
}

#[derive(Clone, Debug)]
enum Deed {
    FlipInRecord(Index, u8),
    FlipInHash(Index, u8),
    FlipInPrevHash(Index, u8),
    FlipInHeadHash(Index, u8),
    ChangeRevision(i64),
    ChangeHeadRevision(i64),
    MoveToOtherCompany,
    CopyFromOtherCompany,
    Delete,
    DeleteAndRenumber,
    SwapContents,
    SwapPlaces,
    InsertCopy,
    InsertForgery,
    ReplaceByForgery,
    CutTail,
    Restamp,
}

impl Tampering {
    pub(super) fn any() -> impl Strategy<Value = Self> {
        let step = prop_oneof![-3..=-1_i64, 1..=3_i64];
        let deed = prop_oneof![
            (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Deed::FlipInRecord(at, bit)),
            (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Deed::FlipInHash(at, bit)),
            (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Deed::FlipInPrevHash(at, bit)),
            (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Deed::FlipInHeadHash(at, bit)),
            step.clone().prop_map(Deed::ChangeRevision),
            step.prop_map(Deed::ChangeHeadRevision),
            Just(Deed::MoveToOtherCompany),
            Just(Deed::CopyFromOtherCompany),
            Just(Deed::Delete),
            Just(Deed::DeleteAndRenumber),
            Just(Deed::SwapContents),
            Just(Deed::SwapPlaces),
            Just(Deed::InsertCopy),
            Just(Deed::InsertForgery),
            Just(Deed::ReplaceByForgery),
            Just(Deed::CutTail),
            Just(Deed::Restamp),
        ];
        (any::<Index>(), any::<Index>(), any::<Index>(), deed)
            .prop_map(|(company, entry, other, deed)| Self { company, entry, other, deed })
    }
}

impl World {
    pub(super) fn any() -> impl Strategy<Value = Self> {
        prop::collection::vec(1..=8_usize, 1..=3).prop_map(|lengths| Self::of(&lengths))
    }

    /// Makes one company for each length.
    pub(super) fn of(lengths: &[usize]) -> Self {
        let names = ["acme", "globex", "initech"];
        let companies = names.iter().zip(lengths).map(|(name, length)| Log::of(name, *length));
        Self { companies: companies.collect() }
    }

    pub(super) fn verify(&self) -> Vec<Report> {
        let logs = self.companies.iter();
        logs.map(|log| verify(&log.company_id, log.rows.clone(), Some(&log.head))).collect()
    }

    pub(super) fn export(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for log in &self.companies {
            write_header(&mut out, &log.company_id, &log.head).unwrap();
            log.rows.iter().for_each(|row| write_entry(&mut out, row).unwrap());
        }
        out
    }

    pub(super) fn witnesses(&self) -> Vec<Witness> {
        let witness =
            |log: &Log| Witness { company_id: log.company_id.clone(), head: log.head.clone() };
        self.companies.iter().map(witness).collect()
    }

    /// Makes the log of the first company anew from an entry on, and its head with it.
    pub(super) fn restamp_with_head(&mut self, from: Index) {
        let log = &mut self.companies[0];
        log.restamp(from.index(log.rows.len()));
        let last = log.rows.last().unwrap();
        log.head.hash = last.hash.clone();
    }

    /// Changes an entry of the first company, makes its hash anew and all that follows from it.
    pub(super) fn restamp_with(&mut self, at: usize, change: fn(&mut pb::AuditEntry)) {
        let log = &mut self.companies[0];
        let changed = &mut log.rows[at];
        let mut entry = pb::AuditEntry::decode(changed.record.as_slice()).unwrap();
        change(&mut entry);
        changed.record = entry.encode_to_vec();
        changed.hash = Sha256::digest(&changed.record).to_vec();
        changed.prev_hash = entry.prev_hash;
        log.restamp(at + 1);
        log.head.hash = log.rows.last().unwrap().hash.clone();
    }

    /// Does it; returns whether it could be done.
    pub(super) fn tamper(&mut self, tampering: &Tampering) -> bool {
        let company = tampering.company.index(self.companies.len());
        let neighbour = (company + 1) % self.companies.len();
        let foreign = self.companies[neighbour].rows.clone();
        let log = &mut self.companies[company];
        let at = tampering.entry.index(log.rows.len());
        let other = tampering.other.index(log.rows.len());
        match &tampering.deed {
            Deed::FlipInRecord(byte, bit) => flip(&mut log.rows[at].record, *byte, *bit),
            Deed::FlipInHash(byte, bit) => flip(&mut log.rows[at].hash, *byte, *bit),
            Deed::FlipInPrevHash(byte, bit) => flip(&mut log.rows[at].prev_hash, *byte, *bit),
            Deed::FlipInHeadHash(byte, bit) => flip(&mut log.head.hash, *byte, *bit),
            Deed::ChangeRevision(by) => {
                let row = &mut log.rows[at];
                row.revision = Revision::new(row.revision.get() + by);
                log.rows.sort_by_key(|row| row.revision);
            }
            Deed::ChangeHeadRevision(by) => {
                log.head.revision = Revision::new(log.head.revision.get() + by);
            }
            Deed::MoveToOtherCompany => {
                if neighbour == company {
                    return false;
                }
                let row = log.rows.remove(at);
                let log = &mut self.companies[neighbour];
                log.rows.push(StoredEntry { company_id: log.company_id.clone(), ..row });
                log.rows.sort_by_key(|row| row.revision);
            }
            Deed::CopyFromOtherCompany => {
                let Some(row) = foreign.get(at).filter(|_| neighbour != company) else {
                    return false;
                };
                log.rows[at] = StoredEntry { company_id: log.company_id.clone(), ..row.clone() };
            }
            Deed::Delete => drop(log.rows.remove(at)),
            Deed::DeleteAndRenumber => {
                log.rows.remove(at);
                log.renumber();
                log.head.revision = Revision::new(log.rows.len() as i64);
            }
            Deed::SwapContents => {
                if at == other {
                    return false;
                }
                log.rows.swap(at, other);
                log.renumber();
            }
            Deed::SwapPlaces => {
                if at == other {
                    return false;
                }
                log.rows.swap(at, other);
            }
            Deed::InsertCopy => {
                log.rows.insert(at, log.rows[other].clone());
                log.renumber();
                log.head.revision = log.head.revision.next();
            }
            Deed::InsertForgery => {
                let prev_hash = log.hash_before(at);
                log.rows.insert(at, row(&log.company_id, at as i64 + 1, &prev_hash, "mallory"));
                log.renumber();
                log.head.revision = log.head.revision.next();
            }
            Deed::ReplaceByForgery => {
                let prev_hash = log.hash_before(at);
                log.rows[at] = row(&log.company_id, at as i64 + 1, &prev_hash, "mallory");
            }
            Deed::CutTail => log.rows.truncate(at),
            Deed::Restamp => log.restamp(at),
        }
        true
    }
}

impl Log {
    fn of(name: &str, length: usize) -> Self {
        let company_id = CompanyId::parse(name).unwrap();
        let mut rows: Vec<StoredEntry> = Vec::new();
        for revision in 1..=length as i64 {
            let prev_hash = rows.last().map_or_else(|| vec![0; 32], |row| row.hash.clone());
            rows.push(row(&company_id, revision, &prev_hash, "ops"));
        }
        let hash = rows.last().unwrap().hash.clone();
        Self { company_id, head: Head { revision: Revision::new(length as i64), hash }, rows }
    }

    fn hash_before(&self, at: usize) -> Vec<u8> {
        at.checked_sub(1).map_or_else(|| vec![0; 32], |before| self.rows[before].hash.clone())
    }

    /// Gives the rows the numbers of their places.
    fn renumber(&mut self) {
        for (index, row) in self.rows.iter_mut().enumerate() {
            row.revision = Revision::new(index as i64 + 1);
        }
    }

    /// Changes an entry and makes it and all after it anew, each linked to the one before.
    fn restamp(&mut self, from: usize) {
        for at in from..self.rows.len() {
            let prev_hash = self.hash_before(at);
            self.rows[at] = row(&self.company_id, at as i64 + 1, &prev_hash, "mallory");
        }
    }
}

/// Makes an entry as the service would.
fn row(company_id: &CompanyId, revision: i64, prev_hash: &[u8], actor: &str) -> StoredEntry {
    let entry = pb::AuditEntry {
        format: 1,
        company_id: company_id.to_string(),
        revision,
        action: pb::AuditAction::AddField as i32,
        actor: actor.to_owned(),
        door: "grpc".to_owned(),
        reason: format!("because of {revision}"),
        at: Some(prost_types::Timestamp { seconds: revision, nanos: 0 }),
        prev_hash: prev_hash.to_vec(),
        ..Default::default()
    };
    let record = entry.encode_to_vec();
    StoredEntry {
        company_id: company_id.clone(),
        revision: Revision::new(revision),
        hash: Sha256::digest(&record).to_vec(),
        prev_hash: prev_hash.to_vec(),
        record,
    }
}

fn flip(bytes: &mut [u8], at: Index, bit: u8) {
    bytes[at.index(bytes.len())] ^= 1 << bit;
}

#[test]
fn an_export_is_read_back_row_by_row() {
    let world = World::of(&[3, 1]);
    let reports = read_export(&mut world.export().as_slice(), &[]).unwrap();
    let entries: Vec<_> = reports.iter().map(|r| (r.company_id.as_str(), r.entries)).collect();
    assert_eq!(entries, [("acme", 3), ("globex", 1)]);
    assert_eq!(reports[0].head.as_ref(), Some(&world.companies[0].head));
}
