//! Accepts connections, as many at once as are allowed.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::supervisor::Supervisor;

/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Accepts connections until the supervisor stops; then the address is free again. Each is carried in
/// a task of that name. Of more than `connections_max` the further ones wait to be accepted.
pub(crate) async fn accept<F>(
    listener: TcpListener,
    connections_max: usize,
    supervisor: Supervisor,
    name: &'static str,
    carry: impl Fn(TcpStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(connections_max.min(Semaphore::MAX_PERMITS)));
    let stopping = supervisor.stopping();
    loop {
        let next = async {
            // The semaphore is never closed.
            let place = room.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = stopping.cancelled() => return,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                // Latency is what the work takes, not what Nagle's algorithm adds.
                let _ = stream.set_nodelay(true);
                let carried = carry(stream);
                supervisor.spawn(name, async move {
                    carried.await;
                    drop(place);
                });
            }
            // One client's trouble (or a lack of descriptors that passes) is no reason to end.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
