//! Sessions over a real store and a vendor that does what a test tells it to.

mod steps;
mod vendor;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use url::Url;

use super::{Bell, Executor, Parts, Settings, session};
use crate::broker::LocalBroker;
use crate::clock::{Clock as _, SystemClock};
use crate::domain::{
    Attributes, Caller, CompanyId, Door, Effect, FieldDraft, Intent, JobId, JobState, Mutation,
    NewConnection, Observed, Problem, ProblemReason, Resource, ResourceId, ResourceKind, Revision,
    Scope, VendorKind,
};
use crate::events::LocalBus;
use crate::store::hooked::Hooked;
use crate::store::hooked::steps::Steps;
use crate::store::sqlite::SqliteStore;
use crate::store::{Doorbell, Store, Tables};
use crate::supervisor::Supervisor;
use crate::vault::{Key, Vault};
use crate::vendors::{
    Access, Account, Answer, Call, Entry, Failure, FailureScope, Identity, Lane, Target, Vendor,
    Vendors,
};

/// How long a test waits for something before it says that it did not happen.
const BOUND: Duration = Duration::from_secs(20);

/// A vendor that answers a create as told, and holds nothing.
#[derive(Debug)]
struct Told {
    answer: fn(usize) -> Result<(), Failure>,
    calls: AtomicUsize,
    /// Whether somebody else took the place that was free a moment ago.
    crowded: AtomicBool,
    /// How its list fails, if it does.
    list_fails: Mutex<Option<Failure>>,
    lists: AtomicUsize,
}

#[derive(Debug)]
struct ToldVendor(Arc<Told>);

#[derive(Debug)]
struct ToldAccount(Arc<Told>);

impl Vendor for ToldVendor {
    fn kind(&self) -> VendorKind {
        VendorKind::HubSpot
    }

    fn default_base_url(&self) -> Option<Url> {
        Some(Url::parse("https://vendor.test").unwrap())
    }

    fn desired(&self, resource: &Resource) -> Attributes {
        Attributes::from([("name", resource.name().into())])
    }

    fn listed(&self, _entry: &Entry, _expected: Option<&Attributes>) -> Option<Attributes> {
        None
    }

    fn resource(
        &self,
        _id: ResourceId,
        _kind: ResourceKind,
        _name: &str,
        _attributes: &Attributes,
        _base: Option<&Resource>,
    ) -> Result<Resource, String> {
        Err("nothing is taken over from here".to_owned())
    }

    fn open(&self, _access: Access) -> Result<Arc<dyn Account>, Failure> {
        Ok(Arc::new(ToldAccount(self.0.clone())))
    }
}

#[async_trait]
impl Account for ToldAccount {
    async fn identify(&self) -> Result<Identity, Failure> {
        Ok(Identity { account_id: "1".to_owned(), warnings: Vec::new() })
    }

    async fn admit(&self, _lane: Lane) {
        if self.0.crowded.load(Ordering::Relaxed) {
            std::future::pending().await
        }
    }

    fn wait(&self, _lane: Lane) -> Duration {
        Duration::ZERO
    }

    fn window(&self) -> String {
        "{}".to_owned()
    }

    async fn read(&self, targets: &[Target]) -> Result<Vec<Observed>, Failure> {
        Ok(targets.iter().map(|_| Observed::Absent).collect())
    }

    async fn list(&self, _with: &[String]) -> Result<Vec<Entry>, Failure> {
        self.0.lists.fetch_add(1, Ordering::Relaxed);
        self.0.list_fails.lock().unwrap().clone().map_or(Ok(Vec::new()), Err)
    }

    async fn carry_out(&self, calls: &[Call]) -> Vec<Result<Answer, Failure>> {
        let number = self.0.calls.fetch_add(1, Ordering::Relaxed);
        let answer = |call: &Call| {
            (self.0.answer)(number)?;
            Ok(match &call.effect {
                Effect::Create(sent) | Effect::Update(sent) => Answer::Holds(sent.clone()),
                _ => Answer::Gone,
            })
        };
        calls.iter().map(answer).collect()
    }
}

/// An executor that is not running yet, with its store.
struct Rig {
    parts: Parts,
    store: Arc<Hooked>,
    supervisor: Supervisor,
    _folder: TempDir,
}

impl Rig {
    async fn new(answer: fn(usize) -> Result<(), Failure>) -> (Self, Arc<Told>) {
        let told = Arc::new(Told {
            answer,
            calls: AtomicUsize::new(0),
            crowded: AtomicBool::new(false),
            list_fails: Mutex::new(None),
            lists: AtomicUsize::new(0),
        });
        let vendor = Arc::new(ToldVendor(told.clone()));
        (Self::with(vendor, Arc::new(Steps::new(None))).await, told)
    }

    async fn with(vendor: Arc<dyn Vendor>, steps: Arc<Steps>) -> Self {
        let folder = TempDir::new().unwrap();
        let supervisor = Supervisor::new();
        let path = folder.path().join("gomark.db");
        let store = SqliteStore::open(&path, Tables::Update, SystemClock::shared(), &supervisor)
            .await
            .unwrap();
        let store = Arc::new(Hooked::with(store, steps));
        let parts = Parts {
            store: store.clone(),
            vendors: Vendors::new([vendor]),
            broker: Arc::new(LocalBroker::new()),
            bus: Arc::new(LocalBus::new()),
            vault: Arc::new(Vault::new(&Key::generate().unwrap())),
            supervisor: supervisor.clone(),
            settings: Settings {
                holder: "executor".to_owned(),
                lease_period: Duration::from_millis(900),
                call_timeout: Duration::from_millis(300),
                sweep_interval: Duration::from_millis(10),
                calls_max: 6,
                linger: Duration::from_millis(1),
                peers: false,
                scan_interval: None,
                settling: Duration::ZERO,
            },
        };
        Self { parts, store, supervisor, _folder: folder }
    }

    async fn ask(&self, company: &CompanyId, intent: Intent) -> Option<JobId> {
        self.ask_all(company, [intent]).await.remove(0)
    }

    /// Asks for changes in one transaction.
    async fn ask_all(
        &self,
        company: &CompanyId,
        intents: impl IntoIterator<Item = Intent>,
    ) -> Vec<Option<JobId>> {
        let mutation = |intent| Mutation {
            company_id: company.clone(),
            intent,
            request_id: None,
            fingerprint: [0; 32],
            expected_revision: Revision::ZERO,
            validate_only: false,
            reason: String::new(),
            caller: Caller {
                actor: "ada".to_owned(),
                door: Door::Grpc,
                scope: Scope::All,
                deadline: None,
            },
            at: crate::domain::Timestamp::from_micros(1),
        };
        let batch = intents.into_iter().map(mutation).collect();
        let committed = self.store.commit(batch).await.unwrap();
        committed.into_iter().map(|one| one.unwrap().job.map(|job| job.id)).collect()
    }

    /// A connected company that decided on a field.
    async fn company(&self, name: &str) -> (Doorbell, JobId) {
        let bell = self.connected(name).await;
        let job = self.ask(&bell.company_id, Intent::add_field(field("tier"))).await.unwrap();
        (bell, job)
    }

    async fn connected(&self, name: &str) -> Doorbell {
        let id = CompanyId::parse(name).unwrap();
        self.ask(&id, Intent::RegisterCompany { display_name: name.to_owned() }).await;
        let connection = NewConnection {
            vendor: VendorKind::HubSpot,
            base_url: "https://vendor.test".to_owned(),
            account_id: name.to_owned(),
            burst_per_10s: 0,
            reserve_percent: 0,
            sealed: self.parts.vault.seal(&id, VendorKind::HubSpot, "credential").unwrap(),
            credential_id: "credential".to_owned(),
        };
        self.ask(&id, Intent::ConnectVendor(connection)).await;
        let view = self.store.company(&Scope::All, &id).await.unwrap().unwrap();
        let connection_id = view.connections[0].id.clone();
        Doorbell { company_id: id, connection_id }
    }

    /// Works on one connection for as long as the session goes on.
    async fn session(&self, doorbell: Doorbell) {
        let (parts, starts) = (Arc::new(self.parts.clone()), Arc::new(Semaphore::new(1)));
        let session = session::run(parts, doorbell, Arc::new(Bell::default()), starts);
        tokio::time::timeout(BOUND, session).await.expect("the session ends");
    }

    fn start(&self) {
        self.supervisor.spawn("executor", Executor::new(self.parts.clone()).run());
    }

    async fn until(&self, job: &JobId, state: JobState) {
        let reached = async {
            while self.store.job(&Scope::All, job).await.unwrap().unwrap().state != state {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(BOUND, reached).await.expect("the job comes to that");
    }

    async fn end(self) {
        assert!(self.supervisor.shutdown(BOUND).await, "everything ends in time");
    }
}

fn field(name: &str) -> FieldDraft {
    FieldDraft { name: name.to_owned(), ..FieldDraft::default() }
}

/// The vendor fails for this field, and wants to be asked about it again in an hour.
fn in_an_hour(_: usize) -> Result<(), Failure> {
    Err(Failure {
        scope: FailureScope::Resource,
        effect_unknown: false,
        retry_after: Some(Duration::from_secs(3_600)),
        problem: Problem::new(ProblemReason::VendorUnavailable, "in an hour"),
    })
}

fn well(_: usize) -> Result<(), Failure> {
    Ok(())
}

#[tokio::test]
async fn a_session_whose_work_waits_for_long_is_not_started_anew_with_every_sweep() {
    let (rig, told) = Rig::new(in_an_hour).await;
    let (_, job) = rig.company("acme").await;
    rig.start();
    rig.until(&job, JobState::Waiting).await;
    rig.store.sweeps(20).await;
    assert_eq!(rig.store.claims(), 1);
    assert_eq!(told.calls.load(Ordering::Relaxed), 1);
    rig.end().await;
}

#[tokio::test]
async fn a_lease_that_cannot_be_prolonged_is_not_asked_for_without_a_pause() {
    let (rig, _) = Rig::new(in_an_hour).await;
    let (bell, _) = rig.company("acme").await;
    rig.store.renews_fail.store(true, Ordering::Relaxed);
    rig.session(bell).await;
    let renews = rig.store.renews.load(Ordering::Relaxed);
    assert!((1..=4).contains(&renews), "{renews} times");
    rig.end().await;
}

#[tokio::test]
async fn no_call_is_made_that_could_take_effect_after_it_counts_as_settled() {
    let (rig, told) = Rig::new(well).await;
    let (bell, job) = rig.company("acme").await;
    // Longer than a call may take, but not than the lease lasts.
    rig.store.begin_takes_ms.store(400, Ordering::Relaxed);
    rig.session(bell).await;
    rig.until(&job, JobState::Succeeded).await;
    assert_eq!(rig.store.begins.load(Ordering::Relaxed), 2, "noted again before it was sent");
    assert_eq!(told.calls.load(Ordering::Relaxed), 1);
    rig.end().await;
}

#[tokio::test]
async fn a_place_that_somebody_else_took_does_not_stop_a_session() {
    let (rig, told) = Rig::new(well).await;
    let (bell, job) = rig.company("acme").await;
    told.crowded.store(true, Ordering::Relaxed);
    let freed = async {
        while rig.store.renews.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        told.crowded.store(false, Ordering::Relaxed);
    };
    tokio::join!(rig.session(bell), tokio::time::timeout(BOUND, freed)).1.unwrap();
    assert_eq!(rig.store.job(&Scope::All, &job).await.unwrap().unwrap().state, JobState::Succeeded);
    rig.end().await;
}

#[tokio::test]
async fn a_call_that_dies_is_in_doubt_and_looked_after() {
    let (rig, told) = Rig::new(|number| if number == 0 { panic!("told to") } else { Ok(()) }).await;
    let (_, job) = rig.company("acme").await;
    rig.start();
    rig.until(&job, JobState::Succeeded).await;
    assert_eq!(told.calls.load(Ordering::Relaxed), 2);
    rig.end().await;
}

#[tokio::test]
async fn many_companies_with_work_do_not_all_ask_for_their_leases_at_once() {
    let (rig, _) = Rig::new(well).await;
    let mut jobs = Vec::new();
    for number in 0..40 {
        jobs.push(rig.company(&format!("company-{number}")).await.1);
    }
    rig.start();
    for job in &jobs {
        rig.until(job, JobState::Succeeded).await;
    }
    let at_once = rig.store.claiming_max();
    assert!((1..=8).contains(&at_once), "{at_once} at once");
    rig.end().await;
}

/// The vendor wants to be left alone for an hour.
fn closed_for_an_hour(number: usize) -> Result<(), Failure> {
    in_an_hour(number).map_err(|failure| Failure { scope: FailureScope::Connection, ..failure })
}

#[tokio::test]
async fn what_is_decided_while_the_connection_is_closed_tells_when_it_opens() {
    let (rig, told) = Rig::new(closed_for_an_hour).await;
    let (bell, first) = rig.company("acme").await;
    rig.start();
    rig.until(&first, JobState::Waiting).await;
    let second = rig.ask(&bell.company_id, Intent::add_field(field("later"))).await.unwrap();
    rig.parts.broker.ring(&bell).await;
    rig.until(&second, JobState::Waiting).await;
    let first = rig.store.job(&Scope::All, &first).await.unwrap().unwrap();
    let second = rig.store.job(&Scope::All, &second).await.unwrap().unwrap();
    assert!(first.next_attempt_at.is_some());
    assert_eq!(second.next_attempt_at, first.next_attempt_at);
    assert_eq!(told.calls.load(Ordering::Relaxed), 1);
    // The closed connection is not taken up by the sweeper.
    rig.store.sweeps(3).await;
    let claims = rig.store.claims();
    rig.store.sweeps(20).await;
    assert_eq!(rig.store.claims(), claims);
    rig.end().await;
}

/// A session of a company that is scanned every hour; answers how long it is to the next scan.
async fn scanned(rig: &mut Rig) -> Duration {
    rig.parts.settings.scan_interval = Some(Duration::from_secs(3_600));
    let bell = rig.connected("acme").await;
    rig.session(bell.clone()).await;
    let scans = rig.store.scans(&Scope::All, &bell.company_id).await.unwrap().unwrap();
    scans[0].scan.next_at.since(SystemClock.now())
}

#[tokio::test]
async fn a_scan_is_not_made_again_before_its_time() {
    let (mut rig, told) = Rig::new(well).await;
    let minutes = scanned(&mut rig).await.as_secs() / 60;
    assert!((9..=12).contains(&minutes), "{minutes}: at first a fifth of the longest");
    assert_eq!(told.lists.load(Ordering::Relaxed), 1);
    rig.end().await;
}

#[tokio::test]
async fn a_scan_that_failed_is_made_again_in_some_seconds_and_the_lease_given_back() {
    let (mut rig, told) = Rig::new(well).await;
    let failure = in_an_hour(0).unwrap_err();
    *told.list_fails.lock().unwrap() = Some(Failure { retry_after: None, ..failure });
    let seconds = scanned(&mut rig).await.as_secs_f64();
    assert!((2.0..=4.0).contains(&seconds), "{seconds}");
    assert_eq!(told.lists.load(Ordering::Relaxed), 1);
    rig.end().await;
}

#[tokio::test]
async fn a_closed_connection_that_only_a_scan_waits_for_is_given_back() {
    let (mut rig, told) = Rig::new(well).await;
    let closed = closed_for_an_hour(0).unwrap_err();
    // For so long a connection with work is kept.
    let closed = Failure { retry_after: Some(Duration::from_secs(50)), ..closed };
    *told.list_fails.lock().unwrap() = Some(closed);
    scanned(&mut rig).await;
    assert_eq!(told.lists.load(Ordering::Relaxed), 1);
    // Nor is it kept when somebody asks for a scan meanwhile.
    let company = CompanyId::parse("acme").unwrap();
    let mut asked = rig.store.ask_for_scan(&Scope::All, &company, None).await.unwrap().unwrap();
    rig.session(asked.remove(0).at).await;
    assert_eq!(told.lists.load(Ordering::Relaxed), 1);
    // It is not taken up before it opens.
    rig.start();
    rig.store.sweeps(20).await;
    assert_eq!(rig.store.claims(), 2);
    rig.end().await;
}
