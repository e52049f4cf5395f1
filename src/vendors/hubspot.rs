//! HubSpot: deal fields are property definitions of the object type `deals`.
//!
//! HubSpot has no batch update, no upsert, no entity tags and no idempotency keys, and definitions
//! cannot be read in a transaction with anything. So an outcome that is not certain is always said
//! to be unknown: nothing here repeats a call by itself, and absence is only reported when HubSpot
//! itself said so. What HubSpot says in an error is passed on in its words; a credential never is.
//!
//! Facts about HubSpot are marked with their source where they are used: its documentation, or
//! observations that others published.

mod auth;
mod batch;
mod calls;
mod canonical;
mod carry;
mod classify;
mod day;
mod deals;
mod details;
mod groups;
mod identity;
mod listing;
mod paths;
mod portal;
mod read;
mod retire;
mod reverse;
mod said;
mod scopes;
mod wire;
mod write;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::grant::Grant;
use super::hosts::HostPolicy;
use super::http;
use super::{Access, Account, Entry, Failure, Vendor};
use crate::clock::Clock;
use crate::domain::field::DataSensitivity;
use crate::domain::{Attributes, Capabilities, Resource, ResourceId, ResourceKind, VendorKind};
use auth::{Auth, Tokens};
use paths::Paths;
use portal::Portal;

const BASE_URL: &str = "https://api.hubapi.com";

/// How HubSpot is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubSpotConfig {
    /// The version segment of the API's paths: a date such as `2026-09`, or `v3`.
    pub api_version: String,
    /// How many properties one create call may carry.
    pub batch_max: usize,
    /// The longest that connecting may take; shorter than any call may.
    pub connect_timeout: Duration,
}

impl Default for HubSpotConfig {
    fn default() -> Self {
        Self {
            api_version: "2026-09".to_owned(),
            batch_max: VendorKind::HubSpot.capabilities().creates_per_call_max,
            connect_timeout: Duration::from_secs(3),
        }
    }
}

/// HubSpot as a vendor.
#[derive(Debug)]
pub struct HubSpot {
    config: HubSpotConfig,
    policy: Arc<HostPolicy>,
    client: http::Client,
    base_url: Url,
    clock: Arc<dyn Clock>,
}

/// Why HubSpot cannot be spoken to at all.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no HTTP client.
    #[error(transparent)]
    Client(#[from] http::BuildError),
    /// HubSpot's own address is not a URL.
    #[error("{BASE_URL} is no URL")]
    BaseUrl(#[from] url::ParseError),
}

impl HubSpot {
    /// Creates the vendor. Accounts are only opened where `policy` lets a connection point.
    pub fn new(
        config: HubSpotConfig,
        policy: Arc<HostPolicy>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BuildError> {
        let client = http::Client::new(Arc::clone(&policy), config.connect_timeout)?;
        Ok(Self { config, policy, client, base_url: Url::parse(BASE_URL)?, clock })
    }

    fn portal(&self, access: Access) -> Result<Portal, Failure> {
        let base_url = access.reach(&self.policy)?;
        let auth = match Grant::parse(&access.credential) {
            Some(grant) => Auth::Grant(Box::new(Tokens::new(grant, access.keeper.clone()))),
            None => Auth::token(access.bearer()?, &access.credential),
        };
        let paths = Paths::new(base_url, &self.config.api_version);
        let clock = Arc::clone(&self.clock);
        Ok(Portal::new(self.client.clone(), paths, auth, access, &self.config, clock))
    }
}

impl Vendor for HubSpot {
    fn kind(&self) -> VendorKind {
        VendorKind::HubSpot
    }

    fn capabilities(&self) -> Capabilities {
        let creates_per_call_max = self.config.batch_max.max(1);
        Capabilities { creates_per_call_max, ..VendorKind::HubSpot.capabilities() }
    }

    fn default_base_url(&self) -> Option<Url> {
        Some(self.base_url.clone())
    }

    fn desired(&self, resource: &Resource) -> Attributes {
        match resource {
            Resource::Field(field) => canonical::desired(field),
            Resource::Group(group) => groups::desired(group),
            // Never asked for: HubSpot holds no cadences.
            Resource::Cadence(_) => Attributes::new(),
        }
    }

    fn listed(&self, entry: &Entry, expected: Option<&Attributes>) -> Option<Attributes> {
        listing::canonical_of(entry, expected)
    }

    fn lists_with(&self, expected: &Attributes) -> Option<&'static str> {
        let sensitivity = details::sensitivity(expected);
        (sensitivity != DataSensitivity::NonSensitive).then_some(sensitivity.as_str())
    }

    fn resource(
        &self,
        id: ResourceId,
        kind: ResourceKind,
        name: &str,
        attributes: &Attributes,
        base: Option<&Resource>,
    ) -> Result<Resource, String> {
        match kind {
            ResourceKind::Field => {
                let base = match base {
                    Some(Resource::Field(field)) => Some(field),
                    Some(Resource::Group(_) | Resource::Cadence(_)) | None => None,
                };
                reverse::field(id, name, attributes, base).map(Resource::Field)
            }
            ResourceKind::Group => reverse::group(id, name, attributes).map(Resource::Group),
            ResourceKind::Cadence => Err("HubSpot holds no cadences".to_owned()),
        }
    }

    fn open(&self, access: Access) -> Result<Arc<dyn Account>, Failure> {
        Ok(Arc::new(self.portal(access)?))
    }
}

#[cfg(test)]
mod tests;
