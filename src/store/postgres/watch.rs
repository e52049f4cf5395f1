//! Whether the database is there: asked over a session of its own, since those of the pool may all be
//! busy, which is no sign that it is not.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::sync::Mutex;

use super::{fault, open, scalar, session};
use crate::store::Error;

/// The session, and what is asked.
#[derive(Debug)]
pub(super) struct Watch {
    options: PgConnectOptions,
    latest_migration: i64,
    /// `None` before it is needed, and after something went wrong with it.
    session: Mutex<Option<PgConnection>>,
}

impl Watch {
    pub(super) fn new(options: PgConnectOptions, latest_migration: i64) -> Self {
        Self { options, latest_migration, session: Mutex::new(None) }
    }

    /// As [`Store::check`](crate::store::Store::check). Dropped half way, it closes the session.
    pub(super) async fn check(&self) -> Result<(), Error> {
        let mut kept = self.session.lock().await;
        let mut session = match kept.take() {
            Some(session) => session,
            None => self.open().await.map_err(fault::unknown)?,
        };
        let sql = "SELECT NOT pg_is_in_recovery() AND EXISTS \
             (SELECT FROM _sqlx_migrations WHERE version = $1 AND success)";
        let asked = scalar::<bool>(sql).bind(self.latest_migration).fetch_one(&mut session).await;
        let fits = asked.map_err(fault::unknown)?;
        *kept = Some(session);
        match fits {
            true => Ok(()),
            false => Err(Error::Corrupt("it is a standby, or its tables are older".to_owned())),
        }
    }

    async fn open(&self) -> Result<PgConnection, sqlx::Error> {
        let mut session = open::connect(&self.options).await?;
        session::prepare(&mut session).await?;
        Ok(session)
    }

    /// Ends the session.
    pub(super) async fn close(&self) {
        if let Some(session) = self.session.lock().await.take() {
            // The database notices it anyway.
            let _closed = sqlx::Connection::close(session).await;
        }
    }
}
