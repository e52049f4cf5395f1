//! Companies, their connections and what they used request ids for.

use async_trait::async_trait;

use crate::domain::decide::Holds;
use crate::domain::{
    Company, CompanyId, Connection, ConnectionId, ConnectionStatus, Digest, RequestId, Revision,
    SealedConnection, VendorKind,
};
use crate::store::{Doorbell, Error};

/// A company, with what every decision about it needs.
#[derive(Clone, Debug)]
pub(in crate::store) struct Head {
    pub(in crate::store) company: Company,
    pub(in crate::store) holds: Holds,
    /// All connections, also those no longer in use, by id.
    pub(in crate::store) connections: Vec<Connection>,
}

impl Head {
    /// Returns the connection in use for a vendor.
    pub(in crate::store) fn in_use(&self, vendor: VendorKind) -> Option<&ConnectionId> {
        let in_use = |connection: &&Connection| {
            connection.vendor == vendor && connection.status == ConnectionStatus::Connected
        };
        self.connections.iter().find(in_use).map(|connection| &connection.id)
    }
}

/// A request id that a company has used.
#[derive(Clone, Debug)]
pub(in crate::store) struct UsedRequest {
    pub(in crate::store) company_id: CompanyId,
    pub(in crate::store) request_id: RequestId,
    pub(in crate::store) revision: Revision,
    pub(in crate::store) fingerprint: Digest,
}

/// Companies, their connections and their requests.
#[async_trait]
pub(in crate::store) trait CompanyRows: Send {
    /// Reads those of these companies that there are.
    async fn heads(&mut self, ids: &[CompanyId]) -> Result<Vec<Head>, Error>;

    /// Lists companies after `after`, by id; only these, where they are given.
    async fn company_ids(
        &mut self,
        only: Option<&[CompanyId]>,
        after: Option<&CompanyId>,
        limit: usize,
    ) -> Result<Vec<CompanyId>, Error>;

    /// Reads those of these request ids that were used.
    async fn requests(
        &mut self,
        wanted: &[(CompanyId, RequestId)],
    ) -> Result<Vec<UsedRequest>, Error>;

    /// Reads both, which a database may do in one round trip.
    async fn heads_and_requests(
        &mut self,
        ids: &[CompanyId],
        wanted: &[(CompanyId, RequestId)],
    ) -> Result<(Vec<Head>, Vec<UsedRequest>), Error> {
        let used = match wanted.is_empty() {
            true => Vec::new(),
            false => self.requests(wanted).await?,
        };
        Ok((self.heads(ids).await?, used))
    }

    /// Tells whether an account is connected to a company other than this one.
    async fn account_taken(
        &mut self,
        company_id: &CompanyId,
        vendor: VendorKind,
        base_url: &str,
        account_id: &str,
    ) -> Result<bool, Error>;

    /// Reads a connection, in use or not.
    async fn connection(&mut self, at: &Doorbell) -> Result<Option<SealedConnection>, Error>;

    /// Puts another sealed credential in the place of a connection's.
    async fn write_sealed(&mut self, at: &Doorbell, sealed: &[u8]) -> Result<(), Error>;
}
