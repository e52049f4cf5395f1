//! What others change at vendors: scans, the inbox, what becomes of its items, and import.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use futures::Stream;
use futures::stream::try_unfold;

use super::{Accepted, Engine, Error};
use crate::domain::drift::{DriftChange, DriftItem, Policies, TakenNames};
use crate::domain::{
    Adopt, AdoptedChange, Attributes, Caller, CompanyId, Envelope, Import, Intent, Refusal,
    Resource, ResourceId, ResourceKind, Timestamp, VendorKind, Violation,
};
use crate::store::{self, DriftQuery, Page, Resolving, Revert, ScanView};
use crate::vendors::{Entry, Vendor};

/// How long a scan that was asked for is waited for where the caller names no time.
const SCAN_MAX: Duration = Duration::from_secs(60);
/// What is left of a caller's time to answer.
const ANSWER: Duration = Duration::from_millis(300);
/// How often it is looked whether a scan is done.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// How often the inbox is looked at for those who watch it.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How many items are read at a time.
const PAGE: usize = 100;

/// What becomes of items of an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// What was decided is brought back.
    Revert,
    /// What the vendor holds is decided.
    Adopt,
    /// They are left, until a moment.
    Ignore(Option<Timestamp>),
}

/// What came of an import.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What came of the mutation.
    pub accepted: Accepted,
    /// What is, or would be, imported.
    pub resources: Vec<Resource>,
    /// What cannot be, and why.
    pub skipped: Vec<String>,
    /// When the scan was begun that it rests on.
    pub observed_at: Timestamp,
}

impl Engine {
    /// Scans a company's vendors, or one of them, and waits until that is done, or the caller's time is
    /// nearly over.
    pub async fn scan(
        &self,
        caller: &Caller,
        id: &CompanyId,
        vendor: Option<VendorKind>,
    ) -> Result<Vec<ScanView>, Error> {
        let store = self.store_for(caller);
        let asked = store.ask_for_scan(&caller.scope, id, vendor).await??;
        for view in &asked {
            self.parts.broker.ring(&view.at).await;
        }
        let most = Instant::now() + SCAN_MAX;
        let until = caller.deadline.map_or(most, |deadline| deadline.min(most)) - ANSWER;
        let stopping = self.supervisor.stopping();
        loop {
            let mut views = store.scans(&caller.scope, id).await??;
            views.retain(|view| asked.iter().any(|it| it.at == view.at));
            let is_done = |view: &ScanView| {
                let asked = asked.iter().find(|it| it.at == view.at);
                let since = asked.map_or(i64::MIN, |it| it.scan.next_at.as_micros());
                let state = &view.scan.state;
                state.at_micros.max(state.failed_micros).is_some_and(|at| at >= since)
            };
            if views.iter().all(is_done) || Instant::now() >= until {
                return Ok(views);
            }
            tokio::select! {
                () = stopping.cancelled() => return Err(Error::ShuttingDown),
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
            }
        }
    }

    /// Reads how scans went.
    pub async fn scans(&self, caller: &Caller, id: &CompanyId) -> Result<Vec<ScanView>, Error> {
        Ok(self.store_for(caller).scans(&caller.scope, id).await??)
    }

    /// Reads items of an inbox.
    pub async fn drift(
        &self,
        caller: &Caller,
        id: &CompanyId,
        query: DriftQuery,
    ) -> Result<Page<DriftItem>, Error> {
        Ok(self.store_for(caller).drift(&caller.scope, id, query).await??)
    }

    /// Reads the policies of a company, with the names of the resources that they are about.
    pub async fn policies(
        &self,
        caller: &Caller,
        id: &CompanyId,
    ) -> Result<(Policies, HashMap<ResourceId, String>), Error> {
        Ok(self.store_for(caller).policies(&caller.scope, id).await??)
    }

    /// Follows an inbox from the item that changed after `after_seq` on, without an end.
    pub async fn watch_drift(
        &self,
        caller: &Caller,
        id: CompanyId,
        after_seq: i64,
    ) -> Result<impl Stream<Item = Result<DriftItem, Error>> + Send + use<>, Error> {
        self.company(caller, &id).await?;
        let watch = Watch {
            engine: self.clone(),
            caller: Caller { deadline: None, ..caller.clone() },
            id,
            last_seq: after_seq,
            read: Vec::new().into_iter(),
        };
        Ok(try_unfold(watch, |mut watch| async move { Ok(Some((watch.next().await?, watch))) }))
    }

    /// Says what becomes of items of an inbox.
    pub async fn resolve(
        &self,
        envelope: Envelope,
        ids: Vec<i64>,
        resolution: Resolution,
    ) -> Result<Accepted, Error> {
        let (caller, id) = (&envelope.caller, &envelope.company_id);
        let request_id = envelope.request_id.as_ref();
        if let Some(accepted) = self.replay(caller, id, request_id, &envelope.fingerprint).await? {
            return Ok(accepted);
        }
        let (is_adopted, until) = match resolution {
            Resolution::Revert => return self.revert(envelope, ids).await,
            Resolution::Adopt => (true, None),
            Resolution::Ignore(until) => (false, until),
        };
        let store = self.store_for(caller);
        let resolving = store.resolving(&caller.scope, id, ids).await??;
        if let Some(item) = resolving.items.iter().find(|item| !item.state.is_standing()) {
            let (id, state, rule) = (item.id, item.state, "stands no more");
            return Err(Refusal::DriftState { id, state, rule }.into());
        }
        let intent = match is_adopted {
            true => Intent::AdoptDrift(self.adopted(resolving)?),
            false => Intent::IgnoreDrift { items: resolving.items, until },
        };
        self.mutate(envelope.asking(intent, self.now())).await
    }

    async fn revert(&self, envelope: Envelope, ids: Vec<i64>) -> Result<Accepted, Error> {
        let Envelope { company_id, caller, reason, validate_only, .. } = envelope;
        let revision = self.company(&caller, &company_id).await?.company.revision;
        let actor = caller.actor.clone();
        let revert = Revert { company_id, ids, actor, reason, validate_only };
        let ring = self.store_for(&caller).revert(&caller.scope, revert).await??;
        for doorbell in &ring {
            self.parts.broker.ring(doorbell).await;
        }
        Ok(Accepted { revision, job: None, plan: None, warnings: Vec::new() })
    }

    /// Works out what is to be decided so that it is what others made of it.
    fn adopted(&self, resolving: Resolving) -> Result<Adopt, Error> {
        let Resolving { items, tracked, observed } = resolving;
        let seen = items.iter().map(|item| (item.id, item.seq)).collect();
        let mut adopt = Adopt { items: seen, ..Adopt::default() };
        let editors: BTreeSet<_> = items.iter().map(editor).collect();
        let mut editors = editors.into_iter();
        adopt.editor = match (editors.next(), editors.next()) {
            (Some(editor), None) => editor,
            _ => "several".to_owned(),
        };
        let mut by_resource: BTreeMap<ResourceId, Vec<&DriftItem>> = BTreeMap::new();
        for item in &items {
            match &item.resource_id {
                Some(id) => by_resource.entry(id.clone()).or_default().push(item),
                None => {
                    let (taken, view) = self.created(item, &observed)?;
                    adopt.created.resources.push(taken);
                    adopt.created.observed_at = observed_at(view);
                    adopt.created.connection_id = Some(view.at.connection_id.clone());
                }
            }
        }
        for (id, items) in by_resource {
            let found = tracked.iter().find(|tracked| tracked.version.id == id);
            let found = found.and_then(|it| Some((it, it.version.resource.as_ref()?)));
            let (tracked, resource) =
                found.ok_or_else(|| not_adopted(items[0], "is not decided any more"))?;
            let resource = self.changed(resource, &items)?;
            adopt.changes.push(AdoptedChange { id, from_rev: tracked.version.from_rev, resource });
        }
        Ok(adopt)
    }

    /// What a resource is, with what others changed; `None` when they removed it.
    fn changed(
        &self,
        resource: &Resource,
        items: &[&DriftItem],
    ) -> Result<Option<Resource>, Error> {
        let vendor = self.vendor(resource.kind().vendor())?;
        let mut attributes = vendor.desired(resource);
        for item in items {
            match (&item.attribute, item.change) {
                (Some(name), _) => attributes.put(name, item.to.clone()),
                (None, DriftChange::Removed) => return Ok(None),
                (None, _) => return Err(not_adopted(item, "has nothing to be adopted")),
            }
        }
        let (id, kind) = (resource.id().clone(), resource.kind());
        let taken = vendor.resource(id, kind, resource.name(), &attributes, Some(resource));
        taken.map(Some).map_err(|rule| not_adopted(items[0], &format!("cannot be adopted: {rule}")))
    }

    /// What others created.
    fn created<'a>(
        &self,
        item: &DriftItem,
        observed: &'a [(ScanView, Option<String>)],
    ) -> Result<((Resource, Attributes), &'a ScanView), Error> {
        let vendor = self.vendor(item.kind.vendor())?;
        let of_vendor = observed.iter().find(|(view, _)| view.vendor == vendor.kind());
        let gone = || not_adopted(item, "is not there any more");
        let (view, body) = of_vendor.ok_or_else(gone)?;
        let entries = entries(body.as_deref())?;
        let entry = entries.iter().find(|it| it.kind == item.kind && it.name == item.name);
        let entry = entry.ok_or_else(gone)?;
        let taken = taken(&*vendor, entry);
        let taken =
            taken.map_err(|rule| not_adopted(item, &format!("cannot be adopted: {rule}")))?;
        Ok((taken, view))
    }

    /// Puts what a vendor was found to hold, and nobody decided, under management; only these names,
    /// where there are some.
    pub async fn import(
        &self,
        envelope: Envelope,
        vendor: VendorKind,
        names: Vec<String>,
    ) -> Result<Imported, Error> {
        let (caller, id) = (&envelope.caller, &envelope.company_id);
        let request_id = envelope.request_id.as_ref();
        if let Some(accepted) = self.replay(caller, id, request_id, &envelope.fingerprint).await? {
            let (resources, skipped) = (Vec::new(), Vec::new());
            let observed_at = Timestamp::default();
            return Ok(Imported { accepted, resources, skipped, observed_at });
        }
        let resolving = self.store_for(caller).resolving(&caller.scope, id, Vec::new()).await??;
        let company_id = id.clone();
        let of_vendor = resolving.observed.iter().find(|(view, _)| view.vendor == vendor);
        let Some((view, body)) = of_vendor else {
            return Err(Refusal::NotConnected { company_id, vendor }.into());
        };
        let Some(body) = body else {
            return Err(Refusal::NotScanned { company_id, vendor }.into());
        };
        let names_taken = TakenNames::new(&resolving.tracked, observed_at(view));
        let wanted: HashSet<_> = names.iter().map(String::as_str).collect();
        let known = self.vendor(vendor)?;
        let mut import = Import {
            resources: Vec::new(),
            observed_at: observed_at(view),
            connection_id: Some(view.at.connection_id.clone()),
        };
        let mut skipped = Vec::new();
        let mut seen = HashSet::new();
        for entry in entries(Some(body))? {
            let is_wanted = wanted.is_empty() || wanted.contains(entry.name.as_str());
            if !is_wanted || names_taken.is_decided(entry.kind, &entry.name) {
                continue;
            }
            seen.insert(entry.name.clone());
            let taken = match names_taken.rule_against(entry.kind, &entry.name) {
                _ if entry.protected => Err("the vendor locked it".to_owned()),
                Some(rule) => Err(format!("it {rule}")),
                None => taken(&*known, &entry),
            };
            match taken {
                Ok(taken) => import.resources.push(taken),
                Err(rule) => {
                    skipped.push(format!("{} {}: {rule}", entry.kind.as_str(), entry.name));
                }
            }
        }
        for name in wanted.iter().filter(|name| !seen.contains(**name)) {
            let is_decided =
                ResourceKind::ALL.into_iter().any(|kind| names_taken.is_decided(kind, name));
            let what = if is_decided { "is decided already" } else { "is not there" };
            skipped.push(format!("{name}: it {what}"));
        }
        skipped.sort();
        let resources = import.resources.iter().map(|(resource, _)| resource.clone()).collect();
        let observed_at = import.observed_at;
        let accepted = self.mutate(envelope.asking(Intent::Import(import), self.now())).await?;
        Ok(Imported { accepted, resources, skipped, observed_at })
    }

    fn vendor(&self, kind: VendorKind) -> Result<std::sync::Arc<dyn Vendor>, Error> {
        let vendor = self.parts.vendors.get(kind).cloned();
        vendor.ok_or_else(|| Error::Internal(format!("no vendor {kind}")))
    }
}

/// What something at a vendor is as a resource, and in canonical form.
fn taken(vendor: &dyn Vendor, entry: &Entry) -> Result<(Resource, Attributes), String> {
    let incomplete = || "what the vendor tells of it is incomplete".to_owned();
    let all = vendor.listed(entry, None).ok_or_else(incomplete)?;
    let id = ResourceId::from_trusted("new");
    let resource = vendor.resource(id, entry.kind, &entry.name, &all, None)?;
    let desired = vendor.desired(&resource);
    let held = vendor.listed(entry, Some(&desired)).ok_or_else(incomplete)?;
    let differing = desired.differing_from(&held).names();
    if !differing.is_empty() {
        return Err(format!("its {} cannot be decided as it is", differing.join(", ")));
    }
    Ok((resource, held))
}

fn entries(body: Option<&str>) -> Result<Vec<Entry>, Error> {
    let read = body.map(serde_json::from_str).transpose();
    let read = read.map_err(|error| store::Error::Corrupt(error.to_string()))?;
    Ok(read.unwrap_or_default())
}

fn observed_at(view: &ScanView) -> Timestamp {
    view.scan.state.at_micros.map(Timestamp::from_micros).unwrap_or_default()
}

/// Who did it, as an actor of the audit log.
fn editor(item: &DriftItem) -> String {
    let vendor = item.kind.vendor().as_str();
    item.by.as_ref().map_or_else(|| vendor.to_owned(), |by| format!("{vendor}:{by}"))
}

fn not_adopted(item: &DriftItem, rule: &str) -> Error {
    Refusal::from(Violation::new("item_ids", format!("item {} {rule}", item.id))).into()
}

struct Watch {
    engine: Engine,
    caller: Caller,
    id: CompanyId,
    last_seq: i64,
    read: std::vec::IntoIter<DriftItem>,
}

impl Watch {
    async fn next(&mut self) -> Result<DriftItem, Error> {
        let stopping = self.engine.supervisor.stopping();
        loop {
            if let Some(item) = self.read.next() {
                self.last_seq = item.seq;
                return Ok(item);
            }
            let query = DriftQuery {
                states: Vec::new(),
                after_seq: self.last_seq,
                before_seq: None,
                limit: PAGE,
            };
            let page = self.engine.drift(&self.caller, &self.id, query).await?;
            if !page.items.is_empty() {
                self.read = page.items.into_iter();
                continue;
            }
            tokio::select! {
                () = stopping.cancelled() => return Err(Error::ShuttingDown),
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }
}
