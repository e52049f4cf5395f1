//! What became of a transaction when the answer to its COMMIT was lost.

use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row as _};

use super::fault::{is_session_lost, undone, unknown};
use super::scalar;
use crate::store::Error;

/// How often the database is asked while it still is busy with the transaction, and how long apart.
/// Together longer than it lets a transaction stand still.
const ASKED_MAX: usize = 70;
const PAUSE: Duration = Duration::from_millis(100);

/// The columns of a [`Number`].
pub(super) const NUMBER: &str = "pg_current_xact_id()::text AS number, \
    left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline";

/// Which transaction it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    number: String,
    /// The history that it is part of. A server that takes another one's place begins a new one, in
    /// which the same number may be another transaction.
    timeline: String,
}

impl Number {
    pub(super) fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self { number: row.try_get("number")?, timeline: row.try_get("timeline")? })
    }
}

/// Asks for the outcome of a transaction that `lost` its session.
///
/// `Ok` when it was committed, a failure that may be tried again when it was not. Where the database
/// cannot say, the outcome stays unknown.
pub(super) async fn look_up(
    pool: &PgPool,
    number: Option<Number>,
    lost: sqlx::Error,
) -> Result<(), Error> {
    // Without a lock nothing was written.
    let Some(number) = number else { return Err(undone(lost)) };
    for _ in 0..ASKED_MAX {
        match status(pool, &number).await {
            Ok(Some(status)) if status == "committed" => return Ok(()),
            Ok(Some(status)) if status == "aborted" => return Err(undone(lost)),
            Ok(Some(_)) => tokio::time::sleep(PAUSE).await,
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(%error, "the outcome of a transaction cannot be looked up");
                break;
            }
        }
    }
    Err(unknown(lost))
}

async fn status(pool: &PgPool, of: &Number) -> Result<Option<String>, sqlx::Error> {
    let sql = "SELECT CASE left(pg_walfile_name(pg_current_wal_lsn()), 8) \
         WHEN $2 THEN pg_xact_status($1::xid8) END";
    let ask = || scalar(sql).bind(of.number.clone()).bind(of.timeline.clone()).fetch_one(pool);
    let mut spare = pool.size();
    loop {
        match ask().await {
            Err(error) if spare > 0 && is_session_lost(&error) => spare -= 1,
            answer => return answer,
        }
    }
}
