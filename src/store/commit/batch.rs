//! What a batch knows of its companies, and what it has not written yet.

use std::collections::{BTreeSet, HashMap};

use super::connection::Change;
use super::repeated;
use crate::domain::decide::{self, Decision, DriftWrites, Holds, Situation, VersionWrite, Writes};
use crate::domain::{
    Company, CompanyId, Digest, Intent, JobId, Leaves, Mutation, Needs, Refusal, RequestId,
    Resource, ResourceKind, Revision, Timestamp, Tracked,
};
use crate::store::progress::JobRow;
use crate::store::rows::{Asked, Head, NamedQuery, NewJob, NewRevision, Rows};
use crate::store::{Committed, Doorbell, Error, drift, record};

/// A batch that is being decided.
pub(super) struct Batch {
    now: Timestamp,
    /// The companies of the batch that there are.
    heads: HashMap<CompanyId, Head>,
    /// The request ids of the batch that were used.
    used: HashMap<(CompanyId, RequestId), (Revision, Digest)>,
    /// The latest versions of the resources that the batch names, as far as they are known.
    named: HashMap<NamedQuery, Option<Tracked>>,
    unwritten: Vec<NewRevision>,
}

impl Batch {
    /// Locks the companies of a batch and reads what most mutations need.
    pub(super) async fn open<R: Rows>(rows: &mut R, mutations: &[Mutation]) -> Result<Self, Error> {
        let in_scope = || {
            mutations.iter().filter(|mutation| mutation.caller.scope.contains(&mutation.company_id))
        };
        let companies: BTreeSet<_> = in_scope().map(|mutation| &mutation.company_id).collect();
        let companies: Vec<_> = companies.into_iter().cloned().collect();
        rows.lock(&companies).await?;
        let requests = in_scope().filter_map(|mutation| {
            Some((mutation.company_id.clone(), mutation.request_id.clone()?))
        });
        let requests: Vec<_> = requests.collect();
        let (heads, used) = match companies.is_empty() {
            true => (Vec::new(), Vec::new()),
            false => rows.heads_and_requests(&companies, &requests).await?,
        };
        let used = used
            .into_iter()
            .map(|used| ((used.company_id, used.request_id), (used.revision, used.fingerprint)));
        let mut batch = Self {
            now: rows.now().await?,
            used: used.collect(),
            heads: heads.into_iter().map(|head| (head.company.id.clone(), head)).collect(),
            named: HashMap::new(),
            unwritten: Vec::new(),
        };
        let queries: BTreeSet<_> = in_scope().flat_map(queries).collect();
        batch.look_up(rows, queries.into_iter().collect()).await?;
        Ok(batch)
    }

    /// Decides about one mutation.
    pub(super) async fn decide<R: Rows>(
        &mut self,
        rows: &mut R,
        mutation: &Mutation,
    ) -> Result<Result<Committed, Refusal>, Error> {
        let company_id = &mutation.company_id;
        if !mutation.caller.scope.contains(company_id) {
            return Ok(Err(Refusal::CompanyNotFound(company_id.clone())));
        }
        if let Some(request_id) = &mutation.request_id
            && let Some((revision, fingerprint)) =
                self.used.get(&(company_id.clone(), request_id.clone())).copied()
        {
            if fingerprint != mutation.fingerprint {
                return Ok(Err(Refusal::RequestIdReused));
            }
            self.flush(rows).await?;
            return Ok(Ok(repeated(rows, company_id.clone(), revision).await?));
        }
        let situation = self.situation(rows, mutation).await?;
        let present = situation.company.as_ref().map_or(Revision::ZERO, |company| company.revision);
        let answer = |revision| Committed {
            revision,
            job: None,
            touched: Vec::new(),
            repeated: false,
            ring: Vec::new(),
            events: Vec::new(),
        };
        Ok(match decide::decide(&situation, mutation) {
            Err(refusal) => Err(refusal),
            Ok(Decision::NoChange { revision }) => Ok(answer(revision)),
            Ok(Decision::Change(writes)) if mutation.validate_only => {
                Ok(Committed { touched: writes.touched, ..answer(present) })
            }
            Ok(Decision::Change(writes)) => Ok(self.apply(rows, mutation, *writes).await?),
        })
    }

    /// Writes what was decided so far.
    pub(super) async fn flush<R: Rows>(&mut self, rows: &mut R) -> Result<(), Error> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let unwritten = std::mem::take(&mut self.unwritten);
        rows.write_revisions(&unwritten).await?;
        for new in unwritten.iter().filter(|new| new.asked != Asked::default()) {
            rows.write_asked(&new.head.company.id, &new.asked).await?;
        }
        for new in unwritten.iter().filter(|new| new.drift != DriftWrites::default()) {
            drift::decided(rows, new).await?;
        }
        Ok(())
    }

    async fn situation<R: Rows>(
        &mut self,
        rows: &mut R,
        mutation: &Mutation,
    ) -> Result<Situation, Error> {
        let Some(head) = self.heads.get(&mutation.company_id).cloned() else {
            return Ok(Situation::default());
        };
        let mut situation = Situation { holds: head.holds, ..Situation::default() };
        match mutation.intent.needs() {
            Needs::Nothing => {}
            Needs::Named(..) => {
                let queries = queries(mutation);
                if queries.iter().any(|query| !self.named.contains_key(query)) {
                    self.flush(rows).await?;
                    self.look_up(rows, queries.clone()).await?;
                }
                let known = queries.iter().filter_map(|query| self.named.get(query).cloned());
                situation.latest.extend(known.flatten());
            }
            Needs::All => {
                self.flush(rows).await?;
                situation.latest = latest(rows, &head).await?;
            }
            Needs::AllAnd(revision) => {
                self.flush(rows).await?;
                situation.latest = latest(rows, &head).await?;
                situation.old = rows.current(&head.company.id, Some(revision)).await?;
            }
        }
        let items = mutation.intent.drift_items();
        if !items.is_empty() {
            self.flush(rows).await?;
            let found = rows.items_by_id(&mutation.company_id, &items).await?;
            situation.items = found.into_iter().map(|(_, item)| item).collect();
        }
        if mutation.intent.needs_policies() {
            self.flush(rows).await?;
            situation.policies = rows.policies(&mutation.company_id).await?;
        }
        if let Intent::ConnectVendor(new) = &mutation.intent {
            let id = &mutation.company_id;
            situation.account_taken =
                rows.account_taken(id, new.vendor, &new.base_url, &new.account_id).await?;
        }
        situation.company = Some(head.company);
        situation.connections = head.connections;
        Ok(situation)
    }

    /// Takes a decision over into what is known, and writes it with the next flush.
    async fn apply<R: Rows>(
        &mut self,
        rows: &mut R,
        mutation: &Mutation,
        writes: Writes,
    ) -> Result<Committed, Error> {
        let id = &mutation.company_id;
        let Writes { entry, display_name, versions, connection, parts, touched, drift } = writes;
        let (revision, at, action) = (entry.revision, entry.at, entry.action.as_str());
        let prev_hash = entry.prev_hash;
        let (record, hash) = record::encode(&entry);
        let mut head = self.heads.remove(id).unwrap_or_else(|| new_head(id.clone(), at));
        head.company.revision = revision;
        head.company.head_hash = hash;
        if let Some(display_name) = display_name {
            head.company.display_name = display_name;
        }
        for write in &versions {
            head.holds.replace(write.before.as_ref(), write.version.resource.as_ref());
        }
        let connections = parts.iter().filter_map(|part| part.connection.as_ref());
        let ring = connections.map(|connection| Doorbell {
            company_id: id.clone(),
            connection_id: connection.id.clone(),
        });
        let ring = ring.collect();
        let job = (!parts.is_empty()).then(|| {
            let job_id = JobId { company_id: id.clone(), revision };
            let (row, event) = JobRow::accepted(job_id, &parts, at, self.now);
            let items = parts.into_iter().flat_map(|part| {
                part.items.into_iter().map(move |resource_id| (part.vendor, resource_id))
            });
            NewJob { row, items: items.collect(), event }
        });
        let mut committed = Committed {
            revision,
            job: job.as_ref().map(|job| job.row.to_job()),
            touched,
            repeated: false,
            ring,
            events: job.iter().map(|job| job.event.clone()).collect(),
        };
        for write in &versions {
            let version = write.version.clone();
            let query = NamedQuery {
                company_id: id.clone(),
                kind: version.kind,
                name: version.name.clone(),
            };
            // Under the name that it had before it is not found any more.
            self.named.retain(|at, known| {
                at.company_id != *id || known.as_ref().is_none_or(|it| it.version.id != version.id)
            });
            let fill = write.fills.then_some(revision);
            self.named.insert(query, Some(Tracked { version, sync: write.sync.clone(), fill }));
        }
        let asked = asked(revision, &versions);
        let change = connection.as_ref().map(|write| Change::of(&mut head, write));
        self.heads.insert(id.clone(), head.clone());
        self.unwritten.push(NewRevision {
            head,
            action,
            request_id: mutation.request_id.clone(),
            fingerprint: mutation.fingerprint,
            record,
            prev_hash,
            at,
            versions: versions.into_iter().map(|write| write.version).collect(),
            job,
            asked,
            drift,
            resolved_by: (mutation.caller.actor.clone(), mutation.reason.clone()),
            connection,
            replaced: change.as_ref().and_then(Change::replaced),
        });
        if let Some(request_id) = mutation.request_id.clone() {
            self.used.insert((id.clone(), request_id), (revision, mutation.fingerprint));
        }
        if let Some(change) = change {
            self.flush(rows).await?;
            // What is known of where the vendor stands was about the connection before.
            self.named.retain(|query, _| query.company_id != *id);
            let (events, ring) = change.carry_over(rows, self.now).await?;
            committed.events.extend(events);
            committed.ring = ring.into_iter().collect();
        }
        Ok(committed)
    }

    async fn look_up<R: Rows>(
        &mut self,
        rows: &mut R,
        queries: Vec<NamedQuery>,
    ) -> Result<(), Error> {
        let with_connection = queries.iter().filter_map(|query| {
            let head = self.heads.get(&query.company_id)?;
            Some((query.clone(), head.in_use(query.kind.vendor()).cloned()))
        });
        let wanted: Vec<_> = with_connection.collect();
        let found = match wanted.is_empty() {
            true => Vec::new(),
            false => rows.named(&wanted).await?,
        };
        self.named.extend(queries.into_iter().map(|query| (query, None)));
        for (company_id, tracked) in found {
            let Tracked { version, .. } = &tracked;
            let query = NamedQuery { company_id, kind: version.kind, name: version.name.clone() };
            let known = self.named.entry(query).or_default();
            if known.as_ref().is_none_or(|known| known.rank() < tracked.rank()) {
                *known = Some(tracked);
            }
        }
        Ok(())
    }
}

/// What a mutation asks about resources by their names.
fn queries(mutation: &Mutation) -> Vec<NamedQuery> {
    let company_id = &mutation.company_id;
    match mutation.intent.needs() {
        Needs::Named(kind, names) => names
            .into_iter()
            .map(|name| NamedQuery { company_id: company_id.clone(), kind, name })
            .collect(),
        Needs::Nothing | Needs::All | Needs::AllAnd(_) => Vec::new(),
    }
}

/// What few mutations ask for beside a decision.
fn asked(revision: Revision, versions: &[VersionWrite]) -> Asked {
    let ids = |which: fn(&VersionWrite) -> bool| {
        let of = versions.iter().filter(move |write| which(write));
        of.map(|write| write.version.id.clone())
    };
    let known_as = |write: &VersionWrite| {
        let key = write.sync.key.as_deref();
        let before = write.before.as_ref().map(Resource::name);
        let known_as = key.or(before).filter(|name| *name != write.version.name)?;
        Some((write.version.id.clone(), known_as.to_owned()))
    };
    let left = |leaves: Leaves| {
        let of = versions.iter().filter(|write| write.version.leaves == leaves);
        let ids: Vec<_> = of.map(|write| write.version.id.clone()).collect();
        (!ids.is_empty()).then_some((leaves, revision, ids))
    };
    Asked {
        allow_loss: ids(|write| write.version.allows_loss).map(|id| (id, revision)).collect(),
        leaves: [Leaves::Imported, Leaves::All].into_iter().filter_map(left).collect(),
        fills: ids(|write| write.fills).map(|id| (revision, id)).collect(),
        known_as: versions.iter().filter_map(known_as).collect(),
    }
}

/// The latest version of everything that a company has.
async fn latest<R: Rows>(rows: &mut R, head: &Head) -> Result<Vec<Tracked>, Error> {
    let mut latest = Vec::new();
    for kind in ResourceKind::ALL {
        let connection_id = head.in_use(kind.vendor());
        latest.extend(rows.latest(&head.company.id, kind, connection_id, None).await?);
    }
    Ok(latest)
}

/// A company before its first revision.
fn new_head(id: CompanyId, created_at: Timestamp) -> Head {
    let company = Company {
        id,
        display_name: String::new(),
        revision: Revision::ZERO,
        head_hash: record::GENESIS,
        created_at,
    };
    Head { company, holds: Holds::default(), connections: Vec::new() }
}
