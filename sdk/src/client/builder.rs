//! How a client is set up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tonic::transport::{Channel, Endpoint};

use super::auth::{Auth, Redacted};
use super::{Client, Stubs, endpoint};
use crate::error::{Error, Result};
use crate::retry::RetryPolicy;

/// Sets up a [`Client`]: [`Client::builder`] begins, [`connect`](Self::connect) or
/// [`connect_lazy`](Self::connect_lazy) ends.
#[must_use]
pub struct ClientBuilder {
    endpoint: String,
    token: Option<String>,
    user_agent: String,
    connect_timeout: Duration,
    timeout: Duration,
    keepalive: Option<(Duration, Duration)>,
    message_bytes_max: usize,
    retry: RetryPolicy,
    #[cfg(feature = "tls")]
    tls: super::tls::Tls,
}

impl ClientBuilder {
    pub(super) fn new(endpoint: String) -> Self {
        Self {
            endpoint,
            token: None,
            user_agent: concat!("gomark-sdk/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            keepalive: Some((Duration::from_secs(30), Duration::from_secs(10))),
            message_bytes_max: 64 << 20,
            retry: RetryPolicy::default(),
            #[cfg(feature = "tls")]
            tls: super::tls::Tls::default(),
        }
    }

    /// Sets the bearer token of every call. Over `http` it travels in the clear.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Sets how the client names itself, before the transport's own name. Default: `gomark-sdk/`
    /// and its version.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Sets how long making a connection may take. Default: 5 s.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets how long a call may take, repeats included; a page of a listing is a call, a watched
    /// stream is not. The server is told, and the client keeps to it by itself. Default: 30 s.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets how often an otherwise silent connection is probed, also while no call is under way,
    /// and how long the answer may take before the connection counts as broken. Intervals under
    /// 1 s are taken as 1 s. Default: every 30 s, 10 s.
    pub fn keepalive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.keepalive = Some((interval.max(Duration::from_secs(1)), timeout));
        self
    }

    /// Probes no connection. A watch over a connection that was cut silently then waits for ever.
    pub fn no_keepalive(mut self) -> Self {
        self.keepalive = None;
        self
    }

    /// Sets the largest message that is taken from the server, in bytes. Default: 64 MiB, which
    /// the largest configuration fits into.
    pub fn message_bytes_max(mut self, bytes: usize) -> Self {
        self.message_bytes_max = bytes;
        self
    }

    /// Sets when calls are repeated. Default: [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Trusts the certificate authorities in `pem` instead of the system's, for an `https`
    /// endpoint. May be called several times.
    #[cfg(feature = "tls")]
    pub fn ca_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.tls.ca_certificates.push(pem.as_ref().to_vec());
        self
    }

    /// Sets the name that the server's certificate must be for. Default: the endpoint's host.
    #[cfg(feature = "tls")]
    pub fn domain_name(mut self, name: impl Into<String>) -> Self {
        self.tls.domain_name = Some(name.into());
        self
    }

    /// Connects now, once, so that a wrong endpoint shows at once.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidEndpoint`], [`Error::InvalidToken`], [`Error::InvalidUserAgent`],
    /// [`Error::InvalidCertificate`], [`Error::Tls`]; [`Error::NoRuntime`]; [`Error::Connect`] if the server cannot be reached.
    pub async fn connect(self) -> Result<Client> {
        let (endpoint, auth) = self.check()?;
        let channel = endpoint
            .connect()
            .await
            .map_err(|source| Error::Connect { endpoint: self.endpoint.clone(), source })?;
        Ok(self.client(channel, auth))
    }

    /// Leaves connecting to the first call. Needs a Tokio runtime around it.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), without [`Error::Connect`].
    pub fn connect_lazy(self) -> Result<Client> {
        let (endpoint, auth) = self.check()?;
        let channel = endpoint.connect_lazy();
        Ok(self.client(channel, auth))
    }

    fn check(&self) -> Result<(Endpoint, Auth)> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::NoRuntime);
        }
        let auth = match &self.token {
            Some(token) => Auth::bearer(token)?,
            None => Auth::default(),
        };
        let endpoint = endpoint::parse(&self.endpoint)?;
        #[cfg(feature = "tls")]
        let endpoint = self.tls.apply(endpoint, &self.endpoint)?;
        let mut endpoint = endpoint
            .connect_timeout(self.connect_timeout)
            .user_agent(self.user_agent.as_str())
            .map_err(|_| Error::InvalidUserAgent)?;
        if let Some((interval, timeout)) = self.keepalive {
            endpoint = endpoint
                .http2_keep_alive_interval(interval)
                .keep_alive_timeout(timeout)
                .keep_alive_while_idle(true);
        }
        Ok((endpoint, auth))
    }

    fn client(self, channel: Channel, auth: Auth) -> Client {
        Client {
            stubs: Arc::new(Stubs::new(channel, auth, self.message_bytes_max)),
            endpoint: self.endpoint.into(),
            timeout: self.timeout,
            retry: self.retry,
        }
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("endpoint", &endpoint::shown(&self.endpoint))
            .field("token", &self.token.as_ref().map(|_| Redacted))
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("keepalive", &self.keepalive)
            .field("message_bytes_max", &self.message_bytes_max)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
