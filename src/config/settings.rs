//! The settings as they are given: texts, from flags and the environment.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};

/// What a setting is when it is not given, or given as nothing.
pub(super) mod defaults {
    pub(crate) const LISTEN: &str = "127.0.0.1:50051";
    pub(crate) const ROLE: &str = "all";
    pub(crate) const SHUTDOWN_GRACE: &str = "20s";
    pub(crate) const DRAIN_DELAY: &str = "0s";
    pub(crate) const CONNECTION_AGE: &str = "5m";
    pub(crate) const CONNECTIONS: &str = "4096";
    pub(crate) const CALLS: &str = "1024";
    pub(crate) const STREAMS: &str = "4096";
    pub(crate) const QUEUE: &str = "1024";
    pub(crate) const CACHE_MIB: &str = "64";
    pub(crate) const DATABASE_URL: &str = "sqlite:gomark.db";
    pub(crate) const DATABASE_SESSIONS: &str = "20";
    pub(crate) const MIGRATE: &str = "true";
    pub(crate) const CALL_TIMEOUT: &str = "10s";
    pub(crate) const LEASE: &str = "30s";
    pub(crate) const SWEEP_INTERVAL: &str = "1s";
    pub(crate) const SCAN_INTERVAL: &str = "5m";
    pub(crate) const LOG: &str = "info";
}

/// Serves the gRPC API, and HTTP calls where asked to, and carries out what is decided.
///
/// Every setting is a flag and an environment variable; a flag wins, and an empty variable counts as
/// unset. Without any, GoMark serves this machine alone, keeps its data in ./gomark.db and makes
/// itself a key.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, next_line_help = false)]
pub struct Settings {
    /// Address to listen on; beyond loopback only with --tokens or --anonymous, and a key
    #[arg(
        long,
        env = "GOMARK_LISTEN",
        value_name = "ADDRESS",
        default_value = defaults::LISTEN,
        hide_env_values = true,
        help_heading = "Service"
    )]
    pub listen: String,

    /// Address to serve the HTTP calls on, under the same conditions; without one there are none
    #[arg(
        long,
        env = "GOMARK_HTTP_LISTEN",
        value_name = "ADDRESS",
        hide_env_values = true,
        help_heading = "Service"
    )]
    pub http_listen: Option<String>,

    /// Longest wait at shutdown for calls under way (0s to 5m)
    #[arg(
        long,
        env = "GOMARK_SHUTDOWN_GRACE",
        value_name = "DURATION",
        default_value = defaults::SHUTDOWN_GRACE,
        hide_env_values = true,
        help_heading = "Service"
    )]
    pub shutdown_grace: String,

    /// How long calls are still taken at shutdown while load balancers notice that health says
    /// NOT_SERVING (0s to 1m); behind one, some seconds
    #[arg(
        long,
        env = "GOMARK_DRAIN_DELAY",
        value_name = "DURATION",
        default_value = defaults::DRAIN_DELAY,
        hide_env_values = true,
        help_heading = "Service"
    )]
    pub drain_delay: String,

    /// How old a gRPC connection becomes, a tenth more or less, so that load spreads over new
    /// processes (0s to 1440m; 0s for no limit)
    #[arg(
        long,
        env = "GOMARK_CONNECTION_AGE",
        value_name = "DURATION",
        default_value = defaults::CONNECTION_AGE,
        hide_env_values = true,
        help_heading = "Service"
    )]
    pub connection_age: String,

    /// How many gRPC connections may be open; further ones wait (1 to 100000)
    #[arg(
        long,
        env = "GOMARK_CONNECTIONS",
        value_name = "NUMBER",
        default_value = defaults::CONNECTIONS,
        hide_env_values = true,
        help_heading = "Service"
    )]
    pub connections: String,

    /// How many calls may be under way before further ones are refused (1 to 100000)
    #[arg(
        long,
        env = "GOMARK_CALLS",
        value_name = "NUMBER",
        default_value = defaults::CALLS,
        hide_env_values = true,
        help_heading = "Service"
    )]
    pub calls: String,

    /// How many streams may be open before further ones are refused (1 to 100000)
    #[arg(
        long,
        env = "GOMARK_STREAMS",
        value_name = "NUMBER",
        default_value = defaults::STREAMS,
        hide_env_values = true,
        help_heading = "Service"
    )]
    pub streams: String,

    /// How many mutations may wait for the database before further ones are refused (1 to 100000)
    #[arg(
        long,
        env = "GOMARK_QUEUE",
        value_name = "NUMBER",
        default_value = defaults::QUEUE,
        hide_env_values = true,
        help_heading = "Service"
    )]
    pub queue: String,

    /// Configurations that are kept in memory, in MiB: 0 to 65536
    #[arg(
        long,
        env = "GOMARK_CACHE_MIB",
        value_name = "NUMBER",
        default_value = defaults::CACHE_MIB,
        hide_env_values = true,
        help_heading = "Service"
    )]
    pub cache_mib: String,

    /// Database: sqlite: and the path of a file, which is made at the first start, or
    /// postgres://USER:PASSWORD@HOST:PORT/DATABASE, which any number of processes may share
    #[arg(
        long,
        env = "DATABASE_URL",
        value_name = "URL",
        default_value = defaults::DATABASE_URL,
        hide_env_values = true,
        help_heading = "Database"
    )]
    pub database_url: String,

    /// How many sessions at a Postgres server this process may have (2 to 1000)
    #[arg(
        long,
        env = "GOMARK_DATABASE_SESSIONS",
        value_name = "NUMBER",
        default_value = defaults::DATABASE_SESSIONS,
        hide_env_values = true,
        help_heading = "Database"
    )]
    pub database_sessions: String,

    /// Bring the tables up to date at start; with false GoMark does not start while they lack
    /// something, which `gomark migrate` adds
    #[arg(
        long,
        env = "GOMARK_MIGRATE",
        value_name = "true|false",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = defaults::MIGRATE,
        hide_env_values = true,
        help_heading = "Database"
    )]
    pub migrate: Option<String>,

    /// What this process does: serve the API, carry out what is decided, or both; with Postgres any
    /// number of processes of each role work together
    #[arg(
        long,
        env = "GOMARK_ROLE",
        value_name = "api|executor|all",
        default_value = defaults::ROLE,
        hide_env_values = true,
        help_heading = "Scaling"
    )]
    pub role: String,

    /// Redis that the processes share, for configurations and news: redis://USER:PASSWORD@HOST:PORT/0
    /// or rediss://; without it each process keeps its own, and news take up to a second
    #[arg(
        long,
        env = "REDIS_URL",
        value_name = "URL",
        hide_env_values = true,
        help_heading = "Scaling"
    )]
    pub redis_url: Option<String>,

    /// Redis by its host alone, or host:port
    #[arg(
        long,
        env = "REDIS_HOST",
        value_name = "HOST",
        hide_env_values = true,
        hide = true,
        help_heading = "Scaling"
    )]
    pub redis_host: Option<String>,

    /// RabbitMQ that wakes the executors: amqp://USER:PASSWORD@HOST:PORT/VHOST or amqps://; without it
    /// they look for work once in a while
    #[arg(
        long,
        env = "AMQP_URL",
        value_name = "URL",
        hide_env_values = true,
        help_heading = "Scaling"
    )]
    pub amqp_url: Option<String>,

    /// File with the callers' tokens (TOML; `gomark token generate` makes an entry)
    #[arg(
        long,
        env = "GOMARK_TOKENS",
        value_name = "FILE",
        value_parser = path(),
        hide_env_values = true,
        help_heading = "Callers"
    )]
    pub tokens: Option<PathBuf>,

    /// Let everyone who reaches the address do everything, under the name "anonymous"
    #[arg(
        long,
        env = "GOMARK_ANONYMOUS",
        value_name = "true|false",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        hide_env_values = true,
        help_heading = "Callers"
    )]
    pub anonymous: Option<String>,

    /// File with the key that seals vendor credentials [default: the SQLite file's path and .key]
    ///
    /// Only its owner may read it (mode 0600). The default file is made when the database is, on a
    /// loopback address. Instead of a file the environment variable GOMARK_KEY may hold the key
    /// itself; there is no flag for that, since other processes can read flags.
    #[arg(
        long,
        env = "GOMARK_KEY_FILE",
        value_name = "FILE",
        value_parser = path(),
        hide_env_values = true,
        help_heading = "Key"
    )]
    pub key_file: Option<PathBuf>,

    /// Host that vendors may be reached at, beside their own: host or host:port for https,
    /// http://host:port for plain http; repeat it or separate by commas
    #[arg(
        long = "vendor-host",
        env = "GOMARK_VENDOR_HOSTS",
        value_name = "HOST",
        value_delimiter = ',',
        action = clap::ArgAction::Append,
        hide_env_values = true,
        help_heading = "Vendors"
    )]
    pub vendor_hosts: Vec<String>,

    /// Longest time that one vendor call may take (100ms to 10s, at most a third of the lease)
    #[arg(
        long,
        env = "GOMARK_CALL_TIMEOUT",
        value_name = "DURATION",
        default_value = defaults::CALL_TIMEOUT,
        hide_env_values = true,
        help_heading = "Vendors"
    )]
    pub call_timeout: String,

    /// How long the right to talk to a vendor account lasts before it must be renewed (1s to 10m)
    #[arg(
        long,
        env = "GOMARK_LEASE",
        value_name = "DURATION",
        default_value = defaults::LEASE,
        hide_env_values = true,
        help_heading = "Vendors"
    )]
    pub lease: String,

    /// How often to look for work that no doorbell told of (100ms to 1m)
    #[arg(
        long,
        env = "GOMARK_SWEEP_INTERVAL",
        value_name = "DURATION",
        default_value = defaults::SWEEP_INTERVAL,
        hide_env_values = true,
        help_heading = "Vendors"
    )]
    pub sweep_interval: String,

    /// How often to look, at most, for what others changed at the vendors (1s to 24h; 0s: only when
    /// somebody asks for it, or the vendor tells of it)
    #[arg(
        long,
        env = "GOMARK_SCAN_INTERVAL",
        value_name = "DURATION",
        default_value = defaults::SCAN_INTERVAL,
        hide_env_values = true,
        help_heading = "Vendors"
    )]
    pub scan_interval: String,

    /// What to log: a level, or levels by module: warn,gomark=debug
    #[arg(
        long,
        env = "GOMARK_LOG",
        value_name = "FILTER",
        default_value = defaults::LOG,
        hide_env_values = true,
        help_heading = "Log"
    )]
    pub log: String,

    /// Form of log lines [default: text on a terminal, json otherwise]
    #[arg(
        long,
        env = "GOMARK_LOG_FORMAT",
        value_name = "text|json",
        hide_env_values = true,
        help_heading = "Log"
    )]
    pub log_format: Option<String>,
}

/// Takes an empty path too, as `GOMARK_TOKENS=` gives it: it counts as unset.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

const EXAMPLES: &str = "\
Examples:
  Try it out on this machine:
    gomark serve

  Serve a network:
    gomark token generate --actor crm-sync --company acme >> tokens.toml
    gomark key generate --output gomark.key    (keep a copy of it elsewhere)
    gomark serve --listen 0.0.0.0:50051 --tokens tokens.toml --key-file gomark.key \\
      --database-url sqlite:/var/lib/gomark/gomark.db

Durations are written 500ms, 10s or 2m. All faults of all settings are reported together, with exit
code 2.";
