//! Following through several replicas on one Postgres, with a bus that keeps none of the promises that
//! buses do not make.

mod wicked;

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use futures::{Stream, StreamExt as _};
use rand::seq::IndexedRandom as _;

use crate::broker::LocalBroker;
use crate::cache;
use crate::clock::SystemClock;
use crate::domain::{
    Attributes, Caller, CompanyId, Door, Effect, FieldDraft, Intent, JobEvent, JobId,
    NewConnection, Problem, ProblemReason, Revision, Scope, Tracked, Transition, VendorKind,
};
use crate::engine::{Engine, Error, Parts};
use crate::events::{EventBus, News};
use crate::store::hooked::{ask, rename};
use crate::store::postgres::tests::schema::Schema;
use crate::store::postgres::{PostgresStore, PostgresUrl};
use crate::store::{Begin, Lease, Outcome, Recorded, Store, StoredEntry, Tables};
use crate::supervisor::Supervisor;
use crate::vault::{Key, Vault};
use crate::vendors::Vendors;
use crate::vendors::hosts::HostPolicy;
use wicked::Wicked;

/// How long a test waits for something before it says that it did not happen.
const BOUND: Duration = Duration::from_secs(60);
/// How many follow.
const FOLLOWERS: usize = 6;

/// Replicas on one database and one bus.
struct Replicas {
    engines: Vec<Engine>,
    store: Arc<dyn Store>,
    bus: Arc<Wicked>,
    supervisor: Supervisor,
    _schema: Schema,
}

impl Replicas {
    /// Starts two, which know `acme` at revision 1; none without a server.
    async fn start() -> Option<Self> {
        let schema = Schema::make().await?;
        let (supervisor, bus) = (Supervisor::new(), Arc::new(Wicked::default()));
        let url = PostgresUrl::parse(&schema.url()).unwrap();
        let mut stores: Vec<Arc<dyn Store>> = Vec::new();
        for _ in 0..2 {
            stores.push(Arc::new(
                PostgresStore::open(&url, Tables::Update, &supervisor).await.unwrap(),
            ));
        }
        let register = Intent::RegisterCompany { display_name: "acme".to_owned() };
        stores[0].commit(vec![ask("acme", register)]).await.unwrap().remove(0).unwrap();
        let engine = |store: &Arc<dyn Store>| engine(store.clone(), bus.clone(), &supervisor);
        let engines = stores.iter().map(engine).collect();
        let store = stores.remove(0);
        Some(Self { engines, store, bus, supervisor, _schema: schema })
    }

    fn any(&self) -> &Engine {
        self.engines.choose(&mut rand::rng()).unwrap()
    }

    /// Does things to a field of `acme` that fail, and in the end one that does not.
    async fn carry_out(&self, lease: &Lease, failures: usize) {
        for _ in 0..failures {
            self.step(lease, |_| Transition::Fail {
                in_doubt: false,
                wait_ms: 0,
                problem: Problem::new(ProblemReason::VendorUnavailable, "away"),
            })
            .await;
        }
        self.step(lease, |attributes| Transition::Confirm(Some(attributes))).await;
    }

    async fn step(&self, lease: &Lease, transition: impl Fn(Attributes) -> Transition) {
        let work = self.store.work(lease, 1).await.unwrap();
        let Tracked { version, .. } = &work.resources[0];
        let attributes = Attributes::from([("name", version.name.as_str().into())]);
        let begin = Begin {
            resource_id: version.id.clone(),
            desired_rev: version.from_rev,
            planned_in_doubt: None,
            name: version.name.clone(),
            effect: Effect::Create(attributes.clone()),
            message: "creating it".to_owned(),
        };
        let outcome = Outcome {
            resource_id: version.id.clone(),
            desired_rev: version.from_rev,
            seen_rev: work.revision,
            transition: transition(attributes),
            message: "tried it".to_owned(),
        };
        let settles = Duration::from_secs(10);
        self.tell(self.store.begin(lease, "c", vec![begin], settles, None).await.unwrap());
        self.tell(self.store.record(lease, vec![outcome], None).await.unwrap());
    }

    fn tell(&self, recorded: Recorded) {
        for event in recorded.events {
            self.bus.publish(News::Job(event));
        }
    }
}

fn engine(store: Arc<dyn Store>, bus: Arc<Wicked>, supervisor: &Supervisor) -> Engine {
    let parts = Parts {
        store,
        cache: cache::Settings { bytes_max: 1 << 20, head_age_max: Some(Duration::from_secs(1)) },
        shared_cache: None,
        vendors: Vendors::new([]),
        broker: Arc::new(LocalBroker::new()),
        bus,
        clock: SystemClock::shared(),
        vault: Arc::new(Vault::new(&Key::generate().unwrap())),
        hosts: Arc::new(HostPolicy::parse(&[]).unwrap()),
        call_timeout: Duration::from_secs(1),
        queue_max: 100,
    };
    Engine::start(parts, supervisor)
}

fn caller() -> Caller {
    Caller { actor: "ada".to_owned(), door: Door::Grpc, scope: Scope::All, deadline: None }
}

/// Takes a few, as somebody whose replica goes away after that; tells whether it ended.
async fn take<T>(stream: impl Stream<Item = Result<T, Error>>, into: &mut Vec<T>) -> bool {
    let mut stream = std::pin::pin!(stream);
    for _ in 0..rand::random_range(1..12) {
        match stream.next().await {
            Some(item) => into.push(item.unwrap()),
            None => return true,
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_followed_from_replica_to_replica_without_gap_or_repetition() {
    let Some(replicas) = Replicas::start().await else { return };
    let replicas = Arc::new(replicas);
    let connection = Intent::ConnectVendor(NewConnection {
        vendor: VendorKind::HubSpot,
        base_url: "https://vendor.test".to_owned(),
        account_id: "1".to_owned(),
        burst_per_10s: 0,
        reserve_percent: 0,
        sealed: b"sealed".to_vec(),
        credential_id: "c".to_owned(),
    });
    replicas.any().mutate(ask("acme", connection)).await.unwrap();
    let draft = FieldDraft { label: "Size".to_owned(), ..FieldDraft::default() };
    let job = replicas.any().mutate(ask("acme", Intent::add_field(draft))).await.unwrap().job;
    let job_id: JobId = job.unwrap().id;
    let supervisor = replicas.supervisor.clone();
    let followers = (0..FOLLOWERS).map(|_| {
        let (replicas, job_id) = (replicas.clone(), job_id.clone());
        let follow = async move {
            let mut followed: Vec<JobEvent> = Vec::new();
            loop {
                let after = followed.last().map_or(0, |event| event.seq);
                let stream = replicas.any().watch(&caller(), job_id.clone(), after).await;
                if take(stream.unwrap(), &mut followed).await {
                    return followed;
                }
            }
        };
        supervisor.spawn("follower", follow)
    });
    let followers: Vec<_> = followers.collect();
    let doorbell = replicas.store.due(10, false).await.unwrap().remove(0);
    let claimed = replicas.store.claim(&doorbell, "executor", BOUND).await.unwrap();
    let lease = claimed.taken().unwrap();
    replicas.carry_out(&lease, 60).await;
    let all = replicas.store.events(&Scope::All, &job_id, 0, 1_000).await.unwrap().unwrap();
    assert!(all.events.len() > 100, "{}", all.events.len());
    for followed in tokio::time::timeout(BOUND, join_all(followers)).await.expect("they end") {
        assert_eq!(followed.unwrap(), all.events);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_company_is_followed_from_replica_to_replica_without_gap_or_repetition() {
    let Some(replicas) = Replicas::start().await else { return };
    let replicas = Arc::new(replicas);
    let last = Revision::new(120);
    let followers: Vec<_> = (0..FOLLOWERS)
        .map(|_| {
            let follows = replicas.clone();
            let follow = async move {
                let id = CompanyId::parse("acme").unwrap();
                let mut followed = Vec::new();
                let revision = |entry: &StoredEntry| entry.revision;
                while followed.last().map(revision) != Some(last) {
                    let after = followed.last().map_or(Revision::ZERO, revision);
                    let stream = follows.any().watch_config(&caller(), id.clone(), after).await;
                    // There is no more to come after the last one.
                    let stream = stream.unwrap().take((last.get() - after.get()) as usize);
                    take(stream, &mut followed).await;
                }
                followed.iter().map(|entry| entry.revision.get()).collect::<Vec<_>>()
            };
            replicas.supervisor.spawn("follower", follow)
        })
        .collect();
    for number in 2..=last.get() {
        replicas.any().mutate(rename(&format!("number {number}"))).await.unwrap();
    }
    for followed in tokio::time::timeout(BOUND, join_all(followers)).await.expect("they end") {
        assert_eq!(followed.unwrap(), (1..=last.get()).collect::<Vec<_>>());
    }
}
