//! What somebody else put where our values are kept is not there for us.

use fred::clients::Client;
use fred::interfaces::{ClientLike as _, KeysInterface as _};
use fred::types::{ClusterHash, CustomCommand, Value};
use uuid::Uuid;

use super::suite::{patient, settled};
use super::*;
use crate::redis::Link;
use crate::redis::server::shared;

/// A cache in Redis, and a way around it.
struct Opened {
    cache: Arc<dyn SharedCache>,
    link: Arc<Link>,
    installation: String,
    _supervisor: Supervisor,
}

impl Opened {
    async fn open() -> Option<Self> {
        let (url, supervisor) = (shared()?, Supervisor::new());
        let installation = Uuid::new_v4().to_string();
        let cache = patient(&url, &installation, &supervisor);
        let link = Link::open(&url, None, BOUND, &supervisor).unwrap();
        link.client().wait_for_connect().await.unwrap();
        settled(&*cache).await;
        Some(Self { cache, link, installation, _supervisor: supervisor })
    }

    fn client(&self) -> &Client {
        self.link.client()
    }

    fn config(&self, revision: i64) -> String {
        format!("gomark:{}:{{acme}}:config:test:{revision}", self.installation)
    }

    fn head(&self) -> String {
        format!("gomark:{}:{{acme}}:head", self.installation)
    }

    async fn set(&self, key: &str, value: impl Into<Bytes>) {
        let value = Value::Bytes(value.into());
        let () = self.client().set(key, value, None, None, false).await.unwrap();
    }

    /// Puts a list there, which is no text.
    async fn set_list(&self, key: &str) {
        let () = self.client().del(key).await.unwrap();
        let push = CustomCommand::new_static("RPUSH", ClusterHash::FirstKey, false);
        let () = self.client().custom(push, vec![key, "one"]).await.unwrap();
    }

    async fn latest(&self, least: i64) -> Option<i64> {
        let found = self.cache.latest(&acme(), Revision::new(least)).await;
        found.map(|(revision, _)| revision.get())
    }
}

#[tokio::test]
async fn foreign_and_damaged_configurations_are_not_found_and_are_replaced() {
    let Some(opened) = Opened::open().await else { return };
    let (one, two) = (Revision::new(1), Revision::new(2));
    let cache = &opened.cache;
    cache.put(&acme(), one, Bytes::from_static(b"first"));
    cache.put(&acme(), two, Bytes::from_static(b"second"));
    settled(&**cache).await;
    let key = opened.config(1);
    let good: Bytes = opened.client().get(&key).await.unwrap();
    let of_two: Bytes = opened.client().get(opened.config(2)).await.unwrap();
    let mut changed = good.to_vec();
    *changed.last_mut().unwrap() ^= 1;
    for bad in [
        Bytes::new(),
        Bytes::from_static(b"something else"),
        good.slice(..good.len() - 1),
        changed.into(),
        // Of another revision, in the wrong place.
        of_two,
    ] {
        opened.set(&key, bad.clone()).await;
        assert_eq!(cache.get(&acme(), one).await, None, "{bad:?}");
        assert_eq!(opened.latest(1).await, None, "{bad:?}");
    }
    opened.set_list(&key).await;
    assert_eq!(cache.get(&acme(), one).await, None);
    cache.put(&acme(), one, Bytes::from_static(b"first"));
    settled(&**cache).await;
    assert_eq!(cache.get(&acme(), one).await.as_deref(), Some(&b"first"[..]));
}

#[tokio::test]
async fn a_head_that_is_none_is_not_found_and_is_replaced() {
    let Some(opened) = Opened::open().await else { return };
    let cache = &opened.cache;
    for number in [1, 7] {
        cache.put(&acme(), Revision::new(number), Bytes::new());
    }
    settled(&**cache).await;
    for bad in ["", "7", "1:", "1:x", "1:-7", "2:7", "1:7 ", "1:99999999999999999999999"] {
        opened.set(&opened.head(), bad).await;
        assert_eq!(opened.latest(1).await, Some(1), "{bad:?}");
        if bad.len() < 10 {
            cache.reached(&acme(), Revision::new(7));
            settled(&**cache).await;
            assert_eq!(opened.latest(1).await, Some(7), "{bad:?}");
        }
    }
    opened.set_list(&opened.head()).await;
    assert_eq!(opened.latest(1).await, Some(1));
    cache.reached(&acme(), Revision::new(7));
    settled(&**cache).await;
    assert_eq!(opened.latest(1).await, Some(7));
}

#[tokio::test]
async fn nothing_is_kept_for_ever() {
    let Some(opened) = Opened::open().await else { return };
    opened.cache.put(&acme(), Revision::new(1), Bytes::new());
    opened.cache.reached(&acme(), Revision::new(1));
    settled(&*opened.cache).await;
    for key in [opened.config(1), opened.head()] {
        let left_ms: i64 = opened.client().pttl(key).await.unwrap();
        assert!((500_000..=660_000).contains(&left_ms), "{left_ms}");
    }
}
