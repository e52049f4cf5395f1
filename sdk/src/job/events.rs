//! The events of a job, over broken connections.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use tokio::time::{Instant, sleep_until};
use tonic::{Request, Status, Streaming};

use super::is_terminal;
use crate::client::Client;
use crate::error::{CallError, Error, Result};
use crate::retry::Backoff;
use crate::v1::{JobEvent, WatchJobRequest, WatchJobResponse};

/// The events of a job, as a stream that ends when the job has.
///
/// Each event comes once and in order: a stream that breaks is resumed after the last event that
/// came, with growing waits and for as long as [`RetryPolicy::resume_max`] allows. An error ends
/// it; [`watch`] with [`last_seq`](Self::last_seq) goes on from there. Use it as a [`Stream`] or by
/// [`next`](Self::next).
///
/// A job that failed and was retried has events of a terminal state before its end: the end of the
/// stream is what says that the job has ended.
///
/// [`RetryPolicy::resume_max`]: crate::RetryPolicy::resume_max
/// [`watch`]: crate::JobHandle::watch
#[must_use = "nothing is asked until the stream is"]
pub struct JobEvents {
    events: BoxStream<'static, Result<JobEvent>>,
    last_seq: i64,
}

impl JobEvents {
    pub(super) fn new(client: Client, job_id: String, after_seq: i64) -> Self {
        let follower = Follower::new(client, job_id, after_seq);
        let events = stream::unfold(Some(follower), |follower| async move {
            let mut follower = follower?;
            match follower.next().await {
                Ok(Some(event)) => Some((Ok(event), Some(follower))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        Self { events: events.fuse().boxed(), last_seq: after_seq }
    }

    /// Returns the next event, `None` when the job has ended.
    pub async fn next(&mut self) -> Option<Result<JobEvent>> {
        StreamExt::next(self).await
    }

    /// Returns the number of the last event that came; what the watch began after before the
    /// first.
    pub fn last_seq(&self) -> i64 {
        self.last_seq
    }
}

impl Stream for JobEvents {
    type Item = Result<JobEvent>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.events.poll_next_unpin(cx));
        if let Some(Ok(event)) = &item {
            self.last_seq = event.seq;
        }
        Poll::Ready(item)
    }
}

impl fmt::Debug for JobEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobEvents").field("last_seq", &self.last_seq).finish_non_exhaustive()
    }
}

/// How long a stream has to last for its break to be a new interruption and not the one before
/// going on: a quiet job has no events to tell them apart.
const SETTLED: Duration = Duration::from_secs(10);

/// Reads the events, opening the stream anew where it broke.
struct Follower {
    client: Client,
    job_id: String,
    last_seq: i64,
    /// Whether the last event was of a terminal state; `None` before the first.
    last_was_terminal: Option<bool>,
    stream: Option<Streaming<WatchJobResponse>>,
    opened_at: Instant,
    /// Since the present interruption began.
    backoff: Option<Backoff>,
    /// Whether the stream was opened anew because of a gap, and no event came since.
    after_gap: bool,
}

impl Follower {
    fn new(client: Client, job_id: String, after_seq: i64) -> Self {
        Self {
            client,
            job_id,
            last_seq: after_seq,
            last_was_terminal: None,
            stream: None,
            opened_at: Instant::now(),
            backoff: None,
            after_gap: false,
        }
    }

    async fn next(&mut self) -> Result<Option<JobEvent>> {
        loop {
            let broken = match self.read().await {
                Ok(Some(event)) if event.seq <= self.last_seq => continue,
                Ok(Some(event)) if event.seq == self.last_seq + 1 => {
                    self.last_seq = event.seq;
                    self.last_was_terminal = Some(is_terminal(event.state()));
                    self.backoff = None;
                    self.after_gap = false;
                    return Ok(Some(event));
                }
                Ok(Some(event)) if self.after_gap => {
                    let (job_id, after_seq) = (self.job_id.clone(), self.last_seq);
                    return Err(Error::EventGap { job_id, after_seq, seq: event.seq });
                }
                Ok(Some(_)) => {
                    self.after_gap = true;
                    self.stream = None;
                    continue;
                }
                // Without any event the server says that none is left after `after_seq`.
                Ok(None) if self.last_was_terminal != Some(false) => return Ok(None),
                Ok(None) => Status::unavailable("the stream ended before the job did").into(),
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

    /// Reads the next event, `None` at an orderly end, from a stream that it opens if need be.
    async fn read(&mut self) -> Result<Option<JobEvent>, CallError> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let request =
                    WatchJobRequest { job_id: self.job_id.clone(), after_seq: self.last_seq };
                let answer = self.client.raw_config().watch_job(Request::new(request)).await?;
                self.opened_at = Instant::now();
                self.stream.insert(answer.into_inner())
            }
        };
        // A message without its event counts as event 0, which no watcher waits for; if one was
        // lost that way, the gap shows.
        Ok(stream.message().await?.map(|answer| answer.event.unwrap_or_default()))
    }
}
