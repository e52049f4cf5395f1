//! Exports: JSON lines, a header and then the entries of a company. Several may follow each other.

use std::io::{self, BufRead, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{FaultKind, Head, Report, Verifier, Witness};
use crate::domain::{CompanyId, Digest, Revision};
use crate::hex;
use crate::store::StoredEntry;

/// The version of the form.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    gomark_audit_export: u32,
    company_id: String,
    revision: i64,
    head_hash: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    revision: i64,
    record: String,
    prev_hash: String,
    hash: String,
}

/// Writes the line that an export of a company begins with.
///
/// # Errors
///
/// Fails as `out` does.
pub fn write_header(out: &mut impl Write, company_id: &CompanyId, head: &Head) -> io::Result<()> {
    let header = Header {
        gomark_audit_export: VERSION,
        company_id: company_id.to_string(),
        revision: head.revision.get(),
        head_hash: hex::encode(&head.hash),
    };
    write_line(out, &header)
}

/// Writes the line of an entry.
///
/// # Errors
///
/// Fails as `out` does.
pub fn write_entry(out: &mut impl Write, row: &StoredEntry) -> io::Result<()> {
    let line = Line {
        revision: row.revision.get(),
        record: STANDARD.encode(&row.record),
        prev_hash: hex::encode(&row.prev_hash),
        hash: hex::encode(&row.hash),
    };
    write_line(out, &line)
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// The part of an export that belongs to one company, while it is read.
#[derive(Debug)]
pub struct Section {
    head: Option<Head>,
    verifier: Verifier,
}

impl Section {
    fn begin(company_id: CompanyId, head: Option<Head>, witnesses: &[Witness]) -> Self {
        let own = witnesses.iter().filter(|witness| witness.company_id == company_id);
        let heads = own.map(|witness| witness.head.clone()).collect();
        Self { head, verifier: Verifier::new(company_id, heads) }
    }

    fn finish(self) -> Report {
        self.verifier.finish(self.head.as_ref())
    }
}

/// Reads an export and verifies what it holds.
///
/// # Errors
///
/// Fails as `input` does. What the export itself has wrong stands in the reports.
pub fn read(input: &mut impl BufRead, witnesses: &[Witness]) -> io::Result<Vec<Report>> {
    let mut reports = Vec::new();
    let mut section: Option<Section> = None;
    let mut bytes = Vec::new();
    let mut line = 0;
    loop {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        line += 1;
        if let Ok(header) = serde_json::from_slice::<Header>(&bytes) {
            reports.extend(section.take().map(Section::finish));
            section = Some(begin(header, line, witnesses));
            continue;
        }
        // Entries before any header belong to nobody.
        let section = section
            .get_or_insert_with(|| Section::begin(CompanyId::from_trusted("?"), None, witnesses));
        match parse_entry(&bytes, &section.verifier) {
            Ok(row) => section.verifier.push(&row),
            Err(error) => {
                section.verifier.fault(None, FaultKind::MalformedLine { line, error });
            }
        }
    }
    reports.extend(section.map(Section::finish));
    Ok(reports)
}

/// Reads a hash in the one spelling that is written.
fn digest(text: &str) -> Option<Digest> {
    hex::decode(text).filter(|digest| hex::encode(digest) == text)
}

fn begin(header: Header, line: usize, witnesses: &[Witness]) -> Section {
    let head_hash = digest(&header.head_hash);
    let head = head_hash
        .map(|hash| Head { revision: Revision::new(header.revision), hash: hash.to_vec() });
    let mut section = Section::begin(CompanyId::from_trusted(header.company_id), head, witnesses);
    let mut wrong = |error: &str| {
        let error = error.to_owned();
        section.verifier.fault(None, FaultKind::MalformedLine { line, error });
    };
    if header.gomark_audit_export != VERSION {
        wrong("the export has a version that is not known");
    }
    if head_hash.is_none() {
        wrong("head_hash is no hash");
    }
    section
}

fn parse_entry(bytes: &[u8], verifier: &Verifier) -> Result<StoredEntry, String> {
    let line: Line = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let hash = |name: &str, text: &str| -> Result<Vec<u8>, String> {
        let digest = digest(text).ok_or_else(|| format!("{name} is no hash"))?;
        Ok(digest.to_vec())
    };
    Ok(StoredEntry {
        company_id: verifier.company_id().clone(),
        revision: Revision::new(line.revision),
        record: STANDARD.decode(&line.record).map_err(|_| "record is no base64".to_owned())?,
        prev_hash: hash("prev_hash", &line.prev_hash)?,
        hash: hash("hash", &line.hash)?,
    })
}
