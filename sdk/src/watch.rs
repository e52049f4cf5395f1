//! Following what is numbered: the events of a job and the revisions of a company, without gaps, and the
//! inbox of a company.

mod follower;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use follower::Follower;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use tonic::{Response, Status, Streaming};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::job::is_terminal;
use crate::v1::{
    AuditEntry, DriftItem, JobEvent, WatchConfigRequest, WatchConfigResponse, WatchDriftRequest,
    WatchDriftResponse, WatchJobRequest, WatchJobResponse,
};

/// What is followed, item by item, as a stream.
///
/// Each item comes once and in order: a stream that breaks is resumed after the last item that
/// came, with growing waits and for as long as [`RetryPolicy::resume_max`] allows. An error ends
/// it; a new watch after the last item goes on from there. Use it as a [`Stream`] or by
/// [`next`](Self::next).
///
/// [`RetryPolicy::resume_max`]: crate::RetryPolicy::resume_max
#[must_use = "nothing is asked until the stream is"]
pub struct Watch<R: WatchRequest> {
    items: BoxStream<'static, Result<R::Item>>,
    last: i64,
}

/// The events of a job: see [`JobHandle::watch`](crate::JobHandle::watch). It ends when the job has.
///
/// A job that failed and was retried has events of a terminal state before its end: the end of the
/// stream is what says that the job has ended.
pub type JobEvents = Watch<WatchJobRequest>;

/// The revisions of a company, as their audit entries: see
/// [`Client::watch_config`](crate::Client::watch_config). It has no end.
pub type Revisions = Watch<WatchConfigRequest>;

/// The inbox of a company as it changes: see [`Client::watch_drift`](crate::Client::watch_drift). It has
/// no end, and of changes of one item that follow quickly only the last may come.
pub type DriftItems = Watch<WatchDriftRequest>;

impl<R: WatchRequest> Watch<R> {
    pub(crate) fn new(client: Client, mut request: R) -> Self {
        let last = *request.after_mut();
        let follower = Follower::new(client, request);
        let items = stream::unfold(Some(follower), |follower| async move {
            let mut follower = follower?;
            match follower.next().await {
                Ok(Some(item)) => Some((Ok(item), Some(follower))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        Self { items: items.fuse().boxed(), last }
    }

    /// Returns the next item, `None` when there will be no more.
    pub async fn next(&mut self) -> Option<Result<R::Item>> {
        StreamExt::next(self).await
    }
}

impl JobEvents {
    /// Returns the number of the last event that came; what the watch began after before the
    /// first.
    pub fn last_seq(&self) -> i64 {
        self.last
    }
}

impl Revisions {
    /// Returns the last revision that came; the one that the watch began after before the first.
    pub fn last_revision(&self) -> i64 {
        self.last
    }
}

impl DriftItems {
    /// Returns the `seq` of the last item that came; what the watch began after before the first.
    pub fn last_seq(&self) -> i64 {
        self.last
    }
}

impl<R: WatchRequest> Stream for Watch<R> {
    type Item = Result<R::Item>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.items.poll_next_unpin(cx));
        if let Some(Ok(item)) = &item {
            self.last = R::number(item);
        }
        Poll::Ready(item)
    }
}

impl<R: WatchRequest> fmt::Debug for Watch<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("last", &self.last).finish_non_exhaustive()
    }
}

/// A request to follow something. Implemented here for all of them; it cannot be implemented
/// elsewhere.
pub trait WatchRequest: Clone + fmt::Debug + Send + Sync + Unpin + 'static {
    /// What is followed.
    type Item: fmt::Debug + Default + Send + 'static;
    /// The messages that the items come in.
    type Answer: Send + 'static;

    /// Opens a stream.
    #[doc(hidden)]
    fn open(self, client: &Client) -> Opening<Self::Answer>;
    /// The number that the stream begins after.
    #[doc(hidden)]
    fn after_mut(&mut self) -> &mut i64;
    #[doc(hidden)]
    fn item(answer: Self::Answer) -> Option<Self::Item>;
    #[doc(hidden)]
    fn number(item: &Self::Item) -> i64;
    /// Whether an orderly end of a stream says that there will be no more, when this was the last
    /// item; `None` before the first.
    #[doc(hidden)]
    fn ends_after(last: Option<&Self::Item>) -> bool;
    /// What it means that one number came right after another, also when it was asked for again; `None`
    /// where some may be left out.
    #[doc(hidden)]
    fn gap(&self, after: i64, number: i64) -> Option<Error>;
}

/// The opening of a stream.
type Opening<A> = BoxFuture<'static, Result<Response<Streaming<A>>, Status>>;

impl WatchRequest for WatchJobRequest {
    type Item = JobEvent;
    type Answer = WatchJobResponse;

    fn open(self, client: &Client) -> Opening<WatchJobResponse> {
        let mut stub = client.raw_config();
        Box::pin(async move { stub.watch_job(self).await })
    }

    fn after_mut(&mut self) -> &mut i64 {
        &mut self.after_seq
    }

    fn item(answer: WatchJobResponse) -> Option<JobEvent> {
        answer.event
    }

    fn number(event: &JobEvent) -> i64 {
        event.seq
    }

    // Without any event the server says that none is left.
    fn ends_after(last: Option<&JobEvent>) -> bool {
        last.is_none_or(|event| is_terminal(event.state()))
    }

    fn gap(&self, after_seq: i64, seq: i64) -> Option<Error> {
        Some(Error::EventGap { job_id: self.job_id.clone(), after_seq, seq })
    }
}

impl WatchRequest for WatchConfigRequest {
    type Item = AuditEntry;
    type Answer = WatchConfigResponse;

    fn open(self, client: &Client) -> Opening<WatchConfigResponse> {
        let mut stub = client.raw_config();
        Box::pin(async move { stub.watch_config(self).await })
    }

    fn after_mut(&mut self) -> &mut i64 {
        &mut self.after_revision
    }

    fn item(answer: WatchConfigResponse) -> Option<AuditEntry> {
        answer.entry
    }

    fn number(entry: &AuditEntry) -> i64 {
        entry.revision
    }

    // A company always has a next revision.
    fn ends_after(_last: Option<&AuditEntry>) -> bool {
        false
    }

    fn gap(&self, after_revision: i64, revision: i64) -> Option<Error> {
        let company_id = self.company_id.clone();
        Some(Error::RevisionGap { company_id, after_revision, revision })
    }
}

impl WatchRequest for WatchDriftRequest {
    type Item = DriftItem;
    type Answer = WatchDriftResponse;

    fn open(self, client: &Client) -> Opening<WatchDriftResponse> {
        let mut stub = client.raw_drift();
        Box::pin(async move { stub.watch_drift(self).await })
    }

    fn after_mut(&mut self) -> &mut i64 {
        &mut self.after_seq
    }

    fn item(answer: WatchDriftResponse) -> Option<DriftItem> {
        answer.item
    }

    fn number(item: &DriftItem) -> i64 {
        item.seq
    }

    // Somebody may always change something.
    fn ends_after(_last: Option<&DriftItem>) -> bool {
        false
    }

    // An item that changed again is told once.
    fn gap(&self, _after_seq: i64, _seq: i64) -> Option<Error> {
        None
    }
}
