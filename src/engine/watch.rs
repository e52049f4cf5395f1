//! Following what happens: what is in the database, in order, as it comes.

mod jobs;
mod revisions;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Engine, Error};
use crate::events::{News, Subscription};

/// How often the database is read although the bus said nothing: the bus promises nothing.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Waits until there may be something to read.
struct Listener {
    stopping: CancellationToken,
    subscription: Box<dyn Subscription>,
}

impl Listener {
    /// Begins to listen. Reading comes after that: what happens in between is then seen by one of
    /// the two.
    fn new(engine: &Engine) -> Self {
        let subscription = engine.parts.bus.subscribe();
        Self { stopping: engine.supervisor.stopping(), subscription }
    }

    /// Waits for news that `concerns` says something about, or for the time to read the database
    /// anyway: then it answers `None`.
    async fn wait<T>(
        &mut self,
        mut concerns: impl FnMut(&News) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let poll = tokio::time::sleep(POLL_INTERVAL);
        tokio::pin!(poll);
        loop {
            tokio::select! {
                () = self.stopping.cancelled() => return Err(Error::ShuttingDown),
                () = &mut poll => return Ok(None),
                news = self.subscription.next() => match news {
                    None => return Ok(None),
                    Some(news) => if let Some(said) = concerns(&news) {
                        return Ok(Some(said));
                    },
                },
            }
        }
    }
}
