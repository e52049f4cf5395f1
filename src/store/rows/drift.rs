//! What others change at vendors: scans, what they showed, the inbox and policies.

use async_trait::async_trait;

use crate::domain::drift::{DriftItem, Policies};
use crate::domain::{CompanyId, Timestamp};
use crate::store::stored::PolicyColumns;
use crate::store::{Doorbell, DriftQuery, Error, Scan};

/// Scans, the inbox and policies.
#[async_trait]
pub(in crate::store) trait DriftRows {
    /// Reads when a connection is looked at next; `None` when it never was.
    async fn scan(&mut self, at: &Doorbell) -> Result<Option<Scan>, Error>;

    /// Writes that.
    async fn write_scan(&mut self, at: &Doorbell, scan: &Scan) -> Result<(), Error>;

    /// Tells whether something was confirmed at a connection since a moment.
    async fn written_since(&mut self, at: &Doorbell, since: Timestamp) -> Result<bool, Error>;

    /// Reads what a connection was found to hold.
    async fn observation(&mut self, at: &Doorbell) -> Result<Option<String>, Error>;

    /// Writes that.
    async fn write_observation(&mut self, at: &Doorbell, body: &str) -> Result<(), Error>;

    /// Reads the items of a connection that stand, and those that stand no more and were shown since.
    async fn live_items(
        &mut self,
        at: &Doorbell,
        since: Timestamp,
    ) -> Result<Vec<DriftItem>, Error>;

    /// Reads items of a company.
    async fn items(
        &mut self,
        company_id: &CompanyId,
        query: &DriftQuery,
    ) -> Result<Vec<DriftItem>, Error>;

    /// Reads those of these items that there are.
    async fn items_by_id(
        &mut self,
        company_id: &CompanyId,
        ids: &[i64],
    ) -> Result<Vec<(Doorbell, DriftItem)>, Error>;

    /// Returns the highest number that an item of the company was changed with, and the highest of an
    /// item.
    async fn item_heads(&mut self, company_id: &CompanyId) -> Result<(i64, i64), Error>;

    /// Writes items; their numbers are given.
    async fn write_items(&mut self, at: &Doorbell, items: &[DriftItem]) -> Result<(), Error>;

    /// Reads the policies of a company, also those that hold no more.
    async fn policies(&mut self, company_id: &CompanyId) -> Result<Policies, Error>;

    /// Writes a policy, or a pause, in the place of the one for its target.
    async fn put_policy(
        &mut self,
        company_id: &CompanyId,
        policy: PolicyColumns,
    ) -> Result<(), Error>;

    /// Forgets the policy for a target, or the pause.
    async fn drop_policy(&mut self, company_id: &CompanyId, target: &str) -> Result<(), Error>;
}
