//! Cancelling and retrying jobs.

use std::collections::BTreeSet;

use super::progress::{ItemRow, JobRow, Ledger, Wish, of_no_resource};
use super::rows::{Asked, Head, Rows};
use super::{Answer, Doorbell, Error, JobControl, Recorded};
use crate::domain::decide::not_connected;
use crate::domain::{
    ItemState, JobAction, JobId, Refusal, ResourceId, ResourceKind, Revision, Timestamp, Tracked,
    VendorKind,
};

/// Cancels or retries a job.
pub(super) async fn control<R: Rows>(rows: &mut R, control: JobControl) -> Answer<Recorded> {
    let id = &control.job_id;
    let unknown = || Ok(Err(Refusal::JobNotFound(id.to_string())));
    if !control.caller.scope.contains(&id.company_id) {
        return unknown();
    }
    rows.lock(std::slice::from_ref(&id.company_id)).await?;
    let heads = rows.heads(std::slice::from_ref(&id.company_id)).await?;
    let Some(head) = heads.into_iter().next() else { return unknown() };
    let Some(job) = rows.jobs_at(&id.company_id, &[id.revision]).await?.into_iter().next() else {
        return unknown();
    };
    if let Some(request_id) = &control.request_id
        && let Some(fingerprint) = rows.control_request(id, request_id).await?
    {
        return Ok(if fingerprint == control.fingerprint {
            Ok(Recorded { job: Some(job.to_job()), ..Recorded::default() })
        } else {
            Err(Refusal::RequestIdReused)
        });
    }
    let refused = |rule| Ok(Err(Refusal::JobState { job_id: id.clone(), state: job.state, rule }));
    if let Some(rule) = rule_against(control.action, &job) {
        return refused(rule);
    }
    let (items, now) = (rows.items_of(id).await?, rows.now().await?);
    let mut done = Recorded::default();
    // One part after the other: each takes its step on what the one before left.
    for vendor in job.parts.iter().map(|part| part.vendor) {
        let step = Controlled {
            control: &control,
            head: &head,
            vendor,
            at: head.in_use(vendor).map(|connection_id| Doorbell {
                company_id: id.company_id.clone(),
                connection_id: connection_id.clone(),
            }),
            items: items.iter().filter(|item| item.vendor == vendor).cloned().collect(),
            // The request is remembered with the first of its events.
            is_first: done.job.is_none(),
            now,
        };
        step.take(rows, &mut done).await?;
    }
    match control.action {
        JobAction::Retry if done.job.is_none() => {
            refused("all of it was decided anew and cancelled; retry that job")
        }
        _ => {
            done.job.get_or_insert_with(|| job.to_job());
            Ok(Ok(done))
        }
    }
}

/// Returns the rule that forbids the action, in the words of a refusal.
fn rule_against(action: JobAction, job: &JobRow) -> Option<&'static str> {
    match action {
        JobAction::Cancel if job.state.is_terminal() => {
            Some("only a job that has not ended can be cancelled")
        }
        JobAction::Retry if !job.state.can_be_retried() => {
            Some("only a failed or cancelled job can be retried")
        }
        JobAction::Cancel | JobAction::Retry => None,
    }
}

/// What a caller wants of the part of a job that is at one vendor.
struct Controlled<'a> {
    control: &'a JobControl,
    head: &'a Head,
    vendor: VendorKind,
    /// The connection in use.
    at: Option<Doorbell>,
    /// The items of the job at the vendor.
    items: Vec<ItemRow>,
    /// Whether no other part of the job took its step before.
    is_first: bool,
    now: Timestamp,
}

impl Controlled<'_> {
    /// Does to the part what is asked for, where there is something to do, and adds what it did.
    async fn take<R: Rows>(&self, rows: &mut R, done: &mut Recorded) -> Result<(), Error> {
        let ledger = match self.control.action {
            JobAction::Cancel => Some(self.cancel(rows).await?),
            JobAction::Retry => self.retry(rows).await?,
        };
        let Some(ledger) = ledger else { return Ok(()) };
        let progress = ledger.close();
        rows.write_progress(&self.id().company_id, &progress).await?;
        done.events.extend(progress.told());
        if let Some(after) = progress.jobs.iter().find(|after| after.id == *self.id()) {
            let here = after.parts.iter().find(|part| part.vendor == self.vendor);
            let is_open = here.is_some_and(|part| !part.state.is_terminal());
            done.ring.extend(self.at.clone().filter(|_| is_open));
            done.job = Some(after.to_job());
        }
        Ok(())
    }

    /// Cancels what is pending, and leaves alone what nobody has decided anew since.
    ///
    /// Without a connection in use there is nowhere to note that: a connection that comes into use
    /// takes up everything that is decided.
    async fn cancel<R: Rows>(&self, rows: &mut R) -> Result<Ledger, Error> {
        let pending = self.ids_in(&[ItemState::Pending]);
        let mut parked = self.latest(rows, &pending).await?;
        parked.retain(|tracked| tracked.version.from_rev <= self.id().revision);
        for tracked in &mut parked {
            tracked.sync.cancel(tracked.version.from_rev);
        }
        self.write_syncs(rows, &parked).await?;
        let parked: Vec<_> = parked.into_iter().map(|tracked| tracked.version.id).collect();
        let mut ledger = self.ledger(rows, &parked).await?;
        let wish = self.wish();
        for resource_id in &pending {
            ledger.cancelled(self.id().revision, resource_id, &wish, "cancelled");
        }
        // What was folded into the cancelled decisions, or waits for them, does not happen either.
        let folded = Wish { request: None, ..wish };
        let message = format!("cancelled with job {}", self.id());
        for resource_id in &parked {
            for revision in ledger.pending(resource_id) {
                ledger.cancelled(revision, resource_id, &folded, &message);
            }
        }
        Ok(ledger)
    }

    /// Takes up again what was refused or cancelled, but for what was decided anew since and
    /// cancelled then: that is for the job of that decision to take up. `None` when nothing is left.
    async fn retry<R: Rows>(&self, rows: &mut R) -> Result<Option<Ledger>, Error> {
        let mut ids: BTreeSet<_> =
            self.ids_in(&[ItemState::Failed, ItemState::Cancelled]).into_iter().collect();
        let mut latest = self.latest(rows, &ids.iter().cloned().collect::<Vec<_>>()).await?;
        latest.retain(|tracked| {
            let Tracked { version, sync, .. } = tracked;
            let by_caller = sync.parked.as_ref().is_some_and(|parked| parked.problem.is_none());
            let elsewhere = by_caller
                && sync.is_parked_at(version.from_rev)
                && version.from_rev > self.id().revision;
            !(elsewhere && ids.remove(&version.id))
        });
        if ids.is_empty() {
            return Ok(None);
        }
        let is_parked = |tracked: &Tracked| tracked.sync.is_parked_at(tracked.version.from_rev);
        let (mut parked, others): (Vec<_>, Vec<_>) = latest.into_iter().partition(is_parked);
        for tracked in &mut parked {
            tracked.sync.unpark();
        }
        self.write_syncs(rows, &parked).await?;
        if self.control.allow_data_loss {
            let decisions = parked.iter().chain(&others).map(|tracked| &tracked.version);
            let allow_loss =
                decisions.map(|version| (version.id.clone(), version.from_rev)).collect();
            let asked = Asked { allow_loss, ..Asked::default() };
            rows.write_asked(&self.id().company_id, &asked).await?;
        }
        let filling: BTreeSet<_> =
            self.items.iter().filter(|item| item.fills).map(|item| &item.resource_id).collect();
        let confirmed = others
            .into_iter()
            .filter(|tracked| self.at.is_some() && tracked.sync.applied_rev >= self.id().revision)
            // The definition is there, the values are not.
            .filter(|tracked| {
                tracked.version.resource.is_none() || !filling.contains(&tracked.version.id)
            });
        let covered: BTreeSet<_> = confirmed.map(|tracked| tracked.version.id).collect();
        let held_up = self.at.is_none().then(|| of_no_resource(not_connected(self.vendor)));
        let mut ledger = self.ledger(rows, &[]).await?;
        ledger.retried(self.id().revision, &ids, &covered, held_up, self.wish());
        Ok(Some(ledger))
    }

    fn id(&self) -> &JobId {
        &self.control.job_id
    }

    fn wish(&self) -> Wish {
        let JobControl { request_id, fingerprint, reason, caller, .. } = self.control;
        Wish {
            actor: caller.actor.clone(),
            reason: reason.clone(),
            request: request_id.clone().filter(|_| self.is_first).map(|id| (id, *fingerprint)),
            is_first: self.is_first,
        }
    }

    fn ids_in(&self, states: &[ItemState]) -> Vec<ResourceId> {
        let items = self.items.iter().filter(|item| states.contains(&item.state));
        items.map(|item| item.resource_id.clone()).collect()
    }

    /// The latest versions of resources, with where the connection in use stands.
    async fn latest<R: Rows>(
        &self,
        rows: &mut R,
        ids: &[ResourceId],
    ) -> Result<Vec<Tracked>, Error> {
        let mut latest = Vec::new();
        for kind in ResourceKind::ALL.into_iter().filter(|kind| kind.vendor() == self.vendor) {
            let connection_id = self.at.as_ref().map(|at| &at.connection_id);
            let company_id = &self.head.company.id;
            latest.extend(rows.latest(company_id, kind, connection_id, Some(ids)).await?);
        }
        Ok(latest)
    }

    async fn write_syncs<R: Rows>(&self, rows: &mut R, of: &[Tracked]) -> Result<(), Error> {
        let Some(at) = &self.at else { return Ok(()) };
        let syncs = of.iter().map(|tracked| (tracked.version.id.clone(), tracked.sync.clone()));
        rows.write_syncs(at, &syncs.collect::<Vec<_>>()).await
    }

    /// Opens the ledger for the job, and for all that wait for these resources.
    async fn ledger<R: Rows>(&self, rows: &mut R, ids: &[ResourceId]) -> Result<Ledger, Error> {
        let company_id = &self.head.company.id;
        let mut items = rows.unsettled_items(company_id, self.vendor, ids).await?;
        items.retain(|item| item.revision != self.id().revision);
        items.extend(self.items.iter().cloned());
        let revisions: BTreeSet<Revision> = items.iter().map(|item| item.revision).collect();
        let revisions: Vec<_> = revisions.into_iter().collect();
        let jobs = rows.jobs_at(company_id, &revisions).await?;
        Ok(Ledger::new(self.vendor, self.now, jobs, items))
    }
}
