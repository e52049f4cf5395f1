//! Revisions: the audit log, and all that goes with an entry.

use std::collections::HashMap;

use async_trait::async_trait;

use super::Head;
use crate::domain::decide::{ConnectionWrite, DriftWrites};
use crate::domain::{
    CompanyId, ConnectionId, Digest, JobEvent, Leaves, RequestId, ResourceId, Revision, Timestamp,
    VendorKind, Version,
};
use crate::store::progress::JobRow;
use crate::store::{AuditQuery, Error, StoredEntry};

/// All rows of a new revision, except what a connection means for jobs that there are.
#[derive(Clone, Debug)]
pub(in crate::store) struct NewRevision {
    /// The company after it. Its connections are not to be written.
    pub(in crate::store) head: Head,
    pub(in crate::store) action: &'static str,
    pub(in crate::store) request_id: Option<RequestId>,
    pub(in crate::store) fingerprint: Digest,
    pub(in crate::store) record: Vec<u8>,
    pub(in crate::store) prev_hash: Digest,
    pub(in crate::store) at: Timestamp,
    /// Each ends the version of the same id before it.
    pub(in crate::store) versions: Vec<Version>,
    pub(in crate::store) job: Option<NewJob>,
    pub(in crate::store) asked: Asked,
    /// What it means for changes of others. Not written with the others.
    pub(in crate::store) drift: DriftWrites,
    /// Who resolved items of the inbox by it, and why.
    pub(in crate::store) resolved_by: (String, String),
    pub(in crate::store) connection: Option<ConnectionWrite>,
    /// The connection that is no longer in use because of that one; its credential is forgotten.
    pub(in crate::store) replaced: Option<ConnectionId>,
}

/// What few requests ask for beside a decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Asked {
    /// Versions by which values may be lost.
    pub(in crate::store) allow_loss: Vec<(ResourceId, Revision)>,
    /// Tombstones that leave something at the vendor.
    pub(in crate::store) leaves: Vec<(Leaves, Revision, Vec<ResourceId>)>,
    /// Items of jobs whose default value is to be filled in.
    pub(in crate::store) fills: Vec<(Revision, ResourceId)>,
    /// Resources that get another name, with the one that vendors know them by, unless they know of
    /// an older one.
    pub(in crate::store) known_as: Vec<(ResourceId, String)>,
}

/// The rows of a new job; its parts are in the row.
#[derive(Clone, Debug)]
pub(in crate::store) struct NewJob {
    pub(in crate::store) row: JobRow,
    pub(in crate::store) items: Vec<(VendorKind, ResourceId)>,
    pub(in crate::store) event: JobEvent,
}

/// A new version, with the revision that it ends at.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct VersionSpan<'a> {
    pub(in crate::store) company_id: &'a CompanyId,
    pub(in crate::store) version: &'a Version,
    /// Where a later one of these revisions takes its place.
    pub(in crate::store) to_rev: Option<Revision>,
    /// Whether it ends the version that was the latest before these revisions.
    pub(in crate::store) is_first: bool,
}

/// Lists the versions of revisions that are written together.
pub(in crate::store) fn version_spans(revisions: &[NewRevision]) -> Vec<VersionSpan<'_>> {
    let mut spans: Vec<VersionSpan<'_>> = Vec::new();
    let mut latest = HashMap::new();
    for new in revisions {
        let company_id = &new.head.company.id;
        for version in &new.versions {
            let before = latest.insert((company_id, &version.id), spans.len());
            if let Some(before) = before.and_then(|place: usize| spans.get_mut(place)) {
                before.to_rev = Some(version.from_rev);
            }
            let is_first = before.is_none();
            spans.push(VersionSpan { company_id, version, to_rev: None, is_first });
        }
    }
    spans
}

/// Revisions.
#[async_trait]
pub(in crate::store) trait EntryRows {
    /// Writes new revisions, in their order.
    async fn write_revisions(&mut self, revisions: &[NewRevision]) -> Result<(), Error>;

    /// Writes what was asked for beside a decision.
    async fn write_asked(&mut self, company_id: &CompanyId, asked: &Asked) -> Result<(), Error>;

    /// Lists the revisions that a query asks for, in its order, with the size of their records:
    /// `limit` and one more.
    async fn entry_sizes(
        &mut self,
        company_id: &CompanyId,
        query: &AuditQuery,
    ) -> Result<Vec<(Revision, usize)>, Error>;

    /// Reads the audit entries from one revision to another, in this order.
    async fn entries(
        &mut self,
        company_id: &CompanyId,
        from: Revision,
        to: Revision,
    ) -> Result<Vec<StoredEntry>, Error>;
}
