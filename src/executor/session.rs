//! One connection, for as long as its lease is held.
//!
//! The loop: read what is to be done, plan, note in the database which calls are about to be made,
//! make them, note what came of them. Everything in memory may be lost at any moment; what a
//! successor needs is in the rows.

mod due;
mod launch;
mod results;
mod scan;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::accounts::Open;
use super::outcomes::{Before, Health};
use super::{Bell, Parts};
use crate::domain::carry::Checkpoint;
use crate::domain::{
    Attributes, Effect, InDoubt, JobEvent, Observed, ResourceId, Revision, Timestamp,
};
use crate::events::News;
use crate::failpoint::{self, Boundary};
use crate::store::{self, Claimed, Doorbell, LateCall, Lease, Recorded, Work};
use crate::telemetry;
use crate::vendors::{Answer, Call, Entry, Failure, Target};

/// How many resources are looked at together.
const WORK_MAX: usize = 1_000;
/// A lease is given back while the connection is closed for longer; the sweeper takes it up again
/// when it opens. It knows of no other waits.
const REST_MAX: Duration = Duration::from_secs(60);
/// For how many periods a lease is kept at a time where others could hold it, too. That spreads
/// connections with steady work over executors that came later.
const PERIODS_MAX: u32 = 10;
/// How often the database is asked again when it failed.
const STORE_RETRY: Duration = Duration::from_millis(250);

/// One operation on its way to the vendor.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) resource_id: ResourceId,
    /// What was decided, in canonical form.
    pub(super) desired: Option<Attributes>,
    pub(super) desired_rev: Revision,
    /// The company's revision at which it was planned.
    pub(super) seen_rev: Revision,
    pub(super) before: Before,
    /// The call that was in doubt when it was planned.
    pub(super) in_doubt: Option<InDoubt>,
    /// Whether values are still to be carried along once the definition is as decided.
    pub(super) is_moving: bool,
    /// How far long work is.
    pub(super) checkpoint: Checkpoint,
    pub(super) call: Call,
}

impl Task {
    /// Names it for people: `field deal_stage`.
    pub(super) fn subject(&self) -> String {
        subject(&self.call.target)
    }
}

pub(super) fn subject(target: &Target) -> String {
    format!("{} {}", target.kind.as_str(), target.name)
}

/// What came of one call.
#[derive(Debug)]
enum Finished {
    Called { tasks: Vec<Task>, results: Vec<Result<Answer, Failure>> },
    Looked { looks: Vec<Look>, result: Result<Vec<Observed>, Failure> },
    Scanned { begun: Box<scan::Begun>, result: Result<Vec<Entry>, Failure> },
}

/// A resource that is read.
#[derive(Clone, Debug)]
struct Look {
    resource_id: ResourceId,
    target: Target,
    desired_rev: Revision,
    seen_rev: Revision,
    before: Before,
    /// A call that is in doubt, and must not be forgotten when the read fails.
    in_doubt: Option<InDoubt>,
    /// Whether the vendor was known to hold it for us.
    is_ours: bool,
}

impl Look {
    fn subject(&self) -> String {
        subject(&self.target)
    }
}

/// Why a session ends.
enum End {
    /// There is nothing to do for a while, or what is left is for others, whose sweepers find it: the
    /// lease is given back.
    Done,
    /// The lease is lost, or the database is away: nothing more may be done.
    Lost(store::Error),
}

impl From<store::Error> for End {
    fn from(error: store::Error) -> Self {
        Self::Lost(error)
    }
}

/// Holds the lease of a connection and works until there is nothing to do.
pub(super) async fn run(
    parts: Arc<Parts>,
    doorbell: Doorbell,
    bell: Arc<Bell>,
    starts: Arc<Semaphore>,
) {
    let period = parts.settings.lease_period;
    let turn = starts.acquire().await;
    if parts.supervisor.stopping().is_cancelled() {
        return;
    }
    let asked = Instant::now();
    let claimed = parts.store.claim(&doorbell, &parts.settings.holder, period).await;
    drop(turn);
    let lease = match claimed {
        Ok(Claimed::Taken(lease)) => lease,
        Ok(Claimed::Held(holder)) => {
            if holder != parts.settings.holder {
                parts.broker.ring_at(&holder, &doorbell).await;
            }
            return;
        }
        Ok(Claimed::Unused) => return,
        Err(error) => {
            let error = telemetry::chain(&error);
            tracing::warn!(%doorbell, error, "a lease could not be claimed");
            return;
        }
    };
    tracing::debug!(%doorbell, epoch = lease.epoch, taken_over = lease.taken_over, "lease claimed");
    failpoint::hit(Boundary::Claimed);
    let mut session = Session::new(parts, lease, asked, bell);
    match session.work().await {
        End::Done => session.release().await,
        End::Lost(error) => {
            let is_over = matches!(error, store::Error::Fenced);
            let error = telemetry::chain(&error);
            tracing::warn!(%doorbell, error, "a session ended early");
            session.end_without_lease(is_over).await;
        }
    }
}

struct Session {
    parts: Arc<Parts>,
    bell: Arc<Bell>,
    stopping: CancellationToken,
    lease: Lease,
    lease_until: Instant,
    /// When the lease is to be prolonged: in good time before a call may no longer be begun.
    renew_at: Instant,
    /// When it is left to others.
    leave_at: Option<Instant>,
    open: Option<Open>,
    work: Option<Work>,
    /// The database's time, and when it was read.
    read_at: (Timestamp, Instant),
    /// What was read, for the next plan, and which call was in doubt then.
    observed: HashMap<ResourceId, (Observed, Option<InDoubt>)>,
    /// What has to be read although no call is in doubt.
    look_first: HashSet<ResourceId>,
    in_flight: HashSet<ResourceId>,
    /// What was begun and is not recorded.
    begun: HashMap<ResourceId, (String, Effect)>,
    calls: usize,
    creates: usize,
    long: usize,
    /// Whether the vendor is being scanned.
    scanning: bool,
    health: Health,
    closed_until: Option<Instant>,
    /// The company's revision whose jobs know that the connection is closed.
    told_rev: Revision,
    finished: (mpsc::UnboundedSender<Finished>, mpsc::UnboundedReceiver<Finished>),
}

impl Session {
    fn new(parts: Arc<Parts>, lease: Lease, asked: Instant, bell: Arc<Bell>) -> Self {
        let period = parts.settings.lease_period;
        Self {
            stopping: parts.supervisor.stopping(),
            lease_until: asked + period,
            renew_at: asked + period / 3,
            leave_at: parts.settings.peers.then(|| asked + about(period * PERIODS_MAX)),
            parts,
            bell,
            lease,
            open: None,
            work: None,
            read_at: (Timestamp::default(), asked),
            observed: HashMap::new(),
            look_first: HashSet::new(),
            in_flight: HashSet::new(),
            begun: HashMap::new(),
            calls: 0,
            creates: 0,
            long: 0,
            scanning: false,
            health: Health::default(),
            closed_until: None,
            told_rev: Revision::ZERO,
            finished: mpsc::unbounded_channel(),
        }
    }

    async fn work(&mut self) -> End {
        match self.work_until_end().await {
            Ok(()) => End::Done,
            Err(end) => end,
        }
    }

    async fn work_until_end(&mut self) -> Result<(), End> {
        let mut idle_since = Instant::now();
        loop {
            self.renew_in_time().await?;
            let leaving = self.stopping.is_cancelled()
                || self.leave_at.is_some_and(|at| at <= Instant::now());
            if leaving && self.calls == 0 {
                return Ok(());
            }
            if self.bell.take() || self.work.is_none() {
                self.load().await?;
            }
            let next_at = if leaving { None } else { self.launch().await? };
            if self.work.is_none() {
                continue; // what was noted changes what is to be done
            }
            if !self.is_idle() {
                idle_since = Instant::now();
            }
            let linger_until = idle_since + self.parts.settings.linger;
            let now = Instant::now();
            let rests = self.closed_until.is_some_and(|at| at > now + REST_MAX);
            if self.calls == 0 && (rests || (self.is_idle() && now >= linger_until)) {
                return Ok(());
            }
            // A closed connection that nothing waits for is not waited for either.
            let next_at = next_at.filter(|_| !self.is_idle());
            let wake_at = next_at.unwrap_or(linger_until.max(now + Duration::from_millis(1)));
            let leave_at = self.leave_at.filter(|_| !leaving);
            let wake_at = leave_at.map_or(wake_at, |leave_at| wake_at.min(leave_at));
            self.wait_until(wake_at.min(self.renew_at)).await?;
        }
    }

    /// Waits for something to happen.
    async fn wait_until(&mut self, at: Instant) -> Result<(), End> {
        let stopping = self.stopping.clone();
        let first = tokio::select! {
            finished = self.finished.1.recv(), if self.calls > 0 => finished,
            () = self.bell.notify.notified() => None,
            () = stopping.cancelled(), if !stopping.is_cancelled() => None,
            () = tokio::time::sleep_until(at) => None,
        };
        let Some(first) = first else { return Ok(()) };
        let mut all = vec![first];
        while let Ok(more) = self.finished.1.try_recv() {
            all.push(more);
        }
        self.note(all).await
    }

    /// Tells whether there is nothing to do and nothing under way. A scan does not wait for a closed
    /// connection: the sweeper finds it when that opens.
    fn is_idle(&self) -> bool {
        let nothing = |work: &Work| work.connection.is_none() || work.resources.is_empty();
        let is_closed = self.closed_until.is_some_and(|until| until > Instant::now());
        self.calls == 0
            && self.work.as_ref().is_some_and(nothing)
            && (is_closed || !self.scan_is_due())
    }

    async fn load(&mut self) -> Result<(), End> {
        let work = self.parts.store.work(&self.lease, WORK_MAX).await?;
        // Not before: what is to wait waits longer rather than shorter.
        let read_at = Instant::now();
        if let Some(gate) = &work.gate {
            let until = read_at + Duration::from_millis(gate.wait_ms);
            self.closed_until = Some(self.closed_until.map_or(until, |at| at.max(until)));
        } else {
            self.closed_until = None;
        }
        self.read_at = (work.now, read_at);
        self.work = Some(work);
        Ok(())
    }

    /// The database's time, as far as it is known since it was read last.
    fn now(&self) -> Timestamp {
        let (then, read_at) = self.read_at;
        then.plus(read_at.elapsed())
    }

    async fn renew_in_time(&mut self) -> Result<(), End> {
        if Instant::now() < self.renew_at {
            return Ok(());
        }
        let asked = Instant::now();
        let period = self.parts.settings.lease_period;
        match self.parts.store.renew(&self.lease, period).await {
            Ok(lease) => {
                self.lease = lease;
                self.lease_until = asked + period;
                self.renew_at = asked + period / 3;
                Ok(())
            }
            // There may be time for another try.
            Err(store::Error::Unavailable(_) | store::Error::InDoubt(_)) if self.may_begin() => {
                self.renew_at = Instant::now() + STORE_RETRY;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Tells whether a call begun now ends within the lease.
    fn may_begin(&self) -> bool {
        Instant::now() + self.parts.settings.call_timeout < self.lease_until
    }

    fn publish(&self, events: Vec<JobEvent>) {
        for event in events {
            self.parts.bus.publish(News::Job(event));
        }
    }

    fn noted(&self, recorded: Recorded) {
        self.publish(recorded.events);
    }

    /// Waits for the calls that are under way. Where the lease is over, somebody else may have read
    /// the vendor before they took effect: then they are to be looked into once more.
    async fn end_without_lease(&mut self, is_over: bool) {
        while self.calls > 0 && self.finished.1.recv().await.is_some() {
            self.calls -= 1;
        }
        if !is_over && Instant::now() < self.lease_until {
            return;
        }
        let late = |(resource_id, (name, effect))| LateCall { resource_id, name, effect };
        let mut late: Vec<_> = self.begun.drain().map(late).collect();
        let give_up_at = Instant::now() + self.parts.settings.lease_period * 2;
        let at = &self.lease.doorbell;
        while !late.is_empty() && Instant::now() < give_up_at {
            match self.parts.store.suspect(at, late.clone()).await {
                Ok(not_yet) => {
                    if not_yet.len() < late.len() {
                        tracing::warn!(doorbell = %at, "calls of a lost lease are looked into");
                        self.parts.broker.ring(at).await;
                    }
                    late = not_yet;
                }
                Err(error) => {
                    let error = telemetry::chain(&error);
                    tracing::warn!(doorbell = %at, error, "a late call could not be noted yet");
                }
            }
            if !late.is_empty() {
                tokio::time::sleep(STORE_RETRY).await;
            }
        }
    }

    async fn release(&self) {
        let window = self.open.as_ref().map(|open| open.account.window());
        match self.parts.store.release(&self.lease, window).await {
            Ok(()) => {
                failpoint::hit(Boundary::Released);
                tracing::debug!(doorbell = %self.lease.doorbell, "lease released");
            }
            Err(error) => {
                let error = telemetry::chain(&error);
                tracing::debug!(doorbell = %self.lease.doorbell, error, "a lease was not released");
            }
        }
    }
}

/// Spreads what would otherwise happen at the same time.
fn about(time: Duration) -> Duration {
    time.mul_f64(rand::random_range(0.8..1.2))
}
