//! gRPC without messages: bytes are sent as they are, answers are not decoded. Both sides of a
//! ratio then cost the client the same.

use ::bytes::{Buf as _, BufMut as _, Bytes};
use async_trait::async_trait;
use gomark::bench::{Answer, Caller};
use http::uri::PathAndQuery;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::Outcome;

/// Takes messages for bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(length)))
    }
}

/// A client that sends bytes to one method.
pub(crate) struct BytesCaller<F> {
    grpc: tonic::client::Grpc<Channel>,
    method: &'static str,
    kind: &'static str,
    next: F,
}

impl<F: FnMut() -> Bytes + Send> BytesCaller<F> {
    /// `next` makes the requests.
    pub(crate) fn new(channel: Channel, method: &'static str, kind: &'static str, next: F) -> Self {
        Self { grpc: tonic::client::Grpc::new(channel), method, kind, next }
    }

    /// Makes a call and returns the answer.
    pub(crate) async fn ask(&mut self) -> Result<Bytes, Status> {
        let ready = self.grpc.ready().await;
        ready.map_err(|error| Status::unavailable(error.to_string()))?;
        let path = PathAndQuery::from_static(self.method);
        let answer = self.grpc.unary(Request::new((self.next)()), path, BytesCodec).await;
        answer.map(tonic::Response::into_inner)
    }
}

#[async_trait]
impl<F: FnMut() -> Bytes + Send> Caller for BytesCaller<F> {
    async fn call(&mut self) -> Answer {
        match self.ask().await {
            Ok(_) => Answer::Done(self.kind),
            Err(status) => Answer::Failed(format!("{:?}", status.code()).to_uppercase()),
        }
    }
}

/// Makes connections.
pub(crate) async fn channels(endpoint: &str, count: usize) -> Outcome<Vec<Channel>> {
    let endpoint = Endpoint::from_shared(endpoint.to_owned())?;
    let mut channels = Vec::new();
    for _ in 0..count {
        channels.push(endpoint.connect().await?);
    }
    Ok(channels)
}
