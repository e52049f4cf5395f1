//! Writing to Redis, off the way of those who read: what waits is bounded, what finds no room is
//! dropped.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fred::error::Error;
use fred::interfaces::{ClientLike as _, KeysInterface as _};
use fred::types::{ClusterHash, CustomCommand, Expiration, Value};
use rand::RngExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::names::Names;
use super::value;
use crate::domain::{CompanyId, Revision};
use crate::redis::Link;

/// How much may wait to be written.
const WAITING_MAX: usize = 1_024;
/// How many bytes of configurations may.
const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How much is written at a time.
const BATCH_MAX: usize = 64;
/// How long what was written stays, give or take a tenth: not everything is to go at once.
const KEPT: Duration = Duration::from_secs(600);

/// Replaces an earlier revision, or what is none. The later one stays, whoever comes last.
const RAISE: &str = r"
local known = redis.pcall('GET', KEYS[1])
known = type(known) == 'string' and tonumber(string.match(known, '^1:(%d+)$'))
if known and known > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], '1:' .. ARGV[1], 'PX', ARGV[2])
return 1
";

#[derive(Debug)]
enum Write {
    Put { id: CompanyId, revision: Revision, config: Bytes, _room: OwnedSemaphorePermit },
    Reached { id: CompanyId, revision: Revision },
}

/// The way to the task that writes.
#[derive(Debug)]
pub(super) struct Writes {
    waiting: mpsc::Sender<Write>,
    room: Arc<Semaphore>,
}

impl Writes {
    /// Returns the way, and the task that is to be run.
    pub(super) fn new(
        link: Arc<Link>,
        names: Names,
        stopping: CancellationToken,
    ) -> (Self, impl Future<Output = ()>) {
        let (waiting, receiver) = mpsc::channel(WAITING_MAX);
        let writer = Writer { link, names, waiting: receiver };
        let room = Arc::new(Semaphore::new(WAITING_BYTES_MAX));
        (Self { waiting, room }, writer.run(stopping))
    }

    pub(super) fn put(&self, id: &CompanyId, revision: Revision, config: Bytes) {
        let bytes = u32::try_from(config.len()).unwrap_or(u32::MAX);
        if let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(bytes) {
            self.wait(Write::Put { id: id.clone(), revision, config, _room: room });
        }
    }

    pub(super) fn reached(&self, id: &CompanyId, revision: Revision) {
        self.wait(Write::Reached { id: id.clone(), revision });
    }

    fn wait(&self, write: Write) {
        // Full: the next one who reads the database writes it.
        let _dropped = self.waiting.try_send(write);
    }
}

struct Writer {
    link: Arc<Link>,
    names: Names,
    waiting: mpsc::Receiver<Write>,
}

impl Writer {
    async fn run(mut self, stopping: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                taken = self.waiting.recv_many(&mut batch, BATCH_MAX) => if taken == 0 {
                    return;
                },
            }
            let _gone = self.link.ask(self.write(&batch)).await;
            batch.clear();
        }
    }

    async fn write(&self, batch: &[Write]) -> Result<Value, Error> {
        let pipeline = self.link.client().pipeline();
        for write in batch {
            match write {
                Write::Put { id, revision, config, .. } => {
                    let name = self.names.config(id, *revision);
                    let value = Value::Bytes(value::write(id, *revision, config));
                    let until = Some(Expiration::PX(kept_ms()));
                    let () = pipeline.set(name, value, until, None, false).await?;
                }
                Write::Reached { id, revision } => {
                    let command = CustomCommand::new_static("EVAL", ClusterHash::FirstKey, false);
                    let (name, revision) = (self.names.head(id), revision.get());
                    let arguments: [Value; 5] =
                        [RAISE.into(), 1.into(), name.into(), revision.into(), kept_ms().into()];
                    let () = pipeline.custom(command, arguments.to_vec()).await?;
                }
            }
        }
        pipeline.last().await
    }
}

fn kept_ms() -> i64 {
    let kept = KEPT.mul_f64(rand::rng().random_range(0.9..=1.1));
    i64::try_from(kept.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::Supervisor;

    #[tokio::test]
    async fn what_waits_to_be_written_is_bounded_in_number_and_in_bytes() {
        let supervisor = Supervisor::new();
        let nowhere = "redis://127.0.0.1:1".parse().unwrap();
        let link = Link::open(&nowhere, None, Duration::from_secs(1), &supervisor).unwrap();
        let names = Names::new("installation", "encoding");
        // Nobody takes anything.
        let (writes, _writer) = Writes::new(link, names, supervisor.stopping());
        let (id, revision) = (CompanyId::parse("acme").unwrap(), Revision::new(1));
        let config = Bytes::from(vec![0; 100_000]);
        for _ in 0..10_000 {
            writes.put(&id, revision, config.clone());
        }
        let waiting = || WAITING_MAX - writes.waiting.capacity();
        assert_eq!(waiting(), WAITING_BYTES_MAX / config.len());
        for _ in 0..10_000 {
            writes.reached(&id, revision);
        }
        assert_eq!(waiting(), WAITING_MAX);
    }
}
