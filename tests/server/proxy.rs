//! A way to servers that a test can cut, hold, and count connections on.

use std::net::SocketAddr;
use std::sync::Arc;

use gomark::supervisor::Supervisor;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::world::within;

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
    servers: Arc<Servers>,
    supervisor: Supervisor,
}

struct Servers {
    addresses: Vec<SocketAddr>,
    /// How many connections each has.
    open: watch::Sender<Vec<usize>>,
}

impl Proxy {
    pub(crate) async fn to(servers: &[SocketAddr]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let open = watch::Sender::new(vec![0; servers.len()]);
        let servers = Arc::new(Servers { addresses: servers.to_vec(), open });
        let (way, ways) = watch::channel(Way::Open);
        let supervisor = Supervisor::new();
        let (choice, of) = (servers.clone(), supervisor.clone());
        supervisor.spawn("proxy", async move {
            for turn in 0.. {
                let Ok((client, _)) = listener.accept().await else { return };
                of.spawn("proxied", carry(client, choice.clone(), turn, ways.clone()));
            }
        });
        Self { address, way, servers, supervisor }
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// Waits until the servers have as many connections as is asked for, and returns how many.
    pub(crate) async fn until(&self, asked: impl Fn(&[usize]) -> bool) -> Vec<usize> {
        let mut open = self.servers.open.subscribe();
        within(open.wait_for(|open| asked(open))).await.unwrap().clone()
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
    servers: Arc<Servers>,
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
    let many = servers.addresses.len();
    for server in (0..many).map(|offset| (turn + offset) % many) {
        let Ok(mut there) = TcpStream::connect(servers.addresses[server]).await else { continue };
        servers.open.send_modify(|open| open[server] += 1);
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
        servers.open.send_modify(|open| open[server] -= 1);
        return;
    }
}
