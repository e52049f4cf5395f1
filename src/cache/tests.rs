//! What is answered is never older than it may be, whatever happens at the same time.

use std::sync::atomic::Ordering;

use futures::future::join_all;
use gomark_sdk::v1 as pb;
use prost::Message as _;
use tempfile::TempDir;

mod doubles;
mod foreign;
mod nemesis;
mod race;
mod shared;
mod suite;

use super::*;
use crate::domain::{Intent, Mutation};
use crate::store::hooked::{Hooked, ask, rename};
use crate::supervisor::Supervisor;

const HOUR: Duration = Duration::from_secs(3_600);
const BOUND: Duration = Duration::from_secs(20);

/// A cache over a store in which `acme` is at revision 1.
struct World {
    store: Arc<Hooked>,
    configs: Arc<Configs>,
    supervisor: Supervisor,
    _folder: TempDir,
}

impl World {
    async fn with(head_age_max: Option<Duration>) -> Self {
        let supervisor = Supervisor::new();
        let (store, folder) = Hooked::with_acme(&supervisor).await;
        let settings = Settings { bytes_max: 1 << 20, head_age_max };
        let configs = Arc::new(Configs::new(store.clone(), settings));
        Self { store, configs, supervisor, _folder: folder }
    }

    /// Commits as this process does.
    async fn commit(&self, mutation: Mutation) -> Revision {
        let companies = [mutation.company_id.clone()];
        let begun_at = Instant::now();
        let answers = self.store.commit(vec![mutation]).await;
        self.configs.committed(&companies, &answers, begun_at);
        answers.unwrap().remove(0).unwrap().revision
    }

    /// Commits as another process would.
    async fn commit_elsewhere(&self, mutation: Mutation) {
        self.store.commit(vec![mutation]).await.unwrap().remove(0).unwrap();
    }

    async fn latest(&self, min: i64) -> Result<i64, Refusal> {
        self.configs.latest(&Scope::All, &acme(), Revision::new(min)).await.unwrap().map(revision)
    }

    async fn at(&self, at: i64, min: i64) -> Result<i64, Refusal> {
        let (at, min) = (Revision::new(at), Revision::new(min));
        self.configs.at(&Scope::All, &acme(), at, min).await.unwrap().map(revision)
    }

    /// Begins to ask for the latest configuration, in a task of its own.
    fn ask(&self, min: i64) -> tokio::task::JoinHandle<Result<i64, Refusal>> {
        let configs = self.configs.clone();
        self.supervisor.spawn("reader", async move {
            let id = acme();
            configs.latest(&Scope::All, &id, Revision::new(min)).await.unwrap().map(revision)
        })
    }

    /// Waits until so many configurations were read.
    async fn has_read(&self, count: usize) {
        let mut read = self.store.configs_read.subscribe();
        let read = read.wait_for(|read| *read >= count);
        tokio::time::timeout(BOUND, read).await.expect("it is read in time").unwrap();
    }

    /// Waits until so many have or wait for their turn to read the latest configuration.
    async fn in_line(&self, count: usize) {
        let key = (acme(), Revision::ZERO);
        let waiting = async {
            while self.configs.turns.waiting(&key) < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(BOUND, waiting).await.expect("they wait in time");
    }

    fn configs_read(&self) -> usize {
        *self.store.configs_read.borrow()
    }
}

fn acme() -> CompanyId {
    CompanyId::parse("acme").unwrap()
}

fn revision(bytes: Bytes) -> i64 {
    pb::GetConfigResponse::decode(bytes).unwrap().config.unwrap().revision
}

fn not_reached(answer: Result<i64, Refusal>) -> i64 {
    match answer {
        Err(Refusal::MinRevisionNotReached { present, .. }) => present.get(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn many_who_ask_at_once_are_one_read() {
    let world = World::with(Some(HOUR)).await;
    let on_the_way = world.store.on_the_way.write().await;
    let asked: Vec<_> = (0..32).map(|_| world.ask(0)).collect();
    world.in_line(32).await;
    drop(on_the_way);
    for answer in join_all(asked).await {
        assert_eq!(answer.unwrap(), Ok(1));
    }
    assert_eq!(world.configs_read(), 1);
    assert_eq!(world.store.companies_read.load(Ordering::Relaxed), 0);
    assert!(world.configs.turns.is_empty());
}

#[tokio::test]
async fn a_commit_of_this_process_is_seen_at_once() {
    for head_age_max in [None, Some(HOUR)] {
        let world = World::with(head_age_max).await;
        assert_eq!(world.latest(0).await, Ok(1));
        world.commit(rename("two")).await;
        assert_eq!(world.latest(0).await, Ok(2));
        assert_eq!(world.latest(2).await, Ok(2));
    }
}

#[tokio::test]
async fn a_slow_read_does_not_hide_what_was_committed_meanwhile() {
    for forgets in [false, true] {
        let world = World::with(None).await;
        let on_the_way = world.store.on_the_way.write().await;
        let slow = world.ask(0);
        world.has_read(1).await;
        world.commit(rename("two")).await;
        if forgets {
            // As if it had to make room for others.
            world.configs.heads.forget(&acme());
        }
        drop(on_the_way);
        assert_eq!(slow.await.unwrap(), Ok(1));
        assert_eq!(world.latest(0).await, Ok(2));
    }
}

#[tokio::test]
async fn who_waits_for_a_read_that_began_before_a_commit_sees_the_commit() {
    let world = World::with(None).await;
    let on_the_way = world.store.on_the_way.write().await;
    let before = world.ask(0);
    world.has_read(1).await;
    world.commit(rename("two")).await;
    let after = world.ask(0);
    world.in_line(2).await;
    drop(on_the_way);
    assert_eq!(before.await.unwrap(), Ok(1));
    assert_eq!(after.await.unwrap(), Ok(2));
}

#[tokio::test]
async fn what_was_committed_elsewhere_is_seen_by_its_revision() {
    let world = World::with(Some(HOUR)).await;
    assert_eq!(world.latest(0).await, Ok(1));
    world.commit_elsewhere(rename("two")).await;
    assert_eq!(world.latest(2).await, Ok(2));
    assert_eq!(not_reached(world.latest(3).await), 2);
    assert_eq!(world.latest(0).await, Ok(2));
}

#[tokio::test]
async fn who_waits_for_a_read_that_began_too_early_reads_again() {
    let world = World::with(Some(HOUR)).await;
    let on_the_way = world.store.on_the_way.write().await;
    let early = world.ask(0);
    world.has_read(1).await;
    world.commit_elsewhere(rename("two")).await;
    let late = world.ask(2);
    world.in_line(2).await;
    drop(on_the_way);
    assert_eq!(early.await.unwrap(), Ok(1));
    assert_eq!(late.await.unwrap(), Ok(2));
}

#[tokio::test]
async fn a_head_that_is_too_old_is_looked_up_and_the_configuration_is_kept() {
    let world = World::with(Some(Duration::ZERO)).await;
    assert_eq!(world.latest(0).await, Ok(1));
    assert_eq!(world.latest(0).await, Ok(1));
    assert_eq!(world.configs_read(), 1);
    assert_eq!(world.store.companies_read.load(Ordering::Relaxed), 1);
    world.commit_elsewhere(rename("two")).await;
    assert_eq!(world.latest(0).await, Ok(2));
}

#[test]
fn a_head_may_be_as_old_as_was_said_and_no_older() {
    let heads = Heads::new(Some(HOUR));
    let as_of = Instant::now();
    let head = heads::Head { revision: Revision::new(1), as_of: Some(as_of) };
    assert!(heads.is_current(&head, as_of + HOUR));
    assert!(!heads.is_current(&head, as_of + HOUR + Duration::from_millis(1)));
    assert!(Heads::new(None).is_current(&head, as_of + 100 * HOUR));
}

#[test]
fn of_two_reads_at_once_the_later_revision_counts() {
    let (heads, id) = (Heads::new(None), acme());
    let (slow, fast) = (heads.begin(&id), heads.begin(&id));
    heads.read(&id, Revision::new(2), fast);
    heads.read(&id, Revision::new(1), slow);
    assert_eq!(heads.get(&id).map(|head| head.revision), Some(Revision::new(2)));
}

#[tokio::test]
async fn the_answer_to_a_repeat_is_not_taken_for_the_latest_revision() {
    let world = World::with(None).await;
    let request_id = crate::domain::RequestId::parse("first").unwrap();
    let first = Mutation { request_id, ..rename("two") };
    assert_eq!(world.commit(first.clone()).await, Revision::new(2));
    assert_eq!(world.latest(0).await, Ok(2));
    world.commit(rename("three")).await;
    world.configs.heads.forget(&acme());
    assert_eq!(world.commit(first).await, Revision::new(2));
    assert_eq!(world.latest(0).await, Ok(3));
}

#[tokio::test]
async fn an_old_revision_is_read_once_and_answered_only_when_the_least_one_is_reached() {
    let world = World::with(Some(HOUR)).await;
    world.commit_elsewhere(rename("two")).await;
    for _ in 0..3 {
        assert_eq!(world.at(1, 0).await, Ok(1));
    }
    assert_eq!(world.configs_read(), 1);
    assert_eq!(world.at(1, 2).await, Ok(1));
    assert_eq!(not_reached(world.at(1, 3).await), 2);
    world.commit_elsewhere(rename("three")).await;
    assert_eq!(world.at(1, 3).await, Ok(1));
    assert!(matches!(world.at(9, 0).await, Err(Refusal::RevisionNotFound { .. })));
}

#[tokio::test]
async fn what_is_in_memory_is_only_for_those_who_may_see_it() {
    let world = World::with(None).await;
    assert_eq!(world.latest(0).await, Ok(1));
    let other = Scope::Only([CompanyId::parse("other").unwrap()].into());
    let unknown = Err(Refusal::CompanyNotFound(acme()));
    let (id, min) = (acme(), Revision::ZERO);
    assert_eq!(world.configs.latest(&other, &id, min).await.unwrap(), unknown);
    assert_eq!(world.configs.at(&other, &id, Revision::new(1), min).await.unwrap(), unknown);
}

#[tokio::test]
async fn no_more_bytes_are_kept_than_was_said() {
    let (store, _folder) = Hooked::with_acme(&Supervisor::new()).await;
    let settings = Settings { bytes_max: 4_000, head_age_max: None };
    let configs = Configs::new(store.clone(), settings);
    for number in 0..100 {
        let company = format!("company-{number}");
        let id = CompanyId::parse(&company).unwrap();
        let register = ask(&company, Intent::RegisterCompany { display_name: company.clone() });
        store.commit(vec![register]).await.unwrap().remove(0).unwrap();
        for _ in 0..2 {
            let bytes = configs.latest(&Scope::All, &id, Revision::ZERO).await.unwrap().unwrap();
            assert_eq!(revision(bytes), 1);
        }
        let kept = configs.encoded.iter().map(|(_, bytes)| bytes.len() + ENTRY_BYTES);
        assert!(kept.sum::<usize>() as u64 <= settings.bytes_max);
    }
    assert!(!configs.encoded.is_empty());
}

#[tokio::test]
async fn who_goes_away_while_reading_leaves_the_turn_to_the_next() {
    let world = World::with(None).await;
    let on_the_way = world.store.on_the_way.write().await;
    let (gone, stays) = (world.ask(0), world.ask(0));
    world.in_line(2).await;
    world.has_read(1).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    drop(on_the_way);
    assert_eq!(stays.await.unwrap(), Ok(1));
    assert!(world.configs.turns.is_empty());
}

#[tokio::test]
async fn those_who_wait_for_a_read_that_fails_fail_with_it() {
    let world = World::with(None).await;
    world.store.reads_fail.store(true, Ordering::Relaxed);
    let key = (acme(), Revision::ZERO);
    let mut turn = world.configs.turns.take(key).await;
    let configs = world.configs.clone();
    let waits = world
        .supervisor
        .spawn("reader", async move { configs.latest(&Scope::All, &acme(), Revision::ZERO).await });
    world.in_line(2).await;
    turn.fail();
    world.store.reads_fail.store(false, Ordering::Relaxed);
    drop(turn);
    assert!(matches!(waits.await.unwrap(), Err(store::Error::Unavailable(_))));
    assert_eq!(world.configs_read(), 0);
    assert_eq!(world.latest(0).await, Ok(1));
}

#[tokio::test]
async fn what_is_kept_are_the_bytes_that_a_message_would_be_encoded_to() {
    let world = World::with(None).await;
    let field = crate::domain::FieldDraft { label: "Größe".to_owned(), ..Default::default() };
    world.commit(ask("acme", Intent::add_field(field))).await;
    let config = world.store.config(&Scope::All, &acme(), None).await.unwrap().unwrap();
    assert_eq!(config.fields.len(), 1);
    let message = pb::GetConfigResponse { config: Some((&config).into()) };
    let bytes = world.configs.latest(&Scope::All, &acme(), Revision::ZERO).await.unwrap().unwrap();
    assert_eq!(bytes, message.encode_to_vec());
}
