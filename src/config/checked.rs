//! The settings, checked.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::{Role, ServerUrl, values};
use crate::auth::Policy;
use crate::store::Tables;
use crate::store::postgres::PostgresUrl;
use crate::telemetry::{Format, Log};
use crate::vault::Vault;

/// Settings that make sense, each alone and all together. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The address to serve the HTTP calls on.
    pub http_listen: Option<SocketAddr>,
    /// The database.
    pub database: Database,
    /// What is done about tables that are not up to date.
    pub tables: Tables,
    /// What this process does.
    pub role: Role,
    /// The Redis that processes share.
    pub redis: Option<ServerUrl>,
    /// The RabbitMQ that wakes executors.
    pub amqp: Option<ServerUrl>,
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
    /// How often vendors are looked at, at most, for what others changed there; `None` looks only when
    /// somebody asks for it.
    pub scan_interval: Option<Duration>,
    /// For how long reads of a vendor may not show a write of ours: five minutes, but in tests.
    pub settling: Duration,
    /// The longest wait at shutdown.
    pub shutdown_grace: Duration,
    /// How many mutations may wait.
    pub queue_max: usize,
    /// How many bytes of configurations are kept in memory.
    pub cache_bytes_max: u64,
    /// How calls are served.
    pub serving: Serving,
    /// What is logged, and how.
    pub log: Log,
}

/// How calls are served: how many at once, over connections of which age, and how it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serving {
    /// How old a connection becomes, a tenth more or less; `None` for no limit.
    pub connection_age: Option<Duration>,
    /// How many connections may be open.
    pub connections_max: usize,
    /// How many unary calls may be under way.
    pub calls_max: usize,
    /// How many streams may be open.
    pub streams_max: usize,
    /// How long calls are still taken at shutdown, while load balancers notice it.
    pub drain_delay: Duration,
}

impl Default for Serving {
    fn default() -> Self {
        Self {
            connection_age: Some(Duration::from_secs(300)),
            connections_max: 4_096,
            calls_max: 1_024,
            streams_max: 4_096,
            drain_delay: Duration::ZERO,
        }
    }
}

/// Which database keeps what GoMark knows. `Debug` shows no password.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A database of a Postgres server.
    Postgres(PostgresUrl),
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

impl Database {
    /// Reads the URL of a database.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it, in words that follow the setting's name, and shows no password.
    pub fn parse(url: &str) -> Result<Self, String> {
        values::database(url)
    }
}

impl Checked {
    /// Returns settings for a service that serves this machine alone, on a port that the system
    /// picks, with the usual times: what a program that contains GoMark starts from.
    pub fn local(database: Database, vault: Vault) -> Self {
        let seconds = Duration::from_secs;
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            http_listen: None,
            database,
            tables: Tables::Update,
            role: Role::All,
            redis: None,
            amqp: None,
            auth: Policy::Local,
            vault,
            key_origin: KeyOrigin::Environment,
            vendor_hosts: Vec::new(),
            call_timeout: seconds(10),
            lease: seconds(30),
            sweep_interval: seconds(1),
            scan_interval: Some(seconds(5 * 60)),
            settling: crate::domain::drift::SETTLING,
            shutdown_grace: seconds(20),
            queue_max: 1_024,
            cache_bytes_max: 64 * 1024 * 1024,
            serving: Serving::default(),
            log: Log { filter: "info".to_owned(), format: Format::Text },
        }
    }

    /// Returns what the operator should know, to be logged at start.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if matches!(self.auth, Policy::Anonymous) {
            let http = self.http_listen.map(|address| format!(" or {address}"));
            warnings.push(format!(
                "no tokens are asked for: everyone who reaches {}{} may do everything",
                self.listen,
                http.unwrap_or_default()
            ));
        }
        if let Database::Postgres(url) = &self.database
            && url.is_open_to_others()
        {
            warnings.push(format!(
                "the way to {url} does not prove that it leads there: add sslmode=verify-full to \
                 its URL, and sslrootcert where the authority is your own"
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
