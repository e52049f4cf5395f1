//! Vendors: the systems that hold what was decided.
//!
//! [`Vendor`] is what a kind of vendor can do, [`Account`] one account of it, reached with a
//! credential. Only these modules speak HTTP to vendors. Nothing else knows a vendor by name: the
//! executor and the planner see canonical [`Attributes`] and [`Failure`]s.

pub mod answers;
pub mod grant;
pub mod hosts;
pub mod http;
pub mod hubspot;
pub mod limiter;
pub mod places;
pub mod records;
pub mod secrets;
pub mod upso;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use crate::domain::carry::Page;
use crate::domain::{
    Allowance, Attributes, Capabilities, Effect, Observed, Problem, ProblemReason, Resource,
    ResourceId, ResourceKind, VendorKind,
};
use grant::Keeper;
use hosts::HostPolicy;
use http::Bearer;
pub use limiter::{Lane, Limits};

/// A kind of vendor.
pub trait Vendor: Send + Sync + fmt::Debug {
    /// Returns which one it is.
    fn kind(&self) -> VendorKind;

    /// Returns what it can do.
    fn capabilities(&self) -> Capabilities {
        self.kind().capabilities()
    }

    /// Returns the address that is taken when a caller gives none; `None` where there is no usual
    /// one.
    fn default_base_url(&self) -> Option<Url>;

    /// Returns the canonical form of a resource as decided.
    ///
    /// MUST be equal to the canonical form of what the vendor answers once it holds the resource,
    /// as far as the attributes in it go.
    fn desired(&self, resource: &Resource) -> Attributes;

    /// Returns the canonical form of something that was listed: as far as it is expected, or all that
    /// there is; `None` when it is incomplete.
    fn listed(&self, entry: &Entry, expected: Option<&Attributes>) -> Option<Attributes>;

    /// Tells what [`Account::list`] has to be asked for beside what it lists anyway, for things of
    /// this form to be in it.
    fn lists_with(&self, _expected: &Attributes) -> Option<&'static str> {
        None
    }

    /// Returns the resource that a canonical form stands for: the reverse of [`Vendor::desired`].
    /// What no form tells is taken from `base`.
    ///
    /// # Errors
    ///
    /// Tells people what of it cannot be decided here.
    fn resource(
        &self,
        id: ResourceId,
        kind: ResourceKind,
        name: &str,
        attributes: &Attributes,
        base: Option<&Resource>,
    ) -> Result<Resource, String>;

    /// Opens an account. Makes no call.
    fn open(&self, access: Access) -> Result<Arc<dyn Account>, Failure>;
}

/// The vendors that this program knows.
#[derive(Clone, Debug)]
pub struct Vendors(Arc<[Arc<dyn Vendor>]>);

impl Vendors {
    /// Creates the set.
    pub fn new(vendors: impl IntoIterator<Item = Arc<dyn Vendor>>) -> Self {
        Self(vendors.into_iter().collect())
    }

    /// Returns a vendor by kind.
    pub fn get(&self, kind: VendorKind) -> Option<&Arc<dyn Vendor>> {
        self.0.iter().find(|vendor| vendor.kind() == kind)
    }
}

/// How to reach an account.
#[derive(Clone)]
pub struct Access {
    /// Where the vendor is reached.
    pub base_url: Url,
    /// The credential: a token, or the text of a [`grant::Grant`] or an [`upso::ApiKey`].
    pub credential: Zeroizing<String>,
    /// Where a credential is kept that the vendor replaced; `None` keeps it in memory only.
    pub keeper: Option<Arc<dyn Keeper>>,
    /// The account that it has to open; `None` where that is what is asked for.
    pub account_id: Option<String>,
    /// What is set about the rate limits.
    pub limits: Limits,
    /// The longest that one operation may take, with all the calls it needs.
    pub call_timeout: Duration,
    /// The limiter's window that an earlier holder left, as [`Account::window`] gave it.
    pub window: Option<String>,
}

impl Access {
    /// Tells where calls go.
    ///
    /// # Errors
    ///
    /// `policy` may have changed since the connection was made.
    fn reach(&self, policy: &HostPolicy) -> Result<Url, Failure> {
        policy
            .check(self.base_url.as_str())
            .map_err(|rule| closed(ProblemReason::VendorUnavailable, &format!("base_url: {rule}")))
    }

    /// Returns the header that carries a credential that is a token.
    ///
    /// # Errors
    ///
    /// A header cannot hold every credential.
    fn bearer(&self) -> Result<Bearer, Failure> {
        let rule = "the credential holds characters that no credential has";
        let bearer = Bearer::new(&self.credential);
        bearer.ok_or_else(|| closed(ProblemReason::CredentialRefused, rule))
    }
}

/// Tells that an account cannot be called at all.
fn closed(reason: ProblemReason, message: &str) -> Failure {
    Failure {
        scope: FailureScope::Connection,
        effect_unknown: false,
        retry_after: None,
        problem: Problem::new(reason, message),
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("base_url", &self.base_url.as_str())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// An account at a vendor.
///
/// Not promised: order between calls made at the same time.
#[async_trait]
pub trait Account: Send + Sync + fmt::Debug {
    /// Asks whose account it is and whether the credential suffices. Waits for its places itself.
    async fn identify(&self) -> Result<Identity, Failure>;

    /// Waits until the rate limit allows one more call, and takes the place of one.
    ///
    /// Cancel safe: a place is taken only when it returns.
    async fn admit(&self, lane: Lane);

    /// Tells how long [`Account::admit`] would wait now.
    fn wait(&self, lane: Lane) -> Duration;

    /// Returns the limiter's window, for a later holder to go on from.
    fn window(&self) -> String;

    /// Tells how many calls we may make, as far as that is known.
    fn allowance(&self) -> Allowance {
        Allowance::default()
    }

    /// Reads what the vendor holds under these names, in their order. The caller holds a place
    /// from [`Account::admit`]; further calls, where some are needed, wait for their own. All of
    /// them together MUST end within [`Access::call_timeout`].
    ///
    /// MUST answer [`Observed::Absent`] only when the vendor said so for certain.
    async fn read(&self, targets: &[Target]) -> Result<Vec<Observed>, Failure>;

    /// Lists all that the account holds and that could be managed, with what each of `with` stands for
    /// ([`Vendor::lists_with`]), in an order of its own. What is the vendor's own may be left out. The
    /// caller holds a place from [`Account::admit`]; further calls wait for their own, as changes do. All
    /// of them together MUST end within [`Access::call_timeout`] and [`places::PATIENCE`].
    ///
    /// MUST fail rather than leave out anything that is there: what is not in the list is taken for
    /// gone.
    async fn list(&self, with: &[String]) -> Result<Vec<Entry>, Failure>;

    /// Makes one call that does this to these resources, and tells what came of each, in their
    /// order. More than one only for creates, at most [`Capabilities::creates_per_call_max`].
    /// Prerequisites that the vendor lacks (a property group) are made first. The caller holds a
    /// place from [`Account::admit`]; further calls, where some are needed, wait for their own. All
    /// of them together MUST end within [`Access::call_timeout`].
    async fn carry_out(&self, calls: &[Call]) -> Vec<Result<Answer, Failure>>;
}

/// Something that an account holds, as the vendor tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its kind.
    pub kind: ResourceKind,
    /// Its name there.
    pub name: String,
    /// What it is like, in the vendor's words, without what changes although nobody changes anything.
    pub body: Value,
    /// Whether it is the vendor's own and not to be touched.
    #[serde(default)]
    pub protected: bool,
    /// What tells it from another one that had the name before, where the vendor says so.
    #[serde(default)]
    pub made: Option<String>,
    /// Who changed it last, in the vendor's words, as far as it tells.
    #[serde(default)]
    pub changed_by: Option<String>,
}

/// Whose account it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account: HubSpot's portal id.
    pub account_id: String,
    /// What the credential will not do, for people.
    pub warnings: Vec<String>,
}

/// A resource at the vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its kind.
    pub kind: ResourceKind,
    /// Its name there.
    pub name: String,
    /// What is decided about it, or was held last: what else the vendor holds of it is none of
    /// GoMark's business, and is left out of canonical forms. Where it is looked for may depend on
    /// it.
    pub expected: Attributes,
}

/// What is to be done to a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The resource.
    pub target: Target,
    /// What to do.
    pub effect: Effect,
    /// What the vendor was last known to hold under that name for us.
    pub held: Option<Attributes>,
    /// Whether values that records hold may be lost by it. Otherwise an archive, or a change that
    /// takes options away, MUST be refused with [`ProblemReason::HoldsValues`] where records hold
    /// such values.
    pub allow_loss: bool,
}

/// What the vendor holds after a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It holds this, as it said itself.
    Holds(Attributes),
    /// It holds nothing under that name any more; to a change this is the answer when somebody
    /// else removed it.
    Gone,
    /// It refused because it holds something else than the call reckoned with: for a create,
    /// something under that name already; for a change, another version than [`Call::held`]. To be
    /// read. The call MUST have had no effect.
    Unexpected,
    /// A page of long work is done.
    Page(Page),
    /// The name that was to be retired is gone.
    Retired {
        /// How many values were carried along last.
        carried: i64,
        /// Whether more was written to it than could be looked at.
        missed: bool,
    },
    /// The name that was to be retired is there yet: it was looked at what was written until this
    /// moment, by the vendor's clock in microseconds, and so many values were carried.
    Looked {
        /// The moment.
        until_micros: i64,
        /// The values.
        carried: i64,
    },
    /// The name that was to be retired is there yet: a value was refused, so that all records are to
    /// be looked at once more.
    NotYet,
}

/// Why a call did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", problem.message)]
pub struct Failure {
    /// What it is that fails.
    pub scope: FailureScope,
    /// Whether the call may have had an effect.
    pub effect_unknown: bool,
    /// When the vendor wants to be asked again, where it said so.
    pub retry_after: Option<Duration>,
    /// What happened.
    pub problem: Problem,
}

/// What it is that fails; the furthest reaching first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureScope {
    /// The account as a whole: no call makes sense for a while.
    Connection,
    /// This call, for now.
    Resource,
    /// This call, for good: the vendor refused it.
    Refused,
}
