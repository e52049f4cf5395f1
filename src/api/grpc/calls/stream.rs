//! Answers without an end of their own: they end with their connection, and when the caller's time is
//! over.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};
use tonic::Status;
use tonic::body::Body;

use crate::api::grpc::status;
use crate::http2::{Cause, Ending};

/// What an answer ends with, once its time has come.
pub(super) struct Ended(BoxFuture<'static, Status>);

impl Ended {
    /// It ends with its connection, or at the deadline of the caller. `says_itself` is an answer that
    /// tells by itself that the program ends.
    pub(super) fn of(ending: Ending, deadline: Option<Instant>, says_itself: bool) -> Self {
        Self(Box::pin(async move {
            let connection = async {
                match ending.begun().await {
                    Cause::Stop if says_itself => std::future::pending().await,
                    cause => cause,
                }
            };
            let late = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                cause = connection => status::connection_ends(cause),
                () = late => status::late(),
            }
        }))
    }

    /// Ends a body so, which holds its place among the open streams as long as it lasts.
    pub(super) fn applied_to(self, body: Body, place: Option<OwnedSemaphorePermit>) -> Body {
        Body::new(Bounded { body, ended: Some(self), _place: place })
    }
}

/// A body that ends in time.
struct Bounded {
    body: Body,
    /// `None` when it has ended.
    ended: Option<Ended>,
    _place: Option<OwnedSemaphorePermit>,
}

impl fmt::Debug for Bounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded").field("body", &self.body).finish_non_exhaustive()
    }
}

impl HttpBody for Bounded {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(ended) = &mut self.ended else { return Poll::Ready(None) };
        if let Poll::Ready(status) = ended.0.as_mut().poll(cx) {
            self.ended = None;
            let mut trailers = HeaderMap::new();
            return Poll::Ready(Some(match status.add_header(&mut trailers) {
                Ok(()) => Ok(Frame::trailers(trailers)),
                Err(status) => Err(status),
            }));
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.ended.is_none() || self.body.is_end_stream()
    }
}
