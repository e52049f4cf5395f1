//! What the calls have in common, checked in this order: who calls, the query, the request id, the
//! kind of the body, its size.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};

use tokio_util::sync::CancellationToken;

use super::attributes::Attributes;
use super::authenticate;
use super::problem::Problem;
use super::router::{CALL_MAX, State};
use crate::api::answer::Told;
use crate::domain::{Caller, RequestId, Violation, Violations};

/// The header that names a request.
pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// A call whose caller is known and whose body is there.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) caller: Caller,
    pub(super) request_id: String,
    query: Vec<(String, String)>,
    body: Bytes,
}

impl Call {
    /// Reads the body as an object of which only these attributes may be given.
    pub(super) fn attributes(&self, known: &[&str]) -> Result<Attributes, Problem> {
        Attributes::read(&self.body, known)
            .map_err(|what| Problem::malformed(StatusCode::BAD_REQUEST, &what))
    }

    /// Reads the query, in which only one parameter may be given: a switch. A parameter that is
    /// overlooked could mean another change than the one that is made.
    pub(super) fn switch(&self, known: Option<&str>) -> Result<bool, Violations> {
        let mut found = Violations::new();
        let mut on = false;
        for (index, (name, value)) in self.query.iter().enumerate() {
            let shown: String = name.chars().take(64).collect();
            if known != Some(name) {
                found.add(shown, "is not a parameter of this call");
            } else if index > 0 {
                found.add(shown, "must be given once");
            } else if value != "true" && value != "false" {
                found.add(shown, "must be true or false");
            }
            on |= value == "true";
        }
        found.or(on)
    }
}

impl FromRequest<State> for Call {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &State) -> Result<Self, Problem> {
        let headers = request.headers();
        let mut caller = authenticate::caller(&state.policy, headers)?;
        caller.deadline = Some(Instant::now() + CALL_MAX);
        let request_id = request_id(headers).map_err(Violations::from)?;
        if !is_json(headers) {
            let what = "its content type must be application/json";
            return Err(Problem::malformed(StatusCode::UNSUPPORTED_MEDIA_TYPE, what));
        }
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let query = url::form_urlencoded::parse(query).into_owned().collect();
        let body = read(request, &state.stopping, "1 MiB").await?;
        Ok(Self { caller, request_id, query, body })
    }
}

/// Reads a body to its end; `most` says how large it may be here, for people.
pub(super) async fn read(
    request: Request,
    stopping: &CancellationToken,
    most: &str,
) -> Result<Bytes, Problem> {
    let malformed = |status, what: &str| Err(Problem::malformed(status, what));
    let body = tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, &()));
    let body = tokio::select! {
        body = body => body,
        // Nothing is decided any more, and whoever is slow must not hold the end up.
        () = stopping.cancelled() => return Err(Told::shutting_down().into()),
    };
    match body {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            malformed(StatusCode::PAYLOAD_TOO_LARGE, &format!("it must be at most {most}"))
        }
        // Nobody is there any more to read what is answered, in most cases.
        Ok(Err(_)) => malformed(StatusCode::BAD_REQUEST, "it broke off"),
        Err(_) => malformed(StatusCode::REQUEST_TIMEOUT, "it took too long to arrive"),
    }
}

/// Reads the name of the request; empty without one.
fn request_id(headers: &HeaderMap) -> Result<String, Violation> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = given.next() else { return Ok(String::new()) };
    if given.next().is_some() {
        return Err(Violation::new(IDEMPOTENCY_KEY, "must be given once"));
    }
    let key = key.as_bytes();
    let right =
        (1..=RequestId::LENGTH_MAX).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    match right {
        true => Ok(String::from_utf8_lossy(key).into_owned()),
        false => Err(Violation::new(IDEMPOTENCY_KEY, "must be 1 to 128 visible ASCII characters")),
    }
}

/// Tells whether the body is said to be JSON, with or without parameters such as `charset`.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}
