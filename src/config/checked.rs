//! The settings, checked.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::auth::Policy;
use crate::telemetry::Log;
use crate::vault::Vault;

/// Settings that make sense, each alone and all together. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The file of the SQLite database.
    pub database: PathBuf,
    /// How callers are told apart.
    pub auth: Policy,
    /// Seals credentials.
    pub vault: Vault,
    /// Where the key of the vault came from.
    pub key_origin: KeyOrigin,
    /// Hosts that vendors may be reached at, beside their own, as they were given;
    /// a host policy can be made of them.
    pub vendor_hosts: Vec<String>,
    /// The longest that one vendor call may take; at most a third of the lease.
    pub call_timeout: Duration,
    /// How long a lease lasts.
    pub lease: Duration,
    /// How often to look for work.
    pub sweep_interval: Duration,
    /// The longest wait at shutdown.
    pub shutdown_grace: Duration,
    /// How many mutations may wait.
    pub queue_max: usize,
    /// What is logged, and how.
    pub log: Log,
}

/// Where the key came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOrigin {
    /// The environment variable GOMARK_KEY.
    Environment,
    /// A key file that was there.
    File(PathBuf),
    /// A key file that was made just now.
    Made(PathBuf),
}

impl Checked {
    /// Returns what the operator should know, to be logged at start.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if matches!(self.auth, Policy::Anonymous) {
            warnings.push(format!(
                "no tokens are asked for: everyone who reaches {} may do everything",
                self.listen
            ));
        }
        if let KeyOrigin::Made(path) = &self.key_origin {
            warnings.push(format!(
                "made the key file {} (key {}): keep a copy of it apart from the database; without \
                 it the sealed credentials cannot be opened",
                path.display(),
                self.vault.key_id()
            ));
        }
        warnings
    }
}
