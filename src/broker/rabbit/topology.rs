//! What is at the server: one exchange, sixteen queues that every executor consumes, and a queue for
//! each executor alone.
//!
//! All names begin with the prefix, so that permissions can be given for `^gomark\.doorbells`.
//! Everything is declared again at every connection; that changes nothing where it is there already.

use lapin::options::{
    ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::error::Error;
use crate::domain::CompanyId;

/// How many queues the companies are spread over. It cannot be changed while processes of two
/// opinions run: the old ones would not hear the new ones, except by the sweeper.
pub(super) const PARTITIONS: u8 = 16;
/// How many doorbells a queue keeps at most; the oldest give way.
const UNREAD_MAX: i64 = 2_000;

/// Returns the partition of a company: the first byte of the SHA-256 of its id, modulo their number.
pub(super) fn partition_of(company_id: &CompanyId) -> u8 {
    Sha256::digest(company_id.as_str()).first().copied().unwrap_or_default() % PARTITIONS
}

/// The routing key of a partition.
pub(super) fn partition_key(partition: u8) -> String {
    format!("{partition:02}")
}

/// The routing key of an executor.
pub(super) fn holder_key(holder: &str) -> String {
    format!("at.{holder}")
}

/// The names at the server.
#[derive(Clone, Debug)]
pub(super) struct Topology {
    prefix: String,
}

impl Topology {
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix }
    }

    /// The exchange that all doorbells are published to.
    pub(super) fn exchange(&self) -> &str {
        &self.prefix
    }

    /// The queue of a partition.
    pub(super) fn queue(&self, partition: u8) -> String {
        format!("{}.{}", self.prefix, partition_key(partition))
    }

    /// Declares the exchange and the queues of all partitions.
    ///
    /// The queues are quorum queues: in a cluster they go on when a node is gone, and with it the
    /// durable queues of other kinds.
    pub(super) async fn declare(&self, channel: &Channel) -> Result<(), Error> {
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let exchange = self.exchange();
        channel
            .exchange_declare(exchange.into(), ExchangeKind::Direct, options, FieldTable::default())
            .await
            .map_err(|source| Error::Declare(exchange.to_owned(), source))?;
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        for partition in 0..PARTITIONS {
            let queue = self.queue(partition);
            self.queue_at(channel, &queue, &partition_key(partition), "quorum", options).await?;
        }
        Ok(())
    }

    /// Deletes a queue, to be declared again.
    pub(super) async fn delete(&self, channel: &Channel, queue: &str) -> Result<(), Error> {
        let deleted = channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await;
        deleted.map(drop).map_err(|source| Error::Declare(queue.to_owned(), source))
    }

    /// Declares a queue for this executor alone, which ends with the connection; returns its name.
    pub(super) async fn declare_own(
        &self,
        channel: &Channel,
        holder: &str,
    ) -> Result<String, Error> {
        // Never the name of an earlier connection: the server may not know yet that it is gone.
        let queue = format!("{}.at.{}", self.prefix, Uuid::new_v4());
        let options =
            QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
        self.queue_at(channel, &queue, &holder_key(holder), "classic", options).await?;
        Ok(queue)
    }

    async fn queue_at(
        &self,
        channel: &Channel,
        queue: &str,
        key: &str,
        kind: &str,
        options: QueueDeclareOptions,
    ) -> Result<(), Error> {
        let mut arguments = FieldTable::default();
        let text = |value: &str| AMQPValue::LongString(value.into());
        arguments.insert("x-queue-type".into(), text(kind));
        arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(UNREAD_MAX));
        arguments.insert("x-overflow".into(), text("drop-head"));
        let failed = |source| Error::Declare(queue.to_owned(), source);
        channel.queue_declare(queue.into(), options, arguments).await.map_err(failed)?;
        let (exchange, options) = (self.exchange(), QueueBindOptions::default());
        channel
            .queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default())
            .await
            .map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(company: &str) -> u8 {
        partition_of(&CompanyId::parse(company).unwrap())
    }

    /// Processes of different versions have to agree: these never change. The first bytes are those
    /// of `printf acme | sha256sum`.
    #[test]
    fn a_company_has_its_partition_for_ever() {
        for (company, first_byte) in
            [("acme", 0x82), ("globex", 0x5b), ("initech", 0x4c), ("a", 0xca), ("0", 0x5f)]
        {
            assert_eq!(partition(company), first_byte % 16, "{company}");
        }
    }

    #[test]
    fn companies_are_spread_over_all_partitions() {
        let mut counts = [0_u32; 16];
        (0..1_600).for_each(|n| counts[usize::from(partition(&format!("company-{n}")))] += 1);
        assert!(counts.iter().all(|count| (60..=140).contains(count)), "{counts:?}");
    }

    #[test]
    fn all_names_begin_with_the_prefix() {
        let topology = Topology::new("gomark.doorbells".to_owned());
        assert_eq!(topology.exchange(), "gomark.doorbells");
        assert_eq!(topology.queue(3), "gomark.doorbells.03");
        assert_eq!(topology.queue(15), "gomark.doorbells.15");
    }
}
