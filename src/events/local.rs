//! The bus within one process.

use super::fanout::Fanout;
use super::{EventBus, News, Subscription};

/// An in-process bus.
#[derive(Debug)]
pub struct LocalBus {
    fanout: Fanout,
}

impl LocalBus {
    /// Creates one.
    pub fn new() -> Self {
        Self { fanout: Fanout::new() }
    }
}

impl Default for LocalBus {
    fn default() -> Self {
        Self::new()
    }
}

impl EventBus for LocalBus {
    fn publish(&self, news: News) {
        self.fanout.news(news);
    }

    fn subscribe(&self) -> Box<dyn Subscription> {
        self.fanout.subscribe()
    }
}
