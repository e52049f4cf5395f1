//! Reading through another process what was acknowledged just now, while all that is written to the
//! shared cache comes late and in any order; and many who want the same at once.

use std::sync::atomic::AtomicUsize;

use uuid::Uuid;

use super::doubles::Late;
use super::suite::{patient, settled};
use super::*;
use crate::redis::server::shared;

/// How many reads there are, unless GOMARK_TEST_READS says otherwise: 100000, say.
const READS: usize = 20_000;
/// How many follow each commit: most through a process that keeps what it read, some through one
/// that does not.
const FOLLOWERS: (usize, usize) = (80, 20);
/// After how many commits all is let come to rest.
const ROUNDS: usize = 10;

fn process(store: &Arc<Hooked>, shared: Arc<dyn SharedCache>, bytes_max: u64) -> Arc<Configs> {
    let settings = Settings { bytes_max, head_age_max: Some(Duration::from_secs(1)) };
    Arc::new(Configs::new(store.clone(), settings).sharing(Some(shared)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_read_through_every_other_process() {
    let Some(url) = shared() else { return };
    let mut world = World::with(None).await;
    let redis = patient(&url, &Uuid::new_v4().to_string(), &world.supervisor);
    // What is written before it is connected is dropped.
    settled(&*redis).await;
    let late = Arc::new(Late::new(redis.clone()));
    world.configs = process(&world.store, late.clone(), 1 << 20);
    let keeps = process(&world.store, late.clone(), 1 << 20);
    let forgets = process(&world.store, late.clone(), 0);
    let reads = std::env::var("GOMARK_TEST_READS").map_or(READS, |reads| reads.parse().unwrap());
    let commits = reads.div_ceil(FOLLOWERS.0 + FOLLOWERS.1);
    let older = Arc::new(AtomicUsize::new(0));
    for round in 1..=commits {
        let acknowledged = world.commit(rename(&format!("number {round}"))).await;
        let follow = |(configs, count): (&Arc<Configs>, usize)| {
            let (configs, older) = (configs.clone(), older.clone());
            world.supervisor.spawn("reader", async move {
                for _ in 0..count {
                    let read = configs.latest(&Scope::All, &acme(), acknowledged).await;
                    let read = revision(read.unwrap().unwrap());
                    older.fetch_add(usize::from(read < acknowledged.get()), Ordering::Relaxed);
                }
            })
        };
        for done in join_all([(&keeps, FOLLOWERS.0), (&forgets, FOLLOWERS.1)].map(follow)).await {
            done.unwrap();
        }
        if round % ROUNDS == 0 || round == commits {
            late.settle();
            settled(&*redis).await;
            let latest = redis.latest(&acme(), Revision::ZERO).await;
            // Whoever came last: the latest revision is what is there.
            assert_eq!(latest.map(|(revision, _)| revision), Some(acknowledged));
        }
    }
    assert_eq!(older.load(Ordering::Relaxed), 0);
    let heads = world.store.companies_read.load(Ordering::Relaxed);
    eprintln!(
        "{commits} commits, {reads} reads, {} configurations and {heads} heads from the database",
        world.configs_read()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_who_want_what_nobody_has_read_are_one_read_of_each_process() {
    let Some(url) = shared() else { return };
    let world = World::with(None).await;
    for _ in 0..10 {
        let redis = patient(&url, &Uuid::new_v4().to_string(), &world.supervisor);
        let processes = [(); 3].map(|()| process(&world.store, redis.clone(), 1 << 20));
        let reads = || world.configs_read() + world.store.companies_read.load(Ordering::Relaxed);
        let before = reads();
        let asked: Vec<_> = (0..1_000)
            .map(|number| {
                let configs = processes[number % 3].clone();
                world.supervisor.spawn("reader", async move {
                    let read = configs.latest(&Scope::All, &acme(), Revision::ZERO).await;
                    read.unwrap().map(revision)
                })
            })
            .collect();
        for answer in join_all(asked).await {
            assert_eq!(answer.unwrap(), Ok(1));
        }
        let reads = reads() - before;
        assert!((1..=3).contains(&reads), "{reads} reads");
    }
}
