//! The servers beside the database, and what a process is among others.

use std::fmt;

use url::Url;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Serves the API.
    Api,
    /// Carries out what is decided.
    Executor,
    /// Both.
    All,
}

impl Role {
    /// Tells whether it serves the API.
    pub fn serves(self) -> bool {
        self != Self::Executor
    }

    /// Tells whether it carries out what is decided.
    pub fn executes(self) -> bool {
        self != Self::Api
    }

    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Executor => "executor",
            Self::All => "all",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        [Self::Api, Self::Executor, Self::All]
            .into_iter()
            .find(|role| role.as_str().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| format!("{text:?} is none of api, executor and all"))
    }
}

/// The URL of a Redis or a RabbitMQ. `Debug` and `Display` show no password.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl(Url);

impl ServerUrl {
    /// Reads the URL of a Redis.
    pub fn redis(text: &str) -> Result<Self, String> {
        let url = Self::parse(text, ["redis", "rediss"])?;
        let database = url.0.path().trim_start_matches('/');
        match database.is_empty() || database.parse::<u8>().is_ok() {
            true => Ok(url),
            false => Err("its path has to be the number of a database, as in /0".to_owned()),
        }
    }

    /// Reads the host of a Redis, with or without a port.
    pub fn redis_host(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.contains(['/', '@']) {
            return Err("names more than a host; use REDIS_URL for that".to_owned());
        }
        Self::redis(&format!("redis://{text}"))
    }

    /// Reads the URL of a RabbitMQ.
    pub fn amqp(text: &str) -> Result<Self, String> {
        Self::parse(text, ["amqp", "amqps"])
    }

    fn parse(text: &str, schemes: [&str; 2]) -> Result<Self, String> {
        let [plain, tls] = schemes;
        let wanted = || format!("write {plain}://USER:PASSWORD@HOST:PORT, or {tls}:// with TLS");
        // What is wrong is not repeated: it may be a password.
        let url = Url::parse(text.trim()).map_err(|_| format!("is no URL; {}", wanted()))?;
        if !schemes.contains(&url.scheme()) {
            return Err(format!("has another scheme; {}", wanted()));
        }
        match url.host_str() {
            None | Some("") => Err(format!("names no host; {}", wanted())),
            Some(_) => Ok(Self(url)),
        }
    }

    /// Returns the whole URL, its password included.
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())?;
        if let Some(port) = self.0.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(self.0.path())
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_shows_where_a_server_is_and_no_password() {
        let url = ServerUrl::amqp("amqp://ada:se-cret@mq.example:5673/gomark").unwrap();
        for shown in [format!("{url}"), format!("{url:?}")] {
            assert_eq!(shown, "amqp://mq.example:5673/gomark");
        }
        assert_eq!(url.expose().password(), Some("se-cret"));
    }

    #[test]
    fn a_redis_is_named_by_its_url_or_its_host() {
        let shown = |url: ServerUrl| url.to_string();
        assert_eq!(ServerUrl::redis_host("cache").map(shown), Ok("redis://cache".to_owned()));
        assert_eq!(
            ServerUrl::redis_host("[::1]:7000").map(shown),
            Ok("redis://[::1]:7000".to_owned())
        );
        assert_eq!(
            ServerUrl::redis("rediss://cache/2").map(shown),
            Ok("rediss://cache/2".to_owned())
        );
        for bad in ["cache", "http://cache", "redis://", "redis://cache/two"] {
            let fault = ServerUrl::redis(bad).unwrap_err();
            assert!(!fault.contains("cache"), "{fault}");
        }
        assert!(ServerUrl::redis_host("user:secret@cache").is_err());
    }

    #[test]
    fn a_role_is_named() {
        assert_eq!(Role::parse(" Executor "), Ok(Role::Executor));
        assert!(Role::parse("worker").unwrap_err().contains("api, executor and all"));
        assert!(Role::Api.serves() && !Role::Api.executes());
        assert!(Role::All.serves() && Role::All.executes());
    }
}
