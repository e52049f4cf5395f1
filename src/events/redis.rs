//! The bus between processes, over Redis.
//!
//! Listeners of this process are told directly, and of other processes through one channel of
//! Redis. What does not get through is lost: Redis may be away, or slower than what happens. Then the
//! database is read once in a while, as on every bus.

use std::sync::Arc;
use std::time::Duration;

use fred::interfaces::{ClientLike as _, EventInterface as _, PubsubInterface as _};
use fred::types::{Message, Value};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::fanout::Fanout;
use super::{EventBus, News, Subscription, letter};
use crate::redis::{BuildError, Link};
use crate::supervisor::Supervisor;

/// How much news may wait to be sent; further news is told to this process only.
const WAITING_MAX: usize = 1024;
/// How much is sent at a time.
const BATCH_MAX: usize = 128;
/// How long sending may take.
const SEND_TIMEOUT: Duration = Duration::from_millis(500);
/// How often it is made sure that the channel is listened to, on a connection that may be dead
/// without a sign of it.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// How long that may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

/// A bus that processes share.
#[derive(Debug)]
pub struct RedisBus {
    fanout: Fanout,
    origin: Uuid,
    waiting: mpsc::Sender<Vec<u8>>,
}

impl RedisBus {
    /// Creates one. Processes share a bus that name the same installation. Returns at once, whether
    /// Redis is there or not.
    ///
    /// # Errors
    ///
    /// Fails when the URL names no server.
    pub fn open(
        url: &Url,
        installation: &str,
        supervisor: &Supervisor,
    ) -> Result<Self, BuildError> {
        let channel = format!("gomark:{installation}:news");
        let fanout = Fanout::new();
        let origin = Uuid::new_v4();
        let (waiting, receiver) = mpsc::channel(WAITING_MAX);
        let outgoing = Outgoing {
            link: Link::open(url, None, SEND_TIMEOUT, supervisor)?,
            channel: channel.clone(),
            waiting: receiver,
        };
        let incoming = Incoming {
            link: Link::open(url, Some("events"), CHECK_TIMEOUT, supervisor)?,
            channel,
            origin,
            fanout: fanout.clone(),
        };
        supervisor.spawn("events out", outgoing.run(supervisor.stopping()));
        supervisor.spawn("events in", incoming.run(supervisor.stopping()));
        Ok(Self { fanout, origin, waiting })
    }
}

impl EventBus for RedisBus {
    fn publish(&self, news: News) {
        // Full or closed: the others read the database.
        let _sent = self.waiting.try_send(letter::write(self.origin, &news));
        self.fanout.news(news);
    }

    fn subscribe(&self) -> Box<dyn Subscription> {
        self.fanout.subscribe()
    }
}

struct Outgoing {
    link: Arc<Link>,
    channel: String,
    waiting: mpsc::Receiver<Vec<u8>>,
}

impl Outgoing {
    async fn run(mut self, stopping: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                taken = self.waiting.recv_many(&mut batch, BATCH_MAX) => if taken == 0 {
                    return;
                },
            }
            self.send(std::mem::take(&mut batch)).await;
        }
    }

    async fn send(&self, batch: Vec<Vec<u8>>) {
        let sent = async {
            let pipeline = self.link.client().pipeline();
            for letter in batch {
                let () =
                    pipeline.publish(self.channel.as_str(), Value::Bytes(letter.into())).await?;
            }
            pipeline.last::<Value>().await
        };
        let _gone = self.link.ask(sent).await;
    }
}

struct Incoming {
    link: Arc<Link>,
    channel: String,
    origin: Uuid,
    fanout: Fanout,
}

impl Incoming {
    async fn run(self, stopping: CancellationToken) {
        let client = self.link.client();
        let (mut connected, mut messages) = (client.reconnect_rx(), client.message_rx());
        let mut check = tokio::time::interval(CHECK_INTERVAL);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                message = messages.recv() => match message {
                    Ok(message) => self.hear(&message),
                    Err(RecvError::Lagged(_)) => self.fanout.missed(),
                    Err(RecvError::Closed) => return,
                },
                Ok(_) | Err(RecvError::Lagged(_)) = connected.recv() => {
                    self.listen().await;
                    // Whatever was said while nobody listened.
                    self.fanout.missed();
                }
                _ = check.tick() => if client.is_connected() {
                    self.listen().await;
                },
            }
        }
    }

    /// Makes sure that the channel is listened to. To say so again changes nothing.
    async fn listen(&self) {
        let client = self.link.client();
        let listens = timeout(CHECK_TIMEOUT, client.subscribe(self.channel.as_str())).await;
        if !matches!(listens, Ok(Ok(()))) {
            let _begun = timeout(CHECK_TIMEOUT, client.force_reconnection()).await;
        }
    }

    fn hear(&self, message: &Message) {
        let bytes = match &message.value {
            Value::Bytes(bytes) => bytes,
            // The client takes what is valid UTF-8 for text.
            Value::String(text) => text.inner(),
            _ => return,
        };
        match letter::read(bytes) {
            // This process was told when it happened.
            Some((origin, news)) if origin != self.origin => self.fanout.news(news),
            _ => {}
        }
    }
}
