//! Carrying out what was decided: what is to be done, what is about to be done, what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::progress::{Gated, ItemRow, JobRow, Ledger};
use super::rows::{LeaseRow, NamedQuery, Rows};
use super::{
    Begin, Doorbell, Error, Gate, LateCall, Lease, Outcome, Recorded, Work, leases, stored,
};
use crate::domain::plan::Holder;
use crate::domain::{
    ConnectionStatus, ResourceId, ResourceKind, Revision, SealedConnection, Sync, Timestamp,
    Tracked, Transition, VendorKind,
};

/// To how many open jobs a closed connection is told; those after them wait behind these anyway.
const GATED_JOBS_MAX: usize = 256;

/// Reads what is to be done at a connection.
pub(super) async fn work<R: Rows>(rows: &mut R, lease: Lease, limit: usize) -> Result<Work, Error> {
    let (row, now) = leases::check(rows, &lease).await?;
    let at = &lease.doorbell;
    let heads = rows.heads(std::slice::from_ref(&at.company_id)).await?;
    let revision = heads.first().map_or(Revision::ZERO, |head| head.company.revision);
    let connection = in_use(rows, at).await?;
    let mut resources = Vec::new();
    if let Some(vendor) = connection.as_ref().map(|sealed| sealed.connection.vendor) {
        for kind in ResourceKind::ALL.into_iter().filter(|kind| kind.vendor() == vendor) {
            resources.extend(rows.in_doubt(at, kind).await?);
            resources.extend(rows.unconfirmed(at, kind, now, limit).await?);
        }
    }
    let holders = holders(rows, at, &resources).await?;
    let gate = row.gate.and_then(|(until, problem)| {
        let wait_ms = u64::try_from(until.since(now).as_millis()).unwrap_or(u64::MAX);
        (until > now).then_some(Gate { wait_ms, problem })
    });
    let scan = rows.scan(at).await?;
    Ok(Work { connection, revision, resources, holders, gate, window: row.window, scan, now })
}

/// Reads which names are in the way, where something is to be created or to get another name.
async fn holders<R: Rows>(
    rows: &mut R,
    at: &Doorbell,
    resources: &[Tracked],
) -> Result<Vec<Holder>, Error> {
    let goes = |Tracked { version, sync, .. }: &Tracked| {
        let is_there = sync.applied.is_some() && sync.key_or(&version.name) == version.name;
        version.resource.is_some() && !is_there
    };
    if !resources.iter().any(goes) {
        return Ok(Vec::new());
    }
    let mut holders = named(rows, at, resources).await?;
    let ids = rows.holding(at).await?;
    if !ids.is_empty() {
        for kind in ResourceKind::ALL {
            let of = rows.latest(&at.company_id, kind, Some(&at.connection_id), Some(&ids)).await?;
            holders.extend(of.iter().map(|it| Holder::of(&it.version, &it.sync)));
        }
    }
    Ok(holders)
}

/// Reads who else has or had the names that resources are to get.
async fn named<R: Rows>(
    rows: &mut R,
    at: &Doorbell,
    resources: &[Tracked],
) -> Result<Vec<Holder>, Error> {
    let goes = resources.iter().filter(|Tracked { version, sync, .. }| {
        version.resource.is_some() && sync.key_or(&version.name) != version.name
    });
    let query = |tracked: &Tracked| {
        let company_id = at.company_id.clone();
        let (kind, name) = (tracked.version.kind, tracked.version.name.clone());
        (NamedQuery { company_id, kind, name }, Some(at.connection_id.clone()))
    };
    let wanted: Vec<_> = goes.map(query).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let found = rows.named(&wanted).await?.into_iter();
    let holder = |(_, tracked): (_, Tracked)| {
        Holder::of(&tracked.version, &tracked.sync)
            .with_name(&tracked.version.name, tracked.sync.confirmed_at)
    };
    Ok(found.map(holder).collect())
}

/// Puts a renewed credential in the place of the one in use.
pub(super) async fn reseal<R: Rows>(
    rows: &mut R,
    lease: Lease,
    credential_id: String,
    sealed: Vec<u8>,
) -> Result<(), Error> {
    leases::check_locked(rows, &lease).await?;
    let at = &lease.doorbell;
    in_use(rows, at)
        .await?
        .filter(|held| held.connection.credential_id == credential_id)
        .ok_or(Error::Disconnected)?;
    rows.write_sealed(at, &sealed).await
}

/// Notes that calls are about to be made.
pub(super) async fn begin<R: Rows>(
    rows: &mut R,
    lease: Lease,
    credential_id: String,
    begins: Vec<Begin>,
    settles_after: Duration,
    window: Option<String>,
) -> Result<Recorded, Error> {
    let (row, now) = leases::check_locked(rows, &lease).await?;
    let at = &lease.doorbell;
    let sealed = in_use(rows, at).await?;
    let connection = sealed
        .map(|sealed| sealed.connection)
        .filter(|connection| connection.credential_id == credential_id)
        .ok_or(Error::Disconnected)?;
    let ids = distinct(begins.iter().map(|begin| &begin.resource_id));
    let mut syncs = syncs(rows, at, &ids).await?;
    for begin in &begins {
        let sync = syncs.entry(begin.resource_id.clone()).or_default();
        // Cancelled since the plan was made. Where it is a later version that is parked, the one
        // that was planned is not wanted either.
        if sync.parked.as_ref().is_some_and(|parked| parked.revision >= begin.desired_rev) {
            return Err(Error::Outdated);
        }
        // A late call of an earlier holder: what was planned without it may be wrong.
        if sync.in_doubt != begin.planned_in_doubt {
            return Err(Error::Outdated);
        }
        sync.begin(begin.effect.clone(), &begin.name, now.plus(settles_after));
    }
    rows.write_syncs(at, &syncs.into_iter().collect::<Vec<_>>()).await?;
    if window.is_some() && window != row.window {
        rows.write_lease(at, &LeaseRow { window, ..row }).await?;
    }
    let mut ledger = ledger(rows, at, connection.vendor, now, &ids, Vec::new()).await?;
    for begin in &begins {
        ledger.began(&begin.resource_id, &begin.message);
    }
    close(rows, at, ledger).await
}

/// Notes what came of operations.
pub(super) async fn record<R: Rows>(
    rows: &mut R,
    lease: Lease,
    outcomes: Vec<Outcome>,
    gate: Option<Gate>,
) -> Result<Recorded, Error> {
    let (row, now) = leases::check_locked(rows, &lease).await?;
    let at = &lease.doorbell;
    let ids = distinct(outcomes.iter().map(|outcome| &outcome.resource_id));
    let mut syncs = syncs(rows, at, &ids).await?;
    for outcome in &outcomes {
        let Outcome { resource_id, desired_rev, seen_rev, transition, .. } = outcome;
        let sync = syncs.entry(resource_id.clone()).or_default();
        sync.apply(transition, *desired_rev, *seen_rev, now);
    }
    rows.write_syncs(at, &syncs.into_iter().collect::<Vec<_>>()).await?;
    let gated = gate.map(|gate| {
        let until = now.plus(Duration::from_millis(gate.wait_ms));
        // A gate that is to stay closed for longer is not opened early, and jobs are told so.
        match row.gate.clone().filter(|(longer, _)| *longer >= until) {
            Some((until, problem)) => Gated { until, problem },
            None => Gated { until, problem: gate.problem },
        }
    });
    if let Some(Gated { until, problem }) = gated.clone() {
        rows.write_lease(at, &LeaseRow { gate: Some((until, problem)), ..row }).await?;
    }
    // What an account holds that is no longer in use means nothing for jobs: they are carried out
    // at the one that comes into use.
    let Some(sealed) = in_use(rows, at).await? else { return Ok(Recorded::default()) };
    let vendor = sealed.connection.vendor;
    let waiting = match &gated {
        Some(_) => rows.open_jobs(&at.company_id, vendor, GATED_JOBS_MAX).await?,
        None => Vec::new(),
    };
    let mut ledger = ledger(rows, at, vendor, now, &ids, waiting).await?;
    for outcome in &outcomes {
        let next = match outcome.transition {
            Transition::Park { .. } => {
                let id = &outcome.resource_id;
                rows.next_version(&at.company_id, id, outcome.desired_rev).await?
            }
            _ => None,
        };
        ledger.recorded(outcome, next);
    }
    if let Some(gated) = &gated {
        ledger.gated(gated);
    }
    close(rows, at, ledger).await
}

/// Notes calls that ended after their lease was lost.
pub(super) async fn suspect<R: Rows>(
    rows: &mut R,
    at: Doorbell,
    calls: Vec<LateCall>,
) -> Result<Vec<LateCall>, Error> {
    rows.lock(std::slice::from_ref(&at.company_id)).await?;
    let now = rows.now().await?;
    let ids = distinct(calls.iter().map(|call| &call.resource_id));
    let mut syncs = syncs(rows, &at, &ids).await?;
    let mut not_yet = Vec::new();
    for call in calls {
        let sync = syncs.entry(call.resource_id.clone()).or_default();
        if sync.in_doubt.is_some() {
            not_yet.push(call);
        } else {
            // It has ended, so nothing has to be waited for.
            sync.begin(call.effect, &call.name, now);
        }
    }
    rows.write_syncs(&at, &syncs.into_iter().collect::<Vec<_>>()).await?;
    Ok(not_yet)
}

/// Opens the ledger for all jobs that wait for these resources, and these jobs beside.
async fn ledger<R: Rows>(
    rows: &mut R,
    at: &Doorbell,
    vendor: VendorKind,
    now: Timestamp,
    ids: &[ResourceId],
    beside: Vec<JobRow>,
) -> Result<Ledger, Error> {
    let items = rows.unsettled_items(&at.company_id, vendor, ids).await?;
    let mut jobs = jobs_of_items(rows, at, &items).await?;
    jobs.extend(beside);
    Ok(Ledger::new(vendor, now, jobs, items))
}

async fn jobs_of_items<R: Rows>(
    rows: &mut R,
    at: &Doorbell,
    items: &[ItemRow],
) -> Result<Vec<JobRow>, Error> {
    let revisions: BTreeSet<_> = items.iter().map(|item| item.revision).collect();
    if revisions.is_empty() {
        return Ok(Vec::new());
    }
    rows.jobs_at(&at.company_id, &revisions.into_iter().collect::<Vec<_>>()).await
}

async fn close<R: Rows>(rows: &mut R, at: &Doorbell, ledger: Ledger) -> Result<Recorded, Error> {
    let progress = ledger.close();
    rows.write_progress(&at.company_id, &progress).await?;
    if !progress.work.is_empty() {
        let text = |(revision, vendor, work): &(_, _, _)| {
            Ok::<_, Error>((*revision, *vendor, stored::write(work)?))
        };
        let work = progress.work.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        rows.write_work(&at.company_id, &work).await?;
    }
    Ok(Recorded { job: None, events: progress.told(), ring: Vec::new() })
}

async fn in_use<R: Rows>(rows: &mut R, at: &Doorbell) -> Result<Option<SealedConnection>, Error> {
    let sealed = rows.connection(at).await?;
    Ok(sealed.filter(|sealed| sealed.connection.status == ConnectionStatus::Connected))
}

async fn syncs<R: Rows>(
    rows: &mut R,
    at: &Doorbell,
    ids: &[ResourceId],
) -> Result<BTreeMap<ResourceId, Sync>, Error> {
    Ok(rows.syncs(at, ids).await?.into_iter().collect())
}

fn distinct<'a>(ids: impl Iterator<Item = &'a ResourceId>) -> Vec<ResourceId> {
    ids.collect::<BTreeSet<_>>().into_iter().cloned().collect()
}
