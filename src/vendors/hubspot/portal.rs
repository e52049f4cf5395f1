//! One portal, reached with one credential.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use serde_json::Value;
use zeroize::Zeroizing;

use super::HubSpotConfig;
use super::calls::Turn;
use super::classify::Classify as _;
use super::day;
use super::groups::Groups;
use super::paths::Paths;
use crate::clock::Clock;
use crate::domain::{Allowance, Observed, ProblemReason, Timestamp};
use crate::vendors::answers::View;
use crate::vendors::http::{Bearer, Client};
use crate::vendors::limiter::Limiter;
use crate::vendors::{Access, Account, Answer, Call, Failure, Identity, Lane, Target};

/// What people call the vendor.
pub(super) const NAME: &str = "HubSpot";

const SECOND: Duration = Duration::from_secs(1);

pub(super) struct Portal {
    pub(super) client: Client,
    pub(super) paths: Paths,
    pub(super) bearer: Bearer,
    /// Kept to take it out of texts, should HubSpot repeat it in one.
    credential: Zeroizing<String>,
    pub(super) call_timeout: Duration,
    pub(super) batch_max: usize,
    pub(super) limiter: Limiter,
    /// Counts the searches, which have a limit of their own.
    pub(super) searches: Limiter,
    /// The portal's time zone, once it is known.
    pub(super) zone: OnceLock<TimeZone>,
    pub(super) groups: Groups,
    clock: Arc<dyn Clock>,
}

impl Portal {
    pub(super) fn new(
        client: Client,
        paths: Paths,
        bearer: Bearer,
        access: Access,
        config: &HubSpotConfig,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let window = access.window.as_deref();
        let per_second = config.searches_per_second.max(1);
        let searches =
            Limiter::fixed(per_second, SECOND, access.window.is_none(), Arc::clone(&clock));
        Self {
            client,
            paths,
            bearer,
            searches,
            limiter: Limiter::new(access.limits, window, Arc::clone(&clock)),
            credential: access.credential,
            call_timeout: access.call_timeout,
            batch_max: config.batch_max.max(1),
            zone: OnceLock::new(),
            groups: Groups::default(),
            clock,
        }
    }

    /// What failures are seen from.
    pub(super) fn view(&self, writes: bool) -> View<'_> {
        View { vendor: NAME, writes, credential: &self.credential, now: self.clock.now() }
    }

    /// Tells when the portal's day ends, where its time zone is known.
    pub(super) fn day_end(&self) -> Option<Timestamp> {
        day::end(self.zone.get()?, self.clock.now())
    }

    async fn ask_identity(&self) -> Result<Identity, Failure> {
        let mut turn = Turn::without_place(self);
        let reply = turn.get(self.paths.details()).await?;
        let view = self.view(false);
        if reply.status != 200 {
            return Err(view.failure(&reply));
        }
        let details: Option<Value> = serde_json::from_slice(&reply.body).ok();
        let account_id = match details.as_ref().and_then(|details| details.get("portalId")) {
            Some(Value::Number(id)) => id.to_string(),
            Some(Value::String(id)) if !id.is_empty() => id.clone(),
            _ => return Err(view.unreadable(reply.status, "it names no portal")),
        };
        let zone = details.as_ref().and_then(|details| details.get("timeZone"));
        if let Some(zone) = zone.and_then(Value::as_str).and_then(|it| TimeZone::get(it).ok()) {
            self.zone.get_or_init(|| zone);
        }
        // Whose token it is any token may ask. What it is for needs a scope.
        self.groups.refresh(&mut turn).await?;
        Ok(Identity { account_id })
    }
}

#[async_trait]
impl Account for Portal {
    async fn identify(&self) -> Result<Identity, Failure> {
        self.ask_identity().await.map_err(|mut failure| {
            if failure.problem.vendor_status == 403 {
                failure.problem.reason = ProblemReason::CredentialRefused;
            }
            failure
        })
    }

    async fn admit(&self, lane: Lane) {
        self.limiter.admit(lane).await;
    }

    fn wait(&self, lane: Lane) -> Duration {
        self.limiter.wait(lane)
    }

    fn window(&self) -> String {
        self.limiter.record()
    }

    fn allowance(&self) -> Allowance {
        self.limiter.allowance()
    }

    async fn read(&self, targets: &[Target]) -> Result<Vec<Observed>, Failure> {
        self.read_all(targets).await
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
