//! Reading what callers may see.

use super::rows::{Head, Rows};
use super::{
    Answer, AuditQuery, CompanyView, Doorbell, Error, Events, Page, StoredEntry, VendorWindow,
};
use crate::domain::{
    CompanyId, Config, Connection, ConnectionStatus, Field, Job, JobId, JobState, Refusal,
    Resource, ResourceId, ResourceKind, Revision, SealedConnection, Sync, VendorKind,
};

/// Reads a company.
pub(super) async fn company<R: Rows>(
    rows: &mut R,
    id: CompanyId,
) -> Result<Option<CompanyView>, Error> {
    Ok(head(rows, &id).await?.map(view))
}

/// Reads what is known of the limits of each connection in use.
pub(super) async fn windows<R: Rows>(
    rows: &mut R,
    id: CompanyId,
) -> Result<Vec<VendorWindow>, Error> {
    let Some(head) = head(rows, &id).await? else { return Ok(Vec::new()) };
    let mut windows = Vec::new();
    for connection in head.connections {
        if connection.status != ConnectionStatus::Connected {
            continue;
        }
        let at = Doorbell { company_id: id.clone(), connection_id: connection.id };
        windows.push(VendorWindow {
            vendor: connection.vendor,
            burst_per_10s: connection.burst_per_10s,
            reserve_percent: connection.reserve_percent,
            window: rows.lease(&at).await?.and_then(|lease| lease.window),
        });
    }
    Ok(windows)
}

/// Reads the connection in use to a vendor.
pub(super) async fn sealed_connection<R: Rows>(
    rows: &mut R,
    company_id: CompanyId,
    vendor: VendorKind,
) -> Result<Option<SealedConnection>, Error> {
    let Some(head) = head(rows, &company_id).await? else { return Ok(None) };
    let Some(connection_id) = head.in_use(vendor).cloned() else { return Ok(None) };
    rows.connection(&Doorbell { company_id, connection_id }).await
}

/// Lists companies.
pub(super) async fn companies<R: Rows>(
    rows: &mut R,
    only: Option<Vec<CompanyId>>,
    after: Option<CompanyId>,
    limit: usize,
) -> Result<Vec<CompanyView>, Error> {
    let ids = rows.company_ids(only.as_deref(), after.as_ref(), limit).await?;
    let mut views: Vec<_> = rows.heads(&ids).await?.into_iter().map(view).collect();
    views.sort_by(|one, other| one.company.id.cmp(&other.company.id));
    Ok(views)
}

/// Reads a configuration.
pub(super) async fn config<R: Rows>(
    rows: &mut R,
    id: CompanyId,
    revision: Option<Revision>,
) -> Answer<Config> {
    let Some(head) = head(rows, &id).await? else {
        return Ok(Err(Refusal::CompanyNotFound(id)));
    };
    let present = head.company.revision;
    let wanted = revision.unwrap_or(present);
    if wanted < Revision::new(1) || wanted > present {
        return Ok(Err(Refusal::RevisionNotFound { company_id: id, revision: wanted, present }));
    }
    let versions = rows.current(&id, revision.filter(|revision| *revision != present)).await?;
    let (mut fields, mut cadences, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    for resource in versions.into_iter().filter_map(|version| version.resource) {
        match resource {
            Resource::Field(field) => fields.push(field),
            Resource::Cadence(cadence) => cadences.push(cadence),
            Resource::Group(group) => groups.push(group),
        }
    }
    fields.sort_by(|one, other| one.name.cmp(&other.name));
    cadences.sort_by(|one, other| one.cadence_id.cmp(&other.cadence_id));
    groups.sort_by(|one, other| one.name.cmp(&other.name));
    let migrating = match wanted == present {
        true => migrating(rows, &head, &fields).await?,
        false => Vec::new(),
    };
    Ok(Ok(Config { company_id: id, revision: wanted, fields, cadences, groups, migrating }))
}

/// Reads which fields are on their way to the name that was decided.
async fn migrating<R: Rows>(
    rows: &mut R,
    head: &Head,
    fields: &[Field],
) -> Result<Vec<(ResourceId, String)>, Error> {
    let Some(connection_id) = head.in_use(ResourceKind::Field.vendor()) else {
        return Ok(Vec::new());
    };
    let at = Doorbell { company_id: head.company.id.clone(), connection_id: connection_id.clone() };
    let ids = rows.holding(&at).await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let syncs = rows.syncs(&at, &ids).await?;
    let from = |(id, sync): (ResourceId, Sync)| {
        let field = fields.iter().find(|field| field.id == id)?;
        Some((id, sync.migrating_from(&field.name)?.to_owned()))
    };
    Ok(syncs.into_iter().filter_map(from).collect())
}

/// Reads audit entries.
pub(super) async fn entries<R: Rows>(
    rows: &mut R,
    id: CompanyId,
    query: AuditQuery,
) -> Answer<Page<StoredEntry>> {
    if head(rows, &id).await?.is_none() {
        return Ok(Err(Refusal::CompanyNotFound(id)));
    }
    let sizes = rows.entry_sizes(&id, &query).await?;
    let mut bytes = 0_usize;
    let fits = |index: usize, size: usize| {
        bytes = bytes.saturating_add(size);
        index == 0 || (index < query.limit && bytes <= query.bytes_max)
    };
    let mut fits = fits;
    let count =
        sizes.iter().enumerate().take_while(|(index, (_, size))| fits(*index, *size)).count();
    let more = count < sizes.len();
    let page = sizes.get(..count).unwrap_or_default();
    let bounds = page.first().zip(page.last());
    let Some(((first, _), (last, _))) = bounds else {
        return Ok(Ok(Page { items: Vec::new(), more }));
    };
    let mut items = rows.entries(&id, *first.min(last), *first.max(last)).await?;
    if query.newest_first {
        items.reverse();
    }
    Ok(Ok(Page { items, more }))
}

/// Reads a job.
pub(super) async fn job<R: Rows>(
    rows: &mut R,
    company_id: &CompanyId,
    revision: Revision,
) -> Result<Option<Job>, Error> {
    let jobs = rows.jobs_at(company_id, &[revision]).await?;
    Ok(jobs.first().map(|job| job.to_job()))
}

/// Lists jobs.
pub(super) async fn jobs<R: Rows>(
    rows: &mut R,
    id: CompanyId,
    states: Vec<JobState>,
    before: Option<Revision>,
    limit: usize,
) -> Answer<Page<Job>> {
    if head(rows, &id).await?.is_none() {
        return Ok(Err(Refusal::CompanyNotFound(id)));
    }
    let found = rows.list_jobs(&id, &states, before, limit.saturating_add(1)).await?;
    let more = found.len() > limit;
    let items = found.iter().take(limit).map(|job| job.to_job()).collect();
    Ok(Ok(Page { items, more }))
}

/// Reads events of a job.
pub(super) async fn events<R: Rows>(
    rows: &mut R,
    id: JobId,
    after_seq: i64,
    limit: usize,
) -> Result<Option<Events>, Error> {
    let found = rows.events_after(&id, after_seq, limit).await?;
    Ok(found.map(|of| Events { events: of.events, state: of.state, last_seq: of.last_seq }))
}

/// Reads a company with its connections.
pub(super) async fn head<R: Rows>(rows: &mut R, id: &CompanyId) -> Result<Option<Head>, Error> {
    Ok(rows.heads(std::slice::from_ref(id)).await?.into_iter().next())
}

/// Leaves out the connections that another one has taken the place of.
fn view(head: Head) -> CompanyView {
    let in_use = |connection: &Connection| connection.status == ConnectionStatus::Connected;
    let all = head.connections;
    let connections = all
        .iter()
        .filter(|one| {
            let rival = |other: &Connection| other.vendor == one.vendor && in_use(other);
            in_use(one) || !all.iter().any(rival)
        })
        .cloned()
        .collect();
    CompanyView { company: head.company, connections }
}
