//! Companies, connections and vendors.

use gomark_sdk::v1 as pb;

use super::{Unreadable, timestamp};
use crate::domain::{Company, Connection, ConnectionId, ConnectionStatus, VendorKind};

impl From<VendorKind> for pb::Vendor {
    fn from(kind: VendorKind) -> Self {
        match kind {
            VendorKind::HubSpot => Self::Hubspot,
            VendorKind::Upso => Self::Upso,
        }
    }
}

/// Reads a vendor: `None` when it was not said.
pub(crate) fn vendor(number: i32) -> Result<Option<VendorKind>, Unreadable> {
    if number == pb::Vendor::Unspecified as i32 {
        return Ok(None);
    }
    let mut all = VendorKind::ALL.into_iter();
    let found = all.find(|kind| pb::Vendor::from(*kind) as i32 == number);
    found.map(Some).ok_or_else(|| Unreadable::new("is not a value of Vendor"))
}

impl From<&Connection> for pb::Connection {
    fn from(connection: &Connection) -> Self {
        let status = match connection.status {
            ConnectionStatus::Connected => pb::ConnectionStatus::Connected,
            ConnectionStatus::Disconnected => pb::ConnectionStatus::Disconnected,
        };
        Self {
            connection_id: connection.id.to_string(),
            vendor: pb::Vendor::from(connection.vendor) as i32,
            base_url: connection.base_url.clone(),
            account_id: connection.account_id.clone(),
            burst_per_10s: i32::try_from(connection.burst_per_10s).unwrap_or(i32::MAX),
            reserve_percent: i32::try_from(connection.reserve_percent).unwrap_or(i32::MAX),
            status: status as i32,
            credential_id: connection.credential_id.clone(),
        }
    }
}

impl TryFrom<pb::Connection> for Connection {
    type Error = Unreadable;

    fn try_from(connection: pb::Connection) -> Result<Self, Unreadable> {
        let status = match connection.status() {
            pb::ConnectionStatus::Connected => ConnectionStatus::Connected,
            pb::ConnectionStatus::Disconnected => ConnectionStatus::Disconnected,
            pb::ConnectionStatus::Unspecified => {
                return Err(Unreadable::new("a connection has no status"));
            }
        };
        Ok(Self {
            vendor: vendor(connection.vendor)?
                .ok_or_else(|| Unreadable::new("a connection has no vendor"))?,
            id: ConnectionId::from_trusted(connection.connection_id),
            base_url: connection.base_url,
            account_id: connection.account_id,
            burst_per_10s: u32::try_from(connection.burst_per_10s).unwrap_or(0),
            reserve_percent: u32::try_from(connection.reserve_percent).unwrap_or(0),
            status,
            credential_id: connection.credential_id,
        })
    }
}

/// Writes a company with its connections.
pub(crate) fn company(company: &Company, connections: &[Connection]) -> pb::Company {
    pb::Company {
        company_id: company.id.to_string(),
        display_name: company.display_name.clone(),
        revision: company.revision.get(),
        head_hash: company.head_hash.to_vec(),
        connections: connections.iter().map(Into::into).collect(),
        created_at: Some(timestamp(company.created_at)),
    }
}
