//! Takes doorbells from the server into the line of this process's executor.
//!
//! A message is acknowledged as soon as it waits there, whatever becomes of it: no doorbell comes
//! back. While the line is full nothing is acknowledged, and the server keeps the rest.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::try_join_all;
use futures::stream::{BoxStream, SelectAll, once, select_all};
use lapin::Channel;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::rarely::Rarely;
use super::topology::{PARTITIONS, Topology};
use super::{Line, message};
use crate::store::Doorbell;

/// How many messages of a queue may be here unacknowledged.
const PREFETCH: u16 = 32;
/// How long a queue may take to take a consumer. One without a leader never does, and all that is
/// asked over the channel waits for it.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// How many messages are acknowledged together at most.
const BATCH_MAX: usize = 64;

type Deliveries = SelectAll<BoxStream<'static, Result<Delivery, Error>>>;

/// Consumes the queues of all partitions and that of this executor.
pub(super) struct Consumers {
    deliveries: Deliveries,
    unreadable: Arc<Rarely>,
}

impl Consumers {
    /// Begins to consume.
    pub(super) async fn start(
        channel: &Channel,
        topology: &Topology,
        holder: &str,
        unreadable: Arc<Rarely>,
    ) -> Result<Self, Error> {
        // For each queue: quorum queues know no other way.
        let qos = BasicQosOptions { global: false };
        channel.basic_qos(PREFETCH, qos).await.map_err(Error::Broken)?;
        let mut queues: Vec<_> = (0..PARTITIONS).map(|n| topology.queue(n)).collect();
        queues.push(topology.declare_own(channel, holder).await?);
        let mut streams = Vec::with_capacity(queues.len());
        for queue in queues {
            streams.push(consume(channel, queue).await?);
        }
        Ok(Self { deliveries: select_all(streams), unreadable })
    }

    /// Takes in what comes, until a consumer ends or shutdown begins. What was taken in by then is
    /// still acknowledged.
    pub(super) async fn run(
        self,
        inbox: &Line<Doorbell>,
        stopping: &CancellationToken,
    ) -> Result<(), Error> {
        let mut batches = self.deliveries.ready_chunks(BATCH_MAX);
        while let Some(batch) = stopping.run_until_cancelled(batches.next()).await.flatten() {
            let batch = batch.into_iter().collect::<Result<Vec<_>, Error>>()?;
            let mut taken = Vec::with_capacity(batch.len());
            for delivery in &batch {
                match message::read(&delivery.data) {
                    Some(doorbell) => {
                        let joins = inbox.join_when_free(&doorbell);
                        if stopping.run_until_cancelled(joins).await.is_none() {
                            break;
                        }
                    }
                    None => self.unreadable.tell(1, |count| {
                        let key = &delivery.routing_key;
                        tracing::warn!(count, %key, "a message of RabbitMQ is no doorbell; left out");
                    }),
                }
                taken.push(delivery);
            }
            let acks = taken.into_iter().map(|delivery| delivery.ack(BasicAckOptions::default()));
            try_join_all(acks).await.map_err(Error::Broken)?;
        }
        Ok(())
    }
}

/// Consumes one queue. The end of its stream is an error: the server ended it.
async fn consume(
    channel: &Channel,
    queue: String,
) -> Result<BoxStream<'static, Result<Delivery, Error>>, Error> {
    let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
    let consumer = channel.basic_consume(queue.as_str().into(), "".into(), options, none);
    let consumer = timeout(ANSWER_MAX, consumer)
        .await
        .map_err(|_| Error::Stuck(queue.clone(), ANSWER_MAX))?
        .map_err(|source| Error::Consume(queue.clone(), source))?;
    let end = once(ready(Err(Error::Cancelled(queue))));
    Ok(consumer.map(|delivery| delivery.map_err(Error::Broken)).chain(end).boxed())
}
