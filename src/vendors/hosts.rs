//! Which addresses a connection may name as its vendor's.
//!
//! A caller chooses the base URL of a connection, and the server sends a credential there from
//! within its own network. So an address is only ever one of a short list: the vendor's own, this
//! machine, or what the operator named. It must never be enough that an address *looks* like one
//! of them: everything is compared after parsing, host and port in full.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// HubSpot's own host, reached by https on the usual port.
const HUBSPOT_HOST: &str = "api.hubapi.com";

/// What a refused address is told.
const RULE: &str = "must be https://api.hubapi.com, an address of this machine such as \
                    http://127.0.0.1:8080, or a host that the operator allows (--vendor-host)";

/// The addresses that connections may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostPolicy {
    allowed: Vec<Origin>,
}

/// Scheme, host and port that the operator allows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    https: bool,
    host: Host<String>,
    port: u16,
}

/// Where the host of an address that may be called can lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To public addresses only.
    Public,
    /// To this machine only.
    Loopback,
    /// Anywhere: the operator named the host.
    Anywhere,
}

impl HostPolicy {
    /// Reads the further hosts that an operator allows, each written as `host`, `host:port` or
    /// `https://host[:port]` for https, or `http://host:port` for plain http to exactly that.
    ///
    /// Returns every fault at once.
    pub fn parse(hosts: &[String]) -> Result<Self, Vec<String>> {
        let mut policy = Self::default();
        let mut faults = Vec::new();
        for text in hosts {
            match Origin::parse(text) {
                Ok(origin) => policy.allowed.push(origin),
                Err(fault) => faults.push(format!("{text:?} {fault}")),
            }
        }
        if faults.is_empty() { Ok(policy) } else { Err(faults) }
    }

    /// Checks the base URL of a connection. The error is a rule, to be read after the name of what
    /// was checked. [`as_text`] writes the result in the one spelling that is kept.
    pub fn check(&self, base_url: &str) -> Result<Url, String> {
        let url = parse_origin(base_url).map_err(|fault| fault.to_string())?;
        if self.reach(&url).is_none() {
            return Err(RULE.to_owned());
        }
        Ok(url)
    }

    /// Tells where an address leads; `None` when it must not be called.
    pub(super) fn reach(&self, url: &Url) -> Option<Reach> {
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let (host, port) = (url.host()?.to_owned(), url.port_or_known_default()?);
        if is_loopback(&host) {
            return Some(Reach::Loopback);
        }
        let origin = Origin { https, host, port };
        if self.allowed.contains(&origin) {
            return Some(Reach::Anywhere);
        }
        let hubspot = Host::Domain(HUBSPOT_HOST.to_owned());
        (origin == Origin { https: true, host: hubspot, port: 443 }).then_some(Reach::Public)
    }

    /// Tells where a name that is looked up may lead; `None` when no allowed address has it.
    pub(super) fn reach_of_name(&self, name: &str) -> Option<Reach> {
        let host = Host::Domain(name.to_ascii_lowercase());
        if is_loopback(&host) {
            Some(Reach::Loopback)
        } else if self.allowed.iter().any(|origin| origin.host == host) {
            Some(Reach::Anywhere)
        } else {
            (host == Host::Domain(HUBSPOT_HOST.to_owned())).then_some(Reach::Public)
        }
    }
}

impl Reach {
    /// Tells whether a looked-up address is within reach.
    pub(super) fn includes(self, address: IpAddr) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Loopback => address.is_loopback(),
            Self::Public => is_public(address),
        }
    }
}

/// Writes a checked base URL the way it is kept: without the trailing slash.
pub fn as_text(base_url: &Url) -> String {
    base_url.as_str().trim_end_matches('/').to_owned()
}

impl Origin {
    fn parse(text: &str) -> Result<Self, Fault> {
        let with_scheme = match text.contains("://") {
            true => text.to_owned(),
            false => format!("https://{text}"),
        };
        let url = parse_origin(&with_scheme)?;
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(Fault::NoUrl);
        };
        Ok(Self { https: url.scheme() == "https", host: host.to_owned(), port })
    }
}

/// What is wrong with an address, whatever its host; reads as a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    NoUrl,
    Scheme,
    Characters,
    Host,
    UserInfo,
    Path,
    Query,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoUrl => "must be a URL such as https://api.hubapi.com",
            Self::Scheme => "must begin with https:// or http://",
            Self::Characters => "must not contain white space, control characters or backslashes",
            Self::Host => "must name a host without wildcards and without a dot at its end",
            Self::UserInfo => "must not contain a user name or password",
            Self::Path => "must not have a path",
            Self::Query => "must not have a query or fragment",
        })
    }
}

/// Reads scheme, host and port, and refuses whatever else a URL can have.
///
/// The parser is lenient in the way of browsers (it drops line breaks, takes a backslash for a
/// slash, an empty user name for none), so the text is looked at as well.
fn parse_origin(text: &str) -> Result<Url, Fault> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(Fault::Characters);
    }
    let url = Url::parse(text).map_err(|_| Fault::NoUrl)?;
    if !matches!(url.scheme(), "https" | "http") || !text.contains("://") {
        return Err(Fault::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
        return Err(Fault::UserInfo);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Fault::Query);
    }
    if url.path() != "/" {
        return Err(Fault::Path);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    match url.host() {
        Some(Host::Domain(name)) if !name.chars().all(plain) || name.ends_with('.') => {
            Err(Fault::Host)
        }
        Some(_) => Ok(url),
        None => Err(Fault::Host),
    }
}

fn is_loopback(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Tells whether an address belongs to the public internet (IANA's special-purpose registries).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(a == 0
                || v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || (a == 100 && (64..128).contains(&b)) // shared by carriers
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (18..20).contains(&b)) // benchmarks
                || a >= 224) // multicast and reserved
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            // Global unicast, less the ranges that only wrap an IPv4 address or document.
            None => {
                let [first, second, ..] = v6.segments();
                first & 0xe000 == 0x2000
                    && first != 0x2002
                    && !(first == 0x2001 && (second < 0x0200 || second == 0x0db8))
            }
        },
    }
}

#[cfg(test)]
mod tests;
