//! Several processes, each with a cache of its own, and one that they share.

use super::doubles::Shelf;
use super::*;

/// What a test asks of its processes.
struct House {
    world: World,
    shelf: Arc<Shelf>,
}

impl House {
    /// A process, with `world.configs`, and a shared cache.
    async fn with(bytes_max: u64, head_age_max: Duration) -> Self {
        let shelf = Arc::new(Shelf::default());
        let mut world = World::with(Some(head_age_max)).await;
        world.configs = process(&world, &shelf, bytes_max, head_age_max);
        Self { world, shelf }
    }

    /// Another process.
    fn other(&self) -> Arc<Configs> {
        process(&self.world, &self.shelf, 1 << 20, HOUR)
    }

    /// Returns how many configurations and heads were read from the database.
    fn database_reads(&self) -> (usize, usize) {
        let companies_read = self.world.store.companies_read.load(Ordering::Relaxed);
        (self.world.configs_read(), companies_read)
    }
}

fn process(
    world: &World,
    shelf: &Arc<Shelf>,
    bytes_max: u64,
    head_age_max: Duration,
) -> Arc<Configs> {
    let settings = Settings { bytes_max, head_age_max: Some(head_age_max) };
    let shared: Arc<dyn SharedCache> = shelf.clone();
    Arc::new(Configs::new(world.store.clone(), settings).sharing(Some(shared)))
}

async fn read(configs: &Configs, min: i64) -> Result<i64, Refusal> {
    configs.latest(&Scope::All, &acme(), Revision::new(min)).await.unwrap().map(revision)
}

/// A process that reads acme at revision 1 and does not know that another one went on to 2.
async fn behind() -> (House, Arc<Configs>) {
    let house = House::with(1 << 20, HOUR).await;
    let other = house.other();
    assert_eq!(read(&other, 0).await, Ok(1));
    assert_eq!(house.world.commit(rename("two")).await, Revision::new(2));
    assert_eq!(house.world.latest(0).await, Ok(2));
    (house, other)
}

#[tokio::test]
async fn a_cached_read_asks_neither_database_nor_shared_cache_and_encodes_nothing() {
    let house = House::with(1 << 20, HOUR).await;
    let bytes = |min| {
        let configs = house.world.configs.clone();
        async move { configs.latest(&Scope::All, &acme(), Revision::new(min)).await.unwrap().unwrap() }
    };
    let first = bytes(0).await;
    let (reads, asked) = (house.database_reads(), house.shelf.asked());
    for min in [0, 1].repeat(50) {
        // The very same bytes, not equal ones.
        assert_eq!(bytes(min).await.as_ptr(), first.as_ptr());
    }
    assert_eq!((house.database_reads(), house.shelf.asked()), (reads, asked));
}

#[tokio::test]
async fn what_another_process_committed_is_answered_without_the_database() {
    let (house, other) = behind().await;
    let reads = house.database_reads();
    assert_eq!(read(&other, 2).await, Ok(2));
    assert_eq!(house.database_reads(), reads);
}

#[tokio::test]
async fn who_keeps_asking_for_a_revision_is_answered_the_latest_in_the_end() {
    let (house, other) = behind().await;
    house.world.commit_elsewhere(rename("three")).await;
    // Nobody told the shared cache of it.
    assert_eq!(read(&other, 2).await, Ok(2));
    assert_eq!(read(&other, 2).await, Ok(3));
}

#[tokio::test]
async fn who_asks_for_no_revision_is_answered_by_the_age_of_the_head() {
    let house = House::with(1 << 20, Duration::ZERO).await;
    let other = house.other();
    assert_eq!(read(&other, 0).await, Ok(1));
    house.world.commit_elsewhere(rename("two")).await;
    // A shared cache that still has the first revision for the latest is no reason to answer it.
    assert_eq!(house.world.latest(0).await, Ok(2));
    assert_eq!(house.world.latest(0).await, Ok(2));
    let (configs, heads) = house.database_reads();
    // The configuration itself comes from the other process, where it has it.
    assert_eq!(read(&other, 2).await, Ok(2));
    assert_eq!(house.database_reads(), (configs, heads));
}

#[tokio::test]
async fn a_revision_that_is_not_reached_is_refused_by_the_database_alone() {
    let (house, other) = behind().await;
    assert_eq!(not_reached(read(&other, 3).await), 2);
    house.shelf.reached(&acme(), Revision::new(9));
    assert_eq!(not_reached(read(&other, 3).await), 2);
    assert_eq!(read(&other, 2).await, Ok(2));
}

#[tokio::test]
async fn nothing_older_is_answered_than_what_this_process_told() {
    for forgets in [false, true] {
        let (house, _) = behind().await;
        house.world.commit(rename("three")).await;
        // As if nobody had been able to tell the shared cache.
        house.shelf.clear();
        let old = house.other();
        house.world.store.config(&Scope::All, &acme(), None).await.unwrap().unwrap();
        let second = old.at(&Scope::All, &acme(), Revision::new(2), Revision::ZERO).await;
        second.unwrap().unwrap();
        house.shelf.reached(&acme(), Revision::new(2));
        match forgets {
            true => house.world.configs.heads.forget(&acme()),
            false => house.world.configs.heads.doubt(&acme()),
        }
        assert_eq!(house.world.latest(2).await, Ok(3));
    }
}

#[tokio::test]
async fn news_makes_a_head_older_and_never_younger() {
    let house = House::with(1 << 20, HOUR).await;
    assert_eq!(house.world.latest(0).await, Ok(1));
    house.world.commit_elsewhere(rename("two")).await;
    let configs = &house.world.configs;
    configs.heard(&acme(), Revision::new(1));
    assert_eq!(house.world.latest(0).await, Ok(1));
    configs.heard(&acme(), Revision::new(2));
    assert_eq!(house.world.latest(0).await, Ok(2));
    // News of what is not there makes nothing of it.
    configs.heard(&acme(), Revision::new(9));
    assert_eq!(house.world.latest(0).await, Ok(2));
    let reads = house.database_reads();
    assert_eq!(house.world.latest(0).await, Ok(2));
    assert_eq!(house.database_reads(), reads);
}

#[tokio::test]
async fn a_configuration_that_had_to_make_room_comes_from_the_shared_cache() {
    let house = House::with(0, HOUR).await;
    for _ in 0..10 {
        assert_eq!(house.world.latest(0).await, Ok(1));
        assert_eq!(house.world.at(1, 0).await, Ok(1));
    }
    assert_eq!(house.database_reads(), (1, 0));
}

#[tokio::test]
async fn a_head_that_is_too_old_costs_one_short_read_where_another_process_read_the_rest() {
    let house = House::with(0, Duration::ZERO).await;
    let other = house.other();
    for number in 2..10 {
        house.world.commit_elsewhere(rename(&format!("number {number}"))).await;
        assert_eq!(read(&other, number).await, Ok(number));
        let (configs, heads) = house.database_reads();
        assert_eq!(house.world.latest(0).await, Ok(number));
        assert_eq!(house.database_reads(), (configs, heads + 1));
    }
}

#[tokio::test]
async fn only_a_few_read_the_database_when_the_shared_cache_has_nothing() {
    let house = House::with(1 << 20, HOUR).await;
    for number in 2..=40 {
        house.world.commit_elsewhere(rename(&format!("number {number}"))).await;
    }
    let on_the_way = house.world.store.on_the_way.write().await;
    let asked: Vec<_> = (1..=40)
        .map(|number| {
            let configs = house.world.configs.clone();
            house.world.supervisor.spawn("reader", async move {
                let at = Revision::new(number);
                configs.at(&Scope::All, &acme(), at, Revision::ZERO).await.unwrap().map(revision)
            })
        })
        .collect();
    house.world.has_read(8).await;
    let all_wait = async {
        while (1..=40).any(|at| house.world.configs.turns.waiting(&(acme(), Revision::new(at))) < 1)
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, all_wait).await.expect("they come in time");
    drop(on_the_way);
    for (answer, number) in join_all(asked).await.into_iter().zip(1..) {
        assert_eq!(answer.unwrap(), Ok(number));
    }
    assert_eq!(house.world.store.reading_max.load(Ordering::Relaxed), 8);
}
