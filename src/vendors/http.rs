//! The HTTP client that vendors are called with.
//!
//! It makes exactly the call that it is told to: it follows no redirect, uses no proxy, repeats
//! nothing, and connects only where the [`HostPolicy`] lets it, names and literal addresses alike.
//! It never writes a credential anywhere: credentials go into a header that is marked as
//! sensitive, and no error or debug text holds headers or bodies.

mod resolver;

use std::error::Error as StdError;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, redirect, retry, tls};
use url::{Host, Url, form_urlencoded};
use zeroize::Zeroizing;

use super::hosts::HostPolicy;
use crate::failpoint::{self, Boundary};
use resolver::Resolver;

/// The longest answer that is read.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// How long an unused connection is kept: less than vendors do, so that a call is rarely sent into
/// a connection that the vendor just closed.
const IDLE_MAX: Duration = Duration::from_secs(20);

/// How calls are made. Clones share connections.
#[derive(Clone, Debug)]
pub struct Client {
    inner: reqwest::Client,
    policy: Arc<HostPolicy>,
}

/// A credential as the header that carries it.
#[derive(Clone)]
pub struct Bearer(HeaderValue);

/// One call.
#[derive(Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: Url,
    /// Who asks; `None` where the body says so.
    pub bearer: Option<&'a Bearer>,
    /// What else the vendor wants to be told.
    pub headers: HeaderMap,
    /// What to send along.
    pub body: Body<'a>,
    /// The longest that all of it may take, from connecting to the last byte of the answer.
    pub timeout: Duration,
}

/// What a call carries.
pub enum Body<'a> {
    /// Nothing.
    Empty,
    /// JSON.
    Json(&'a serde_json::Value),
    /// A form, as pairs of names and values.
    Form(&'a [(&'a str, &'a str)]),
}

impl<'a> From<Option<&'a serde_json::Value>> for Body<'a> {
    fn from(json: Option<&'a serde_json::Value>) -> Self {
        json.map_or(Self::Empty, Self::Json)
    }
}

/// What was answered, whatever the status.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for vendors could not be made")]
pub struct BuildError(#[from] reqwest::Error);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The policy does not let the address be called. Nothing was sent.
    #[error("the address is not one that may be called")]
    Forbidden,
    /// No connection came about. Nothing was sent.
    #[error("no connection could be made")]
    NotConnected(#[source] Box<dyn StdError + Send + Sync>),
    /// The connection was lost before the answer was complete.
    #[error("the connection was lost before the answer was complete")]
    Lost(#[source] Box<dyn StdError + Send + Sync>),
    /// The answer was not complete in time.
    #[error("the answer was not complete in time")]
    TimedOut,
    /// The answer is longer than [`BODY_BYTES_MAX`].
    #[error("the answer is longer than {BODY_BYTES_MAX} bytes")]
    TooLong,
}

impl Client {
    /// Creates a client. `connect_timeout` is the longest that connecting may take, TLS included;
    /// it should be shorter than the time-outs of calls, which is how a vendor that cannot be
    /// reached is told from one that does not answer.
    pub fn new(policy: Arc<HostPolicy>, connect_timeout: Duration) -> Result<Self, BuildError> {
        let inner = reqwest::Client::builder()
            .user_agent(concat!("gomark/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .no_proxy()
            .connect_timeout(connect_timeout)
            .pool_idle_timeout(IDLE_MAX)
            .tls_version_min(tls::Version::TLS_1_2)
            .dns_resolver(Arc::new(Resolver::new(Arc::clone(&policy))))
            .build()?;
        Ok(Self { inner, policy })
    }

    /// Makes a call and reads the whole answer.
    pub async fn send(&self, request: Request<'_>) -> Result<Reply, Error> {
        self.check(&request.url)?;
        let is_write = !request.method.is_safe();
        let mut builder = self
            .inner
            .request(request.method, request.url)
            .timeout(request.timeout)
            .headers(request.headers);
        if let Some(bearer) = request.bearer {
            builder = builder.header(AUTHORIZATION, bearer.0.clone());
        }
        builder = match request.body {
            Body::Empty => builder,
            Body::Json(json) => builder.header(CONTENT_TYPE, JSON).body(json.to_string()),
            Body::Form(pairs) => {
                let form =
                    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
                builder.header(CONTENT_TYPE, FORM).body(form)
            }
        };
        let mut response = builder.send().await.map_err(Error::from_reqwest)?;
        if is_write {
            failpoint::hit(Boundary::Sent);
        }
        let too_long = |bytes: u64| bytes > BODY_BYTES_MAX as u64;
        if response.content_length().is_some_and(too_long) {
            return Err(Error::TooLong);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Error::from_reqwest)? {
            body.extend_from_slice(&chunk);
            if too_long(body.len() as u64) {
                return Err(Error::TooLong);
            }
        }
        let headers = std::mem::take(response.headers_mut());
        Ok(Reply { status: response.status().as_u16(), headers, body })
    }

    /// Refuses an address that the policy does not know. Names are checked again once they are
    /// looked up; literal addresses are never looked up, so this is the place for them.
    fn check(&self, url: &Url) -> Result<(), Error> {
        let reach = self.policy.reach(url).ok_or(Error::Forbidden)?;
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(Error::Forbidden),
        };
        match literal {
            Some(address) if !reach.includes(address) => Err(Error::Forbidden),
            _ => Ok(()),
        }
    }
}

impl Bearer {
    /// Makes the header of a token; `None` when a header cannot hold it.
    pub fn new(token: &str) -> Option<Self> {
        let text = Zeroizing::new(format!("Bearer {token}"));
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(Self(value))
    }
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::Json(_) => "Json",
            Self::Form(_) => "Form",
        })
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer")
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Error {
    fn from_reqwest(error: reqwest::Error) -> Self {
        // Before time-outs: connecting has one of its own.
        if error.is_connect() || error.is_builder() {
            Self::NotConnected(Box::new(error.without_url()))
        } else if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Lost(Box::new(error.without_url()))
        }
    }
}

#[cfg(test)]
mod tests;
