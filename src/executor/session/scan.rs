//! Scans: what the vendor holds is listed, and judged by what is known of it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use super::launch::{admitted, unclear};
use super::{End, Finished, Session};
use crate::domain::drift::{DriftItem, Judged, Listed, Observation, judge};
use crate::domain::{Attributes, Problem, ProblemReason, Revision, Timestamp, Tracked};
use crate::executor::accounts::Open;
use crate::executor::{backoff, outcomes};
use crate::store::{self, DriftWork, JudgedBy, Scan, ScanState, Scanned};
use crate::vendors::places::PATIENCE;
use crate::vendors::{Entry, Failure, Lane, Vendor};

/// Where nothing changes, a connection is scanned this many times less often than where something
/// does.
const INTERVALS: u32 = 5;
/// What is reckoned with where nobody scans but when he is asked to.
const INTERVAL_USUAL: Duration = Duration::from_secs(5 * 60);
/// How often a scan is judged anew because something was decided meanwhile.
const ATTEMPTS: usize = 5;

/// A scan that was begun.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    at: Timestamp,
    revision: Revision,
    state: ScanState,
}

impl Begun {
    /// Tells whether the list lacks some of what is only shown to those who ask for it.
    fn lacks(&self, with: &[String]) -> bool {
        with.iter().any(|one| !self.state.with.contains(one))
    }
}

/// What a scan is judged to mean.
struct Meant {
    judged: Judged,
    with: Vec<String>,
    revision: Revision,
    by: JudgedBy,
}

impl Session {
    /// Tells whether the connection is to be scanned now.
    pub(super) fn scan_is_due(&self) -> bool {
        let Some(work) = &self.work else { return false };
        if self.scanning || work.connection.is_none() {
            return false;
        }
        let always = self.parts.settings.scan_interval.is_some();
        work.scan
            .as_ref()
            .map_or(always, |scan| (scan.asked || always) && scan.next_at <= self.now())
    }

    /// Lists what the vendor holds; tells whether it had to wait for the rate limit.
    pub(super) async fn scan(&mut self, open: &Open) -> bool {
        let Some(work) = &self.work else { return false };
        if self.calls >= self.parts.settings.calls_max {
            return false;
        }
        if !admitted(open, Lane::Change).await {
            return true;
        }
        let state = work.scan.clone().unwrap_or_default().state;
        let begun = Begun { at: self.now(), revision: work.revision, state };
        self.calls += 1;
        self.scanning = true;
        let (account, finished) = (open.account.clone(), self.finished.0.clone());
        let time = self.parts.settings.call_timeout + PATIENCE;
        self.parts.supervisor.spawn("scan", async move {
            let listing = AssertUnwindSafe(account.list(&begun.state.with)).catch_unwind();
            let result = match timeout(time, listing).await {
                Ok(Ok(result)) => result,
                Ok(Err(_died)) => Err(unclear("the call died")),
                Err(_elapsed) => Err(unclear("the call did not end in time")),
            };
            // The session may have lost its lease meanwhile; then nobody wants to know.
            let _gone = finished.send(Finished::Scanned { begun: Box::new(begun), result });
        });
        false
    }

    /// Judges a scan, and notes what comes of it.
    pub(super) async fn scanned(
        &mut self,
        begun: Begun,
        result: Result<Vec<Entry>, Failure>,
    ) -> Result<(), End> {
        self.scanning = false;
        self.work = None;
        let entries = match result {
            Ok(entries) => entries,
            Err(failure) => return self.note_failed(&begun, failure.problem).await,
        };
        let Some(vendor) = self.open.as_ref().map(|open| open.vendor.clone()) else {
            return Ok(());
        };
        let body = match serde_json::to_string(&entries) {
            Ok(body) => body,
            Err(error) => {
                let problem = Problem::new(ProblemReason::VendorUnavailable, error.to_string());
                return self.note_failed(&begun, problem).await;
            }
        };
        let digest = crate::hex::encode(&Sha256::digest(body.as_bytes()));
        let mut may_be_settled = true;
        for _ in 0..ATTEMPTS {
            let meant = match settled(&begun, &digest, may_be_settled) {
                Some(meant) => meant,
                None => {
                    let work = self.parts.store.drift_work(&self.lease).await?;
                    let interval = match begun.state.interval_ms {
                        0 => INTERVAL_USUAL,
                        interval => Duration::from_millis(interval),
                    };
                    match self.judge(&*vendor, &begun, &entries, work, interval) {
                        Ok(meant) => meant,
                        Err(problem) => return self.note_failed(&begun, problem).await,
                    }
                }
            };
            may_be_settled = false;
            let is_news = digest != begun.state.digest;
            let scanned = self.outcome(&begun, &meant, &digest, is_news.then(|| body.clone()));
            match self.parts.store.scanned(&self.lease, scanned).await {
                Ok(items) => {
                    self.tell_drift(&items);
                    return Ok(());
                }
                // Something was decided meanwhile, and is judged along.
                Err(store::Error::Outdated) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let message = "the company decides faster than scans are judged";
        let problem = Problem::new(ProblemReason::VendorUnavailable, message);
        self.note_failed(&begun, problem).await
    }

    fn judge(
        &self,
        vendor: &dyn Vendor,
        begun: &Begun,
        entries: &[Entry],
        work: DriftWork,
        interval: Duration,
    ) -> Result<Meant, Problem> {
        let DriftWork { revision, tracked, items, last_seq, policies, before, now } = work;
        let tracked: Vec<_> = tracked.into_iter().map(|it| with_desired(vendor, it)).collect();
        let expected: HashMap<_, _> = tracked
            .iter()
            .map(|(tracked, desired)| {
                let Tracked { version, sync, .. } = tracked;
                let name = sync.key_or(&version.name);
                ((version.kind, name), sync.expected(desired.as_ref()))
            })
            .collect();
        let with: BTreeSet<_> =
            expected.values().filter_map(|expected| vendor.lists_with(expected)).collect();
        let with: Vec<_> = with.into_iter().map(str::to_owned).collect();
        if begun.lacks(&with) {
            // Something is not in the list that may well be there: it is listed with that first.
            let by = JudgedBy::Nothing;
            return Ok(Meant { judged: Judged::default(), with, revision, by });
        }
        let listed = |entry: &Entry| {
            let expected = expected.get(&(entry.kind, entry.name.as_str()));
            let attributes = vendor.listed(entry, expected).ok_or_else(|| {
                let message = format!("{} {} is incomplete", entry.kind.as_str(), entry.name);
                Problem::new(ProblemReason::VendorUnavailable, message)
            })?;
            Ok(of(entry, attributes))
        };
        let resources = entries.iter().map(listed).collect::<Result<Vec<_>, Problem>>()?;
        // What was never asked for is no news.
        let before = before.filter(|_| begun.state.listed_with == begun.state.with);
        let before: Option<Vec<Entry>> = before.and_then(|body| serde_json::from_str(&body).ok());
        let before = before.zip(begun.state.at_micros).map(|(entries, at)| Observation {
            at: Timestamp::from_micros(at),
            resources: entries.iter().map(|entry| of(entry, Attributes::new())).collect(),
        });
        let busy: HashSet<_> = self.in_flight.iter().chain(self.begun.keys()).cloned().collect();
        let judged = judge(&crate::domain::drift::Scanned {
            now: &Observation { at: begun.at, resources },
            before: before.as_ref(),
            tracked: &tracked,
            busy: &busy,
            items: &items,
            policies: &policies,
            interval,
            settling: self.parts.settings.settling,
            at: now,
        });
        let concerned = judged.transitions.iter().map(|(id, _)| id);
        let concerned =
            concerned.chain(judged.items.iter().filter_map(|it| it.resource_id.as_ref()));
        let concerned: HashSet<_> = concerned.collect();
        let versions = tracked.iter().map(|(tracked, _)| &tracked.version);
        let versions = versions.filter(|version| concerned.contains(&version.id));
        let versions = versions.map(|version| (version.id.clone(), version.from_rev)).collect();
        Ok(Meant { by: JudgedBy::These(versions, policies, last_seq), judged, with, revision })
    }

    fn outcome(
        &self,
        begun: &Begun,
        meant: &Meant,
        digest: &str,
        observation: Option<String>,
    ) -> Scanned {
        let Meant { judged, with, revision, by } = meant;
        let is_partial = begun.lacks(with);
        let most = self.parts.settings.scan_interval;
        let interval = most.map_or(Duration::ZERO, |most| {
            let before = Duration::from_millis(begun.state.interval_ms);
            let next = if judged.found > 0 { before / 2 } else { before + before / 4 };
            // The first one is as often as where something changes.
            next.clamp(most / INTERVALS, most)
        });
        let now = self.now();
        let next_at = match most {
            _ if is_partial => now,
            Some(_) => now.plus(interval.mul_f64(rand::random_range(0.85..1.0))),
            None => Timestamp::from_micros(i64::MAX),
        };
        let state = match is_partial {
            true => ScanState { with: with.clone(), ..begun.state.clone() },
            false => ScanState {
                interval_ms: outcomes::millis(interval),
                at_micros: Some(begun.at.as_micros()),
                found: u64::try_from(judged.found).unwrap_or(u64::MAX),
                digest: digest.to_owned(),
                settled_until_micros: judged.settled_until.map(Timestamp::as_micros),
                settled_rev: *revision,
                with: with.clone(),
                listed_with: begun.state.with.clone(),
                failed_micros: None,
                problem: None,
            },
        };
        Scanned {
            began: begun.at,
            judged: by.clone(),
            scan: Scan { next_at, asked: is_partial, state },
            observation: observation.filter(|_| !is_partial),
            transitions: judged.transitions.clone(),
            items: judged.items.clone(),
        }
    }

    /// Notes that a scan failed, which says nothing of what the vendor holds. It is tried again like a
    /// call, and then as usual.
    async fn note_failed(&mut self, begun: &Begun, problem: Problem) -> Result<(), End> {
        tracing::debug!(doorbell = %self.lease.doorbell, problem = problem.message, "a scan failed");
        let state = ScanState {
            failed_micros: Some(begun.at.as_micros()),
            problem: Some(problem),
            settled_until_micros: None,
            ..begun.state.clone()
        };
        let failed_before = begun.state.failed_micros.is_some();
        let usual = self.parts.settings.scan_interval;
        let soon = backoff::wait(if failed_before { u32::MAX } else { 3 });
        let next_at = match usual {
            Some(usual) => self.now().plus(soon.min(usual)),
            None => Timestamp::from_micros(i64::MAX),
        };
        let scanned = Scanned {
            began: begun.at,
            judged: JudgedBy::Nothing,
            scan: Scan { next_at, asked: false, state },
            observation: None,
            transitions: Vec::new(),
            items: Vec::new(),
        };
        self.parts.store.scanned(&self.lease, scanned).await?;
        Ok(())
    }

    fn tell_drift(&self, items: &[DriftItem]) {
        for item in items {
            let doorbell = &self.lease.doorbell;
            let attribute = item.attribute.as_deref().unwrap_or("-");
            tracing::info!(
                %doorbell, item = item.id, kind = item.kind.as_str(), name = item.name, attribute,
                state = item.state.as_str(), "somebody changed the vendor"
            );
        }
    }
}

/// What it means that a scan shows the same as the one before, where that was settled.
fn settled(begun: &Begun, digest: &str, may_be: bool) -> Option<Meant> {
    let state = &begun.state;
    let began = state.at_micros?;
    let holds = state.settled_until_micros.is_some_and(|until| until > begun.at.as_micros());
    let same = state.digest == digest && state.settled_rev == begun.revision;
    (may_be && holds && same).then(|| Meant {
        judged: Judged {
            settled_until: state.settled_until_micros.map(Timestamp::from_micros),
            ..Judged::default()
        },
        with: state.with.clone(),
        revision: begun.revision,
        by: JudgedBy::TheOneBefore(Timestamp::from_micros(began), begun.revision),
    })
}

fn with_desired(vendor: &dyn Vendor, tracked: Tracked) -> (Tracked, Option<Attributes>) {
    let desired = tracked.version.resource.as_ref().map(|resource| vendor.desired(resource));
    (tracked, desired)
}

fn of(entry: &Entry, attributes: Attributes) -> Listed {
    Listed {
        kind: entry.kind,
        name: entry.name.clone(),
        attributes,
        protected: entry.protected,
        made: entry.made.clone(),
        changed_by: entry.changed_by.clone(),
    }
}
