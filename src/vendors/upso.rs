//! Upso: cadences.
//!
//! Upso publishes no API that could be found. What is spoken here is GoMark's own contract, the
//! smallest that a cadence vendor must meet: `docs/upso-openapi.yaml`. It has natural keys, so that
//! nothing is created twice, and versions, so that nobody's change is overwritten unseen.

mod account;
mod canonical;
mod classify;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::hosts::HostPolicy;
use super::http;
use super::{Access, Failure, Vendor};
use crate::clock::Clock;
use crate::domain::{Attributes, Resource, VendorKind};
use account::Account;

/// What people call the vendor.
const NAME: &str = "Upso";
/// The longest that connecting may take; shorter than any call may.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Upso as a vendor.
#[derive(Debug)]
pub struct Upso {
    policy: Arc<HostPolicy>,
    client: http::Client,
    clock: Arc<dyn Clock>,
}

impl Upso {
    /// Creates the vendor. Accounts are only opened where `policy` lets a connection point.
    pub fn new(policy: Arc<HostPolicy>, clock: Arc<dyn Clock>) -> Result<Self, http::BuildError> {
        let client = http::Client::new(Arc::clone(&policy), CONNECT_TIMEOUT)?;
        Ok(Self { policy, client, clock })
    }
}

impl Vendor for Upso {
    fn kind(&self) -> VendorKind {
        VendorKind::Upso
    }

    fn default_base_url(&self) -> Option<Url> {
        None
    }

    fn desired(&self, resource: &Resource) -> Attributes {
        match resource {
            Resource::Cadence(cadence) => canonical::desired(cadence),
            // Never asked for: Upso holds nothing else.
            Resource::Field(_) | Resource::Group(_) => Attributes::new(),
        }
    }

    fn open(&self, access: Access) -> Result<Arc<dyn super::Account>, Failure> {
        let (base_url, bearer) = (access.reach(&self.policy)?, access.bearer()?);
        let clock = Arc::clone(&self.clock);
        Ok(Arc::new(Account::new(self.client.clone(), base_url, bearer, access, clock)))
    }
}

#[cfg(test)]
mod tests;
