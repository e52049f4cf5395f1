//! The task that keeps a connection: it makes one after the other, each from scratch, for as long as
//! the process runs.

use std::sync::Arc;

use futures::Stream;
use futures::future::try_join;
use lapin::options::ConfirmSelectOptions;
use lapin::uri::AMQPUri;
use lapin::{Channel, Event};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::consume::Consumers;
use super::error::Error;
use super::link::Link;
use super::publish::Publisher;
use super::rarely::Rarely;
use super::topology::Topology;
use super::{Lines, RabbitSettings, TOLD_EVERY, Times};
use crate::telemetry;

/// Keeps a connection.
pub(super) struct Keeper {
    address: AMQPUri,
    holder: Option<String>,
    topology: Topology,
    times: Times,
    lines: Arc<Lines>,
    stopping: CancellationToken,
    trouble: Rarely,
    unreadable: Arc<Rarely>,
}

impl Keeper {
    pub(super) fn new(
        address: AMQPUri,
        settings: RabbitSettings,
        times: Times,
        lines: Arc<Lines>,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            address,
            holder: settings.holder,
            topology: Topology::new(settings.prefix),
            times,
            lines,
            stopping,
            trouble: Rarely::new(TOLD_EVERY),
            unreadable: Arc::new(Rarely::new(TOLD_EVERY)),
        }
    }

    /// Goes on until shutdown begins.
    pub(super) async fn run(self) {
        let mut failures = 0_u32;
        let mut stuck = None;
        loop {
            let mut ready = None;
            let Err(error) = self.connection(stuck.take(), &mut ready).await else { return };
            // One that carried doorbells for a while was no failure.
            if ready.is_some_and(|since: Instant| since.elapsed() >= self.times.between.longest) {
                failures = 0;
            }
            self.tell(&error);
            if let Error::Stuck(queue, _) = error {
                stuck = Some(queue);
            }
            if failures > 0 {
                // What waits since the last attempt has been found by the sweeper by now.
                let count = self.lines.outbox.clear();
                self.lines.dropped.tell(count, |count| {
                    tracing::info!(count, "doorbells without RabbitMQ; left to the sweeper");
                });
            }
            tokio::select! {
                () = tokio::time::sleep(self.times.between.wait(failures)) => {}
                () = self.stopping.cancelled() => return,
            }
            failures = failures.saturating_add(1);
        }
    }

    fn tell(&self, error: &Error) {
        let error = telemetry::chain(error);
        tracing::debug!(error, "RabbitMQ was given up");
        self.trouble.tell(1, |count| {
            tracing::warn!(error, count, "RabbitMQ is away; the sweeper does without it");
        });
    }

    /// One connection, from its beginning to its end: an error, or shutdown. Notes when it was
    /// ready to carry doorbells.
    async fn connection(
        &self,
        stuck: Option<String>,
        since: &mut Option<Instant>,
    ) -> Result<(), Error> {
        let name = format!("gomark {}", self.holder.as_deref().unwrap_or("api"));
        let link = tokio::select! {
            link = Link::open(&self.address, &name, self.times.connect) => link?,
            () = self.stopping.cancelled() => return Ok(()),
        };
        // From the beginning: what is said before anybody listens is lost.
        let events = link.events();
        let bound = self.times.declare;
        let (channel, consumers) = tokio::select! {
            ready = timeout(bound, self.prepare(&link, stuck)) => {
                ready.map_err(|_| Error::Late("declaring", bound))??
            }
            () = self.stopping.cancelled() => return Ok(()),
        };
        *since = Some(Instant::now());
        tracing::info!("RabbitMQ carries doorbells");
        self.carry(events, channel, consumers).await?;
        link.close(self.times.farewell).await;
        Ok(())
    }

    /// Declares everything and begins to consume.
    ///
    /// A queue that answered nothing the last time is made anew. RabbitMQ 3.10 leaves a quorum
    /// queue without a leader for good when it is killed, and somebody consumes too soon after its
    /// return; nothing but that helps, and there is nothing in the queue that would be missed.
    async fn prepare(
        &self,
        link: &Link,
        stuck: Option<String>,
    ) -> Result<(Channel, Option<Consumers>), Error> {
        let channel = link.channel().await?;
        if let Some(queue) = stuck {
            tracing::warn!(queue, "a queue of RabbitMQ does not answer; it is made anew");
            self.topology.delete(&channel, &queue).await?;
        }
        self.topology.declare(&channel).await?;
        let options = ConfirmSelectOptions::default();
        channel.confirm_select(options).await.map_err(Error::Broken)?;
        let consumers = match &self.holder {
            None => None,
            Some(holder) => {
                let unreadable = Arc::clone(&self.unreadable);
                Some(Consumers::start(&channel, &self.topology, holder, unreadable).await?)
            }
        };
        Ok((channel, consumers))
    }

    /// Carries doorbells until something breaks. When shutdown begins it consumes no more, and
    /// has a moment left for what still waits to be published.
    async fn carry(
        &self,
        events: impl Stream<Item = Event> + Unpin,
        channel: Channel,
        consumers: Option<Consumers>,
    ) -> Result<(), Error> {
        let lines = &self.lines;
        let confirm = self.times.confirm;
        let publisher = Publisher::new(channel, self.topology.exchange(), &lines.outbox, confirm);
        let publish = publisher.run(events, &self.stopping);
        let consume = async {
            let Some(consumers) = consumers else { return Ok(()) };
            consumers.run(&lines.inbox, &self.stopping).await
        };
        let too_late = async {
            self.stopping.cancelled().await;
            tokio::time::sleep(self.times.farewell).await;
        };
        tokio::select! {
            ended = try_join(publish, consume) => ended.map(drop),
            () = too_late => Ok(()),
        }
    }
}
