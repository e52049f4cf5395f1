//! What the cases are told with: a company, a change, an executor that does its part.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sha2::Digest as _;

use super::Harness;
use crate::domain::cadence::{CadencePatch, Change, Channel, StepDraft};
use crate::domain::{
    Attributes, CadenceDraft, Caller, CompanyId, ConnectionId, Door, Effect, FieldDraft,
    FieldPatch, GroupDraft, GroupPatch, Intent, Job, JobAction, JobEvent, JobId, JobState,
    Mutation, NewConnection, Problem, ProblemReason, Refusal, RequestId, ResourceId, Revision,
    Scope, Timestamp, Tracked, Transition, VendorKind,
};
use crate::store::{
    Begin, Committed, Doorbell, Gate, JobControl, Lease, Outcome, Recorded, Store, StoredEntry,
    Work,
};

/// How long the leases of the cases last.
pub(super) const PERIOD: Duration = Duration::from_secs(30);
/// How long calls can take effect.
pub(super) const SETTLES: Duration = Duration::from_secs(10);

/// A store, and hands to work it with.
pub(in crate::store) struct Given {
    harness: Box<dyn Harness>,
    moments: AtomicI64,
}

impl Given {
    /// Takes a fresh store.
    pub(in crate::store) fn new(harness: impl Harness + 'static) -> Self {
        Self { harness: Box::new(harness), moments: AtomicI64::new(1_700_000_000_000_000) }
    }

    pub(in crate::store) fn store(&self) -> &dyn Store {
        self.harness.store()
    }

    pub(super) fn advance(&self, by: Duration) {
        self.harness.advance(by);
    }

    pub(in crate::store) async fn execute(&self, sql: &str) -> Result<(), String> {
        self.harness.execute(sql).await
    }

    pub(super) async fn restart(&mut self) {
        self.harness.restart().await;
    }

    /// A mutation by somebody who may see everything.
    pub(in crate::store) fn ask(&self, company: &str, intent: Intent) -> Mutation {
        let at = Timestamp::from_micros(self.moments.fetch_add(1_000, Ordering::Relaxed));
        Mutation {
            company_id: id(company),
            fingerprint: fingerprint(&format!("{intent:?}")),
            intent,
            request_id: None,
            expected_revision: Revision::ZERO,
            validate_only: false,
            reason: String::new(),
            caller: caller(Scope::All),
            at,
        }
    }

    /// Commits one mutation by itself.
    pub(super) async fn commit(&self, mutation: Mutation) -> Result<Committed, Refusal> {
        let mut answers = self.store().commit(vec![mutation]).await.unwrap();
        assert_eq!(answers.len(), 1);
        answers.remove(0)
    }

    /// Asks for something that is not refused.
    pub(in crate::store) async fn done(&self, company: &str, intent: Intent) -> Committed {
        self.commit(self.ask(company, intent)).await.unwrap()
    }

    /// Asks for something that is refused.
    pub(super) async fn refused(&self, company: &str, intent: Intent) -> Refusal {
        self.commit(self.ask(company, intent)).await.unwrap_err()
    }

    /// Registers a company.
    pub(in crate::store) async fn company(&self, company: &str) {
        self.done(company, register(company)).await;
    }

    /// Registers a company and connects it to an account of its own.
    pub(in crate::store) async fn connected(&self, company: &str) -> Doorbell {
        self.company(company).await;
        self.connect(company, &format!("account of {company}")).await
    }

    /// Connects a company to an account.
    pub(super) async fn connect(&self, company: &str, account: &str) -> Doorbell {
        self.done(company, connect(account)).await;
        self.bell(company).await
    }

    /// Registers and connects a company and takes its lease.
    pub(super) async fn leased(&self, company: &str) -> Lease {
        let bell = self.connected(company).await;
        self.claim(&bell).await
    }

    /// The connection in use.
    pub(super) async fn bell(&self, company: &str) -> Doorbell {
        let view = self.store().company(&Scope::All, &id(company)).await.unwrap().unwrap();
        let connection_id: ConnectionId = view.connections.first().unwrap().id.clone();
        Doorbell { company_id: id(company), connection_id }
    }

    /// Connects a registered company to accounts of its own at both vendors, and takes the leases.
    pub(super) async fn leased_both(&self, company: &str) -> (Lease, Lease) {
        for vendor in [VendorKind::HubSpot, VendorKind::Upso] {
            self.done(company, connect_to(vendor, &format!("account of {company}"))).await;
        }
        let hubspot = self.bell_of(company, VendorKind::HubSpot).await;
        let upso = self.bell_of(company, VendorKind::Upso).await;
        (self.claim(&hubspot).await, self.claim(&upso).await)
    }

    /// The connection in use at a vendor.
    pub(super) async fn bell_of(&self, company: &str, vendor: VendorKind) -> Doorbell {
        let view = self.store().company(&Scope::All, &id(company)).await.unwrap().unwrap();
        let mut of_vendor = view.connections.into_iter().filter(|one| one.vendor == vendor);
        let connection_id = of_vendor.next().unwrap().id;
        Doorbell { company_id: id(company), connection_id }
    }

    /// Adds a field; answers the job.
    pub(super) async fn add(&self, company: &str, name: &str) -> JobId {
        self.done(company, add(name)).await.job.unwrap().id
    }

    /// Changes the label of a field; answers the job.
    pub(super) async fn relabel(&self, company: &str, name: &str, label: &str) -> JobId {
        self.done(company, relabel(name, label)).await.job.unwrap().id
    }

    pub(in crate::store) async fn revision(&self, company: &str) -> i64 {
        let view = self.store().company(&Scope::All, &id(company)).await.unwrap().unwrap();
        view.company.revision.get()
    }

    /// The names and labels of a company's fields at a revision.
    pub(in crate::store) async fn fields(
        &self,
        company: &str,
        at: Option<i64>,
    ) -> Vec<(String, String)> {
        let at = at.map(Revision::new);
        let config = self.store().config(&Scope::All, &id(company), at).await.unwrap().unwrap();
        config.fields.into_iter().map(|field| (field.name, field.label)).collect()
    }

    pub(in crate::store) async fn entries(&self, company: &str) -> Vec<StoredEntry> {
        let query = crate::store::AuditQuery {
            after: Revision::ZERO,
            before: None,
            newest_first: false,
            limit: 1_000,
            bytes_max: usize::MAX,
        };
        self.store().entries(&Scope::All, &id(company), query).await.unwrap().unwrap().items
    }

    pub(super) async fn claim(&self, bell: &Doorbell) -> Lease {
        self.store().claim(bell, "executor", PERIOD).await.unwrap().taken().unwrap()
    }

    pub(super) async fn work(&self, lease: &Lease) -> Work {
        self.store().work(lease, 100).await.unwrap()
    }

    /// The names of the resources that there is work for.
    pub(super) async fn to_do(&self, lease: &Lease) -> Vec<String> {
        let work = self.work(lease).await;
        work.resources.into_iter().map(|tracked| tracked.version.name).collect()
    }

    /// Notes that a call is about to be made for fields.
    pub(super) async fn begin(&self, lease: &Lease, names: &[&str]) -> Recorded {
        let work = self.work(lease).await;
        let begins = names.iter().map(|name| Begin {
            resource_id: find(&work, name).version.id.clone(),
            desired_rev: find(&work, name).version.from_rev,
            name: (*name).to_owned(),
            effect: Effect::Create(attributes(name)),
            planned_in_doubt: find(&work, name).sync.in_doubt.clone(),
            message: format!("creating field {name}"),
        });
        let begins = begins.collect();
        self.store().begin(lease, "credential", begins, SETTLES, None).await.unwrap()
    }

    /// Notes what came of an operation that was planned just now.
    pub(super) async fn record(
        &self,
        lease: &Lease,
        name: &str,
        transition: Transition,
    ) -> Recorded {
        let outcome = outcome(&self.work(lease).await, name, transition);
        self.store().record(lease, vec![outcome], None).await.unwrap()
    }

    /// The vendor holds what was decided.
    pub(super) async fn confirm(&self, lease: &Lease, name: &str) -> Recorded {
        self.record(lease, name, Transition::Confirm(Some(attributes(name)))).await
    }

    /// The vendor refused.
    pub(super) async fn park(&self, lease: &Lease, name: &str) -> Recorded {
        self.record(lease, name, Transition::Park { held: None, problem: refused() }).await
    }

    /// The vendor is away for a minute.
    pub(super) fn gate() -> Gate {
        let problem = Problem::new(ProblemReason::RateLimited, "too many calls");
        Gate { wait_ms: 60_000, problem }
    }

    pub(super) async fn job(&self, id: &JobId) -> Job {
        self.store().job(&Scope::All, id).await.unwrap().unwrap()
    }

    pub(super) async fn state(&self, id: &JobId) -> JobState {
        self.job(id).await.state
    }

    pub(super) async fn events(&self, id: &JobId) -> Vec<JobEvent> {
        let events = self.store().events(&Scope::All, id, 0, 1_000).await.unwrap().unwrap();
        assert_eq!(events.events.last().map_or(0, |event| event.seq), events.last_seq);
        events.events
    }

    /// The states that a job went through, which its events tell without gaps.
    pub(super) async fn states(&self, id: &JobId) -> Vec<JobState> {
        let events = self.events(id).await;
        for (event, seq) in events.iter().zip(1..) {
            assert_eq!(event.seq, seq);
            assert_eq!(event.job_id, *id);
        }
        events.into_iter().map(|event| event.state).collect()
    }

    pub(super) fn wish(&self, job: &JobId, action: JobAction) -> JobControl {
        JobControl {
            job_id: job.clone(),
            action,
            allow_data_loss: false,
            request_id: None,
            fingerprint: fingerprint(&format!("{action:?}")),
            reason: "because".to_owned(),
            caller: caller(Scope::All),
        }
    }

    pub(super) async fn cancel(&self, job: &JobId) -> Recorded {
        self.store().control(self.wish(job, JobAction::Cancel)).await.unwrap().unwrap()
    }

    pub(super) async fn retry(&self, job: &JobId) -> Recorded {
        self.store().control(self.wish(job, JobAction::Retry)).await.unwrap().unwrap()
    }
}

pub(in crate::store) fn id(company: &str) -> CompanyId {
    CompanyId::parse(company).unwrap()
}

pub(super) fn request(text: &str) -> Option<RequestId> {
    RequestId::parse(text).unwrap()
}

pub(super) fn fingerprint(text: &str) -> [u8; 32] {
    sha2::Sha256::digest(text).into()
}

pub(super) fn caller(scope: Scope) -> Caller {
    Caller { actor: "ada".to_owned(), door: Door::Grpc, scope, deadline: None }
}

pub(super) fn only(companies: &[&str]) -> Scope {
    Scope::Only(companies.iter().map(|company| id(company)).collect())
}

pub(in crate::store) fn register(display_name: &str) -> Intent {
    Intent::RegisterCompany { display_name: display_name.to_owned() }
}

pub(in crate::store) fn connect(account: &str) -> Intent {
    connect_with(account, "credential")
}

pub(super) fn connect_with(account: &str, credential: &str) -> Intent {
    connect_at(VendorKind::HubSpot, account, credential)
}

pub(super) fn connect_to(vendor: VendorKind, account: &str) -> Intent {
    connect_at(vendor, account, "credential")
}

fn connect_at(vendor: VendorKind, account: &str, credential: &str) -> Intent {
    Intent::ConnectVendor(NewConnection {
        vendor,
        base_url: "https://vendor.test".to_owned(),
        account_id: account.to_owned(),
        burst_per_10s: 0,
        reserve_percent: 0,
        sealed: format!("sealed {credential}").into_bytes(),
        credential_id: credential.to_owned(),
    })
}

pub(super) fn disconnect() -> Intent {
    Intent::DisconnectVendor { vendor: VendorKind::HubSpot }
}

pub(in crate::store) fn add(name: &str) -> Intent {
    Intent::add_field(FieldDraft { name: name.to_owned(), ..FieldDraft::default() })
}

/// A cadence that waits, with its name for an id.
pub(super) fn add_cadence(name: &str) -> Intent {
    let wait = StepDraft { channel: Some(Channel::Wait), ..StepDraft::default() };
    let draft = CadenceDraft::new(VendorKind::Upso);
    Intent::AddCadence(CadenceDraft { name: name.to_owned(), steps: vec![wait], ..draft })
}

pub(super) fn rename_cadence(cadence_id: &str, name: &str) -> Intent {
    let patch = CadencePatch { name: Some(name.to_owned()), ..CadencePatch::default() };
    Intent::ModifyCadence { cadence_id: cadence_id.to_owned(), change: Change::Patch(patch) }
}

pub(super) fn remove_cadence(cadence_id: &str) -> Intent {
    Intent::RemoveCadence { cadence_id: cadence_id.to_owned() }
}

pub(super) fn relabel(name: &str, label: &str) -> Intent {
    let patch = FieldPatch { label: Some(label.to_owned()), ..FieldPatch::default() };
    Intent::modify_field(name, patch)
}

pub(super) fn default_value(name: &str, value: &str) -> Intent {
    let patch = FieldPatch { default_value: Some(value.to_owned()), ..FieldPatch::default() };
    Intent::modify_field(name, patch)
}

pub(super) fn remove(name: &str) -> Intent {
    Intent::remove_field(name)
}

/// A field in a group.
pub(super) fn add_in(name: &str, group_name: &str) -> Intent {
    let (name, group_name) = (name.to_owned(), group_name.to_owned());
    Intent::add_field(FieldDraft { name, group_name, ..FieldDraft::default() })
}

pub(super) fn add_group(name: &str) -> Intent {
    Intent::AddGroup(GroupDraft { name: name.to_owned(), ..GroupDraft::default() })
}

pub(super) fn relabel_group(name: &str, label: &str) -> Intent {
    let patch = GroupPatch { label: Some(label.to_owned()), ..GroupPatch::default() };
    Intent::ModifyGroup { name: name.to_owned(), patch }
}

pub(super) fn remove_group(name: &str) -> Intent {
    Intent::RemoveGroup { name: name.to_owned() }
}

pub(super) fn roll_back(to: i64) -> Intent {
    Intent::rollback(Revision::new(to))
}

pub(super) fn attributes(name: &str) -> Attributes {
    Attributes::from([("name", name.into())])
}

pub(super) fn refused() -> Problem {
    Problem {
        vendor_status: 400,
        correlation_id: "c-1".to_owned(),
        ..Problem::new(ProblemReason::VendorRefused, "the vendor says no")
    }
}

pub(super) fn away() -> Problem {
    Problem::new(ProblemReason::VendorUnavailable, "the vendor is away")
}

pub(super) fn find<'a>(work: &'a Work, name: &str) -> &'a Tracked {
    let mut found = work.resources.iter().filter(|tracked| tracked.version.name == name);
    found.next().unwrap_or_else(|| panic!("there is no work for {name}"))
}

pub(super) fn outcome(work: &Work, name: &str, transition: Transition) -> Outcome {
    let tracked = find(work, name);
    Outcome {
        resource_id: tracked.version.id.clone(),
        desired_rev: tracked.version.from_rev,
        seen_rev: work.revision,
        transition,
        message: format!("did field {name}"),
    }
}

pub(super) fn resource(text: &str) -> ResourceId {
    ResourceId::from_trusted(text)
}
