//! Problem documents (RFC 9457): what is [`Told`] becomes a status and a body.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gomark_sdk::v1::ErrorReason;
use serde::Serialize;

use crate::api::answer::{self, Told};
use crate::domain::{Violation, Violations};
use crate::engine;

/// What is asked of callers.
const BEARER: &str = "Bearer";
/// The most that the paths and rules of violations may take up, in bytes; the first is always told.
const ERRORS_BYTES_MAX: usize = 16 * 1024;

/// What a caller is told when a call does not succeed.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    reason: Option<ErrorReason>,
    detail: String,
    violations: Vec<Violation>,
    retry_after: Option<Duration>,
    log_id: Option<String>,
    /// How whoever is not known could say who calls.
    challenge: &'static str,
}

impl Problem {
    /// What HTTP itself refuses: such a problem has no reason of the closed list.
    pub(super) fn of_http(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            reason: None,
            detail: detail.into(),
            violations: Vec::new(),
            retry_after: None,
            log_id: None,
            challenge: BEARER,
        }
    }

    /// Tells of a message that nobody signed who is known: always the same.
    pub(super) fn unsigned() -> Self {
        let detail = "the message is not signed as the company's Upso account signs its messages";
        let reason = Some(ErrorReason::Unauthenticated);
        let challenge = crate::vendors::upso::SIGNATURE_HEADER;
        Self { reason, challenge, ..Self::of_http(StatusCode::UNAUTHORIZED, detail) }
    }

    /// A message that was not taken, under the status that says why.
    pub(super) fn malformed(status: StatusCode, what: &str) -> Self {
        let told = Self::from(Told::malformed(what));
        Self { status, violations: Vec::new(), ..told }
    }

    /// Gives the paths of broken rules the names that this call has for them.
    #[must_use]
    pub(super) fn naming(mut self, names: &[(&str, &str)]) -> Self {
        for violation in &mut self.violations {
            let known = names.iter().find(|(path, _)| *path == violation.field);
            if let Some((_, name)) = known {
                (*name).clone_into(&mut violation.field);
            }
        }
        self.telling_violations()
    }

    /// Keeps as many violations as there is room for; the detail repeats them, by these names.
    fn telling_violations(mut self) -> Self {
        let mut bytes = 0;
        let fits = self.violations.iter().take_while(|violation| {
            bytes += violation.field.len() + violation.rule.len();
            bytes <= ERRORS_BYTES_MAX
        });
        let count = fits.count().max(1);
        self.violations.truncate(count);
        if !self.violations.is_empty() {
            let told: Vec<_> = self.violations.iter().map(ToString::to_string).collect();
            self.detail = told.join("; ");
        }
        self
    }
}

impl From<Told> for Problem {
    fn from(told: Told) -> Self {
        let problem = Self {
            status: status(told.reason),
            reason: Some(told.reason),
            detail: told.message,
            violations: told.violations,
            retry_after: told.retry_after,
            log_id: told.log_id,
            challenge: BEARER,
        };
        match told.reason {
            ErrorReason::MalformedMessage => problem,
            _ => problem.naming(&[("request_id", super::call::IDEMPOTENCY_KEY)]),
        }
    }
}

impl From<engine::Error> for Problem {
    fn from(error: engine::Error) -> Self {
        Told::from(error).into()
    }
}

impl From<Violations> for Problem {
    fn from(violations: Violations) -> Self {
        Told::invalid(&violations).into()
    }
}

/// Returns the status that a reason has. Too much at once is 429: nothing was changed. 503 leaves
/// open what became of the call.
fn status(reason: ErrorReason) -> StatusCode {
    use ErrorReason as R;
    match reason {
        R::Validation | R::RequestIdReused | R::MalformedMessage | R::CredentialRefused => {
            StatusCode::BAD_REQUEST
        }
        R::Unauthenticated => StatusCode::UNAUTHORIZED,
        R::CompanyNotFound
        | R::FieldNotFound
        | R::CadenceNotFound
        | R::GroupNotFound
        | R::JobNotFound
        | R::DriftNotFound
        | R::RevisionNotFound => StatusCode::NOT_FOUND,
        R::CompanyExists
        | R::FieldExists
        | R::CadenceExists
        | R::GroupExists
        | R::RevisionMismatch
        | R::MinRevisionNotReached
        | R::JobState
        | R::NotConnected
        | R::NotScanned
        | R::DriftState
        | R::AccountTaken
        | R::FieldAmbiguous
        | R::GroupInUse
        | R::FieldGoing
        | R::LimitReached => StatusCode::CONFLICT,
        R::Overloaded => StatusCode::TOO_MANY_REQUESTS,
        R::StoreUnavailable | R::VendorUnavailable | R::ShuttingDown | R::ConnectionAged => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        R::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        R::Internal | R::Unspecified => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The document.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Broken<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

/// A broken rule.
#[derive(Serialize)]
struct Broken<'a> {
    path: &'a str,
    rule: &'a str,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let errors = self.violations.iter();
        let body = Body {
            // The reason says more than a type of ours would: the type is that of the status.
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            detail: &self.detail,
            reason: self.reason.map(answer::name),
            errors: errors.map(|it| Broken { path: &it.field, rule: &it.rule }).collect(),
            request_id: self.log_id.as_deref(),
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(wait) = self.retry_after {
            // In whole seconds, and never too early.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(self.challenge));
        }
        response
    }
}
