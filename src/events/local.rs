//! The bus within one process.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::{EventBus, News, Subscription};

/// How much news a slow listener may lag behind before it has to read the database.
const LAG_MAX: usize = 1024;

/// An in-process bus.
#[derive(Debug)]
pub struct LocalBus {
    sender: broadcast::Sender<Arc<News>>,
}

impl LocalBus {
    /// Creates one.
    pub fn new() -> Self {
        Self { sender: broadcast::channel(LAG_MAX).0 }
    }
}

impl Default for LocalBus {
    fn default() -> Self {
        Self::new()
    }
}

impl EventBus for LocalBus {
    fn publish(&self, news: News) {
        // Without listeners there is nobody to tell.
        let _listeners = self.sender.send(Arc::new(news));
    }

    fn subscribe(&self) -> Box<dyn Subscription> {
        Box::new(LocalSubscription { receiver: self.sender.subscribe() })
    }
}

struct LocalSubscription {
    receiver: broadcast::Receiver<Arc<News>>,
}

#[async_trait]
impl Subscription for LocalSubscription {
    async fn next(&mut self) -> Option<Arc<News>> {
        match self.receiver.recv().await {
            Ok(news) => Some(news),
            Err(broadcast::error::RecvError::Lagged(_)) => None,
            // The bus is gone: nothing will be published any more; the database is still read.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}
