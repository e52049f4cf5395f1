//! Leases, as columns.

use sqlx::FromRow;

use super::read_if;
use crate::domain::Timestamp;
use crate::store::Error;
use crate::store::rows::LeaseRow;

/// A lease.
#[derive(FromRow)]
pub(in crate::store) struct LeaseColumns {
    holder: String,
    epoch: i64,
    expires_at: i64,
    released: bool,
    window: Option<String>,
    gate_until: Option<i64>,
    gate_problem: Option<String>,
}

impl LeaseColumns {
    /// Reads the columns.
    pub(in crate::store) fn read(self) -> Result<LeaseRow, Error> {
        let problem = read_if(self.gate_problem)?;
        Ok(LeaseRow {
            holder: self.holder,
            epoch: self.epoch,
            expires_at: Timestamp::from_micros(self.expires_at),
            released: self.released,
            window: self.window,
            gate: self.gate_until.map(Timestamp::from_micros).zip(problem),
        })
    }
}
