//! A way to the server that can be cut, or go silent.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    trouble: watch::Sender<Trouble>,
}

#[derive(Clone, Copy)]
enum Trouble {
    None,
    Cut,
    Silence,
}

impl Proxy {
    /// Passes on every connection to `server`.
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let trouble = watch::Sender::new(Trouble::None);
        let coming = trouble.subscribe();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let mut trouble = coming.clone();
                trouble.mark_unchanged();
                tokio::spawn(pass_on(client, server, trouble));
            }
        });
        Self { address, trouble }
    }

    /// Closes the connections there are; new ones are let through.
    pub(crate) fn cut(&self) {
        self.trouble.send_replace(Trouble::Cut);
    }

    /// Lets nothing more through the connections there are, and leaves them open; new ones are let
    /// through.
    pub(crate) fn silence(&self) {
        self.trouble.send_replace(Trouble::Silence);
    }
}

async fn pass_on(mut client: TcpStream, server: SocketAddr, mut trouble: watch::Receiver<Trouble>) {
    let mut server = TcpStream::connect(server).await.unwrap();
    let trouble = tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        Ok(()) = trouble.changed() => *trouble.borrow(),
    };
    if matches!(trouble, Trouble::Silence) {
        std::future::pending::<()>().await;
    }
}
