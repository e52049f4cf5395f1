//! Callers whose time is over while the database works for them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::{PostgresStore, scalar};
use super::{BOUND, Running, beside, open, schema::Schema};
use crate::domain::{CompanyId, Scope};
use crate::store::conformance::add;
use crate::store::rows::Rows as _;
use crate::store::{Error, Store};

/// How many sessions of the store work on something that takes long.
async fn working(schema: &Schema) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity \
         WHERE application_name = $1 AND state = 'active' AND query LIKE '%pg_sleep%' \
         AND pid <> pg_backend_pid()";
    scalar(sql).bind(&schema.name).fetch_one(&mut beside(schema).await).await.unwrap()
}

/// Lets the database work for eight seconds.
async fn sleep(store: &PostgresStore) -> Result<(), Error> {
    let slept = store.read(|rows| {
        Box::pin(async move {
            rows.now().await?;
            let sleep = sqlx::raw_sql("SELECT pg_sleep(8)").execute(&mut *rows.session);
            super::super::session::within(sleep).await.map(drop)
        })
    });
    slept.await
}

#[tokio::test]
async fn a_read_whose_time_is_over_is_broken_off_in_the_database() {
    let Some(schema) = Schema::make().await else { return };
    let store = open(&schema).await.unwrap();
    let begun = Instant::now();
    let hurried = store.with_deadline(Some(begun + Duration::from_millis(400)));
    let told = sleep(&hurried).await;
    assert!(matches!(told, Err(Error::Late)), "{told:?}");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let idle = async {
        while working(&schema).await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, idle).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    // The session it ran in is of use to others, and has their time again.
    let limit = store.read(|rows| {
        Box::pin(async move {
            let limit = scalar::<String>("SELECT current_setting('statement_timeout')");
            super::super::session::within(limit.fetch_one(&mut *rows.session)).await
        })
    });
    assert_eq!(limit.await.unwrap(), "10s");
}

#[tokio::test]
async fn what_comes_too_late_is_not_begun() {
    let Some(schema) = Schema::make().await else { return };
    let given = Running::given(open(&schema).await.unwrap());
    given.company("acme").await;
    let store: Arc<dyn Store> = Arc::new(open(&schema).await.unwrap());
    let late = store.clone().until(Some(Instant::now()));
    let id = CompanyId::parse("acme").unwrap();
    let read = late.company(&Scope::All, &id).await;
    assert!(matches!(read, Err(Error::Late)), "{read:?}");
    // A change is not begun either; one that was is carried through.
    let asked = |name| vec![given.ask("acme", add(name))];
    let changed = late.commit(asked("late")).await;
    assert!(matches!(changed, Err(Error::Late)), "{changed:?}");
    assert_eq!(given.revision("acme").await, 1);
    let in_time = store.until(Some(Instant::now() + BOUND));
    assert!(in_time.company(&Scope::All, &id).await.unwrap().is_some());
    assert!(in_time.commit(asked("in_time")).await.unwrap()[0].is_ok());
}
