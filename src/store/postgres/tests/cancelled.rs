//! Callers who go away.

use std::time::Duration;

use rand::RngExt as _;
use sqlx::postgres::PgConnection;
use sqlx::raw_sql;

use super::super::{PostgresStore, scalar};
use super::{BOUND, Running, beside, schema::Schema, url};
use crate::domain::Scope;
use crate::store::Tables;
use crate::store::conformance::{add, id};
use crate::supervisor::Supervisor;

/// How many sessions of the store stand in a transaction.
async fn in_transaction(schema: &Schema, beside: &mut PgConnection) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity \
         WHERE application_name = $1 AND state LIKE 'idle in transaction%'";
    scalar(sql).bind(&schema.name).fetch_one(beside).await.unwrap()
}

#[tokio::test]
async fn callers_who_go_away_at_any_moment_leave_no_transaction_open() {
    let Some(schema) = Schema::make().await else { return };
    let supervisor = Supervisor::new();
    let store = PostgresStore::open(&url(&schema), Tables::Update, &supervisor).await.unwrap();
    let pool = store.backend.pool.clone();
    let given = Running::given(store);
    given.company("acme").await;
    let mut beside = beside(&schema).await;
    raw_sql("SET application_name = 'beside'").execute(&mut beside).await.unwrap();
    let left = std::sync::atomic::AtomicUsize::new(0);
    let calls = (0..400).map(|number| {
        let (given, left) = (&given, &left);
        async move {
            let patience = Duration::from_micros(rand::rng().random_range(0..30_000));
            let mutation = given.ask("acme", add(&format!("field_{number}")));
            let went = match number % 2 {
                0 => tokio::time::timeout(patience, given.store().commit(vec![mutation]))
                    .await
                    .map(|answer| drop(answer.unwrap()))
                    .is_err(),
                _ => {
                    let acme = id("acme");
                    let read = given.store().config(&Scope::All, &acme, None);
                    let read = tokio::time::timeout(patience, read).await;
                    read.map(|answer| drop(answer.unwrap().unwrap())).is_err()
                }
            };
            left.fetch_add(usize::from(went), std::sync::atomic::Ordering::Relaxed);
        }
    });
    let calls: Vec<_> = calls.collect();
    for some in chunks(calls, 16) {
        futures::future::join_all(some).await;
    }
    let left = left.into_inner();
    assert!(left > 20, "only {left} went away");
    // What was begun is finished without them.
    assert!(supervisor.shutdown(BOUND).await);
    let none_open = async { while in_transaction(&schema, &mut beside).await > 0 {} };
    tokio::time::timeout(BOUND, none_open).await.unwrap();
    let sessions = (0..url(&schema).sessions_max()).map(|_| pool.acquire());
    let sessions = futures::future::join_all(sessions).await;
    assert!(sessions.iter().all(Result::is_ok), "all places of the pool can be had");
    drop(sessions);
    let fields = i64::try_from(given.fields("acme", None).await.len()).unwrap();
    assert_eq!(given.revision("acme").await, fields + 1);
}

/// Splits a list into lists of this length.
fn chunks<T>(mut all: Vec<T>, length: usize) -> Vec<Vec<T>> {
    let mut chunks = Vec::new();
    while all.len() > length {
        let rest = all.split_off(length);
        chunks.push(std::mem::replace(&mut all, rest));
    }
    chunks.push(all);
    chunks
}
