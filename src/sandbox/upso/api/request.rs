//! What is read from a request, strictly: what the contract does not know is refused.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, header};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::sandbox::registry::{Account, Token};
use crate::sandbox::upso::Cadences;
use crate::sandbox::upso::refusal::{Code, Refusal};

/// Longest body, in bytes.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most cadences on a page, and how many there are on one unless the caller says.
const LIMIT_MAX: usize = 100;
const LIMIT: usize = 50;
/// Longest idempotency key, cursor and version, in characters.
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 128;
const CURSOR_CHARS_MAX: usize = 128;
const VERSION_CHARS_MAX: usize = 64;

/// The account that the gate let the call into.
#[derive(Debug)]
pub(super) struct Caller(pub(super) Arc<Account<Cadences>>);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let token = parts.extensions.get::<Arc<Token<Cadences>>>();
        let account = token.map(|token| Arc::clone(&token.account));
        account.map(Self).ok_or_else(Refusal::unauthorized)
    }
}

/// The key in the path. One that no cadence can have is read as well, and not found.
#[derive(Debug)]
pub(super) struct Key(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let key = Path::<String>::from_request_parts(parts, state).await;
        key.map(|Path(key)| Self(key)).map_err(|_| Refusal::not_found("there is no such cadence"))
    }
}

/// Refuses any query: the path takes none.
#[derive(Debug)]
pub(super) struct NoQuery;

impl<S: Send + Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        match parts.uri.query() {
            None | Some("") => Ok(Self),
            Some(_) => Err(Refusal::malformed("this path takes no query parameters")),
        }
    }
}

/// Which page of a list is wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    #[serde(default = "default_limit", deserialize_with = "limit")]
    pub(super) limit: usize,
    #[serde(default, deserialize_with = "cursor")]
    pub(super) after: Option<String>,
}

fn default_limit() -> usize {
    LIMIT
}

fn limit<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let written = String::deserialize(from)?;
    let is_plain = written.bytes().all(|c| c.is_ascii_digit()) && !written.starts_with('0');
    let limit = written.parse().ok().filter(|limit| is_plain && (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| de::Error::custom("limit must be a number from 1 to 100"))
}

fn cursor<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let cursor = String::deserialize(from)?;
    if is_token(&cursor, CURSOR_CHARS_MAX) {
        return Ok(Some(cursor));
    }
    Err(de::Error::custom("after must be the next of another page"))
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let query = Query::from_request_parts(parts, state).await;
        query.map(|Query(page)| page).map_err(|error| Refusal::malformed(error.body_text()))
    }
}

/// The version that the caller knows, from `If-Match`.
#[derive(Debug)]
pub(super) struct IfMatch(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let value = single(parts, &header::IF_MATCH)?.ok_or_else(|| {
            Refusal::new(Code::PreconditionRequired, "the header If-Match must be there")
        })?;
        let version = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let version = version.filter(|version| is_token(version, VERSION_CHARS_MAX));
        version.map(|version| Self(version.to_owned())).ok_or_else(|| {
            Refusal::malformed("If-Match must be one strong entity tag: a version in double quotes")
        })
    }
}

/// The header that makes a create safe to repeat.
#[derive(Debug)]
pub(super) struct IdempotencyKey(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let name = HeaderName::from_static("idempotency-key");
        let key = single(parts, &name)?
            .ok_or_else(|| Refusal::malformed("the header Idempotency-Key must be there"))?;
        let is_plain = key.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
        if !is_plain || !(1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len()) {
            return Err(Refusal::malformed(
                "Idempotency-Key must be 1 to 128 printable ASCII characters without spaces",
            ));
        }
        Ok(Self(key.to_owned()))
    }
}

/// Returns the value of a header that must not be given twice.
fn single<'a>(parts: &'a Parts, name: &HeaderName) -> Result<Option<&'a str>, Refusal> {
    let mut values = parts.headers.get_all(name).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value.to_str().ok(),
        (Some(_), Some(_)) => None,
    };
    value.map(Some).ok_or_else(|| {
        Refusal::malformed(format!("the header {name} must be given once, in ASCII"))
    })
}

fn is_token(text: &str, chars_max: usize) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
    (1..=chars_max).contains(&text.len()) && text.bytes().all(plain)
}

/// A JSON body, of whatever shape.
#[derive(Debug)]
pub(super) struct JsonBody(pub(super) Value);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let kind = request.headers().get(header::CONTENT_TYPE).cloned();
        let kind = kind.as_ref().and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let message = "the body must be application/json";
            return Err(Refusal::new(Code::UnsupportedMediaType, message));
        }
        let body = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await;
        serde_json::from_slice(&body.map_err(|_| Refusal::too_large())?)
            .map(Self)
            .map_err(|error| Refusal::malformed(format!("the body is no JSON: {error}")))
    }
}

#[cfg(test)]
mod tests;
