//! A bare gRPC server: the least that any answer over tonic costs on this machine.
//!
//! It answers in the place of `gomark.v1.ConfigService`, so that the same client calls both.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io::Read as _;
use std::net::Ipv4Addr;
use std::task::{Context, Poll};

use ::bytes::Bytes;
use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::server::{NamedService, UnaryService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tower::Service;

use crate::Outcome;
use crate::bytes::BytesCodec;

/// Serves what standard input holds, until it is killed.
pub(crate) async fn serve(port: u16) -> Outcome<()> {
    let mut answer = Vec::new();
    std::io::stdin().lock().read_to_end(&mut answer)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let echo = Echo { answer: answer.into() };
    // As GoMark's own server is set up.
    let router = Server::builder().max_concurrent_streams(256).add_service(echo);
    Ok(router.serve_with_incoming(incoming).await?)
}

/// Answers every unary call with the same bytes.
#[derive(Clone, Debug)]
struct Echo {
    answer: Bytes,
}

impl NamedService for Echo {
    const NAME: &'static str = "gomark.v1.ConfigService";
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let method = self.clone();
        Box::pin(async move {
            Ok(tonic::server::Grpc::new(BytesCodec).unary(Method(method.answer), request).await)
        })
    }
}

struct Method(Bytes);

impl UnaryService<Bytes> for Method {
    type Response = Bytes;
    type Future = Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, _: Request<Bytes>) -> Self::Future {
        ready(Ok(Response::new(self.0.clone())))
    }
}
