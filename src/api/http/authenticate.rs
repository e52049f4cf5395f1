//! Finds out who calls: by the same tokens as gRPC.

use std::net::IpAddr;

use axum::http::{HeaderMap, StatusCode, header};

use super::problem::Problem;
use crate::api::answer::Told;
use crate::auth::Policy;
use crate::domain::{Caller, Door};

/// Finds the caller, or refuses the call.
pub(super) fn caller(policy: &Policy, headers: &HeaderMap) -> Result<Caller, Problem> {
    if matches!(policy, Policy::Local) && !is_meant_for_this_machine(headers) {
        let detail = "without tokens only this machine is served, by the name localhost or its \
                      address: see --tokens and --anonymous";
        return Err(Problem::of_http(StatusCode::MISDIRECTED_REQUEST, detail));
    }
    let unauthenticated = || Problem::from(Told::unauthenticated());
    let header = headers.get(header::AUTHORIZATION).map(|value| value.to_str());
    let header = header.transpose().map_err(|_| unauthenticated())?;
    policy.authenticate(header, Door::Http).map_err(|_| unauthenticated())
}

/// Tells whether a call was meant for this machine. A page of a foreign site that a browser on this
/// machine shows can make the site's name lead here, and then call as if it were of this machine;
/// but the name is told with every call.
fn is_meant_for_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    // HTTP/1.0 has no host, and browsers do not speak it.
    let Some(host) = host else { return !headers.contains_key(header::HOST) };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_localhost_or_a_loopback_address() {
        let is_meant = |host: &str| {
            let host = axum::http::HeaderValue::from_str(host).unwrap();
            is_meant_for_this_machine(&HeaderMap::from_iter([(header::HOST, host)]))
        };
        for host in ["localhost", "LocalHost:8080", "127.0.0.1", "127.8.8.8:1", "[::1]:8080"] {
            assert!(is_meant(host), "{host}");
        }
        for host in [
            "",
            "example.com:8080",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "192.0.2.1",
            "[::2]",
        ] {
            assert!(!is_meant(host), "{host}");
        }
        assert!(is_meant_for_this_machine(&HeaderMap::new()));
    }
}
