//! Companies and their connections, as columns.

use sqlx::FromRow;

use super::known;
use crate::domain::decide::Holds;
use crate::domain::{
    Company, CompanyId, Connection, ConnectionId, ConnectionStatus, Revision, Timestamp, VendorKind,
};
use crate::store::Error;
use crate::store::rows::Head;
use crate::wire;

/// A company.
#[derive(FromRow)]
pub(in crate::store) struct CompanyRow {
    pub(in crate::store) company_id: String,
    display_name: String,
    revision: i64,
    head_hash: Vec<u8>,
    field_count: i64,
    field_bytes: i64,
    cadence_count: i64,
    created_at: i64,
}

impl CompanyRow {
    /// Reads the columns.
    pub(in crate::store) fn read(self, connections: Vec<Connection>) -> Result<Head, Error> {
        let company = Company {
            id: CompanyId::from_trusted(self.company_id),
            display_name: self.display_name,
            revision: Revision::new(self.revision),
            head_hash: wire::digest(&self.head_hash)?,
            created_at: Timestamp::from_micros(self.created_at),
        };
        let holds = Holds {
            fields: self.field_count,
            cadences: self.cadence_count,
            bytes: self.field_bytes,
        };
        Ok(Head { company, holds, connections })
    }
}

/// A connection without its credential.
#[derive(FromRow)]
pub(in crate::store) struct ConnectionRow {
    pub(in crate::store) company_id: String,
    connection_id: String,
    vendor: String,
    base_url: String,
    account_id: String,
    burst_per_10s: i64,
    reserve_percent: i64,
    status: String,
    credential_id: String,
}

impl ConnectionRow {
    /// Reads the columns.
    pub(in crate::store) fn read(self) -> Result<Connection, Error> {
        Ok(Connection {
            id: ConnectionId::from_trusted(self.connection_id),
            vendor: known(&self.vendor, VendorKind::parse)?,
            base_url: self.base_url,
            account_id: self.account_id,
            burst_per_10s: u32::try_from(self.burst_per_10s).unwrap_or(0),
            reserve_percent: u32::try_from(self.reserve_percent).unwrap_or(0),
            status: known(&self.status, ConnectionStatus::parse)?,
            credential_id: self.credential_id,
        })
    }
}

/// A connection.
#[derive(FromRow)]
pub(in crate::store) struct SealedRow {
    #[sqlx(flatten)]
    pub(in crate::store) connection: ConnectionRow,
    pub(in crate::store) sealed: Vec<u8>,
}
