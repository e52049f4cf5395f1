//! The service that is measured, and the connections to it.

use std::net::IpAddr;
use std::time::Duration;

use gomark_sdk::{Client, RetryPolicy};
use zeroize::Zeroizing;

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A connection cannot be made.
    #[error("{endpoint} cannot be reached")]
    Connect {
        /// Where.
        endpoint: String,
        /// Why.
        #[source]
        source: gomark_sdk::Error,
    },
    /// A call of the set-up failed.
    #[error("{endpoint}: the set-up failed while it {doing}")]
    SetUp {
        /// Where.
        endpoint: String,
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: gomark_sdk::Error,
    },
    /// The measurement was stopped before it had begun.
    #[error("it was stopped before anything was measured")]
    Stopped,
    /// The output cannot be written.
    #[error("the output cannot be written")]
    Output(#[from] std::io::Error),
    /// Something that is compared with could not be run.
    #[error("{name} cannot be measured")]
    Arm {
        /// What.
        name: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A service to measure.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where it is: `http://HOST:PORT` or `https://HOST[:PORT]`.
    pub endpoint: String,
    /// The bearer token, if it wants one.
    pub token: Option<Zeroizing<String>>,
    /// How many connections to make.
    pub connections: usize,
    /// How long a call of the set-up may take.
    pub timeout: Duration,
}

impl Target {
    /// Tells whether an endpoint is on this machine, by its words alone.
    pub fn is_loopback(endpoint: &str) -> bool {
        let Ok(uri) = endpoint.parse::<http::Uri>() else { return false };
        let host = uri.host().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost")
            || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Makes the connections.
    ///
    /// # Errors
    ///
    /// Fails when the endpoint or the token cannot be used, or nobody answers.
    pub async fn connect(&self) -> Result<Vec<Client>, Error> {
        let mut clients = Vec::with_capacity(self.connections);
        for _ in 0..self.connections.max(1) {
            let mut builder = Client::builder(&self.endpoint)
                .user_agent(concat!("gomark-bench/", env!("CARGO_PKG_VERSION")))
                .timeout(self.timeout)
                .retry(RetryPolicy::none());
            if let Some(token) = &self.token {
                builder = builder.token(token.as_str());
            }
            let endpoint = self.endpoint.clone();
            clients.push(
                builder.connect().await.map_err(|source| Error::Connect { endpoint, source })?,
            );
        }
        Ok(clients)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_elsewhere() {
        for near in
            ["http://127.0.0.1:1", "http://localhost:1", "https://[::1]:1", "http://127.9.9.9"]
        {
            assert!(Target::is_loopback(near), "{near}");
        }
        for far in [
            "http://10.0.0.1:1",
            "http://127.0.0.1.example.com:1",
            "http://localhost.example.com",
            "http://[::2]:1",
            "http://127.0.0.1@example.com",
            "gomark",
            "",
        ] {
            assert!(!Target::is_loopback(far), "{far}");
        }
    }
}
