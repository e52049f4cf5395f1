//! Makes calls for a while, over many clients at once, and measures them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::future::join_all;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::pacer::Schedule;
use super::recorder::{self, Latencies, Recorded, Recorder};
use crate::supervisor::Supervisor;

/// How long calls under way may take when the measurement is stopped early.
const STOP_GRACE: Duration = Duration::from_secs(1);
/// How long a client waits after a call that failed, so that a service that is away is not asked
/// as fast as it can refuse.
const PAUSE: Duration = Duration::from_millis(10);

/// One client. It makes one call at a time.
///
/// `call` MUST be one call to what is measured, without repeats; it does not promise to be fair
/// among callers.
#[async_trait]
pub trait Caller: Send {
    /// Makes a call.
    async fn call(&mut self) -> Answer;
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// OK; with the kind of call.
    Done(&'static str),
    /// Not OK; with the reason.
    Failed(String),
    /// There is nothing left to call; no call was made.
    Exhausted,
}

/// How calls follow each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Each client sends its next call when the last one is answered.
    Closed,
    /// So many calls a second are sent, evenly, whatever the answers do. What a call took is
    /// counted from the moment it was to be sent, so that waiting for a free client counts.
    Open(f64),
}

/// What to measure. Without `duration` and `operations` it goes on until it is stopped or nothing
/// is left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// How calls follow each other.
    pub pace: Pace,
    /// For how long to send.
    pub duration: Option<Duration>,
    /// How many calls to send.
    pub operations: Option<u64>,
    /// How long one call may take.
    pub timeout: Duration,
}

/// How far a measurement is, for a progress bar.
#[derive(Debug, Default)]
pub struct Progress {
    answered: AtomicU64,
}

impl Progress {
    /// Returns how many calls were answered.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}

/// Why a measurement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The time was up, or the calls were made.
    AsPlanned,
    /// It was stopped.
    Interrupted,
    /// Nothing was left to call.
    Exhausted,
}

/// What a measurement found.
///
/// `sent` is the sum of the successes, the failures and `unanswered`.
#[derive(Clone, Debug)]
pub struct Measured {
    /// From the first call to the last answer.
    pub elapsed: Duration,
    /// What calls that succeeded took, by kind, in nanoseconds.
    pub latencies: BTreeMap<&'static str, Latencies>,
    /// How late calls were sent, in nanoseconds; only of an open loop.
    pub lag: Option<Latencies>,
    /// How many calls failed, by reason.
    pub errors: BTreeMap<String, u64>,
    /// How many calls were sent.
    pub sent: u64,
    /// How many calls were due and found no free client to the end; only of an open loop.
    pub not_sent: u64,
    /// How many calls were given up when the measurement was stopped.
    pub unanswered: u64,
    /// Why it ended.
    pub ended: Ended,
}

impl Measured {
    /// Returns how many calls succeeded.
    pub fn succeeded(&self) -> u64 {
        self.latencies.values().map(Latencies::len).sum()
    }

    /// Returns how many calls failed.
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Returns how many calls succeeded each second.
    pub fn throughput(&self) -> f64 {
        self.succeeded() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// Returns what calls of all kinds took.
    pub fn all_latencies(&self) -> Latencies {
        let mut all = recorder::empty();
        for latencies in self.latencies.values() {
            recorder::add(&mut all, latencies);
        }
        all
    }
}

/// What the clients of one measurement share.
struct Shared {
    recorder: Recorder,
    progress: Arc<Progress>,
    stop: CancellationToken,
    exhausted: AtomicBool,
    sent: AtomicU64,
    operations: u64,
    deadline: Option<Instant>,
    timeout: Duration,
    schedule: Option<Schedule>,
    permits: Semaphore,
}

/// Measures, and hands the clients back for the next time.
///
/// A client whose call had to be given up is not handed back.
pub async fn measure(
    callers: Vec<Box<dyn Caller>>,
    plan: &Plan,
    supervisor: &Supervisor,
    stop: &CancellationToken,
    progress: &Arc<Progress>,
) -> (Vec<Box<dyn Caller>>, Measured) {
    let began_at = Instant::now();
    let schedule = schedule(plan, began_at);
    let shared = Arc::new(Shared {
        recorder: Recorder::new(),
        progress: progress.clone(),
        stop: stop.child_token(),
        exhausted: AtomicBool::new(false),
        sent: AtomicU64::new(0),
        operations: plan.operations.unwrap_or(u64::MAX),
        deadline: plan.duration.map(|duration| began_at + duration),
        timeout: plan.timeout,
        schedule: schedule.clone(),
        permits: Semaphore::new(0),
    });
    let pacer = schedule.clone().map(|schedule| {
        let shared = shared.clone();
        tokio::task::spawn_blocking(move || {
            schedule.keep(&shared.permits, &shared.sent, &shared.stop)
        })
    });
    let clients = callers.into_iter().enumerate().map(|(client, caller)| {
        let shared = shared.clone();
        supervisor.spawn("bench client", async move { shared.work(client, caller).await })
    });
    let callers = join(clients.collect(), stop).await;
    let elapsed = began_at.elapsed();
    shared.stop.cancel();
    if let Some(pacer) = pacer {
        // It cannot be cancelled, and it does not panic.
        let _ = pacer.await;
    }
    let measured = shared.measured(elapsed, schedule.as_ref(), stop.is_cancelled());
    (callers, measured)
}

fn schedule(plan: &Plan, began_at: Instant) -> Option<Schedule> {
    let Pace::Open(per_second) = plan.pace else { return None };
    let within = plan.duration.map(|duration| (duration.as_secs_f64() * per_second).ceil() as u64);
    let calls = within.unwrap_or(u64::MAX).min(plan.operations.unwrap_or(u64::MAX));
    Some(Schedule { began_at, per_second, calls, cut_off: plan.duration.is_some() })
}

/// Waits for the clients; gives their last calls up some time after the stop.
async fn join(
    clients: Vec<JoinHandle<Box<dyn Caller>>>,
    stop: &CancellationToken,
) -> Vec<Box<dyn Caller>> {
    let handles: Vec<_> = clients.iter().map(JoinHandle::abort_handle).collect();
    let mut all = std::pin::pin!(join_all(clients));
    let overdue = async {
        stop.cancelled().await;
        tokio::time::sleep(STOP_GRACE).await;
    };
    let ended = tokio::select! {
        ended = &mut all => ended,
        () = overdue => {
            handles.iter().for_each(tokio::task::AbortHandle::abort);
            all.await
        }
    };
    ended.into_iter().filter_map(Result::ok).collect()
}

impl Shared {
    async fn work(&self, client: usize, mut caller: Box<dyn Caller>) -> Box<dyn Caller> {
        while let Some(counted_from) = self.next(client).await {
            let call = tokio::time::timeout(self.timeout, caller.call());
            match call.await {
                Ok(Answer::Done(kind)) => {
                    self.recorder.succeeded(client, kind, counted_from.elapsed());
                }
                Ok(Answer::Exhausted) => {
                    self.sent.fetch_sub(1, Ordering::Relaxed);
                    self.exhausted.store(true, Ordering::Relaxed);
                    self.permits.close();
                    break;
                }
                Ok(Answer::Failed(reason)) => self.failed(client, reason).await,
                Err(_) => self.failed(client, "TIMEOUT".to_owned()).await,
            }
            self.progress.answered.fetch_add(1, Ordering::Relaxed);
        }
        caller
    }

    /// Waits until the next call is to be sent; answers the moment that it is counted from.
    async fn next(&self, client: usize) -> Option<Instant> {
        if self.over() {
            return None;
        }
        let Some(schedule) = &self.schedule else {
            if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return None;
            }
            let take = |sent| (sent < self.operations).then_some(sent + 1);
            self.sent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok()?;
            return Some(Instant::now());
        };
        self.permits.acquire().await.ok()?.forget();
        if self.over() {
            return None;
        }
        let at = schedule.at(self.sent.fetch_add(1, Ordering::Relaxed));
        self.recorder.sent(client, at.elapsed());
        Some(at)
    }

    fn over(&self) -> bool {
        self.stop.is_cancelled() || self.exhausted.load(Ordering::Relaxed)
    }

    async fn failed(&self, client: usize, reason: String) {
        self.recorder.failed(client, reason);
        if self.schedule.is_none() {
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn measured(&self, elapsed: Duration, schedule: Option<&Schedule>, stopped: bool) -> Measured {
        let Recorded { latencies, lag, errors } = self.recorder.collected();
        let sent = self.sent.load(Ordering::Relaxed);
        let answered =
            latencies.values().map(Latencies::len).sum::<u64>() + errors.values().sum::<u64>();
        let exhausted = self.exhausted.load(Ordering::Relaxed);
        let ended = match (stopped, exhausted) {
            (true, _) => Ended::Interrupted,
            (false, true) => Ended::Exhausted,
            (false, false) => Ended::AsPlanned,
        };
        // What a stopped schedule did not come to was not due.
        let due = schedule.filter(|_| ended == Ended::AsPlanned).map_or(0, |s| s.calls);
        Measured {
            elapsed,
            latencies,
            lag,
            errors,
            sent,
            not_sent: due.saturating_sub(sent),
            unanswered: sent.saturating_sub(answered),
            ended,
        }
    }
}
