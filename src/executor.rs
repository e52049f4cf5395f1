//! Carries out what was decided.
//!
//! One session per connection holds its lease and talks to its vendor account;
//! this module starts them when a doorbell rings or the sweeper finds something due. It never
//! decides anything: what to do is the planner's, what came of it is written by the store.

mod accounts;
mod backoff;
mod batches;
mod outcomes;
mod session;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::seq::SliceRandom as _;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::MissedTickBehavior;

use crate::broker::Broker;
use crate::events::EventBus;
use crate::store::{Doorbell, Store};
use crate::supervisor::Supervisor;
use crate::telemetry;
use crate::vault::Vault;
use crate::vendors::Vendors;

/// How many due connections the sweeper takes up at a time.
const SWEEP_MAX: usize = 1_000;
/// How many of them at least, where other executors are to have their share.
const SHARE_MIN: usize = 32;
/// How much sooner than usual the sweeper comes again when it left some to others.
const SHARE_AGAIN: u32 = 8;
/// How many sessions ask for their leases at the same time: however many companies have work, a
/// mutation waits in the database's line behind few of them.
const STARTS_MAX: usize = 8;

/// What an executor is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The vendors.
    pub vendors: Vendors,
    /// The doorbells.
    pub broker: Arc<dyn Broker>,
    /// The event bus.
    pub bus: Arc<dyn EventBus>,
    /// Opens credentials.
    pub vault: Arc<Vault>,
    /// Owns the tasks.
    pub supervisor: Supervisor,
    /// How it works.
    pub settings: Settings,
}

/// How an executor works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name as the holder of leases; unique per process.
    pub holder: String,
    /// How long a lease lasts.
    pub lease_period: Duration,
    /// The longest that one vendor call may take; at most a third of the lease.
    pub call_timeout: Duration,
    /// How often the sweeper looks for what no doorbell told of.
    pub sweep_interval: Duration,
    /// How many calls are under way at one connection at most.
    pub calls_max: usize,
    /// How long a connection without work keeps its lease.
    pub linger: Duration,
    /// Whether there may be other executors, who want their share.
    pub peers: bool,
    /// How long it is at most from one look at what a vendor holds to the next; `None` where that is
    /// only done when somebody asks for it.
    pub scan_interval: Option<Duration>,
    /// For how long reads of a vendor may not show a write of ours.
    pub settling: Duration,
}

/// Tells a session that there may be something to do.
#[derive(Debug, Default)]
struct Bell {
    notify: Notify,
    rung: AtomicBool,
}

impl Bell {
    fn ring(&self) {
        self.rung.store(true, Ordering::Release);
        self.notify.notify_one();
    }

    /// Tells whether it rang since it was asked last.
    fn take(&self) -> bool {
        self.rung.swap(false, Ordering::AcqRel)
    }
}

/// Starts sessions.
#[derive(Debug)]
pub struct Executor {
    parts: Arc<Parts>,
    sessions: HashMap<Doorbell, Arc<Bell>>,
    starts: Arc<Semaphore>,
    ended: (mpsc::UnboundedSender<Doorbell>, mpsc::UnboundedReceiver<Doorbell>),
}

impl Executor {
    /// Creates an executor.
    pub fn new(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
            sessions: HashMap::new(),
            starts: Arc::new(Semaphore::new(STARTS_MAX)),
            ended: mpsc::unbounded_channel(),
        }
    }

    /// Works until shutdown begins. Its sessions finish the calls under way after that.
    pub async fn run(mut self) {
        let stopping = self.parts.supervisor.stopping();
        let mut sweep = tokio::time::interval(self.parts.settings.sweep_interval);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                doorbell = self.parts.broker.next() => self.wake(doorbell),
                Some(doorbell) = self.ended.1.recv() => self.forget(doorbell),
                _ = sweep.tick() => if self.sweep().await {
                    sweep.reset_after(self.parts.settings.sweep_interval / SHARE_AGAIN);
                },
            }
        }
    }

    fn wake(&mut self, doorbell: Doorbell) {
        if let Some(bell) = self.sessions.get(&doorbell) {
            bell.ring();
            return;
        }
        let bell = Arc::new(Bell::default());
        self.sessions.insert(doorbell.clone(), bell.clone());
        let (parts, ended) = (self.parts.clone(), self.ended.0.clone());
        let starts = self.starts.clone();
        self.parts.supervisor.spawn("session", async move {
            // Told of even when the session panics: a connection must not stay shut for ever.
            let _tell = TellEnd { doorbell: doorbell.clone(), ended };
            session::run(parts, doorbell, bell, starts).await;
        });
    }

    /// Forgets a session that has ended; it may have missed the last ring.
    fn forget(&mut self, doorbell: Doorbell) {
        if self.sessions.remove(&doorbell).is_some_and(|bell| bell.take()) {
            self.wake(doorbell);
        }
    }

    /// Takes up what is due; of much at once only half, where others sweep too. Tells whether it
    /// left some.
    async fn sweep(&mut self) -> bool {
        let scans = self.parts.settings.scan_interval.is_some();
        let mut due = match self.parts.store.due(SWEEP_MAX, scans).await {
            Ok(due) => due,
            Err(error) => {
                let error = telemetry::chain(&error);
                tracing::warn!(error, "the sweeper could not read what is due");
                return false;
            }
        };
        due.retain(|doorbell| !self.sessions.contains_key(doorbell));
        let all = due.len();
        if self.parts.settings.peers {
            // Those who sweep at the same time should not meet at the same connections.
            due.shuffle(&mut rand::rng());
            due.truncate(all.div_ceil(2).max(SHARE_MIN));
        }
        let left_some = due.len() < all;
        due.into_iter().for_each(|doorbell| self.wake(doorbell));
        left_some
    }
}

struct TellEnd {
    doorbell: Doorbell,
    ended: mpsc::UnboundedSender<Doorbell>,
}

impl Drop for TellEnd {
    fn drop(&mut self) {
        // The executor itself may have ended.
        let _gone = self.ended.send(self.doorbell.clone());
    }
}

#[cfg(test)]
mod tests;
