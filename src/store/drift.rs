//! What others change at vendors: what a scan is judged by, and what came of it.

use std::collections::HashMap;

use super::read::head;
use super::rows::{Head, NewRevision, Rows};
use super::stored::PolicyColumns;
use super::{
    Answer, Doorbell, DriftQuery, DriftWork, Error, JudgedBy, Lease, Page, Resolving, Revert, Scan,
    ScanView, Scanned, leases,
};
use crate::domain::decide::PolicyWrite;
use crate::domain::drift::{self, DriftItem, DriftState, FIGHT_ENDS_AFTER, PAUSE, Policies, Which};
use crate::domain::{
    CompanyId, ConnectionStatus, Refusal, ResourceId, ResourceKind, Revision, Timestamp, Tracked,
    VendorKind,
};

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
    let fight = i64::try_from(FIGHT_ENDS_AFTER.as_micros()).unwrap_or(i64::MAX);
    let since = Timestamp::from_micros(now.as_micros().saturating_sub(fight));
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
            PolicyWrite::Put(policy) => {
                rows.put_policy(company_id, PolicyColumns::of(policy.clone())).await?;
            }
            PolicyWrite::Remove(target) => rows.drop_policy(company_id, &target.key()).await?,
            PolicyWrite::Pause(Some(pause)) => {
                rows.put_policy(company_id, PolicyColumns::of_pause(pause.clone())).await?;
            }
            PolicyWrite::Pause(None) => rows.drop_policy(company_id, PAUSE).await?,
        }
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
    let clear = |item| DriftItem { state: DriftState::Cleared, ..item };
    let cleared = live.into_iter().map(clear).collect();
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
    let limit = query.limit;
    let one_more = DriftQuery { limit: limit.saturating_add(1), ..query };
    let mut items = rows.items(&company_id, &one_more).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    Ok(Ok(Page { items, more }))
}

/// Reads the policies of a company, with the present names of the resources that they are about.
pub(super) async fn policies<R: Rows>(
    rows: &mut R,
    company_id: CompanyId,
) -> Answer<(Policies, HashMap<ResourceId, String>)> {
    if head(rows, &company_id).await?.is_none() {
        return Ok(Err(Refusal::CompanyNotFound(company_id)));
    }
    let policies = rows.policies(&company_id).await?;
    let mut names = HashMap::new();
    for kind in ResourceKind::ALL {
        let about = policies.all.iter().filter_map(|policy| match &policy.target.resource {
            Some((of, Which::Id(id))) if *of == kind => Some(id.clone()),
            _ => None,
        });
        let about: Vec<_> = about.collect();
        if !about.is_empty() {
            let latest = rows.latest(&company_id, kind, None, Some(&about)).await?;
            names.extend(latest.into_iter().map(|it| (it.version.id, it.version.name)));
        }
    }
    Ok(Ok((policies, names)))
}

/// Sets right what is left as it is, because somebody asked for it; answers whose executors are to know.
pub(super) async fn revert<R: Rows>(rows: &mut R, revert: Revert) -> Answer<Vec<Doorbell>> {
    let Revert { company_id, ids, actor, reason, validate_only } = revert;
    rows.lock(std::slice::from_ref(&company_id)).await?;
    let now = rows.now().await?;
    let Some(head) = head(rows, &company_id).await? else {
        return Ok(Err(Refusal::CompanyNotFound(company_id)));
    };
    let found = match found(rows, &company_id, &ids).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let connections: Vec<_> = in_use(&head, None).map(|(at, _)| at).collect();
    // Each goes on from what the one before made of the same resource.
    let mut known: HashMap<(Doorbell, ResourceId), Tracked> = HashMap::new();
    let mut reverted = Vec::new();
    for (at, item) in found {
        let (id, state) = (item.id, item.state);
        let refused = |rule| Ok(Err(Refusal::DriftState { id, state, rule }));
        if !connections.contains(&at) {
            return refused("is of a connection that is no longer in use");
        }
        let key = item.resource_id.clone().map(|resource_id| (at.clone(), resource_id));
        if let Some(key) = key.clone().filter(|key| !known.contains_key(key)) {
            let only = std::slice::from_ref(&key.1);
            let mut latest =
                rows.latest(&company_id, item.kind, Some(&at.connection_id), Some(only)).await?;
            known.extend(latest.pop().map(|tracked| (key, tracked)));
        }
        let tracked = key.and_then(|key| known.get_mut(&key));
        match drift::revert(item, tracked.as_deref(), (&actor, &reason), now) {
            Ok((sync, item)) => {
                if let Some(tracked) = tracked {
                    tracked.sync = sync;
                }
                reverted.push((at, item));
            }
            Err(rule) => return refused(rule),
        }
    }
    if validate_only {
        return Ok(Ok(Vec::new()));
    }
    let mut ring = Vec::new();
    for at in connections {
        let of_it = reverted.iter().filter(|(of, _)| *of == at).map(|(_, item)| item.clone());
        let items = number(rows, &company_id, of_it.collect()).await?;
        if items.is_empty() {
            continue;
        }
        let syncs = known.iter().filter(|((of, _), _)| *of == at);
        let syncs: Vec<_> = syncs.map(|((_, id), it)| (id.clone(), it.sync.clone())).collect();
        rows.write_syncs(&at, &syncs).await?;
        rows.write_items(&at, &items).await?;
        ring.push(at);
    }
    Ok(Ok(ring))
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
