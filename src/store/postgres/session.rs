//! Sessions, and transactions in them.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection as _, PgPool, raw_sql};

use super::outcome::{self, Number};
use super::{Postgres, fault, micros, scalar};
use crate::domain::{CompanyId, Timestamp};
use crate::store::Error;
use crate::store::rows::Rows;

/// How long a session may take to begin a transaction before it is given up as dead; longer than
/// several locks may take to be had or not.
const BEGIN_MAX: Duration = Duration::from_secs(5);
/// How long a session may take to give a sign of life.
const PING_MAX: Duration = Duration::from_secs(1);
/// How long a statement may take, as seen from here. Longer than the database lets it run: what
/// meets this never comes back, since the way to the server is broken.
const STATEMENT_MAX: Duration = Duration::from_secs(15);

/// How long the database lets a statement run, as [`SETTINGS`] say it.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings of each session, set on purpose:
/// - `synchronous_commit`: a COMMIT that is answered is on the disk, whatever the server's default;
/// - `lock_timeout`: a company that somebody holds on to does not hold up others for long;
/// - `statement_timeout`: no statement of ours takes this long unless something is wrong;
/// - `idle_in_transaction_session_timeout`: the locks of a process that stands still are freed;
/// - `jit`: compiling costs more than any statement of ours.
const SETTINGS: &str = "SELECT \
    set_config('synchronous_commit', CASE current_setting('synchronous_commit') \
        WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false), \
    set_config('lock_timeout', '1s', false), \
    set_config('statement_timeout', '10s', false), \
    set_config('idle_in_transaction_session_timeout', '5s', false), \
    set_config('jit', 'off', false)";

/// Prepares a new session.
pub(super) async fn prepare(session: &mut PgConnection) -> Result<(), sqlx::Error> {
    raw_sql(SETTINGS).execute(session).await.map(drop)
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Write,
    /// For somebody who waits until then.
    Read(Option<Instant>),
}

/// A transaction. A session whose transaction was not ended is closed, which undoes it, and never
/// used for another one.
#[derive(Debug)]
pub struct PostgresRows {
    pub(super) session: PoolConnection<sqlx::Postgres>,
    pool: PgPool,
    state: State,
    now: Option<Timestamp>,
}

#[derive(Debug)]
enum State {
    /// It begins with the lock.
    NotBegun,
    Open(Option<Number>),
    Ended,
}

impl Drop for PostgresRows {
    fn drop(&mut self) {
        if matches!(self.state, State::Open(_)) {
            self.session.close_on_drop();
        }
    }
}

impl PostgresRows {
    pub(super) async fn open(backend: &Postgres, way: Way) -> Result<Self, Error> {
        let pool = backend.pool.clone();
        let session = pool.acquire().await.map_err(fault::of_pool)?;
        let now = backend.time.known();
        let mut rows = Self { session, pool, state: State::NotBegun, now };
        match way {
            Way::Write => {}
            Way::Read(None) => drop(rows.begin(READ).await?),
            Way::Read(Some(deadline)) => drop(rows.begin(&read_until(deadline)).await?),
        }
        Ok(rows)
    }

    /// Begins with a text of statements; answers the last row.
    ///
    /// Sessions are not tried out before they are used: that would be a round trip more. One that
    /// died in the pool fails here, where nothing was done yet. Then another one is taken, after
    /// having tried it out: more of them may have died.
    async fn begin(&mut self, sql: &str) -> Result<Option<PgRow>, Error> {
        match self.try_to_begin(sql).await {
            Err(error) if fault::is_session_lost(&error) => {
                tracing::debug!(%error, "a session of the database was lost");
            }
            begun => return begun.map_err(fault::failed),
        }
        self.session.close_on_drop();
        self.session = tried_out(&self.pool).await?;
        self.try_to_begin(sql).await.map_err(fault::failed)
    }

    async fn try_to_begin(&mut self, sql: &str) -> Result<Option<PgRow>, sqlx::Error> {
        self.state = State::Open(None);
        let rows = raw_sql(AssertSqlSafe(sql)).fetch_all(&mut *self.session);
        Ok(bounded(BEGIN_MAX, rows).await?.pop())
    }

    /// Takes the time, which then stands still in this transaction.
    pub(super) fn at(&mut self, micros: i64) -> Timestamp {
        *self.now.get_or_insert(Timestamp::from_micros(micros))
    }

    async fn finish(
        &mut self,
        statement: &'static str,
        longest: Duration,
    ) -> Result<(), sqlx::Error> {
        if let State::Open(_) = self.state {
            bounded(longest, raw_sql(statement).execute(&mut *self.session)).await?;
        }
        self.state = State::Ended;
        Ok(())
    }
}

#[async_trait]
impl Rows for PostgresRows {
    async fn now(&mut self) -> Result<Timestamp, Error> {
        if let Some(now) = self.now {
            return Ok(now);
        }
        let sql = concat!("SELECT ", micros!());
        let micros = within(scalar(sql).fetch_one(&mut *self.session)).await?;
        Ok(self.at(micros))
    }

    async fn lock(&mut self, companies: &[CompanyId]) -> Result<(), Error> {
        let row = self.begin(&lock_statement(companies)?).await?;
        let number = row.map(|row| Number::read(&row)).transpose().map_err(fault::failed)?;
        self.state = State::Open(number);
        Ok(())
    }

    async fn commit(mut self) -> Result<(), Error> {
        match self.finish("COMMIT", STATEMENT_MAX).await {
            Err(error) if fault::is_session_lost(&error) => {
                let State::Open(number) = &self.state else { return Err(fault::unknown(error)) };
                outcome::look_up(&self.pool, number.clone(), error).await
            }
            done => done.map_err(fault::unknown),
        }
    }

    async fn end(mut self) -> Result<(), Error> {
        self.finish("ROLLBACK", PING_MAX).await.map_err(fault::failed)
    }
}

/// Begins a transaction that only reads.
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Begins one whose statements the database breaks off at a deadline. In the same text as the BEGIN,
/// so that it costs no round trip.
fn read_until(deadline: Instant) -> String {
    let left = deadline.saturating_duration_since(Instant::now()).min(STATEMENT_TIMEOUT);
    // 0 would be no time-out at all.
    format!("{READ}; SET LOCAL statement_timeout = {}", left.as_millis().max(1))
}

/// Begins a transaction, locks companies in their order, and answers the transaction's number. What
/// is decided by has to be read by later statements: this one may not see what it waited for.
///
/// It is a text without parameters, because then it can be one with the BEGIN.
fn lock_statement(companies: &[CompanyId]) -> Result<String, Error> {
    let is_plain = |id: &&CompanyId| {
        id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    if let Some(id) = companies.iter().find(|id| !is_plain(id)) {
        return Err(Error::Corrupt(format!("{id:?} is no company id")));
    }
    let ids: Vec<_> = companies.iter().map(|id| format!("\"{id}\"")).collect();
    Ok(format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
         WITH locked AS (SELECT FROM companies WHERE company_id = ANY('{{{}}}') \
         ORDER BY company_id FOR UPDATE) \
         SELECT {} FROM (SELECT count(*) FROM locked) AS locked",
        ids.join(","),
        outcome::NUMBER
    ))
}

/// Takes a session that answers.
async fn tried_out(pool: &PgPool) -> Result<PoolConnection<sqlx::Postgres>, Error> {
    loop {
        let mut session = pool.acquire().await.map_err(fault::of_pool)?;
        match bounded(PING_MAX, session.ping()).await {
            Ok(()) => return Ok(session),
            // The pool has none without end: the next one may be new, and cannot be had then.
            Err(_) => session.close_on_drop(),
        }
    }
}

/// Waits for a statement.
pub(super) async fn within<T>(
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Error> {
    bounded(STATEMENT_MAX, statement).await.map_err(fault::failed)
}

/// Waits for something at most so long; then the way to the database is taken for broken.
async fn bounded<T>(
    longest: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(longest, work).await {
        Ok(done) => done,
        Err(late) => Err(sqlx::Error::Io(late.into())),
    }
}
