//! Where a database is, and how one gets in.

use std::fmt;
use std::str::FromStr as _;
use std::sync::Arc;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// How many sessions a process has at most, unless it is told otherwise. Four processes of that fit
/// into a server that was not configured; one session writes, the others read and note what came of
/// vendor calls.
const SESSIONS_MAX: u32 = 20;

/// What may stand after the `?`. The driver would leave out what it does not know, and with it what
/// the operator meant: `sslmod=verify-full` must not mean no TLS.
const PARAMETERS: [&str; 11] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// The URL of a Postgres database: `postgres://user:password@host:port/database?sslmode=…`.
///
/// `Debug` and `Display` show where it is, and no password.
#[derive(Clone)]
pub struct PostgresUrl {
    options: Arc<PgConnectOptions>,
    sessions_max: u32,
}

impl PostgresUrl {
    /// Tells whether a URL's scheme says Postgres.
    pub fn is_meant_by(url: &str) -> bool {
        let scheme = url.trim().split(':').next().unwrap_or_default();
        ["postgres", "postgresql"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
    }

    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// Says what would be right, and repeats nothing of the URL that may be secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "is no Postgres URL; write postgres://USER:PASSWORD@HOST:PORT/DATABASE";
        let url = ::url::Url::parse(text.trim()).map_err(|_| wrong())?;
        if !Self::is_meant_by(text) {
            return Err(wrong().to_owned());
        }
        let is_known = |name: &str| {
            PARAMETERS.contains(&name) || (name.starts_with("options[") && name.ends_with(']'))
        };
        if url.query_pairs().any(|(name, _)| !is_known(&name)) {
            return Err(format!(
                "has a parameter after ? that is not known; there are {}",
                PARAMETERS.join(", ")
            ));
        }
        let modes = ["disable", "prefer", "require", "verify-ca", "verify-full"];
        let mode = url.query_pairs().find(|(name, _)| name == "sslmode");
        if mode.is_some_and(|(_, mode)| !modes.contains(&&*mode)) {
            return Err(format!("has a wrong sslmode; it is one of {}", modes.join(", ")));
        }
        let options = PgConnectOptions::from_str(text.trim()).map_err(|_| wrong())?;
        Ok(Self { options: Arc::new(options), sessions_max: SESSIONS_MAX })
    }

    /// Returns the same with another limit on the sessions of a process. It needs two: one that
    /// writes, and one to find out what became of it.
    #[must_use]
    pub fn with_sessions_max(mut self, sessions: u32) -> Self {
        self.sessions_max = sessions;
        self
    }

    /// Tells whether somebody between here and the server could read along, or play the server.
    pub fn is_open_to_others(&self) -> bool {
        let is_here = self.options.get_socket().is_some()
            || matches!(self.options.get_host(), "localhost" | "127.0.0.1" | "::1" | "[::1]")
            || self.options.get_host().starts_with('/');
        !is_here
            && !matches!(self.options.get_ssl_mode(), PgSslMode::VerifyFull | PgSslMode::VerifyCa)
    }

    pub(super) fn options(&self) -> PgConnectOptions {
        (*self.options).clone()
    }

    pub(super) fn sessions_max(&self) -> u32 {
        self.sessions_max
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, port) = (self.options.get_username(), self.options.get_port());
        let database = self.options.get_database().unwrap_or(user);
        match self.options.get_socket() {
            Some(folder) => write!(f, "postgres:{}/{database}", folder.display()),
            None => write!(f, "postgres://{user}@{}:{port}/{database}", self.options.get_host()),
        }
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_shows_where_the_database_is_and_no_password() {
        let url = "postgresql://ada:se%20cret@db.example:5433/gomark?sslmode=verify-full";
        let url = PostgresUrl::parse(url).unwrap();
        assert_eq!(format!("{url:?}"), "postgres://ada@db.example:5433/gomark");
        assert!(!url.is_open_to_others());
    }

    #[test]
    fn what_the_driver_would_leave_out_is_refused() {
        for (url, told) in [
            ("postgres://ada:secret@db/gomark?sslmod=verify-full", "sslmode, sslrootcert"),
            ("postgres://ada:secret@db/gomark?sslmode=sure", "verify-full"),
            ("postgres://ada:secret@db:port/gomark", "postgres://USER"),
            ("mysql://ada:secret@db/gomark", "postgres://USER"),
        ] {
            let error = PostgresUrl::parse(url).unwrap_err();
            assert!(error.contains(told) && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_way_to_another_machine_without_verified_tls_is_open_to_others() {
        let is_open = |url| PostgresUrl::parse(url).unwrap().is_open_to_others();
        assert!(is_open("postgres://ada@db/gomark"));
        assert!(is_open("postgres://ada@db/gomark?sslmode=require"));
        assert!(!is_open("postgres://ada@127.0.0.1/gomark"));
    }
}
