//! Whether a client has said that it speaks HTTP/2.
//!
//! hyper waits without an end for the first bytes of a connection, and asks whether a client is still
//! there only after that.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The length of what every client begins with (RFC 9113, section 3.4). Whether it is that is
/// looked at by hyper.
const PREFACE_BYTES: usize = 24;

/// A connection of which the first bytes are counted.
#[derive(Debug)]
pub(super) struct Hello {
    stream: TcpStream,
    heard: Heard,
}

/// How much of its first bytes a client has sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<AtomicUsize>);

impl Hello {
    pub(super) fn of(stream: TcpStream) -> (Self, Heard) {
        let heard = Heard::default();
        (Self { stream, heard: heard.clone() }, heard)
    }
}

impl Heard {
    pub(super) fn has_come(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= PREFACE_BYTES
    }

    /// Ends after that time, if the client has not said everything by then.
    pub(super) async fn is_missing_after(&self, time: Duration) {
        tokio::time::sleep(time).await;
        if self.has_come() {
            std::future::pending().await
        }
    }
}

impl AsyncRead for Hello {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if !self.heard.has_come() {
            self.heard.0.fetch_add(buffer.filled().len() - before, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Hello {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
