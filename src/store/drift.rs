//! What others change at vendors: what a scan is judged by, and what came of it.

use std::collections::HashMap;
use std::time::Duration;

use super::rows::{Head, ItemQuery, NewRevision, Rows};
use super::{
    Answer, Doorbell, DriftQuery, DriftWork, Error, JudgedBy, Lease, Page, Resolving, Revert, Scan,
    ScanView, Scanned, leases,
};
use crate::domain::decide::PolicyWrite;
use crate::domain::drift::{DriftItem, DriftState, Policies};
use crate::domain::{
    CompanyId, ConnectionStatus, Refusal, ResourceKind, Revision, Timestamp, Transition, VendorKind,
};

/// For how long what was set right is judged along with what stands: a fight ends after that.
const LATELY: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads all that a scan of a connection is judged by.
pub(super) async fn work<R: Rows>(rows: &mut R, lease: Lease) -> Result<DriftWork, Error> {
    let (_, now) = leases::check(rows, &lease).await?;
    let at = &lease.doorbell;
    let head = head(rows, &at.company_id).await?;
    let revision = head.as_ref().map_or(Revision::ZERO, |head| head.company.revision);
    let of = head.iter().flat_map(|head| &head.connections);
    let vendor = of.filter(|it| it.id == at.connection_id).map(|it| it.vendor).next();
    let mut tracked = Vec::new();
    for kind in ResourceKind::ALL.into_iter().filter(|kind| Some(kind.vendor()) == vendor) {
        tracked.extend(rows.latest(&at.company_id, kind, Some(&at.connection_id), None).await?);
    }
    let since = Timestamp::from_micros(
        now.as_micros().saturating_sub(i64::try_from(LATELY.as_micros()).unwrap_or(i64::MAX)),
    );
    Ok(DriftWork {
        revision,
        tracked,
        items: rows.live_items(at, since).await?,
        last_seq: rows.item_heads(&at.company_id).await?.0,
        policies: rows.policies(&at.company_id).await?,
        before: rows.observation(at).await?,
        now,
    })
}

/// Notes what came of a scan.
pub(super) async fn scanned<R: Rows>(
    rows: &mut R,
    lease: Lease,
    scanned: Scanned,
) -> Result<Vec<DriftItem>, Error> {
    leases::check_locked(rows, &lease).await?;
    let now = rows.now().await?;
    let at = &lease.doorbell;
    let head = head(rows, &at.company_id).await?;
    let revision = head.map_or(Revision::ZERO, |head| head.company.revision);
    if !holds(rows, at, &scanned.judged, revision).await? {
        return Err(Error::Outdated);
    }
    let ids: Vec<_> = scanned.transitions.iter().map(|(id, _)| id.clone()).collect();
    let mut syncs = rows.syncs(at, &ids).await?;
    for (id, sync) in &mut syncs {
        let transitions = scanned.transitions.iter().filter(|(of, _)| of == id);
        for (_, transition) in transitions {
            if sync.in_doubt.is_some() {
                return Err(Error::Outdated);
            }
            sync.apply(transition, revision, revision, now);
        }
    }
    rows.write_syncs(at, &syncs).await?;
    let items = number(rows, &at.company_id, scanned.items).await?;
    rows.write_items(at, &items).await?;
    if let Some(body) = &scanned.observation {
        rows.write_observation(at, body).await?;
    }
    // Somebody may have asked for another one since it began.
    let asked = rows.scan(at).await?.is_some_and(|scan| scan.asked && scan.next_at > scanned.began);
    let next_at = if asked { now } else { scanned.scan.next_at };
    let asked = asked || scanned.scan.asked;
    rows.write_scan(at, &Scan { asked, next_at, ..scanned.scan }).await?;
    Ok(items)
}

/// Tells whether what a scan was judged by is decided now.
async fn holds<R: Rows>(
    rows: &mut R,
    at: &Doorbell,
    judged: &JudgedBy,
    revision: Revision,
) -> Result<bool, Error> {
    let (versions, policies) = match judged {
        JudgedBy::Nothing => return Ok(true),
        JudgedBy::TheOneBefore(began, settled_rev) => {
            return Ok(*settled_rev == revision && !rows.written_since(at, *began).await?);
        }
        JudgedBy::These(versions, policies, last_seq) => {
            if rows.item_heads(&at.company_id).await?.0 != *last_seq {
                return Ok(false);
            }
            (versions, policies)
        }
    };
    if rows.policies(&at.company_id).await? != *policies {
        return Ok(false);
    }
    let ids: Vec<_> = versions.iter().map(|(id, _)| id.clone()).collect();
    if ids.is_empty() {
        return Ok(true);
    }
    let mut now = HashMap::new();
    for kind in ResourceKind::ALL {
        let latest = rows.latest(&at.company_id, kind, Some(&at.connection_id), Some(&ids)).await?;
        now.extend(latest.into_iter().map(|it| (it.version.id, it.version.from_rev)));
    }
    Ok(versions.iter().all(|(id, from_rev)| now.get(id) == Some(from_rev)))
}

/// Writes what a revision means for changes of others.
pub(super) async fn decided<R: Rows>(rows: &mut R, new: &NewRevision) -> Result<(), Error> {
    let company_id = &new.head.company.id;
    for policy in &new.drift.policies {
        match policy {
            PolicyWrite::Put(policy) => rows.write_policy(company_id, policy).await?,
            PolicyWrite::Remove(target) => rows.remove_policy(company_id, target).await?,
            PolicyWrite::Pause(pause) => rows.write_pause(company_id, pause.as_ref()).await?,
        }
    }
    if !new.drift.imported.is_empty() {
        rows.write_imported(company_id, &new.drift.imported).await?;
    }
    if let Some((connection_id, syncs)) = &new.drift.syncs {
        let (company_id, connection_id) = (company_id.clone(), connection_id.clone());
        rows.write_syncs(&Doorbell { company_id, connection_id }, syncs).await?;
    }
    let ids: Vec<_> = new.drift.resolved.iter().map(|(id, _)| *id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let states: HashMap<_, _> = new.drift.resolved.iter().copied().collect();
    for (at, item) in rows.items_by_id(company_id, &ids).await? {
        let Some(state) = states.get(&item.id).copied() else { continue };
        if !item.state.is_standing() {
            continue;
        }
        let (resolved_by, reason) = new.resolved_by.clone();
        let item = DriftItem { state, resolved_by, reason, ..item };
        let items = number(rows, company_id, vec![item]).await?;
        rows.write_items(&at, &items).await?;
    }
    Ok(())
}

/// Notes that what others changed at a connection that is no longer in use stands no more.
pub(super) async fn disconnected<R: Rows>(rows: &mut R, at: &Doorbell) -> Result<(), Error> {
    let live = rows.live_items(at, Timestamp::from_micros(i64::MAX)).await?;
    let cleared = live.into_iter().filter(|item| item.state.is_standing());
    let cleared = cleared.map(|item| DriftItem { state: DriftState::Cleared, ..item }).collect();
    let items = number(rows, &at.company_id, cleared).await?;
    rows.write_items(at, &items).await
}

/// Gives items their numbers.
async fn number<R: Rows>(
    rows: &mut R,
    company_id: &CompanyId,
    items: Vec<DriftItem>,
) -> Result<Vec<DriftItem>, Error> {
    if items.is_empty() {
        return Ok(items);
    }
    let (mut seq, mut last_id) = rows.item_heads(company_id).await?;
    let mut numbered = items;
    for item in &mut numbered {
        seq += 1;
        item.seq = seq;
        if item.id == 0 {
            last_id += 1;
            item.id = last_id;
        }
    }
    Ok(numbered)
}

/// Asks for a scan of the connections of a company.
pub(super) async fn ask<R: Rows>(
    rows: &mut R,
    company_id: CompanyId,
    vendor: Option<VendorKind>,
) -> Answer<Vec<ScanView>> {
    rows.lock(std::slice::from_ref(&company_id)).await?;
    let now = rows.now().await?;
    let Some(head) = head(rows, &company_id).await? else {
        return Ok(Err(Refusal::CompanyNotFound(company_id)));
    };
    let mut views = Vec::new();
    for (at, vendor) in in_use(&head, vendor) {
        let before = rows.scan(&at).await?.unwrap_or_default();
        // A scan that nobody began yet is as good as one that is asked for now.
        let is_coming = before.asked && before.next_at <= now && !is_held(rows, &at, now).await?;
        let scan = match is_coming {
            true => before,
            false => Scan { next_at: now, asked: true, ..before },
        };
        if !is_coming {
            rows.write_scan(&at, &scan).await?;
        }
        views.push(ScanView { at, vendor, scan });
    }
    Ok(match vendor.filter(|_| views.is_empty()) {
        Some(vendor) => Err(Refusal::NotConnected { company_id, vendor }),
        None => Ok(views),
    })
}

/// Tells whether somebody may be scanning a connection.
async fn is_held<R: Rows>(rows: &mut R, at: &Doorbell, now: Timestamp) -> Result<bool, Error> {
    Ok(rows.lease(at).await?.is_some_and(|lease| lease.is_held(now)))
}

/// Reads how the scans of a company's connections went.
pub(super) async fn scans<R: Rows>(rows: &mut R, company_id: CompanyId) -> Answer<Vec<ScanView>> {
    let Some(head) = head(rows, &company_id).await? else {
        return Ok(Err(Refusal::CompanyNotFound(company_id)));
    };
    let mut views = Vec::new();
    for (at, vendor) in in_use(&head, None) {
        let scan = rows.scan(&at).await?.unwrap_or_default();
        views.push(ScanView { at, vendor, scan });
    }
    Ok(Ok(views))
}

/// Reads what is needed to resolve items, and to import.
pub(super) async fn resolving<R: Rows>(
    rows: &mut R,
    company_id: CompanyId,
    ids: Vec<i64>,
) -> Answer<Resolving> {
    let Some(head) = head(rows, &company_id).await? else {
        return Ok(Err(Refusal::CompanyNotFound(company_id)));
    };
    let found = match found(rows, &company_id, &ids).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let connections: Vec<_> = in_use(&head, None).map(|(at, _)| at).collect();
    if let Some((_, item)) = found.iter().find(|(at, _)| !connections.contains(at)) {
        let rule = "is of a connection that is no longer in use";
        return Ok(Err(Refusal::DriftState { id: item.id, state: item.state, rule }));
    }
    let items = found.into_iter().map(|(_, item)| item).collect();
    let mut tracked = Vec::new();
    for kind in ResourceKind::ALL {
        let connection_id = head.in_use(kind.vendor());
        tracked.extend(rows.latest(&company_id, kind, connection_id, None).await?);
    }
    let mut observed = Vec::new();
    for (at, vendor) in in_use(&head, None) {
        let scan = rows.scan(&at).await?.unwrap_or_default();
        let body = rows.observation(&at).await?;
        observed.push((ScanView { at, vendor, scan }, body));
    }
    Ok(Ok(Resolving { items, tracked, observed }))
}

/// Reads items that have to be there.
async fn found<R: Rows>(
    rows: &mut R,
    company_id: &CompanyId,
    ids: &[i64],
) -> Answer<Vec<(Doorbell, DriftItem)>> {
    let found = rows.items_by_id(company_id, ids).await?;
    let is_found = |id: &&i64| found.iter().any(|(_, item)| item.id == **id);
    Ok(match ids.iter().find(|id| !is_found(id)) {
        Some(id) => Err(Refusal::DriftNotFound { company_id: company_id.clone(), id: *id }),
        None => Ok(found),
    })
}

/// Reads the inbox.
pub(super) async fn items<R: Rows>(
    rows: &mut R,
    company_id: CompanyId,
    query: DriftQuery,
) -> Answer<Page<DriftItem>> {
    if head(rows, &company_id).await?.is_none() {
        return Ok(Err(Refusal::CompanyNotFound(company_id)));
    }
    let asked = ItemQuery {
        states: query.states,
        after_seq: query.after_seq,
        before_seq: query.before_seq,
    };
    let mut found = rows.items(&company_id, &asked, query.limit.saturating_add(1)).await?;
    let more = found.len() > query.limit;
    found.truncate(query.limit);
    let items = found.into_iter().map(|(_, item)| item).collect();
    Ok(Ok(Page { items, more }))
}

/// Reads the policies of a company.
pub(super) async fn policies<R: Rows>(rows: &mut R, company_id: CompanyId) -> Answer<Policies> {
    if head(rows, &company_id).await?.is_none() {
        return Ok(Err(Refusal::CompanyNotFound(company_id)));
    }
    Ok(Ok(rows.policies(&company_id).await?))
}

/// Sets right what is left as it is, because somebody asked for it.
pub(super) async fn revert<R: Rows>(
    rows: &mut R,
    revert: Revert,
) -> Answer<(Vec<DriftItem>, Vec<Doorbell>)> {
    let Revert { company_id, ids, actor, reason } = revert;
    rows.lock(std::slice::from_ref(&company_id)).await?;
    let now = rows.now().await?;
    let found = match found(rows, &company_id, &ids).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let head = head(rows, &company_id).await?;
    let connections: Vec<_> =
        head.iter().flat_map(|head| in_use(head, None)).map(|(at, _)| at).collect();
    let mut ring = Vec::new();
    let mut all = Vec::new();
    for (at, item) in found {
        let refused = |rule| Ok(Err(Refusal::DriftState { id: item.id, state: item.state, rule }));
        if let Some(rule) = item.rule_against_revert() {
            return refused(rule);
        }
        if !connections.contains(&at) {
            return refused("is of a connection that is no longer in use");
        }
        let Some(id) = &item.resource_id else { return refused("is of nothing that is decided") };
        let only = std::slice::from_ref(id);
        let latest =
            rows.latest(&company_id, item.kind, Some(&at.connection_id), Some(only)).await?;
        let is_decided = latest.iter().any(|it| it.version.resource.is_some());
        let mut syncs = rows.syncs(&at, only).await?;
        let Some((_, sync)) = syncs.first_mut().filter(|_| is_decided) else {
            return refused("is of nothing that is decided");
        };
        if sync.parked.as_ref().is_some_and(|parked| parked.problem.is_none()) {
            return refused("is of a resource whose job was cancelled; retry that");
        }
        let mut left_as = sync.outside.left_as.clone();
        let mut left_removed = sync.outside.left_removed;
        match &item.attribute {
            Some(attribute) => drop(left_as.remove(attribute)),
            None => left_removed = None,
        }
        let held = sync.applied.clone();
        let observed = Transition::Observe { held, left_as, left_removed, unlike: true };
        sync.apply(&observed, Revision::ZERO, Revision::ZERO, now);
        sync.unpark();
        rows.write_syncs(&at, &syncs).await?;
        let (resolved_by, reason) = (actor.clone(), reason.clone());
        let item = DriftItem {
            state: DriftState::Reverting,
            reverts: item.reverts.saturating_add(1),
            resolved_by,
            reason,
            ..item
        };
        let items = number(rows, &company_id, vec![item]).await?;
        rows.write_items(&at, &items).await?;
        all.extend(items);
        if !ring.contains(&at) {
            ring.push(at);
        }
    }
    Ok(Ok((all, ring)))
}

fn in_use(
    head: &Head,
    vendor: Option<VendorKind>,
) -> impl Iterator<Item = (Doorbell, VendorKind)> + '_ {
    let wanted = head.connections.iter().filter(move |connection| {
        connection.status == ConnectionStatus::Connected
            && vendor.is_none_or(|vendor| vendor == connection.vendor)
    });
    wanted.map(|connection| {
        let company_id = head.company.id.clone();
        (Doorbell { company_id, connection_id: connection.id.clone() }, connection.vendor)
    })
}

async fn head<R: Rows>(rows: &mut R, id: &CompanyId) -> Result<Option<Head>, Error> {
    Ok(rows.heads(std::slice::from_ref(id)).await?.into_iter().next())
}
