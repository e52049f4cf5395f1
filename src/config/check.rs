//! Checks the settings, each alone and all together.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::duration::{parse_within, show};
use super::{Checked, Faults, KeyOrigin, Settings, values};
use crate::auth::{Policy, Tokens};
use crate::telemetry::{self, Log, chain};
use crate::vault::{Key, KeyFileError, Vault, create_key_file, read_key_file};
use crate::vendors::hosts::HostPolicy;

const LISTEN: &str = "--listen (GOMARK_LISTEN)";
const SHUTDOWN_GRACE: &str = "--shutdown-grace (GOMARK_SHUTDOWN_GRACE)";
const QUEUE: &str = "--queue (GOMARK_QUEUE)";
const DATABASE_URL: &str = "--database-url (DATABASE_URL)";
const TOKENS: &str = "--tokens (GOMARK_TOKENS)";
const ANONYMOUS: &str = "--anonymous (GOMARK_ANONYMOUS)";
const KEY: &str = "GOMARK_KEY";
const KEY_FILE: &str = "--key-file (GOMARK_KEY_FILE)";
const VENDOR_HOST: &str = "--vendor-host (GOMARK_VENDOR_HOSTS)";
const CALL_TIMEOUT: &str = "--call-timeout (GOMARK_CALL_TIMEOUT)";
const LEASE: &str = "--lease (GOMARK_LEASE)";
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
        let seconds = Duration::from_secs;
        let millis = Duration::from_millis;

        let listen = faults.take(LISTEN, values::listen(&self.listen));
        let beyond_loopback = listen.is_some_and(|listen| !listen.ip().is_loopback());
        let grace = parse_within(&self.shutdown_grace, seconds(0)..=seconds(300));
        let shutdown_grace = faults.take(SHUTDOWN_GRACE, grace);
        let queue_max = faults.take(QUEUE, values::queue(&self.queue));
        let database = faults.take(DATABASE_URL, values::database(&self.database_url));
        let auth = self.policy(beyond_loopback, &mut faults);
        let key = self.key(surroundings, database.as_deref(), beyond_loopback, &mut faults);

        let vendor_hosts = self.vendor_hosts();
        if let Err(found) = HostPolicy::parse(&vendor_hosts) {
            found.into_iter().for_each(|text| faults.add(VENDOR_HOST, text));
        }
        let timeout = parse_within(&self.call_timeout, millis(100)..=seconds(10));
        let call_timeout = faults.take(CALL_TIMEOUT, timeout);
        let lease = faults.take(LEASE, parse_within(&self.lease, seconds(1)..=seconds(600)));
        if let (Some(timeout), Some(lease)) = (call_timeout, lease)
            && timeout > lease / 3
        {
            let (timeout, lease) = (show(timeout), show(lease));
            faults
                .add(CALL_TIMEOUT, format!("{timeout} is more than a third of the lease, {lease}"));
        }
        let sweep = parse_within(&self.sweep_interval, millis(100)..=seconds(60));
        let sweep_interval = faults.take(SWEEP_INTERVAL, sweep);
        let log = self.log(surroundings, &mut faults);

        let all = (listen, shutdown_grace, queue_max, database, auth, key);
        let rest = (call_timeout, lease, sweep_interval, log);
        let (
            (
                Some(listen),
                Some(shutdown_grace),
                Some(queue_max),
                Some(database),
                Some(auth),
                Some(key),
            ),
            (Some(call_timeout), Some(lease), Some(sweep_interval), Some(log)),
            true,
        ) = (all, rest, faults.is_empty())
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
            database,
            auth,
            vault: Vault::new(&key),
            key_origin,
            vendor_hosts,
            call_timeout,
            lease,
            sweep_interval,
            shutdown_grace,
            queue_max,
            log,
        })
    }

    fn policy(&self, beyond_loopback: bool, faults: &mut Faults) -> Option<Policy> {
        let anonymous = faults.take(ANONYMOUS, values::switch(self.anonymous.as_deref()));
        let tokens = given(self.tokens.as_deref()).map(|path| {
            Tokens::load(path)
                .map_err(|found| found.into_iter().for_each(|text| faults.add(TOKENS, text)))
                .ok()
        });
        match (tokens, anonymous?) {
            (Some(_), true) => {
                let text = "cannot be used together with --tokens: with it nobody needs one";
                faults.add(ANONYMOUS, text);
                None
            }
            (Some(tokens), false) => tokens.map(Policy::Tokens),
            (None, true) => Some(Policy::Anonymous),
            (None, false) if beyond_loopback => {
                faults.add(
                    LISTEN,
                    format!(
                        "{} is reached from other machines: give --tokens FILE, or --anonymous to \
                         let everyone do everything",
                        self.listen
                    ),
                );
                None
            }
            (None, false) => Some(Policy::Local),
        }
    }

    fn key(
        &self,
        surroundings: &Surroundings,
        database: Option<&Path>,
        beyond_loopback: bool,
        faults: &mut Faults,
    ) -> Option<KeySource> {
        let text = surroundings.key.as_ref().filter(|text| !text.trim().is_empty());
        let file = given(self.key_file.as_deref());
        match (text, file) {
            (Some(_), Some(_)) => {
                faults.add(KEY_FILE, "cannot be used together with GOMARK_KEY: give one of them");
                None
            }
            (Some(text), None) => {
                let key = faults.take(KEY, Key::parse(text).map_err(|error| error.to_string()))?;
                Some(KeySource::Known(key, KeyOrigin::Environment))
            }
            (None, Some(path)) => read_file(path, faults),
            (None, None) => {
                let database = database?;
                let path = key_file_beside(database);
                match path.try_exists() {
                    Ok(false) => absent(path, database, beyond_loopback, faults),
                    _ => read_file(&path, faults),
                }
            }
        }
    }

    fn log(&self, surroundings: &Surroundings, faults: &mut Faults) -> Option<Log> {
        let filter = faults.take(LOG, telemetry::parse_filter(&self.log));
        let format = match self.log_format.as_deref().filter(|text| !text.trim().is_empty()) {
            Some(text) => faults.take(LOG_FORMAT, values::log_format(text)),
            None => Some(surroundings.log_format),
        };
        Some(Log { filter: filter?, format: format? })
    }

    fn vendor_hosts(&self) -> Vec<String> {
        let hosts = self.vendor_hosts.iter().map(|host| host.trim());
        hosts.filter(|host| !host.is_empty()).map(ToOwned::to_owned).collect()
    }
}

/// The key, or where it is to be made.
enum KeySource {
    Known(Key, KeyOrigin),
    ToMake(PathBuf),
}

impl KeySource {
    fn get(self) -> Result<(Key, KeyOrigin), KeyFileError> {
        let path = match self {
            Self::Known(key, origin) => return Ok((key, origin)),
            Self::ToMake(path) => path,
        };
        match create_key_file(&path) {
            Ok(key) => Ok((key, KeyOrigin::Made(path))),
            // Another start was faster.
            Err(KeyFileError::NotMade { source, .. })
                if source.kind() == io::ErrorKind::AlreadyExists =>
            {
                Ok((read_key_file(&path)?, KeyOrigin::File(path)))
            }
            Err(error) => Err(error),
        }
    }
}

/// Decides what a missing key file means.
fn absent(
    path: PathBuf,
    database: &Path,
    beyond_loopback: bool,
    faults: &mut Faults,
) -> Option<KeySource> {
    if database.exists() {
        faults.add(
            KEY,
            format!(
                "the database {} is there, but its key is not: set GOMARK_KEY, or put the key into \
                 {}. (Only if no vendor was ever connected may a new one from `gomark key \
                 generate` take its place.)",
                database.display(),
                path.display()
            ),
        );
        None
    } else if beyond_loopback {
        faults.add(
            KEY,
            "is needed beyond loopback: set it, or --key-file, to what `gomark key generate` \
             prints, and keep a copy",
        );
        None
    } else {
        Some(KeySource::ToMake(path))
    }
}

fn read_file(path: &Path, faults: &mut Faults) -> Option<KeySource> {
    let key = faults.take(KEY_FILE, read_key_file(path).map_err(|error| chain(&error)))?;
    Some(KeySource::Known(key, KeyOrigin::File(path.to_owned())))
}

fn key_file_beside(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".key");
    path.into()
}

/// Takes an empty path for none, as in `GOMARK_TOKENS=`.
fn given(path: Option<&Path>) -> Option<&Path> {
    path.filter(|path| !path.as_os_str().is_empty())
}
