//! A way to servers that a test can cut, hold, and count connections on.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use gomark::supervisor::Supervisor;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What becomes of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// They are carried.
    Open,
    /// They stay, and nothing goes over them.
    Held,
    /// They are closed, and new ones too.
    Cut,
}

/// Carries each connection to the next one of its servers that is there.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    way: watch::Sender<Way>,
    servers: Arc<Mutex<Vec<Server>>>,
    supervisor: Supervisor,
}

#[derive(Clone)]
struct Server {
    address: SocketAddr,
    open: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) async fn to(servers: &[SocketAddr]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = |address: &SocketAddr| Server { address: *address, open: Arc::default() };
        let servers: Arc<Mutex<Vec<_>>> =
            Arc::new(Mutex::new(servers.iter().map(server).collect()));
        let (way, ways) = watch::channel(Way::Open);
        let supervisor = Supervisor::new();
        let (choice, of) = (servers.clone(), supervisor.clone());
        supervisor.spawn("proxy", async move {
            for turn in 0.. {
                let Ok((client, _)) = listener.accept().await else { return };
                let servers = choice.lock().unwrap().clone();
                of.spawn("proxied", carry(client, servers, turn, ways.clone()));
            }
        });
        Self { address, way, servers, supervisor }
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// How many connections each server has.
    pub(crate) fn open(&self) -> Vec<usize> {
        let servers = self.servers.lock().unwrap();
        servers.iter().map(|server| server.open.load(Ordering::SeqCst)).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.supervisor.stopping().cancel();
        self.set(Way::Cut);
    }
}

async fn carry(
    client: TcpStream,
    servers: Vec<Server>,
    turn: usize,
    mut way: watch::Receiver<Way>,
) {
    let mut client = client;
    loop {
        let now = *way.borrow_and_update();
        match now {
            Way::Cut => return,
            Way::Held => drop(way.changed().await),
            Way::Open => break,
        }
    }
    for offset in 0..servers.len() {
        let server = &servers[(turn + offset) % servers.len()];
        let Ok(mut there) = TcpStream::connect(server.address).await else { continue };
        server.open.fetch_add(1, Ordering::SeqCst);
        loop {
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut there), if *way.borrow() == Way::Open => break,
                changed = way.changed() => {
                    if changed.is_err() || *way.borrow() == Way::Cut {
                        break;
                    }
                }
            }
        }
        server.open.fetch_sub(1, Ordering::SeqCst);
        return;
    }
}
