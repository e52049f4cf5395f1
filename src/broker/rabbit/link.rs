//! A connection that can be given up whatever the server does.
//!
//! The library runs each connection in a thread of its own, which waits as long as the server says
//! nothing: for ever, where a server hangs before it has agreed on heartbeats, or where its alarm
//! keeps the library from writing, its goodbye included. So the socket is held here, too, and
//! cut when the connection is given up.

use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::Stream;
use lapin::tcp::OwnedTLSConfig;
use lapin::types::ReplyCode;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{AsyncTcpStream, Channel, Connection, ConnectionProperties, Event};

use super::error::Error;

/// "reply-success" of the protocol.
const GOODBYE: ReplyCode = 200;

/// A connection.
pub(super) struct Link {
    connection: Connection,
    // Dropped last: it would cut the goodbye off.
    _cut: Cut,
}

impl Link {
    /// Connects, by a name that the server shows.
    pub(super) async fn open(
        address: &AMQPUri,
        name: &str,
        bound: Duration,
    ) -> Result<Self, Error> {
        let cut = Cut::default();
        let socket = cut.socket();
        let late = move || lapin::Error::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        let connecting = Connection::connector(
            address.clone(),
            lapin::runtime::default_runtime().map_err(Error::Connect)?,
            async move |to, runtime| {
                let AMQPUri { scheme, authority, .. } = to;
                let reach = async {
                    let at = runtime.to_socket_addrs((authority.host.clone(), authority.port));
                    let stream = AsyncTcpStream::connect(&runtime, at).await?;
                    if let AsyncTcpStream::Plain(plain) = &stream {
                        socket.keep(plain.get_ref())?;
                    }
                    match scheme {
                        AMQPScheme::AMQP => Ok(stream),
                        AMQPScheme::AMQPS => {
                            let tls = OwnedTLSConfig::default();
                            stream.into_tls(&authority.host, tls.as_ref()).await
                        }
                    }
                };
                let reached = tokio::time::timeout(bound, reach).await;
                reached.map_err(|_| late())?.map_err(lapin::Error::from)
            },
            ConnectionProperties::default().with_connection_name(name.into()),
        );
        match tokio::time::timeout(bound, connecting).await {
            Ok(Ok(connection)) => Ok(Self { connection, _cut: cut }),
            Ok(Err(source)) => Err(Error::Connect(source)),
            Err(_) => Err(Error::Late("connecting", bound)),
        }
    }

    /// Opens a channel.
    pub(super) async fn channel(&self) -> Result<Channel, Error> {
        self.connection.create_channel().await.map_err(Error::Broken)
    }

    /// Returns what the server and the library have to say. There may be one listener.
    pub(super) fn events(&self) -> impl Stream<Item = Event> + Send + Unpin {
        Box::pin(self.connection.events_listener())
    }

    /// Says goodbye, for at most so long.
    pub(super) async fn close(self, bound: Duration) {
        let goodbye = self.connection.close(GOODBYE, "goodbye".into());
        if !matches!(tokio::time::timeout(bound, goodbye).await, Ok(Ok(()))) {
            tracing::debug!("RabbitMQ did not say goodbye");
        }
    }
}

/// Ends the socket of a connection when it is dropped, also one that comes about later.
#[derive(Default)]
struct Cut(Socket);

impl Cut {
    fn socket(&self) -> Socket {
        self.0.clone()
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        let mut held = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Held::Open(socket) = std::mem::replace(&mut *held, Held::GivenUp) {
            // It may be closed already.
            let _closed = socket.shutdown(Shutdown::Both);
        }
    }
}

#[derive(Clone, Default)]
struct Socket(Arc<Mutex<Held>>);

#[derive(Default)]
enum Held {
    #[default]
    NotYet,
    Open(TcpStream),
    GivenUp,
}

impl Socket {
    /// Holds on to a socket; fails when the connection was given up meanwhile.
    fn keep(&self, stream: &impl AsFd) -> std::io::Result<()> {
        let second = TcpStream::from(stream.as_fd().try_clone_to_owned()?);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*held, Held::GivenUp) {
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
        *held = Held::Open(second);
        Ok(())
    }
}
