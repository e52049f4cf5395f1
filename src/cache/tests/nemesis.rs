//! A Redis that is emptied, killed and brought to a standstill while processes read and decide.

use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use fred::interfaces::ClientLike as _;
use fred::types::{ClusterHash, CustomCommand};
use rand::seq::IndexedRandom as _;
use uuid::Uuid;

use super::*;
use crate::cache::redis::RedisCache;
use crate::domain::FieldDraft;
use crate::redis::Link;
use crate::redis::own_server::Own;

const COMPANIES: usize = 24;
const READERS: usize = 48;
/// How often Redis is done something to.
const BLOWS: usize = 16;
/// How old an answer may be to somebody who asks for no revision.
const AGE_MAX: Duration = Duration::from_secs(1);
/// How long a read may take on a busy machine: a few time-outs of 50 ms are in it.
const READ_MAX: Duration = Duration::from_secs(3);

/// What was acknowledged of a company, and when.
#[derive(Debug, Default)]
struct Acknowledged(std::sync::Mutex<Vec<(Instant, i64)>>);

impl Acknowledged {
    fn add(&self, revision: i64) {
        self.0.lock().unwrap().push((Instant::now(), revision));
    }

    /// The latest one, as of a moment.
    fn as_of(&self, at: Instant) -> i64 {
        let all = self.0.lock().unwrap();
        all.iter().rev().find(|(when, _)| *when <= at).map_or(1, |(_, revision)| *revision)
    }
}

struct Scene {
    store: Arc<Hooked>,
    /// The first one decides, too.
    processes: Vec<Arc<Configs>>,
    companies: Vec<(CompanyId, Acknowledged)>,
    over: AtomicBool,
    reads: AtomicUsize,
    commits: AtomicUsize,
}

impl Scene {
    async fn set(url: &url::Url, bytes_max: u64, supervisor: &Supervisor) -> (Arc<Self>, TempDir) {
        let (store, folder) = Hooked::with_acme(supervisor).await;
        let mut companies = Vec::new();
        for number in 0..COMPANIES {
            let name = format!("company-{number}");
            let register = ask(&name, Intent::RegisterCompany { display_name: name.clone() });
            store.commit(vec![register]).await.unwrap().remove(0).unwrap();
            companies.push((CompanyId::parse(&name).unwrap(), Acknowledged::default()));
        }
        let installation = Uuid::new_v4().to_string();
        let process = || {
            let redis = RedisCache::open(url, &installation, "test", supervisor).unwrap();
            let settings = Settings { bytes_max, head_age_max: Some(AGE_MAX) };
            Arc::new(Configs::new(store.clone(), settings).sharing(Some(Arc::new(redis))))
        };
        let processes = vec![process(), process()];
        let scene = Self {
            store: store.clone(),
            processes,
            companies,
            over: AtomicBool::new(false),
            reads: AtomicUsize::new(0),
            commits: AtomicUsize::new(0),
        };
        (Arc::new(scene), folder)
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Adds one field after the other, here and there.
    async fn decide(&self) {
        for number in 0.. {
            if self.is_over() {
                return;
            }
            let (id, acknowledged) = self.companies.choose(&mut rand::rng()).unwrap();
            let draft = FieldDraft { label: format!("Number {number}"), ..Default::default() };
            let begun_at = Instant::now();
            let answers = self.store.commit(vec![ask(id.as_str(), Intent::add_field(draft))]).await;
            self.processes[0].committed(std::slice::from_ref(id), &answers, begun_at);
            let committed = answers.unwrap().remove(0).unwrap();
            acknowledged.add(committed.revision.get());
            self.commits.fetch_add(1, Ordering::Relaxed);
            // Ten times as many reads as decisions.
            let until = self.reads.load(Ordering::Relaxed) + 10;
            while self.reads.load(Ordering::Relaxed) < until && !self.is_over() {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Reads through all processes, with and without a revision that is asked for.
    async fn read(&self) {
        while !self.is_over() {
            let (id, acknowledged) = self.companies.choose(&mut rand::rng()).unwrap();
            let configs = self.processes.choose(&mut rand::rng()).unwrap();
            let asked_at = Instant::now();
            let latest = acknowledged.as_of(asked_at);
            let (min, least) = match rand::random_bool(0.5) {
                true => (latest, latest),
                false => (0, acknowledged.as_of(asked_at - AGE_MAX)),
            };
            let answer = configs.latest(&Scope::All, id, Revision::new(min)).await;
            let took = asked_at.elapsed();
            let config = pb::GetConfigResponse::decode(answer.unwrap().unwrap()).unwrap();
            let config = config.config.unwrap();
            assert!(config.revision >= least, "{} < {least}, {min}", config.revision);
            assert_eq!(config.company_id, id.as_str());
            // Each revision after the first has one field more.
            assert_eq!(config.fields.len() as i64, config.revision - 1);
            assert!(took < READ_MAX, "a read took {took:?}");
            self.reads.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    }
}

/// Does something to Redis, again and again.
async fn strike(own: &mut Own, supervisor: &Supervisor) {
    let link = Link::open(&own.url(), None, Duration::from_secs(1), supervisor).unwrap();
    let flush = CustomCommand::new_static("FLUSHALL", ClusterHash::FirstKey, false);
    let pause = || tokio::time::sleep(Duration::from_millis(rand::random_range(20..200)));
    for _ in 0..BLOWS {
        match rand::random_range(0..3) {
            0 => {
                let _emptied: Option<()> =
                    link.ask(link.client().custom(flush.clone(), Vec::<String>::new())).await;
            }
            1 => {
                own.kill();
                pause().await;
                own.start_again();
            }
            _ => {
                own.hang();
                pause().await;
                own.go_on();
            }
        }
        // Long enough for Redis to be of use again, now and then.
        for _ in 0..rand::random_range(1..8) {
            pause().await;
        }
    }
}

/// Plays it all; `None` where there is no Redis.
async fn play(bytes_max: u64) -> Option<(Arc<Scene>, Duration)> {
    let mut own = Own::start()?;
    let supervisor = Supervisor::new();
    let (scene, _folder) = Scene::set(&own.url(), bytes_max, &supervisor).await;
    let began = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..READERS {
        let scene = scene.clone();
        tasks.push(supervisor.spawn("reader", async move { scene.read().await }));
    }
    let decides = scene.clone();
    tasks.push(supervisor.spawn("decider", async move { decides.decide().await }));
    strike(&mut own, &supervisor).await;
    scene.over.store(true, Ordering::Relaxed);
    for task in tasks {
        tokio::time::timeout(BOUND, task).await.expect("it ends in time").unwrap();
    }
    Some((scene, began.elapsed()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_redis_no_answer_is_wrong_and_the_database_is_read_seldom() {
    let Some((scene, took)) = play(64 << 20).await else { return };
    let (reads, commits) =
        (scene.reads.load(Ordering::Relaxed), scene.commits.load(Ordering::Relaxed));
    let configs = *scene.store.configs_read.borrow();
    let heads = scene.store.companies_read.load(Ordering::Relaxed);
    eprintln!(
        "{reads} reads, {commits} commits, {configs} configurations and {heads} heads read, {took:?}"
    );
    let processes = scene.processes.len();
    // Each process reads each revision once at most, and asks for each head once a second, and when
    // somebody asks for a revision that it does not know.
    assert!(configs <= processes * (COMPANIES + commits), "{configs}");
    let seconds = took.as_secs() as usize + 2;
    assert!(heads <= processes * (COMPANIES * seconds + 2 * commits), "{heads}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_redis_processes_that_keep_nothing_do_not_storm_the_database() {
    let Some((scene, took)) = play(0).await else { return };
    let at_once = scene.store.reading_max.load(Ordering::Relaxed);
    let (reads, configs) =
        (scene.reads.load(Ordering::Relaxed), *scene.store.configs_read.borrow());
    eprintln!("{reads} reads, {configs} of the database, {at_once} at once, {took:?}");
    assert!(at_once <= 8 * scene.processes.len(), "{at_once}");
}

#[tokio::test]
async fn a_redis_that_hangs_costs_one_time_out_and_not_one_for_each_read() {
    let Some(own) = Own::start() else { return };
    let supervisor = Supervisor::new();
    let (scene, _folder) = Scene::set(&own.url(), 0, &supervisor).await;
    let configs = &scene.processes[0];
    let read = async || {
        for (id, _) in &scene.companies {
            configs.latest(&Scope::All, id, Revision::ZERO).await.unwrap().unwrap();
        }
    };
    let hits = async {
        // Until all of it comes from Redis.
        loop {
            let before = *scene.store.configs_read.borrow();
            read().await;
            if *scene.store.configs_read.borrow() == before {
                return;
            }
        }
    };
    tokio::time::timeout(BOUND, hits).await.expect("Redis is used in time");
    own.hang();
    let began = Instant::now();
    let mut rounds = 0;
    while began.elapsed() < Duration::from_millis(900) {
        read().await;
        rounds += 1;
    }
    eprintln!("{} reads in {:?} without an answer of Redis", rounds * COMPANIES, began.elapsed());
    // With a time-out for each it would be eighteen.
    assert!(rounds * COMPANIES > 100, "{rounds}");
    own.go_on();
    tokio::time::timeout(BOUND, async {
        loop {
            let before = *scene.store.configs_read.borrow();
            read().await;
            if *scene.store.configs_read.borrow() == before {
                return;
            }
        }
    })
    .await
    .expect("Redis is used again in time");
}
