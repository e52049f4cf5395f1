//! A bus that loses, doubles and mixes up what it is told.

use std::sync::Arc;

use async_trait::async_trait;

use crate::events::{EventBus, LocalBus, News, Subscription};

/// How much is held back at most.
const HELD_MAX: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Wicked(LocalBus);

impl EventBus for Wicked {
    fn publish(&self, news: News) {
        self.0.publish(news);
    }

    fn subscribe(&self) -> Box<dyn Subscription> {
        Box::new(Mixed { told: self.0.subscribe(), held: Vec::new() })
    }
}

struct Mixed {
    told: Box<dyn Subscription>,
    held: Vec<Arc<News>>,
}

#[async_trait]
impl Subscription for Mixed {
    async fn next(&mut self) -> Option<Arc<News>> {
        loop {
            if self.held.len() > rand::random_range(0..HELD_MAX) {
                let index = rand::random_range(0..self.held.len());
                return Some(self.held.swap_remove(index));
            }
            let news = self.told.next().await?;
            let copies = [0, 1, 1, 1, 2][rand::random_range(0..5)];
            self.held.extend((0..copies).map(|_| news.clone()));
        }
    }
}
