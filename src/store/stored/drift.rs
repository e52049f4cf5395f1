//! Scans, the inbox and policies.

use super::{known, read};
use crate::domain::drift::{DriftItem, Mode, PAUSE, Policies, Policy, PolicyTarget};
use crate::domain::{CompanyId, ConnectionId, Timestamp};
use crate::store::{Doorbell, Error, Scan};

/// A scan, as columns.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::store) struct ScanColumns {
    pub(in crate::store) next_at: i64,
    pub(in crate::store) asked: bool,
    pub(in crate::store) state: String,
}

impl ScanColumns {
    /// Reads the columns.
    pub(in crate::store) fn read(self) -> Result<Scan, Error> {
        Ok(Scan {
            next_at: Timestamp::from_micros(self.next_at),
            asked: self.asked,
            state: read(&self.state)?,
        })
    }
}

/// An item of the inbox, as columns.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::store) struct ItemOfInbox {
    pub(in crate::store) connection_id: String,
    pub(in crate::store) item: String,
}

impl ItemOfInbox {
    /// Reads the columns.
    pub(in crate::store) fn read(
        self,
        company_id: &CompanyId,
    ) -> Result<(Doorbell, DriftItem), Error> {
        let connection_id = ConnectionId::from_trusted(self.connection_id);
        Ok((Doorbell { company_id: company_id.clone(), connection_id }, read(&self.item)?))
    }
}

/// A policy, as columns.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::store) struct PolicyColumns {
    pub(in crate::store) target: String,
    pub(in crate::store) mode: String,
    pub(in crate::store) reason: String,
    pub(in crate::store) until: Option<i64>,
}

impl PolicyColumns {
    /// Writes a policy.
    pub(in crate::store) fn of(policy: Policy) -> Self {
        Self {
            target: policy.target.key(),
            mode: policy.mode.as_str().to_owned(),
            reason: policy.reason,
            until: policy.until.map(Timestamp::as_micros),
        }
    }

    /// Writes until when nothing is enforced, and why.
    pub(in crate::store) fn of_pause((until, reason): (Timestamp, String)) -> Self {
        let (target, mode) = (PAUSE.to_owned(), PAUSE.to_owned());
        Self { target, mode, reason, until: Some(until.as_micros()) }
    }
}

/// Reads all policies of a company.
pub(in crate::store) fn policies(rows: Vec<PolicyColumns>) -> Result<Policies, Error> {
    let mut policies = Policies::default();
    for row in rows {
        let until = row.until.map(Timestamp::from_micros);
        if row.target == PAUSE {
            policies.pause = until.map(|until| (until, row.reason));
            continue;
        }
        policies.all.push(Policy {
            target: known(&row.target, PolicyTarget::parse)?,
            mode: known(&row.mode, Mode::parse)?,
            reason: row.reason,
            until,
        });
    }
    Ok(policies)
}
