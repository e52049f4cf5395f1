//! Checks the settings, each alone and all together.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use super::duration::{parse_within, show};
use super::key_source::{self, KEY, KEY_FILE, Place};
use super::settings::defaults;
use super::values::or;
use super::{Checked, Database, Faults, Role, ServerUrl, Settings, serving, values};
use crate::auth::{Policy, Tokens};
use crate::store::Tables;
use crate::telemetry::{self, Log, chain};
use crate::vault::Vault;
use crate::vendors::hosts::HostPolicy;

const LISTEN: &str = "--listen (GOMARK_LISTEN)";
const HTTP_LISTEN: &str = "--http-listen (GOMARK_HTTP_LISTEN)";
const SHUTDOWN_GRACE: &str = "--shutdown-grace (GOMARK_SHUTDOWN_GRACE)";
const QUEUE: &str = "--queue (GOMARK_QUEUE)";
const CACHE_MIB: &str = "--cache-mib (GOMARK_CACHE_MIB)";
const DATABASE_URL: &str = "--database-url (DATABASE_URL)";
const DATABASE_SESSIONS: &str = "--database-sessions (GOMARK_DATABASE_SESSIONS)";
const MIGRATE: &str = "--migrate (GOMARK_MIGRATE)";
const ROLE: &str = "--role (GOMARK_ROLE)";
const REDIS_URL: &str = "--redis-url (REDIS_URL)";
const REDIS_HOST: &str = "REDIS_HOST";
const AMQP_URL: &str = "--amqp-url (AMQP_URL)";
const TOKENS: &str = "--tokens (GOMARK_TOKENS)";
const ANONYMOUS: &str = "--anonymous (GOMARK_ANONYMOUS)";
const VENDOR_HOST: &str = "--vendor-host (GOMARK_VENDOR_HOSTS)";
const CALL_TIMEOUT: &str = "--call-timeout (GOMARK_CALL_TIMEOUT)";
const LEASE: &str = "--lease (GOMARK_LEASE)";
const SCAN_INTERVAL: &str = "--scan-interval (GOMARK_SCAN_INTERVAL)";
const SWEEP_INTERVAL: &str = "--sweep-interval (GOMARK_SWEEP_INTERVAL)";
const LOG: &str = "--log (GOMARK_LOG)";
const LOG_FORMAT: &str = "--log-format (GOMARK_LOG_FORMAT)";

/// What is no setting, and yet decides how settings turn out.
#[derive(Clone)]
pub struct Surroundings {
    /// The environment variable GOMARK_KEY.
    pub key: Option<Zeroizing<String>>,
    /// The form of log lines that is taken when none is asked for.
    pub log_format: telemetry::Format,
}

impl Surroundings {
    /// Reads those of this process.
    pub fn of_process() -> Self {
        let key = std::env::var_os(KEY).map(|value| value.to_string_lossy().into_owned());
        Self { key: key.map(Zeroizing::new), log_format: telemetry::Format::of_stderr() }
    }
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings")
            .field("key", &self.key.as_ref().map(|_| "…"))
            .field("log_format", &self.log_format)
            .finish()
    }
}

impl Settings {
    /// Checks the settings in the surroundings of this process, and makes a key file where one is
    /// needed.
    ///
    /// # Errors
    ///
    /// Answers everything that is wrong, and then leaves no key file behind.
    pub fn check(&self) -> Result<Checked, Faults> {
        self.check_in(&Surroundings::of_process())
    }

    /// Checks the settings in given surroundings.
    ///
    /// # Errors
    ///
    /// As [`Settings::check`].
    pub fn check_in(&self, surroundings: &Surroundings) -> Result<Checked, Faults> {
        let mut faults = Faults::default();
        let listen = faults.take(LISTEN, values::listen(or(&self.listen, defaults::LISTEN)));
        let http_listen = self.http_listen.as_deref().map(str::trim);
        let http_listen = http_listen.filter(|text| !text.is_empty()).map(values::listen);
        let http_listen = faults.take(HTTP_LISTEN, http_listen.transpose());
        let open = [(LISTEN, listen), (HTTP_LISTEN, http_listen.flatten())]
            .into_iter()
            .filter_map(|(setting, address)| Some((setting, address?)))
            .find(|(_, address)| !address.ip().is_loopback());
        let beyond_loopback = open.is_some();
        let queue_max = faults.take(QUEUE, values::queue(or(&self.queue, defaults::QUEUE)));
        let cache = values::cache_mib(or(&self.cache_mib, defaults::CACHE_MIB));
        let cache_bytes_max = faults.take(CACHE_MIB, cache);
        let database = self.database(&mut faults);
        let tables = self.tables(&mut faults);
        let scaling = self.scaling(database.as_ref(), &mut faults);
        // Who takes no calls need not tell callers apart.
        let takes_calls = scaling.as_ref().is_none_or(|scaling| scaling.role.serves());
        let auth = self.policy(open.filter(|_| takes_calls), &mut faults);
        let key_file = given(self.key_file.as_deref());
        let place = Place { database: database.as_ref(), beyond_loopback };
        let key = key_source::find(surroundings.key.as_ref(), key_file, place, &mut faults);
        let vendor_hosts = self.vendor_hosts(&mut faults);
        let times = self.times(&mut faults);
        let serving = serving::check(self, &mut faults);
        let log = self.log(surroundings, &mut faults);

        let (
            (Some(listen), Some(http_listen), Some(queue_max), Some(cache_bytes_max)),
            (Some(database), Some(tables), Some(scaling), Some(auth)),
            (Some(key), Some(times), Some(serving), Some(log)),
            true,
        ) = (
            (listen, http_listen, queue_max, cache_bytes_max),
            (database, tables, scaling, auth),
            (key, times, serving, log),
            faults.is_empty(),
        )
        else {
            return Err(faults);
        };
        // Only now: whoever has to correct settings should find no traces of the attempt.
        let (key, key_origin) = key.get().map_err(|error| {
            faults.add(KEY_FILE, chain(&error));
            faults
        })?;
        Ok(Checked {
            listen,
            http_listen,
            database,
            tables,
            role: scaling.role,
            redis: scaling.redis,
            amqp: scaling.amqp,
            auth,
            vault: Vault::new(&key),
            key_origin,
            vendor_hosts,
            call_timeout: times.call_timeout,
            lease: times.lease,
            sweep_interval: times.sweep_interval,
            settling: crate::domain::drift::SETTLING,
            scan_interval: Some(times.scan_interval).filter(|interval| !interval.is_zero()),
            shutdown_grace: times.shutdown_grace,
            queue_max,
            cache_bytes_max,
            serving,
            log,
        })
    }

    fn database(&self, faults: &mut Faults) -> Option<Database> {
        let sessions = or(&self.database_sessions, defaults::DATABASE_SESSIONS);
        let sessions = faults.take(DATABASE_SESSIONS, values::sessions(sessions));
        let database = values::database(or(&self.database_url, defaults::DATABASE_URL));
        match (faults.take(DATABASE_URL, database)?, sessions?) {
            (Database::Postgres(url), sessions) => {
                Some(Database::Postgres(url.with_sessions_max(sessions)))
            }
            (file, _) => Some(file),
        }
    }

    /// Finds out whether this process may change tables.
    fn tables(&self, faults: &mut Faults) -> Option<Tables> {
        let text = or(self.migrate.as_deref().unwrap_or_default(), defaults::MIGRATE);
        let may = faults.take(MIGRATE, values::switch(Some(text)))?;
        Some(if may { Tables::Update } else { Tables::Require })
    }

    /// Finds out what this process is among others.
    fn scaling(&self, database: Option<&Database>, faults: &mut Faults) -> Option<Scaling> {
        let role = faults.take(ROLE, Role::parse(or(&self.role, defaults::ROLE)));
        let read = |text: &Option<String>, read: fn(&str) -> Result<ServerUrl, String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(read).transpose()
        };
        let redis = faults.take(REDIS_URL, read(&self.redis_url, ServerUrl::redis));
        let host = faults.take(REDIS_HOST, read(&self.redis_host, ServerUrl::redis_host));
        let amqp = faults.take(AMQP_URL, read(&self.amqp_url, ServerUrl::amqp));
        let scaling = Scaling { role: role?, redis: redis?.or(host?), amqp: amqp? };
        if let Some(Database::Sqlite(_)) = database {
            let text =
                "needs Postgres: a SQLite file belongs to one process, which does everything";
            let wrong = [
                (ROLE, scaling.role != Role::All),
                (REDIS_URL, scaling.redis.is_some()),
                (AMQP_URL, scaling.amqp.is_some()),
            ];
            for (setting, _) in wrong.into_iter().filter(|(_, is_wrong)| *is_wrong) {
                faults.add(setting, text);
            }
        }
        Some(scaling)
    }

    /// Finds out how callers are told apart. `open` is an address that other machines reach.
    fn policy(
        &self,
        open: Option<(&'static str, SocketAddr)>,
        faults: &mut Faults,
    ) -> Option<Policy> {
        let anonymous = faults.take(ANONYMOUS, values::switch(self.anonymous.as_deref()));
        let tokens = given(self.tokens.as_deref()).map(|path| {
            Tokens::load(path)
                .map_err(|found| found.into_iter().for_each(|text| faults.add(TOKENS, text)))
                .ok()
        });
        match (tokens, anonymous?, open) {
            (Some(_), true, _) => {
                let text = "cannot be used together with --tokens: with it nobody needs one";
                faults.add(ANONYMOUS, text);
                None
            }
            (Some(tokens), false, _) => tokens.map(Policy::Tokens),
            (None, true, _) => Some(Policy::Anonymous),
            (None, false, Some((setting, address))) => {
                faults.add(
                    setting,
                    format!(
                        "{address} is reached from other machines: give --tokens FILE, or \
                         --anonymous to let everyone do everything"
                    ),
                );
                None
            }
            (None, false, None) => Some(Policy::Local),
        }
    }

    fn log(&self, surroundings: &Surroundings, faults: &mut Faults) -> Option<Log> {
        let filter = faults.take(LOG, telemetry::parse_filter(or(&self.log, defaults::LOG)));
        let format = match self.log_format.as_deref().filter(|text| !text.trim().is_empty()) {
            Some(text) => faults.take(LOG_FORMAT, values::log_format(text)),
            None => Some(surroundings.log_format),
        };
        Some(Log { filter: filter?, format: format? })
    }

    fn vendor_hosts(&self, faults: &mut Faults) -> Vec<String> {
        let hosts = self.vendor_hosts.iter().map(|host| host.trim());
        let hosts: Vec<_> = hosts.filter(|host| !host.is_empty()).map(ToOwned::to_owned).collect();
        if let Err(found) = HostPolicy::parse(&hosts) {
            found.into_iter().for_each(|text| faults.add(VENDOR_HOST, text));
        }
        hosts
    }

    fn times(&self, faults: &mut Faults) -> Option<Times> {
        let (seconds, millis) = (Duration::from_secs, Duration::from_millis);
        let mut read = |setting, text, bounds| faults.take(setting, parse_within(text, bounds));
        let text = or(&self.shutdown_grace, defaults::SHUTDOWN_GRACE);
        let shutdown_grace = read(SHUTDOWN_GRACE, text, seconds(0)..=seconds(300));
        let text = or(&self.call_timeout, defaults::CALL_TIMEOUT);
        let call_timeout = read(CALL_TIMEOUT, text, millis(100)..=seconds(10));
        let lease = read(LEASE, or(&self.lease, defaults::LEASE), seconds(1)..=seconds(600));
        let text = or(&self.sweep_interval, defaults::SWEEP_INTERVAL);
        let sweep_interval = read(SWEEP_INTERVAL, text, millis(100)..=seconds(60));
        let text = or(&self.scan_interval, defaults::SCAN_INTERVAL);
        let scan_interval = read(SCAN_INTERVAL, text, seconds(0)..=seconds(24 * 60 * 60));
        let scan_interval = scan_interval.filter(|interval| {
            let is_too_often = !interval.is_zero() && *interval < seconds(1);
            if is_too_often {
                faults.add(SCAN_INTERVAL, "must be from 1s to 24h, or 0s".to_owned());
            }
            !is_too_often
        });
        if let (Some(timeout), Some(lease)) = (call_timeout, lease)
            && timeout > lease / 3
        {
            let text =
                format!("{} is more than a third of the lease, {}", show(timeout), show(lease));
            faults.add(CALL_TIMEOUT, text);
        }
        Some(Times {
            call_timeout: call_timeout?,
            lease: lease?,
            sweep_interval: sweep_interval?,
            scan_interval: scan_interval?,
            shutdown_grace: shutdown_grace?,
        })
    }
}

/// The settings of a process among others.
struct Scaling {
    role: Role,
    redis: Option<ServerUrl>,
    amqp: Option<ServerUrl>,
}

/// The settings that are durations.
struct Times {
    call_timeout: Duration,
    lease: Duration,
    sweep_interval: Duration,
    scan_interval: Duration,
    shutdown_grace: Duration,
}

/// Takes an empty path for none, as in `GOMARK_TOKENS=`.
fn given(path: Option<&Path>) -> Option<&Path> {
    path.filter(|path| !path.as_os_str().is_empty())
}
