//! The suite that every shared cache passes.

use url::Url;
use uuid::Uuid;

use super::doubles::Shelf;
use super::*;
use crate::cache::redis::RedisCache;
use crate::redis::server::shared;

/// A shared cache.
pub(super) struct Case {
    pub(super) cache: Arc<dyn SharedCache>,
    /// Keeps it alive.
    pub(super) _supervisor: Supervisor,
}

macro_rules! suite {
    ($($made:ident: $($case:ident),+ $(,)?;)+) => {$(
        mod $made {
            $(
                #[tokio::test]
                async fn $case() {
                    let Some(case) = super::$made().await else { return };
                    super::$case(case).await;
                }
            )+
        }
    )+};
}

suite! {
    in_memory: what_was_put_is_there_and_nothing_else, a_revision_is_replaced_by_a_later_one_only,
        the_latest_is_what_was_reached_and_is_there;
    in_redis: what_was_put_is_there_and_nothing_else, a_revision_is_replaced_by_a_later_one_only,
        the_latest_is_what_was_reached_and_is_there;
}

async fn in_memory() -> Option<Case> {
    Some(Case { cache: Arc::new(Shelf::default()), _supervisor: Supervisor::new() })
}

async fn in_redis() -> Option<Case> {
    let supervisor = Supervisor::new();
    let cache = patient(&shared()?, &Uuid::new_v4().to_string(), &supervisor);
    settled(&*cache).await;
    Some(Case { cache, _supervisor: supervisor })
}

/// A cache in Redis that waits for an answer however slow the machine is.
pub(super) fn patient(
    url: &Url,
    installation: &str,
    supervisor: &Supervisor,
) -> Arc<dyn SharedCache> {
    let (encoding, timeouts) = ("test", (BOUND, BOUND));
    Arc::new(RedisCache::open_within(url, installation, encoding, timeouts, supervisor).unwrap())
}

/// Waits until what was written can be read. It is written in order.
pub(super) async fn settled(cache: &dyn SharedCache) {
    let marker = CompanyId::parse(&format!("marker-{}", Uuid::new_v4())).unwrap();
    let one = Revision::new(1);
    let arrived = async {
        loop {
            cache.put(&marker, one, Bytes::new());
            for _ in 0..100 {
                if cache.get(&marker, one).await.is_some() {
                    return;
                }
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(BOUND, arrived).await.expect("it is written in time");
}

fn config(number: i64) -> Bytes {
    Bytes::from(format!("configuration {number}"))
}

async fn what_was_put_is_there_and_nothing_else(Case { cache, .. }: Case) {
    let (acme, other) = (acme(), CompanyId::parse("other").unwrap());
    cache.put(&acme, Revision::new(1), config(1));
    cache.put(&acme, Revision::new(2), config(2));
    cache.put(&other, Revision::new(1), Bytes::new());
    settled(&*cache).await;
    assert_eq!(cache.get(&acme, Revision::new(1)).await, Some(config(1)));
    assert_eq!(cache.get(&acme, Revision::new(2)).await, Some(config(2)));
    assert_eq!(cache.get(&other, Revision::new(1)).await, Some(Bytes::new()));
    assert_eq!(cache.get(&acme, Revision::new(3)).await, None);
    assert_eq!(cache.get(&other, Revision::new(2)).await, None);
}

async fn a_revision_is_replaced_by_a_later_one_only(Case { cache, .. }: Case) {
    for number in 1..=12 {
        cache.put(&acme(), Revision::new(number), config(number));
    }
    for (reached, latest) in [(2, 2), (1, 2), (9, 9), (3, 9), (9, 9), (10, 10), (8, 10), (12, 12)] {
        cache.reached(&acme(), Revision::new(reached));
        settled(&*cache).await;
        let found = cache.latest(&acme(), Revision::new(1)).await;
        assert_eq!(found, Some((Revision::new(latest), config(latest))), "{reached}");
    }
}

async fn the_latest_is_what_was_reached_and_is_there(Case { cache, .. }: Case) {
    let latest = async |least| {
        let found = cache.latest(&acme(), Revision::new(least)).await;
        found.map(|(revision, bytes)| (revision.get(), bytes))
    };
    settled(&*cache).await;
    assert_eq!(latest(0).await, None);
    cache.reached(&acme(), Revision::new(5));
    settled(&*cache).await;
    assert_eq!(latest(0).await, None);
    cache.put(&acme(), Revision::new(3), config(3));
    cache.put(&acme(), Revision::new(6), config(6));
    settled(&*cache).await;
    // What is asked for will do, and what nobody said was reached is not found.
    assert_eq!(latest(3).await, Some((3, config(3))));
    assert_eq!(latest(4).await, None);
    assert_eq!(latest(6).await, Some((6, config(6))));
    cache.put(&acme(), Revision::new(5), config(5));
    settled(&*cache).await;
    for least in [0, 3, 5] {
        assert_eq!(latest(least).await, Some((5, config(5))));
    }
}
