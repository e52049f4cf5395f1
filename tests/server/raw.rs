//! A client that does only what it is told: over h2, or byte by byte.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use gomark::supervisor::Supervisor;
use h2::RecvStream;
use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, Request};
use prost::Message;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// A connection.
pub(crate) struct Raw {
    send: SendRequest<Bytes>,
    /// Ends when the connection does.
    pub(crate) ended: JoinHandle<Result<(), h2::Error>>,
}

/// A call whose request may not be complete yet.
pub(crate) struct Open {
    pub(crate) answer: ResponseFuture,
    /// Dropped, it resets the stream.
    pub(crate) request: h2::SendStream<Bytes>,
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr, supervisor: &Supervisor) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (send, connection) = h2::client::handshake(stream).await.unwrap();
        Self { send, ended: supervisor.spawn("raw", connection) }
    }

    /// Uses a connection that was made elsewhere.
    pub(crate) fn of(send: SendRequest<Bytes>, ended: JoinHandle<Result<(), h2::Error>>) -> Self {
        Self { send, ended }
    }

    /// Begins a call, with headers of its own, and sends no message.
    pub(crate) async fn begin(&mut self, path: &str, headers: &[(&str, &str)]) -> Open {
        let mut request = Request::post(format!("http://gomark/{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut send = self.send.clone().ready().await.unwrap();
        let (answer, request) = send.send_request(request.body(()).unwrap(), false).unwrap();
        Open { answer, request }
    }

    /// Makes a call.
    pub(crate) async fn call(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        message: &impl Message,
    ) -> Status {
        let mut open = self.begin(path, headers).await;
        open.send(message);
        open.status().await
    }
}

impl Open {
    /// Sends the message, and that it was the only one.
    pub(crate) fn send(&mut self, message: &impl Message) {
        let encoded = message.encode_to_vec();
        let mut framed = vec![0];
        framed.extend(u32::try_from(encoded.len()).unwrap().to_be_bytes());
        framed.extend(encoded);
        self.request.send_data(framed.into(), true).unwrap();
    }

    /// Waits for the end of the answer.
    pub(crate) async fn status(self) -> Status {
        let (head, body) = self.answer.await.unwrap().into_parts();
        if let Some(status) = Status::from_header_map(&head.headers) {
            return status;
        }
        drop(self.request);
        ended(body).await
    }
}

async fn ended(mut body: RecvStream) -> Status {
    while let Some(data) = body.data().await {
        let length = data.unwrap().len();
        body.flow_control().release_capacity(length).unwrap();
    }
    let trailers: HeaderMap = body.trailers().await.unwrap().unwrap_or_default();
    Status::from_header_map(&trailers).expect("a status at the end")
}

/// The reason that a status of GoMark has.
pub(crate) fn reason(status: &Status) -> (Code, String) {
    let info = status.get_details_error_info();
    (status.code(), info.map(|info| info.reason).unwrap_or_default())
}

/// Frames of HTTP/2, byte by byte.
pub(crate) mod frames {
    /// What a connection begins with, and empty settings.
    pub(crate) fn hello() -> Vec<u8> {
        let mut hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        hello.extend(frame(4, 0, 0, &[]));
        hello
    }

    pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags];
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        frame
    }

    /// The head of a call, without the end of the stream.
    pub(crate) fn call(stream: u32, path: &str) -> Vec<u8> {
        frame(1, 4, stream, &head(path))
    }

    /// POST, http, the path, an authority, a content type; HPACK without compression.
    pub(crate) fn head(path: &str) -> Vec<u8> {
        let mut head = vec![0x83, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
        head.extend(path.bytes());
        head.extend(b"\x01\x06gomark\x0f\x10\x10application/grpc");
        head
    }

    pub(crate) fn reset(stream: u32) -> Vec<u8> {
        frame(3, 0, stream, &8_u32.to_be_bytes())
    }
}

/// Sends bytes until the server has had enough of them; answers what it said before it closed the
/// connection.
pub(crate) async fn attack(
    address: SocketAddr,
    mut bytes: impl FnMut(u32) -> Option<Vec<u8>>,
) -> Vec<u8> {
    let (mut read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
    let sent = async {
        write.write_all(&frames::hello()).await?;
        for round in 0.. {
            match bytes(round) {
                Some(bytes) => write.write_all(&bytes).await?,
                None => break,
            }
        }
        write.flush().await
    };
    let heard = async {
        let mut heard = Vec::new();
        // A connection that is reset ends, too.
        let _reset = read.read_to_end(&mut heard).await;
        heard
    };
    let (_cut, heard) =
        tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(sent, heard) })
            .await
            .expect("the server closes the connection");
    heard
}

/// The error that a connection was closed with (GOAWAY), if the server said one.
pub(crate) fn goodbye(heard: &[u8]) -> Option<u32> {
    let mut rest = heard;
    let mut found = None;
    while rest.len() >= 9 {
        let length = u32::from_be_bytes([0, rest[0], rest[1], rest[2]]) as usize;
        let kind = rest[3];
        let Some(payload) = rest.get(9..9 + length) else { break };
        if kind == 7 {
            found = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
        }
        rest = &rest[9 + length..];
    }
    found
}
