//! Lists that come in pages.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::{Stream, StreamExt, TryStreamExt as _};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::rpc::{self, CallFuture, Rpc};
use crate::v1::{
    AuditEntry, Company, DriftItem, DriftState, Job, JobState, ListAuditRequest, ListAuditResponse,
    ListCompaniesRequest, ListCompaniesResponse, ListDriftRequest, ListDriftResponse,
    ListJobsRequest, ListJobsResponse,
};

/// A list, as a stream of its items. Each page is fetched when it is needed, the first one when
/// the stream is first asked, so options have to be set before.
///
/// Use it as a [`Stream`], or by [`next`](Self::next) and [`all`](Self::all) without one. An error
/// ends it.
#[derive(Debug)]
#[must_use = "nothing is asked until the stream is"]
pub struct Listing<R: ListRequest> {
    client: Client,
    request: R,
    items: VecDeque<R::Item>,
    page: Page<R::Answer>,
}

enum Page<A> {
    Due,
    Under(CallFuture<A>),
    Last,
}

impl<A> fmt::Debug for Page<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Due => "Due",
            Self::Under(_) => "Under",
            Self::Last => "Last",
        })
    }
}

impl<R: ListRequest> Listing<R> {
    pub(crate) fn new(client: Client, request: R) -> Self {
        Self { client, request, items: VecDeque::new(), page: Page::Due }
    }

    /// Sets how many items are fetched at a time, at most 1,000. 0: 100.
    pub fn page_size(mut self, items: i32) -> Self {
        *self.request.page_size_mut() = items;
        self
    }

    /// Returns the next item, `None` after the last.
    pub async fn next(&mut self) -> Option<Result<R::Item>> {
        StreamExt::next(self).await
    }

    /// Fetches all items.
    ///
    /// # Errors
    ///
    /// The first error of any page.
    pub async fn all(self) -> Result<Vec<R::Item>> {
        self.try_collect().await
    }

    fn take_page(&mut self, answer: R::Answer) -> Result<()> {
        let (items, next_page_token) = R::split(answer);
        self.items.extend(items);
        if next_page_token.is_empty() {
            return Ok(());
        }
        let token = self.request.page_token_mut();
        if *token == next_page_token {
            return Err(Error::Answer { problem: "the next page is the same page again" });
        }
        *token = next_page_token;
        self.page = Page::Due;
        Ok(())
    }
}

impl Listing<ListAuditRequest> {
    /// Lists only entries after this revision. 0: all.
    pub fn after_revision(mut self, revision: i64) -> Self {
        self.request.after_revision = revision;
        self
    }

    /// Lists the newest entry first.
    pub fn newest_first(mut self) -> Self {
        self.request.newest_first = true;
        self
    }

    /// Fills [`AuditEntry::record`], the stored bytes that the hashes are taken over.
    pub fn include_records(mut self) -> Self {
        self.request.include_records = true;
        self
    }
}

impl Listing<ListJobsRequest> {
    /// Lists only jobs in these states. None: all.
    pub fn states(mut self, states: impl IntoIterator<Item = JobState>) -> Self {
        self.request.states = states.into_iter().map(i32::from).collect();
        self
    }
}

impl Listing<ListDriftRequest> {
    /// Lists only items in these states. None: all.
    pub fn states(mut self, states: impl IntoIterator<Item = DriftState>) -> Self {
        self.request.states = states.into_iter().map(i32::from).collect();
        self
    }
}

impl<R: ListRequest> Stream for Listing<R> {
    type Item = Result<R::Item>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.items.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match &mut this.page {
                Page::Last => return Poll::Ready(None),
                Page::Due => {
                    this.page = Page::Under(R::fetch(this.client.clone(), this.request.clone()));
                }
                Page::Under(call) => {
                    let answer = ready!(call.as_mut().poll(cx));
                    this.page = Page::Last;
                    if let Err(error) = answer.and_then(|answer| this.take_page(answer)) {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
        }
    }
}

/// A request for a page. Implemented here for all of them; it cannot be implemented elsewhere.
pub trait ListRequest: Rpc {
    /// What is listed.
    type Item: fmt::Debug + Send + Unpin + 'static;

    #[doc(hidden)]
    fn page_size_mut(&mut self) -> &mut i32;
    #[doc(hidden)]
    fn page_token_mut(&mut self) -> &mut String;
    #[doc(hidden)]
    fn split(answer: Self::Answer) -> (Vec<Self::Item>, String);
    #[doc(hidden)]
    fn fetch(client: Client, request: Self) -> CallFuture<Self::Answer>;
}

macro_rules! lists {
    ($($request:ident -> $answer:ident { $items:ident: $item:ident })*) => {$(
        impl ListRequest for $request {
            type Item = $item;

            fn page_size_mut(&mut self) -> &mut i32 {
                &mut self.page_size
            }

            fn page_token_mut(&mut self) -> &mut String {
                &mut self.page_token
            }

            fn split(answer: $answer) -> (Vec<$item>, String) {
                (answer.$items, answer.next_page_token)
            }

            fn fetch(client: Client, request: Self) -> CallFuture<$answer> {
                Box::pin(async move { rpc::call(&client, request, None).await })
            }
        }
    )*};
}

lists! {
    ListCompaniesRequest -> ListCompaniesResponse { companies: Company }
    ListAuditRequest -> ListAuditResponse { entries: AuditEntry }
    ListJobsRequest -> ListJobsResponse { jobs: Job }
    ListDriftRequest -> ListDriftResponse { items: DriftItem }
}
