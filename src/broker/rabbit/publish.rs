//! Publishes doorbells, many at a time, and waits for the server to confirm each.
//!
//! There is at most one message per doorbell on its way: a connection that is rung for a thousand
//! times meanwhile is rung for once more after it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{Stream, StreamExt as _};
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation, Event};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::topology::{holder_key, partition_key, partition_of};
use super::{Line, message};
use crate::store::Doorbell;

/// How many doorbells may be on their way at a time.
const UNDER_WAY_MAX: usize = 128;

/// A doorbell and whom it is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Errand {
    to: To,
    doorbell: Doorbell,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum To {
    /// Whichever executor the server picks.
    Anyone,
    /// The executor of this name.
    Holder(Arc<str>),
}

impl Errand {
    pub(super) fn ring(doorbell: &Doorbell) -> Self {
        Self { to: To::Anyone, doorbell: doorbell.clone() }
    }

    pub(super) fn hand_on(holder: &str, doorbell: &Doorbell) -> Self {
        Self { to: To::Holder(holder.into()), doorbell: doorbell.clone() }
    }

    fn key(&self) -> String {
        match &self.to {
            To::Anyone => partition_key(partition_of(&self.doorbell.company_id)),
            To::Holder(holder) => holder_key(holder),
        }
    }

    /// Whether it is a fault when nobody is there. A holder may be gone.
    fn is_mandatory(&self) -> bool {
        self.to == To::Anyone
    }
}

/// Since when a doorbell is on its way, and whether it was rung again.
struct UnderWay {
    since: Instant,
    again: bool,
}

type Answered = (Errand, lapin::Result<Confirmation>);

/// Publishes over one channel.
pub(super) struct Publisher<'a> {
    channel: Channel,
    exchange: ShortString,
    outbox: &'a Line<Errand>,
    confirm_max: Duration,
    under_way: HashMap<Errand, UnderWay>,
    answers: FuturesUnordered<BoxFuture<'static, Answered>>,
    blocked: bool,
}

impl<'a> Publisher<'a> {
    /// Creates one. The channel has to be in the mode of confirmations.
    pub(super) fn new(
        channel: Channel,
        exchange: &str,
        outbox: &'a Line<Errand>,
        confirm_max: Duration,
    ) -> Self {
        Self {
            channel,
            exchange: exchange.into(),
            outbox,
            confirm_max,
            under_way: HashMap::new(),
            answers: FuturesUnordered::new(),
            blocked: false,
        }
    }

    /// Publishes what comes into the outbox until something breaks, or until all of it is
    /// published once shutdown has begun.
    pub(super) async fn run(
        mut self,
        mut events: impl Stream<Item = Event> + Unpin,
        stopping: &CancellationToken,
    ) -> Result<(), Error> {
        let mut look = tokio::time::interval(self.confirm_max / 4);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let ends = stopping.is_cancelled();
            if ends && self.under_way.is_empty() && self.outbox.is_empty() {
                return Ok(());
            }
            let has_room = !self.blocked && self.under_way.len() < UNDER_WAY_MAX;
            tokio::select! {
                Some(event) = events.next() => self.heed(event)?,
                Some((errand, answer)) = self.answers.next() => self.settle(errand, answer)?,
                errand = self.outbox.next(), if has_room => self.send(errand),
                _ = look.tick() => self.look_for_late()?,
                () = stopping.cancelled(), if !ends => {}
            }
        }
    }

    fn send(&mut self, errand: Errand) {
        if let Some(under_way) = self.under_way.get_mut(&errand) {
            under_way.again = true;
            return;
        }
        let under_way = UnderWay { since: Instant::now(), again: false };
        self.under_way.insert(errand.clone(), under_way);
        let (channel, exchange) = (self.channel.clone(), self.exchange.clone());
        self.answers.push(Box::pin(async move {
            let answer = publish(&channel, exchange, &errand).await;
            (errand, answer)
        }));
    }

    fn settle(&mut self, errand: Errand, answer: lapin::Result<Confirmation>) -> Result<(), Error> {
        let doorbell = &errand.doorbell;
        match answer.map_err(Error::Broken)? {
            // The library calls it an acknowledgement, too, when the server found no queue.
            Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => {
                tracing::debug!(%doorbell, "RabbitMQ has no queue for a doorbell");
                return Err(Error::Unroutable(doorbell.to_string()));
            }
            Confirmation::Nack(None) => {
                tracing::debug!(%doorbell, "RabbitMQ refused a doorbell; left to the sweeper");
            }
            Confirmation::Ack(None) | Confirmation::NotRequested => {}
        }
        if self.under_way.remove(&errand).is_some_and(|under_way| under_way.again) {
            // Where there is no room any more, the sweeper has it.
            self.outbox.join(errand);
        }
        Ok(())
    }

    fn heed(&mut self, event: Event) -> Result<(), Error> {
        match event {
            Event::ConnectionBlocked(reason) => {
                tracing::warn!(reason, "RabbitMQ takes no doorbells for now; left to the sweeper");
                self.blocked = true;
            }
            Event::ConnectionUnblocked => {
                tracing::info!("RabbitMQ takes doorbells again");
                self.blocked = false;
                // The time that the alarm took does not count.
                let now = Instant::now();
                self.under_way.values_mut().for_each(|under_way| under_way.since = now);
            }
            Event::Error(error) => return Err(Error::Broken(error)),
            _ => {}
        }
        Ok(())
    }

    /// Gives up where a confirmation does not come. What is on its way then is lost; the
    /// library would keep its place for ever, so nothing less than the connection is given up.
    fn look_for_late(&self) -> Result<(), Error> {
        let late = |under_way: &UnderWay| under_way.since.elapsed() > self.confirm_max;
        match !self.blocked && self.under_way.values().any(late) {
            true => Err(Error::Late("the confirmation of a doorbell", self.confirm_max)),
            false => Ok(()),
        }
    }
}

async fn publish(
    channel: &Channel,
    exchange: ShortString,
    errand: &Errand,
) -> lapin::Result<Confirmation> {
    let Ok(key) = ShortString::try_new(errand.key()) else {
        // No executor has a name that long.
        return Ok(Confirmation::Nack(None));
    };
    let options = BasicPublishOptions { mandatory: errand.is_mandatory(), ..Default::default() };
    let body = message::write(&errand.doorbell);
    let properties = BasicProperties::default();
    channel.basic_publish(exchange, key, options, body.as_bytes(), properties).await?.await
}
