//! What is answered when a request is refused: a status, a code of a closed list, and words.

use axum::body::Body;
use axum::http::{Response, header};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::{Value, json};

use crate::sandbox::answer::Answer;

/// Every code there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    Malformed,
    Unauthorized,
    NotFound,
    MethodNotAllowed,
    KeyTaken,
    VersionMismatch,
    TooLarge,
    UnsupportedMediaType,
    Invalid,
    IdempotencyKeyReused,
    PreconditionRequired,
    RateLimited,
    Internal,
    Unavailable,
}

impl Code {
    fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthorized => 401,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::KeyTaken => 409,
            Self::VersionMismatch => 412,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Invalid | Self::IdempotencyKeyReused => 422,
            Self::PreconditionRequired => 428,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }
}

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// Which attribute of the body is at fault.
    pub(crate) path: Option<String>,
    /// The version that is there, beside a 412.
    pub(crate) version: Option<String>,
}

impl Refusal {
    /// Creates a refusal with nothing but what every one has.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), path: None, version: None }
    }

    /// 400: the request cannot be read.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(Code::Malformed, message)
    }

    /// 401.
    pub(crate) fn unauthorized() -> Self {
        Self::new(Code::Unauthorized, "no valid API key came with this request")
    }

    /// 404.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// 413.
    pub(crate) fn too_large() -> Self {
        Self::new(Code::TooLarge, "the body is too long")
    }

    /// 422: an attribute of the body breaks a rule.
    pub(crate) fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..Self::new(Code::Invalid, message) }
    }

    /// Returns the status of the answer.
    pub(crate) fn status(&self) -> u16 {
        self.code.status()
    }

    /// Writes the body of the answer.
    pub(crate) fn body(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let (Some(path), Some(error)) = (&self.path, error.as_object_mut()) {
            error.insert("path".into(), json!(path));
        }
        json!({ "error": error })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let mut answer = Answer::new(self.status(), self.body());
        if self.code == Code::Unauthorized {
            answer = answer.with(header::WWW_AUTHENTICATE, "Bearer");
        }
        if let Some(version) = self.version {
            answer = answer.with(header::ETAG, format!("\"{version}\""));
        }
        answer.into_response()
    }
}
