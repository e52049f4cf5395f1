//! Several processes on one database.

use std::time::{Duration, Instant};

use futures::future::join_all;
use sqlx::raw_sql;

use super::{BOUND, Running, beside, open, schema::Schema, standing};
use crate::domain::{Mutation, Refusal};
use crate::store::conformance::{Given, add, connect, register};
use crate::store::{Error, Store};

/// Commits one mutation.
async fn commit(store: &dyn Store, mutation: Mutation) -> Result<i64, Refusal> {
    let mut answers = store.commit(vec![mutation]).await.unwrap();
    answers.remove(0).map(|committed| committed.revision.get())
}

#[tokio::test]
async fn stores_that_decide_at_the_same_time_leave_no_gaps() {
    let Some(fresh) = standing().await else { return };
    let schema = fresh.schema.clone();
    let given = Given::new(fresh);
    let companies = ["a", "b", "c", "d"];
    for company in companies {
        given.company(company).await;
    }
    let stores = join_all((0..3).map(|_| open(&schema))).await;
    let work = stores.iter().enumerate().map(|(number, store)| {
        let (store, given) = (store.as_ref().unwrap(), &given);
        async move {
            for round in 0..10 {
                // Each batch names the companies in another order.
                let mut batch: Vec<_> = companies
                    .iter()
                    .map(|company| given.ask(company, add(&format!("field_{number}_{round}"))))
                    .collect();
                batch.rotate_left((number + round) % companies.len());
                let answers = store.commit(batch).await.unwrap();
                assert!(answers.iter().all(Result::is_ok));
            }
        }
    });
    join_all(work).await;
    for company in companies {
        let entries = given.entries(company).await;
        let revisions: Vec<_> = entries.iter().map(|entry| entry.revision.get()).collect();
        assert_eq!(revisions, (1..32).collect::<Vec<_>>());
        assert!(entries.windows(2).all(|pair| pair[1].prev_hash == pair[0].hash));
        assert_eq!(given.fields(company, None).await.len(), 30);
    }
}

#[tokio::test]
async fn of_several_that_register_a_company_at_once_one_does() {
    let Some(fresh) = standing().await else { return };
    let schema = fresh.schema.clone();
    let given = Given::new(fresh);
    let stores = join_all((0..4).map(|_| open(&schema))).await;
    for number in 0..5 {
        let company = format!("company-{number}");
        let asked = stores
            .iter()
            .map(|store| commit(store.as_ref().unwrap(), given.ask(&company, register("Acme"))));
        let answers = join_all(asked).await;
        assert_eq!(answers.iter().filter(|answer| **answer == Ok(1)).count(), 1);
        let exist = |answer: &&_| matches!(answer, Err(Refusal::CompanyExists(_)));
        assert_eq!(answers.iter().filter(exist).count(), 3, "{answers:?}");
        assert_eq!(given.revision(&company).await, 1);
    }
}

#[tokio::test]
async fn of_several_that_connect_one_account_at_once_one_does() {
    let Some(fresh) = standing().await else { return };
    let schema = fresh.schema.clone();
    let given = Given::new(fresh);
    let stores = join_all((0..4).map(|_| open(&schema))).await;
    for round in 0..5 {
        let companies: Vec<_> = (0..4).map(|number| format!("company-{round}-{number}")).collect();
        for company in &companies {
            given.company(company).await;
        }
        let asked = stores.iter().zip(&companies).map(|(store, company)| {
            let mutation = given.ask(company, connect(&format!("account {round}")));
            commit(store.as_ref().unwrap(), mutation)
        });
        let answers = join_all(asked).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    }
}

#[tokio::test]
async fn a_company_that_somebody_holds_on_to_holds_up_no_other() {
    let Some(fresh) = standing().await else { return };
    let schema = fresh.schema.clone();
    let given = Given::new(fresh);
    given.company("hot").await;
    given.company("cold").await;
    let mut holder = beside(&schema).await;
    raw_sql("BEGIN; SELECT FROM companies WHERE company_id = 'hot' FOR UPDATE")
        .execute(&mut holder)
        .await
        .unwrap();
    let began = Instant::now();
    let held_up = given.store().commit(vec![given.ask("hot", add("one"))]);
    let others = async {
        for number in 0..20 {
            given.done("cold", add(&format!("field_{number}"))).await;
        }
        Instant::now()
    };
    let (held_up, others_done) = futures::join!(held_up, others);
    assert!(matches!(held_up, Err(Error::Unavailable(_))), "{held_up:?}");
    let given_up_after = began.elapsed();
    assert!(given_up_after < Duration::from_secs(4), "{given_up_after:?}");
    assert!(others_done.duration_since(began) < given_up_after);
    // A batch with both is refused as a whole, and its others can be committed alone.
    let both = vec![given.ask("hot", add("one")), given.ask("cold", add("one"))];
    assert!(matches!(given.store().commit(both).await, Err(Error::Unavailable(_))));
    assert_eq!(given.done("cold", add("one")).await.revision.get(), 22);
    raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    assert_eq!(given.done("hot", add("one")).await.revision.get(), 2);
}

#[tokio::test]
async fn a_lease_outlives_a_start_and_ends_by_the_time_of_the_database() {
    let Some(schema) = Schema::make().await else { return };
    let first = open(&schema).await.unwrap();
    let given = Running::given(first);
    let bell = given.connected("acme").await;
    let period = Duration::from_millis(1_500);
    let lease = given.store().claim(&bell, "first", period).await.unwrap().taken().unwrap();
    let second = open(&schema).await.unwrap();
    assert_eq!(second.claim(&bell, "second", period).await.unwrap().taken(), None);
    given.store().work(&lease, 1).await.unwrap();
    let taken = async {
        loop {
            if let Some(lease) = second.claim(&bell, "second", period).await.unwrap().taken() {
                return lease;
            }
        }
    };
    let taken = tokio::time::timeout(BOUND, taken).await.unwrap();
    assert_eq!((taken.epoch, taken.taken_over), (2, true));
    assert!(matches!(given.store().work(&lease, 1).await, Err(Error::Fenced)));
}
