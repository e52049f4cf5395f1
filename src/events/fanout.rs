//! What is told within one process, to whoever listens there.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::{News, Subscription};

/// How much news a slow listener may lag behind before it has to read the database.
pub(super) const LAG_MAX: usize = 1024;

/// What listeners are told.
#[derive(Clone, Debug)]
enum Told {
    News(Arc<News>),
    /// Something may have been missed, by all of them.
    Missed,
}

/// Tells all listeners of a process. What one of them has not taken yet is kept once for all, and
/// no more than the newest of it.
#[derive(Clone, Debug)]
pub(super) struct Fanout {
    sender: broadcast::Sender<Told>,
}

impl Fanout {
    pub(super) fn new() -> Self {
        Self { sender: broadcast::channel(LAG_MAX).0 }
    }

    pub(super) fn news(&self, news: News) {
        self.tell(Told::News(Arc::new(news)));
    }

    pub(super) fn missed(&self) {
        self.tell(Told::Missed);
    }

    pub(super) fn subscribe(&self) -> Box<dyn Subscription> {
        Box::new(Listener { receiver: self.sender.subscribe() })
    }

    fn tell(&self, told: Told) {
        // Without listeners there is nobody to tell.
        let _listeners = self.sender.send(told);
    }
}

struct Listener {
    receiver: broadcast::Receiver<Told>,
}

#[async_trait]
impl Subscription for Listener {
    async fn next(&mut self) -> Option<Arc<News>> {
        match self.receiver.recv().await {
            Ok(Told::News(news)) => Some(news),
            Ok(Told::Missed) | Err(broadcast::error::RecvError::Lagged(_)) => None,
            // The bus is gone: nothing will be published any more; the database is still read.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}
