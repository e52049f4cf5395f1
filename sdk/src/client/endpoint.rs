//! Checks an endpoint before anything is sent to it.

use tonic::transport::{Endpoint, Uri};

use crate::error::{Error, Result};

/// Reads an endpoint, `http://HOST:PORT` or `https://HOST[:PORT]`.
pub(super) fn parse(given: &str) -> Result<Endpoint> {
    let refuse = |problem| Error::InvalidEndpoint { endpoint: shown(given), problem };
    let uri: Uri = given.parse().map_err(|_| refuse("it is not a URI"))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") if cfg!(feature = "tls") => {}
        Some("https") => return Err(refuse("https needs the feature `tls` of gomark-sdk")),
        Some(_) => return Err(refuse("its scheme is neither http nor https")),
        None => return Err(refuse("it does not begin with http:// or https://")),
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(refuse("a user or password does not belong into it; give a token instead"));
    }
    if uri.host().is_none_or(str::is_empty) {
        return Err(refuse("it names no host"));
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(refuse("it may have no path and no query"));
    }
    Ok(Endpoint::from(uri))
}

/// An endpoint as it may be shown: without the user and password that do not belong there.
pub(super) fn shown(given: &str) -> String {
    match given.rsplit_once('@') {
        Some((_, rest)) => format!("[redacted]@{rest}"),
        None => given.to_owned(),
    }
}
