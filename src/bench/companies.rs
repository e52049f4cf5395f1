//! The companies that a measurement registers for itself.

use std::sync::atomic::{AtomicU64, Ordering};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use gomark_sdk::v1::{AddFieldRequest, Field};
use gomark_sdk::{Client, fields};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::target::Error;

/// The most fields that a company may have.
pub const FIELDS_MAX: u64 = 2_000;
/// How many calls of the set-up are under way at once.
const AT_ONCE: usize = 64;

/// Companies of a run, registered under a prefix that is used once.
#[derive(Debug)]
pub struct Companies {
    prefix: String,
    count: u64,
    fields: u64,
    added: AtomicU64,
    read: AtomicU64,
}

impl Companies {
    /// Registers companies, each with `fields` fields.
    ///
    /// # Errors
    ///
    /// Fails with the first call that fails, and when it is stopped.
    pub async fn register(
        clients: &[Client],
        count: u64,
        fields: u64,
        stop: &CancellationToken,
    ) -> Result<Self, Error> {
        let id = Uuid::new_v4().simple().to_string();
        let companies = Self {
            prefix: format!("bench-{}", &id[..12]),
            count: count.max(1),
            fields: fields.min(FIELDS_MAX),
            added: AtomicU64::new(0),
            read: AtomicU64::new(0),
        };
        tokio::select! {
            made = companies.make(clients) => made.map(|()| companies),
            () = stop.cancelled() => Err(Error::Stopped),
        }
    }

    async fn make(&self, clients: &[Client]) -> Result<(), Error> {
        let client = |number: u64| clients[number as usize % clients.len()].clone();
        let registered = stream::iter(0..self.count).map(Ok).try_for_each_concurrent(
            AT_ONCE,
            |company| async move {
                let client = client(company);
                let made = client
                    .register_company(self.id(company))
                    .request_id(format!("{}-c{company}", self.prefix))
                    .reason("gomark bench");
                made.await.map_err(|source| set_up(&client, "registered companies", source))?;
                Ok::<_, Error>(())
            },
        );
        registered.await?;
        // Field by field, so that no company has more calls under way than the others.
        let wanted = (0..self.fields).flat_map(|field| (0..self.count).map(move |c| (c, field)));
        let added = stream::iter(wanted).map(Ok).try_for_each_concurrent(
            AT_ONCE,
            |(company, number)| async move {
                let client = client(company);
                let added = client
                    .add_field(self.id(company), field(number))
                    .request_id(format!("{}-p{number}", self.prefix));
                added.await.map_err(|source| set_up(&client, "added fields", source))?;
                Ok::<_, Error>(())
            },
        );
        added.await
    }

    /// Returns what the ids of the companies begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns the id of a company.
    pub fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.prefix)
    }

    /// Returns how many fields may still be added.
    pub fn room(&self) -> u64 {
        let room = self.count * (FIELDS_MAX - self.fields);
        room.saturating_sub(self.added.load(Ordering::Relaxed))
    }

    /// Returns the next field to add, to one company after the other; `None` when all are full.
    pub fn next_add(&self) -> Option<AddFieldRequest> {
        let call = self.added.fetch_add(1, Ordering::Relaxed);
        let number = self.fields + call / self.count;
        (number < FIELDS_MAX).then(|| AddFieldRequest {
            company_id: self.id(call % self.count),
            field: Some(field(number)),
            request_id: format!("{}-{call}", self.prefix),
            ..AddFieldRequest::default()
        })
    }

    /// Returns the id of the next company to read, one after the other.
    pub fn next_read(&self) -> String {
        self.id(self.read.fetch_add(1, Ordering::Relaxed) % self.count)
    }
}

/// Returns a field as measurements add it: a plain one of about 100 bytes.
pub fn field(number: u64) -> Field {
    Field {
        name: format!("bench_{number}"),
        description: "Added by gomark bench; it means nothing and may go.".to_owned(),
        ..fields::text(format!("Bench {number}"))
    }
}

fn set_up(client: &Client, doing: &'static str, source: gomark_sdk::Error) -> Error {
    Error::SetUp { endpoint: client.endpoint().to_owned(), doing, source }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn companies(count: u64, fields: u64) -> Companies {
        let (added, read) = (AtomicU64::new(0), AtomicU64::new(0));
        Companies { prefix: "bench-x".to_owned(), count, fields, added, read }
    }

    #[test]
    fn adds_are_spread_and_end_when_every_company_is_full() {
        let companies = companies(3, FIELDS_MAX - 2);
        assert_eq!(companies.room(), 6);
        let adds: Vec<_> = std::iter::from_fn(|| companies.next_add()).collect();
        let names = |add: &AddFieldRequest| {
            (add.company_id.clone(), add.field.as_ref().map(|field| field.name.clone()))
        };
        assert_eq!(adds.len(), 6);
        assert_eq!(adds.iter().map(names).collect::<HashSet<_>>().len(), 6);
        assert_eq!(adds.iter().map(|add| &add.request_id).collect::<HashSet<_>>().len(), 6);
        assert_eq!(companies.room(), 0);
        assert_eq!(companies.next_add(), None);
    }

    #[test]
    fn reads_go_round() {
        let companies = companies(2, 0);
        let read: Vec<_> = (0..3).map(|_| companies.next_read()).collect();
        assert_eq!(read, ["bench-x-0", "bench-x-1", "bench-x-0"]);
    }
}
