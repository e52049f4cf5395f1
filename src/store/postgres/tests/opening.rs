//! Opening a database.

use super::super::open::Server;
use super::super::{OpenError, PostgresStore, PostgresUrl, migrate, query, scalar};
use super::{Running, beside, open, schema::Schema, url};
use crate::store::conformance::add;
use crate::store::postgres::Offline;
use crate::store::{OfflineError, Store as _, Tables};
use crate::supervisor::Supervisor;

#[tokio::test]
async fn processes_that_start_together_make_the_tables_once() {
    let Some(schema) = Schema::make().await else { return };
    let opened = futures::future::join_all((0..4).map(|_| open(&schema))).await;
    for store in opened {
        assert!(store.unwrap().due(1, false).await.unwrap().is_empty());
    }
    let made = scalar::<i64>("SELECT count(*) FROM _sqlx_migrations WHERE success");
    let migrations = sqlx::migrate!("migrations/postgres").iter().count();
    let made = made.fetch_one(&mut beside(&schema).await).await.unwrap();
    assert_eq!(usize::try_from(made).unwrap(), migrations);
}

#[tokio::test]
async fn an_older_program_starts_beside_newer_tables() {
    let Some(schema) = Schema::make().await else { return };
    open(&schema).await.unwrap().close().await;
    let newer = "ALTER TABLE companies ADD COLUMN later text; \
         INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9000, 'later', true, '', 0)";
    schema.execute(newer).await.unwrap();
    assert!(open(&schema).await.unwrap().due(1, false).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_program_that_needs_other_tables_than_there_are_does_not_start() {
    for amiss in [
        // Another migration was made under the same number; or one was not carried out to its end.
        "UPDATE _sqlx_migrations SET checksum = 'other'",
        "UPDATE _sqlx_migrations SET success = false",
        // The tables are there, and not by our doing.
        "DELETE FROM _sqlx_migrations",
    ] {
        let Some(schema) = Schema::make().await else { return };
        open(&schema).await.unwrap().close().await;
        schema.execute(amiss).await.unwrap();
        let refused = open(&schema).await.unwrap_err();
        assert!(matches!(refused, OpenError::Migrate { .. }), "{amiss}: {refused:?}");
    }
}

/// Opens a store as a process does that may not change tables.
async fn open_as_it_is(schema: &Schema) -> Result<PostgresStore, OpenError> {
    PostgresStore::open(&url(schema), Tables::Require, &Supervisor::new()).await
}

#[tokio::test]
async fn a_process_that_may_not_change_tables_makes_none_and_says_what_they_lack() {
    let Some(schema) = Schema::make().await else { return };
    let refused = open_as_it_is(&schema).await.unwrap_err();
    let told = refused.to_string();
    assert!(told.contains("0001 initial, 0002 ") && told.contains("gomark migrate"), "{told}");
    let tables =
        "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace";
    let tables = scalar::<i64>(tables).fetch_one(&mut beside(&schema).await).await.unwrap();
    assert_eq!(tables, 0);
}

#[tokio::test]
async fn once_the_tables_are_there_any_process_opens_them() {
    let Some(schema) = Schema::make().await else { return };
    let made = migrate(&url(&schema)).await.unwrap();
    let migrations = sqlx::migrate!("migrations/postgres").iter().count();
    assert_eq!(made.steps.len(), migrations);
    let again = migrate(&url(&schema)).await.unwrap();
    assert_eq!((again.steps.len(), again.version), (0, made.version));
    open_as_it_is(&schema).await.unwrap().close().await;
    for (amiss, is_outdated) in [
        ("DELETE FROM _sqlx_migrations WHERE version = 2", true),
        ("UPDATE _sqlx_migrations SET checksum = 'other' WHERE version = 1", false),
        ("UPDATE _sqlx_migrations SET success = false WHERE version = 1", false),
    ] {
        schema.execute(amiss).await.unwrap();
        let refused = open_as_it_is(&schema).await.unwrap_err();
        assert_eq!(matches!(refused, OpenError::Outdated { .. }), is_outdated, "{refused:?}");
    }
}

#[tokio::test]
async fn of_processes_that_migrate_together_each_tells_what_it_did_itself() {
    let Some(schema) = Schema::make().await else { return };
    let url = url(&schema);
    let told = futures::future::join_all((0..4).map(|_| migrate(&url))).await;
    let steps = told.into_iter().map(|one| one.unwrap().steps.len()).sum::<usize>();
    assert_eq!(steps, sqlx::migrate!("migrations/postgres").iter().count());
}

#[tokio::test]
async fn tables_that_are_not_ours_are_not_touched() {
    let Some(schema) = Schema::make().await else { return };
    let other = "CREATE TABLE companies (name text)";
    schema.execute(other).await.unwrap();
    let refused = open(&schema).await.unwrap_err();
    assert!(matches!(refused, OpenError::Migrate { .. }), "{refused:?}");
}

#[tokio::test]
async fn what_is_answered_is_on_the_disk_whatever_the_url_asks_for() {
    let Some(schema) = Schema::make().await else { return };
    let careless = format!("{}&options[synchronous_commit]=off", schema.url());
    let careless = PostgresUrl::parse(&careless).unwrap();
    let store = PostgresStore::open(&careless, Tables::Update, &Supervisor::new()).await.unwrap();
    let pool = &store.backend.pool;
    for (setting, wanted) in [
        ("synchronous_commit", "on"),
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("lock_timeout", "1s"),
        ("statement_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "5s"),
        ("jit", "off"),
    ] {
        let found = scalar::<String>("SELECT current_setting($1)").bind(setting);
        assert_eq!(found.fetch_one(pool).await.unwrap(), wanted, "{setting}");
    }
}

#[test]
fn a_server_that_may_forget_or_cannot_write_is_refused() {
    let url = PostgresUrl::parse("postgres://ada:secret@db/gomark").unwrap();
    let fit = || Server {
        version: 15,
        standby: false,
        fsync: "on".to_owned(),
        full_page_writes: "on".to_owned(),
        synchronous_commit: "remote_apply".to_owned(),
        encoding: "UTF8".to_owned(),
    };
    fit().check(&url).unwrap();
    let off = || "off".to_owned();
    for (server, told) in [
        (Server { version: 12, ..fit() }, "is Postgres 12; 13 or newer is needed"),
        (Server { standby: true, ..fit() }, "is a standby"),
        (Server { fsync: off(), ..fit() }, "has fsync = off; GoMark needs on"),
        (Server { full_page_writes: off(), ..fit() }, "has full_page_writes = off"),
        (Server { synchronous_commit: "local".to_owned(), ..fit() }, "synchronous_commit = local"),
        (Server { encoding: "LATIN1".to_owned(), ..fit() }, "server_encoding = LATIN1"),
    ] {
        let refused = server.check(&url).unwrap_err().to_string();
        assert!(refused.contains(told) && !refused.contains("secret"), "{refused}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    // Nobody listens on a port that was just given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = PostgresUrl::parse(&format!("postgres://ada:secret@127.0.0.1:{port}/x")).unwrap();
    let refused = PostgresStore::open(&url, Tables::Update, &Supervisor::new()).await.unwrap_err();
    let told = crate::telemetry::chain(&refused);
    assert!(told.contains(&format!("cannot connect to postgres://ada@127.0.0.1:{port}/x")));
    assert!(!told.contains("secret"), "{told}");
}

#[tokio::test]
async fn readers_cannot_write() {
    let Some(schema) = Schema::make().await else { return };
    let store = open(&schema).await.unwrap();
    let wrote = store.read(|rows| {
        Box::pin(async move {
            let wrote = query("DELETE FROM leases").execute(&mut *rows.session).await;
            Ok(wrote.unwrap_err().to_string())
        })
    });
    assert!(wrote.await.unwrap().contains("read-only transaction"));
    assert_eq!(url(&schema).to_string(), format!("{:?}", url(&schema)));
}

#[tokio::test]
async fn whoever_reads_the_log_sees_one_moment_and_cannot_write() {
    let Some(schema) = Schema::make().await else { return };
    let given = Running::given(open(&schema).await.unwrap());
    given.company("acme").await;
    let mut log = Offline::open(&url(&schema)).await.unwrap();
    given.done("acme", add("tier")).await;
    let companies = log.companies().await.unwrap();
    let (id, claim) = &companies[0];
    assert_eq!(claim.as_ref().unwrap().0.get(), 1);
    let mut entries = 0;
    let count = |_| {
        entries += 1;
        Ok::<_, OfflineError>(())
    };
    log.entries(id, count).await.unwrap();
    assert_eq!(entries, 1);
    let wrote = query("DELETE FROM leases").execute(&mut log.session).await.unwrap_err();
    assert!(wrote.to_string().contains("read-only transaction"), "{wrote}");
}

#[tokio::test]
async fn a_process_has_as_many_sessions_as_it_may() {
    let Some(schema) = Schema::make().await else { return };
    let few = url(&schema).with_sessions_max(3);
    let store = PostgresStore::open(&few, Tables::Update, &Supervisor::new()).await.unwrap();
    let pool = &store.backend.pool;
    let taken = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    let _last = pool.acquire().await.unwrap();
    assert!(pool.try_acquire().is_none());
    assert_eq!(pool.size(), 3);
    drop(taken);
}
