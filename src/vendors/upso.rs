//! Upso: cadences.
//!
//! Upso publishes no API that could be found. What is spoken here is GoMark's own contract, the
//! smallest that a cadence vendor must meet: `docs/upso-openapi.yaml`. It has natural keys, so that
//! nothing is created twice, and versions, so that nobody's change is overwritten unseen.

mod account;
mod canonical;
mod classify;
mod key;
mod reverse;
mod signature;

use std::sync::Arc;
use std::time::Duration;

use url::Url;
use zeroize::Zeroizing;

use super::hosts::HostPolicy;
use super::http;
use super::{Access, Entry, Failure, Vendor};
use crate::clock::Clock;
use crate::domain::{Attributes, Resource, ResourceId, ResourceKind, VendorKind};
use account::Account;
pub use key::ApiKey;
pub use signature::{HEADER as SIGNATURE_HEADER, SECRETS_MAX, Signature};

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

    fn listed(&self, entry: &Entry, _expected: Option<&Attributes>) -> Option<Attributes> {
        // Every form has all attributes.
        canonical::canonical(entry.body.clone(), &entry.name)
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
            ResourceKind::Cadence => {
                let base = match base {
                    Some(Resource::Cadence(cadence)) => Some(cadence),
                    Some(Resource::Field(_) | Resource::Group(_)) | None => None,
                };
                reverse::cadence(id, name, attributes, base).map(Resource::Cadence)
            }
            ResourceKind::Field | ResourceKind::Group => {
                Err(format!("{NAME} holds no {}", kind.unit()))
            }
        }
    }

    fn open(&self, access: Access) -> Result<Arc<dyn super::Account>, Failure> {
        let key = ApiKey::parse(&access.credential);
        let access = Access { credential: Zeroizing::new(key.api_key.clone()), ..access };
        let (base_url, bearer) = (access.reach(&self.policy)?, access.bearer()?);
        let (client, secrets) = (self.client.clone(), key.secrets());
        let clock = Arc::clone(&self.clock);
        Ok(Arc::new(Account::new(client, base_url, bearer, secrets, access, clock)))
    }
}

#[cfg(test)]
mod tests;
