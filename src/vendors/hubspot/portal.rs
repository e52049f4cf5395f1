//! One portal, reached with one credential.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use tokio::sync::OnceCell;

use super::HubSpotConfig;
use super::auth::Auth;
use super::day;
use super::groups::Groups;
use super::paths::Paths;
use crate::clock::Clock;
use crate::domain::{Allowance, Observed, Timestamp};
use crate::vendors::answers::View;
use crate::vendors::http::Client;
use crate::vendors::limiter::Limiter;
use crate::vendors::records;
use crate::vendors::{Access, Account, Answer, Call, Entry, Failure, Identity, Lane, Target};

/// What people call the vendor.
pub(super) const NAME: &str = "HubSpot";

/// How many searches a portal allows within a second (HubSpot's usage guidelines; older pages say 4).
/// They are counted apart from all other calls, and no answer tells of it.
const SEARCHES: u32 = 5;
const SECOND: Duration = Duration::from_secs(1);

pub(super) struct Portal {
    pub(super) client: Client,
    pub(super) paths: Paths,
    pub(super) auth: Auth,
    /// The portal that it has to be, and whether it was asked.
    pub(super) expected: Option<String>,
    pub(super) checked: OnceCell<()>,
    pub(super) call_timeout: Duration,
    pub(super) batch_max: usize,
    pub(super) limiter: Limiter,
    /// Counts the searches, which have a limit of their own.
    pub(super) searches: Limiter,
    /// The portal's time zone, once it is known.
    pub(super) zone: OnceLock<TimeZone>,
    /// How many deals there were when they were counted last.
    pub(super) records: AtomicI64,
    pub(super) groups: Groups,
    clock: Arc<dyn Clock>,
}

impl Portal {
    pub(super) fn new(
        client: Client,
        paths: Paths,
        auth: Auth,
        access: Access,
        config: &HubSpotConfig,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let window = access.window.as_deref();
        let is_first = access.window.is_none();
        let searches = Limiter::fixed(SEARCHES, SECOND, is_first, Arc::clone(&clock));
        Self {
            client,
            paths,
            auth,
            expected: access.account_id,
            checked: OnceCell::new(),
            searches,
            limiter: Limiter::new(access.limits, window, Arc::clone(&clock)),
            call_timeout: access.call_timeout,
            batch_max: config.batch_max.max(1),
            records: AtomicI64::new(window.and_then(records::noted).unwrap_or(records::UNKNOWN)),
            zone: window.and_then(day::noted).map_or_else(OnceLock::new, OnceLock::from),
            groups: Groups::default(),
            clock,
        }
    }

    /// What failures are seen from.
    pub(super) fn view(&self, writes: bool) -> View {
        View { vendor: NAME, writes, secrets: self.auth.secrets(), now: self.clock.now() }
    }

    /// Tells when the portal's day ends, where its time zone is known.
    pub(super) fn day_end(&self) -> Option<Timestamp> {
        day::over_at(self.zone.get()?, self.clock.now())
    }
}

#[async_trait]
impl Account for Portal {
    async fn identify(&self) -> Result<Identity, Failure> {
        self.ask_identity().await
    }

    async fn admit(&self, lane: Lane) {
        self.limiter.admit(lane).await;
    }

    fn wait(&self, lane: Lane) -> Duration {
        self.limiter.wait(lane)
    }

    fn window(&self) -> String {
        let record = self.limiter.record();
        let record = self.zone.get().and_then(|zone| day::note(zone, &record)).unwrap_or(record);
        records::note(self.records.load(Ordering::Relaxed), record)
    }

    fn allowance(&self) -> Allowance {
        self.limiter.allowance()
    }

    async fn read(&self, targets: &[Target]) -> Result<Vec<Observed>, Failure> {
        self.read_all(targets).await
    }

    async fn list(&self, with: &[String]) -> Result<Vec<Entry>, Failure> {
        self.list_all(with).await
    }

    async fn carry_out(&self, calls: &[Call]) -> Vec<Result<Answer, Failure>> {
        self.write_all(calls).await
    }
}

impl fmt::Debug for Portal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Portal")
            .field("base_url", &self.paths.base_url().as_str())
            .field("limiter", &self.limiter)
            .finish_non_exhaustive()
    }
}
