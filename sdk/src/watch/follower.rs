//! One stream after the other, as if they were one.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tonic::{Status, Streaming};

use super::WatchRequest;
use crate::client::Client;
use crate::error::{CallError, Error, Result};
use crate::retry::Backoff;

/// How long a stream has to last for its break to be a new interruption and not the one before
/// going on: what is quiet has no items to tell them apart.
const SETTLED: Duration = Duration::from_secs(10);

/// Reads the items, opening the stream anew where it broke.
pub(super) struct Follower<R: WatchRequest> {
    client: Client,
    request: R,
    /// The number of the last item.
    last: i64,
    /// Whether an orderly end is the end.
    may_end: bool,
    stream: Option<Streaming<R::Answer>>,
    opened_at: Instant,
    /// Since the present interruption began.
    backoff: Option<Backoff>,
    /// Whether the stream was opened anew because of a gap, and no item came since.
    after_gap: bool,
}

impl<R: WatchRequest> Follower<R> {
    pub(super) fn new(client: Client, mut request: R) -> Self {
        Self {
            client,
            last: *request.after_mut(),
            request,
            may_end: R::ends_after(None),
            stream: None,
            opened_at: Instant::now(),
            backoff: None,
            after_gap: false,
        }
    }

    pub(super) async fn next(&mut self) -> Result<Option<R::Item>> {
        loop {
            let broken = match self.read().await {
                Ok(Some(item)) => match R::number(&item) {
                    number if number <= self.last => continue,
                    number => match self.gap(number) {
                        None => {
                            self.took(&item);
                            return Ok(Some(item));
                        }
                        Some(gap) if self.after_gap => return Err(gap),
                        Some(_) => {
                            self.after_gap = true;
                            self.stream = None;
                            continue;
                        }
                    },
                },
                Ok(None) if self.may_end => return Ok(None),
                Ok(None) => Status::unavailable("the stream ended before its time").into(),
                Err(error) => error,
            };
            if self.stream.take().is_some() && self.opened_at.elapsed() >= SETTLED {
                self.backoff = None;
            }
            let backoff = self.backoff.get_or_insert_with(|| self.client.retry.for_stream());
            match backoff.after_interruption(&broken) {
                Some(again_at) => sleep_until(again_at).await,
                None => return Err(broken.into()),
            }
        }
    }

    fn gap(&self, number: i64) -> Option<Error> {
        let is_next = number == self.last + 1;
        if is_next { None } else { self.request.gap(self.last, number) }
    }

    fn took(&mut self, item: &R::Item) {
        self.last = R::number(item);
        self.may_end = R::ends_after(Some(item));
        self.backoff = None;
        self.after_gap = false;
    }

    /// Reads the next item, `None` at an orderly end, from a stream that it opens if need be.
    async fn read(&mut self) -> Result<Option<R::Item>, CallError> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let mut request = self.request.clone();
                *request.after_mut() = self.last;
                let answer = request.open(&self.client).await?;
                self.opened_at = Instant::now();
                self.stream.insert(answer.into_inner())
            }
        };
        // A message without its item counts as item 0, which no watcher waits for; where there may be no
        // gap, it shows that one was lost.
        Ok(stream.message().await?.map(|answer| R::item(answer).unwrap_or_default()))
    }
}
