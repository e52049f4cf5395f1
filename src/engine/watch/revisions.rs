//! Following a company: its audit entries, one per revision.

use futures::Stream;
use futures::stream::try_unfold;

use super::Listener;
use crate::domain::{Caller, CompanyId, Revision};
use crate::engine::{Engine, Error};
use crate::events::News;
use crate::store::{AuditQuery, StoredEntry};

/// How many entries are read at a time at most.
const PAGE: usize = 64;
/// At how many bytes of records a page ends: what a slow reader costs.
const PAGE_BYTES: usize = 64 * 1024;

impl Engine {
    /// Follows a company from the revision after `after`: every entry once, in order, without an
    /// end. Fails with [`Error::ShuttingDown`] when the server goes away.
    pub async fn watch_config(
        &self,
        caller: &Caller,
        company_id: CompanyId,
        after: Revision,
    ) -> Result<impl Stream<Item = Result<StoredEntry, Error>> + Send + use<>, Error> {
        let listener = Listener::new(self);
        self.company(caller, &company_id).await?;
        let watch = Watch {
            engine: self.clone(),
            caller: caller.clone(),
            listener,
            company_id,
            last: after,
            read: Vec::new().into_iter(),
        };
        Ok(try_unfold(watch, |mut watch| async move { Ok(Some((watch.next().await?, watch))) }))
    }
}

struct Watch {
    engine: Engine,
    caller: Caller,
    listener: Listener,
    company_id: CompanyId,
    /// The last revision that was handed out.
    last: Revision,
    read: std::vec::IntoIter<StoredEntry>,
}

impl Watch {
    async fn next(&mut self) -> Result<StoredEntry, Error> {
        loop {
            if let Some(entry) = self.read.next() {
                self.last = entry.revision;
                return Ok(entry);
            }
            if self.load().await? {
                self.wait().await?;
            }
        }
    }

    /// Reads what came after the last entry; tells whether there was nothing.
    async fn load(&mut self) -> Result<bool, Error> {
        let query = AuditQuery {
            after: self.last,
            before: None,
            newest_first: false,
            limit: PAGE,
            bytes_max: PAGE_BYTES,
        };
        let page = self.engine.entries(&self.caller, &self.company_id, query).await?;
        let nothing = page.items.is_empty();
        self.read = page.items.into_iter();
        Ok(nothing)
    }

    async fn wait(&mut self) -> Result<(), Error> {
        let reached = |news: &News| match news {
            News::Revision(company_id, revision) => {
                (*company_id == self.company_id && *revision > self.last).then_some(())
            }
            News::Job(_) => None,
        };
        self.listener.wait(reached).await.map(|_| ())
    }
}
