//! How many fields a second the stores take, in batches of 1 and of 64, on both databases in turns.
//!
//! `GOMARK_TEST_POSTGRES_URL=… cargo run --release --example commit`. Rough numbers of one machine,
//! to be compared with each other; the Postgres database is left with a schema `commit_example`.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gomark::clock::SystemClock;
use gomark::domain::{
    Caller, CompanyId, Door, FieldDraft, Intent, Mutation, RequestId, Revision, Scope, Timestamp,
};
use gomark::store::postgres::{PostgresStore, PostgresUrl};
use gomark::store::sqlite::SqliteStore;
use gomark::store::{Store, Tables};
use gomark::supervisor::Supervisor;
use sqlx::{Connection as _, PgConnection, raw_sql};

const COMPANIES: usize = 64;
const ROUNDS: usize = 5;
const TURN: Duration = Duration::from_secs(2);

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let supervisor = Supervisor::new();
    let stores = [
        ("SQLite", sqlite(folder.path(), &supervisor).await?),
        ("Postgres", postgres(&supervisor).await?),
    ];
    let mut number = 0;
    for (_, store) in &stores {
        let register = (0..COMPANIES).map(|company| {
            let display_name = format!("Company {company}");
            mutation(company, 0, Intent::RegisterCompany { display_name })
        });
        for answer in store.commit(register.collect::<Outcome<_>>()?).await? {
            answer.map_err(|refusal| format!("{refusal:?}"))?;
        }
    }
    println!("{:<10} {:>6} {:>12} {:>12}", "store", "batch", "fields/s", "ms/batch");
    for size in [1, 64] {
        let mut rates = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for ((_, store), rates) in stores.iter().zip(&mut rates) {
                let (began, mut batches) = (Instant::now(), 0_u32);
                while began.elapsed() < TURN {
                    let batch = (0..size).map(|_| {
                        number += 1;
                        let name = format!("field_{number}");
                        let draft = FieldDraft { name, ..FieldDraft::default() };
                        mutation(number % COMPANIES, number, Intent::add_field(draft))
                    });
                    for answer in store.commit(batch.collect::<Outcome<_>>()?).await? {
                        answer.map_err(|refusal| format!("{refusal:?}"))?;
                    }
                    batches += 1;
                }
                rates.push(f64::from(batches) / began.elapsed().as_secs_f64());
            }
        }
        for ((name, _), mut rates) in stores.iter().zip(rates) {
            rates.sort_by(f64::total_cmp);
            let rate = rates[ROUNDS / 2];
            let fields = rate * f64::from(size);
            println!("{name:<10} {size:>6} {fields:>12.0} {:>12.2}", 1_000.0 / rate);
        }
    }
    Ok(())
}

async fn sqlite(folder: &Path, supervisor: &Supervisor) -> Outcome<Arc<dyn Store>> {
    let file = folder.join("gomark.db");
    Ok(Arc::new(SqliteStore::open(&file, Tables::Update, SystemClock::shared(), supervisor).await?))
}

async fn postgres(supervisor: &Supervisor) -> Outcome<Arc<dyn Store>> {
    let server = std::env::var("GOMARK_TEST_POSTGRES_URL")?;
    let mut session = PgConnection::connect(&server).await?;
    let fresh = "DROP SCHEMA IF EXISTS commit_example CASCADE; CREATE SCHEMA commit_example";
    raw_sql(fresh).execute(&mut session).await?;
    let url = PostgresUrl::parse(&format!("{server}?options[search_path]=commit_example"))?;
    Ok(Arc::new(PostgresStore::open(&url, Tables::Update, supervisor).await?))
}

fn mutation(company: usize, number: usize, intent: Intent) -> Outcome<Mutation> {
    let wrong = |violation| format!("{violation:?}");
    let company_id = CompanyId::parse(&format!("company-{company}")).map_err(wrong)?;
    Ok(Mutation {
        company_id,
        intent,
        request_id: RequestId::parse(&format!("request-{number}")).map_err(wrong)?,
        fingerprint: [0; 32],
        expected_revision: Revision::ZERO,
        validate_only: false,
        reason: String::new(),
        caller: Caller {
            actor: "example".to_owned(),
            door: Door::Grpc,
            scope: Scope::All,
            deadline: None,
        },
        at: Timestamp::from_micros(1_700_000_000_000_000),
    })
}
