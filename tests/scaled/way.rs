//! A way to a vendor on which calls can be held up.

use std::net::SocketAddr;
use std::sync::Arc;

use gomark::supervisor::Supervisor;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to what comes from the connections that were opened so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passage {
    Free,
    HeldUp,
}

/// The way.
pub(crate) struct Way {
    pub(crate) url: String,
    state: Arc<State>,
}

struct State {
    passage: watch::Sender<Passage>,
    /// Whether connections that are opened now are held up with the others.
    together: watch::Sender<bool>,
    held: watch::Sender<usize>,
}

impl Way {
    pub(crate) async fn to(vendor: &str, supervisor: &Supervisor) -> Self {
        let vendor: SocketAddr = vendor.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            passage: watch::Sender::new(Passage::Free),
            together: watch::Sender::new(true),
            held: watch::Sender::new(0),
        });
        let (tasks, accepting) = (supervisor.clone(), state.clone());
        supervisor.spawn("way", async move {
            let stopping = tasks.stopping();
            while let Some(Ok((caller, _))) = stopping.run_until_cancelled(listener.accept()).await
            {
                let is_held = *accepting.together.borrow();
                let carrying = carry(caller, vendor, is_held, accepting.clone());
                let stopping = tasks.stopping();
                tasks.spawn("way", async move {
                    stopping.run_until_cancelled(carrying).await;
                });
            }
        });
        Self { url, state }
    }

    /// Holds up the changes that come over the connections that are there, and over new ones.
    pub(crate) fn hold_up(&self) {
        self.state.passage.send_replace(Passage::HeldUp);
    }

    pub(crate) fn holds_something(&self) -> bool {
        *self.state.held.borrow() > 0
    }

    /// Holds up no connection that is opened from now on.
    pub(crate) fn let_new_ones_pass(&self) {
        self.state.together.send_replace(false);
    }

    /// Lets what was held up arrive.
    pub(crate) fn let_all_pass(&self) {
        self.state.passage.send_replace(Passage::Free);
    }
}

/// Carries what comes over one connection. What was sent arrives, though its sender is gone.
async fn carry(caller: TcpStream, vendor_address: SocketAddr, is_held: bool, state: Arc<State>) {
    let Ok(vendor) = TcpStream::connect(vendor_address).await else { return };
    let (mut from_caller, mut to_caller) = caller.into_split();
    let (mut from_vendor, mut to_vendor) = vendor.into_split();
    let there = async {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from_caller.read(&mut bytes).await {
            // What asks for something passes: it is the changes that may come late.
            let changes = bytes.starts_with(b"PATCH ");
            if is_held && changes {
                let mut passage = state.passage.subscribe();
                if *passage.borrow() == Passage::HeldUp {
                    state.held.send_modify(|held| *held += 1);
                    let free = passage.wait_for(|passage| *passage == Passage::Free);
                    if free.await.is_err() {
                        return;
                    }
                    // The vendor has long given up to wait for something over the connection.
                    let Ok(late) = TcpStream::connect(vendor_address).await else { return };
                    to_vendor = late.into_split().1;
                }
            }
            if to_vendor.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    };
    let back = async {
        let _gone = tokio::io::copy(&mut from_vendor, &mut to_caller).await;
    };
    tokio::join!(there, back);
}
