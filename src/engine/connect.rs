//! Connecting a company to its account at a vendor: the one use case that waits for the vendor.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::{Accepted, Engine, Error};
use crate::domain::{
    Caller, Envelope, Intent, NewConnection, Refusal, Revision, VendorKind, Violations,
};
use crate::vendors::grant::{Grant, Keeper};
use crate::vendors::upso::{ApiKey, SECRETS_MAX};
use crate::vendors::{Access, Failure, FailureScope, Identity, Limits, hosts};

/// The shortest credential that is taken for one, in bytes.
const CREDENTIAL_LENGTH_MIN: usize = 8;
/// The longest credential, in bytes.
const CREDENTIAL_LENGTH_MAX: usize = 2_048;
/// The longest id of an application, in bytes.
const CLIENT_ID_LENGTH_MAX: usize = 200;
/// How long a secret of a webhook subscription may be, in bytes.
const WEBHOOK_SECRET_LENGTH: RangeInclusive<usize> = 16..=128;
/// The highest burst limit that can be set.
const BURST_MAX: u32 = 10_000;
/// The largest share that can be left to others, in percent.
const RESERVE_MAX: u32 = 90;

/// A request to connect.
#[derive(Debug)]
pub struct ConnectRequest {
    /// What all requests for a change carry.
    pub envelope: Envelope,
    /// Where the vendor is reached; empty for its usual address.
    pub base_url: String,
    /// What the vendor needs.
    pub settings: Settings,
}

/// What a vendor needs to be reached.
#[derive(Clone)]
pub struct Settings {
    /// The vendor.
    pub vendor: VendorKind,
    /// The path of the credential in the request, for messages.
    pub credential_path: &'static str,
    /// The credential.
    pub credential: Credential,
    /// The path of the burst limit in the request, for messages.
    pub burst_path: &'static str,
    /// The calls that may be made in 10 s; 0 to learn it.
    pub burst_per_10s: u32,
    /// The path of the reserve in the request, for messages.
    pub reserve_path: &'static str,
    /// The share of the vendor's limits that is left to others, in percent.
    pub reserve_percent: u32,
}

/// A credential, as a caller gives it.
#[derive(Clone)]
pub enum Credential {
    /// A token.
    Token(Zeroizing<String>),
    /// A key of Upso's.
    Key {
        /// The key, and the secrets of messages.
        key: ApiKey,
        /// The path of the secrets in the request, for messages.
        secrets_path: &'static str,
    },
    /// A grant of OAuth.
    Grant(Grant),
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential")
    }
}

impl Credential {
    /// Writes it as it is sealed.
    fn to_text(&self) -> Zeroizing<String> {
        match self {
            Self::Token(token) => token.clone(),
            Self::Key { key, .. } => key.to_text(),
            Self::Grant(grant) => grant.to_text(),
        }
    }

    fn check(&self, path: &str, found: &mut Violations) {
        let mut require = |text: &str, path: String, least: usize, most: usize| {
            let rule = format!("must be {least} to {most} visible ASCII characters");
            let visible = text.bytes().all(|c| c.is_ascii_graphic());
            found.require(visible && (least..=most).contains(&text.len()), path, &rule);
        };
        let (least, most) = (CREDENTIAL_LENGTH_MIN, CREDENTIAL_LENGTH_MAX);
        match self {
            Self::Token(token) => require(token, path.to_owned(), least, most),
            Self::Key { key, secrets_path } => {
                require(&key.api_key, path.to_owned(), least, most);
                check_secrets(&key.webhook_secrets, secrets_path, found);
            }
            Self::Grant(grant) => {
                require(&grant.client_id, format!("{path}.client_id"), 1, CLIENT_ID_LENGTH_MAX);
                require(&grant.client_secret, format!("{path}.client_secret"), least, most);
                require(&grant.refresh_token, format!("{path}.refresh_token"), least, most);
            }
        }
    }
}

fn check_secrets(secrets: &[String], path: &str, found: &mut Violations) {
    let rule = format!("must hold at most {SECRETS_MAX}");
    found.require(secrets.len() <= SECRETS_MAX, path, &rule);
    for (index, secret) in secrets.iter().take(SECRETS_MAX).enumerate() {
        let visible = secret.bytes().all(|c| c.is_ascii_graphic());
        let right = visible && WEBHOOK_SECRET_LENGTH.contains(&secret.len());
        let rule = "must be 16 to 128 printable ASCII characters without spaces";
        found.require(right, format!("{path}[{index}]"), rule);
    }
}

/// Remembers a credential that the vendor replaced while it was asked.
#[derive(Default)]
struct Replaced(Mutex<Option<Zeroizing<String>>>);

impl Replaced {
    fn take(&self) -> Option<Zeroizing<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl std::fmt::Debug for Replaced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Replaced")
    }
}

#[async_trait]
impl Keeper for Replaced {
    async fn keep(&self, credential: Zeroizing<String>) -> Result<(), Failure> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(credential);
        Ok(())
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("vendor", &self.vendor).finish_non_exhaustive()
    }
}

impl Engine {
    /// Connects a company to the account that a credential opens.
    pub async fn connect(&self, request: ConnectRequest) -> Result<Accepted, Error> {
        let ConnectRequest { envelope, settings, .. } = &request;
        let Envelope { company_id, caller, .. } = envelope;
        let request_id = envelope.request_id.as_ref();
        let replayed = self.replay(caller, company_id, request_id, &envelope.fingerprint).await?;
        if let Some(accepted) = replayed {
            return Ok(accepted);
        }
        let view = self.company(caller, company_id).await?;
        let (expected, present) = (envelope.expected_revision, view.company.revision);
        if expected != Revision::ZERO && expected != present {
            let company_id = company_id.clone();
            return Err(Refusal::RevisionMismatch { company_id, expected, present }.into());
        }
        let access = self.access(&request)?;
        let access = Access { call_timeout: self.in_time(caller)?, ..access };
        let base_url = hosts::as_text(&access.base_url);
        let replaced = Arc::new(Replaced::default());
        let access = Access { keeper: Some(replaced.clone()), ..access };
        let identity = match self.identify(settings, access).await {
            // The call was given no more time than the caller has.
            Err(_) if self.in_time(caller).is_err() => return Err(Error::Late),
            identified => identified?,
        };
        let credential = replaced.take().unwrap_or_else(|| settings.credential.to_text());
        let vault = &self.parts.vault;
        let seal = vault.seal(company_id, settings.vendor, &credential);
        let new = NewConnection {
            vendor: settings.vendor,
            base_url,
            account_id: identity.account_id,
            burst_per_10s: settings.burst_per_10s,
            reserve_percent: settings.reserve_percent,
            sealed: seal.map_err(|error| Error::Internal(error.to_string()))?,
            credential_id: vault.credential_id(company_id, &credential),
        };
        let asking = request.envelope.asking(Intent::ConnectVendor(new), self.now());
        // What is known of limits is about to change.
        self.quotas.forget(&asking.company_id);
        let accepted = self.mutate(asking).await?;
        Ok(Accepted { warnings: identity.warnings, ..accepted })
    }

    /// How long a vendor call may take for a caller who waits for a certain time.
    fn in_time(&self, caller: &Caller) -> Result<Duration, Error> {
        let usual = self.parts.call_timeout;
        let Some(deadline) = caller.deadline else { return Ok(usual) };
        match deadline.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => Ok(left.min(usual)),
            _ => Err(Error::Late),
        }
    }

    /// Checks how the vendor is to be reached.
    fn access(&self, request: &ConnectRequest) -> Result<Access, Refusal> {
        let settings = &request.settings;
        let mut found = Violations::new();
        settings.credential.check(settings.credential_path, &mut found);
        found.require(
            settings.burst_per_10s <= BURST_MAX,
            settings.burst_path,
            "must be from 0 to 10000",
        );
        found.require(
            settings.reserve_percent <= RESERVE_MAX,
            settings.reserve_path,
            "must be from 0 to 90",
        );
        let vendor = self.parts.vendors.get(settings.vendor);
        let base_url = match (vendor, request.base_url.is_empty()) {
            (Some(vendor), true) => {
                let usual = vendor.default_base_url();
                found.require(usual.is_some(), "base_url", "must be given: there is no usual one");
                usual
            }
            _ => self
                .parts
                .hosts
                .check(&request.base_url)
                .map_err(|rule| found.add("base_url", rule))
                .ok(),
        };
        match base_url {
            Some(base_url) if found.is_empty() => Ok(Access {
                base_url,
                credential: settings.credential.to_text(),
                keeper: None,
                account_id: None,
                limits: Limits {
                    burst_per_10s: settings.burst_per_10s,
                    reserve_percent: settings.reserve_percent,
                },
                call_timeout: self.parts.call_timeout,
                window: None,
            }),
            _ => Err(found.into()),
        }
    }

    /// Asks the vendor whose account the credential opens.
    async fn identify(&self, settings: &Settings, access: Access) -> Result<Identity, Error> {
        let kind = settings.vendor;
        let vendor = self.parts.vendors.get(kind);
        let vendor = vendor.ok_or_else(|| Error::Internal(format!("no vendor {kind}")))?;
        let account = vendor.open(access).map_err(|failure| failed(settings, failure))?;
        account.identify().await.map_err(|failure| failed(settings, failure))
    }
}

fn failed(settings: &Settings, failure: Failure) -> Error {
    use crate::domain::ProblemReason::{CredentialRefused, VendorRefused};
    let (vendor, path) = (settings.vendor, settings.credential_path);
    let Failure { scope, retry_after, problem, .. } = failure;
    match (scope, problem.reason) {
        (_, CredentialRefused) | (FailureScope::Refused, VendorRefused) => {
            Error::CredentialRefused { vendor, path, problem }
        }
        _ => Error::VendorUnavailable { vendor, problem, retry_after },
    }
}
