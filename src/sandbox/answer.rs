//! Answers in JSON, as every vendor and the control endpoints give them.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::Value;

/// A JSON answer.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    body: Option<Value>,
    headers: Vec<(HeaderName, String)>,
}

impl Answer {
    /// Creates an answer with a body. A text is sent as HTML, anything else as JSON.
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self { status, body: Some(body), headers: Vec::new() }
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self { status: 204, body: None, headers: Vec::new() }
    }

    /// 201, naming where the new thing is found.
    pub(crate) fn created(body: Value, location: String) -> Self {
        Self::new(201, body).with(header::LOCATION, location)
    }

    /// Adds a header. A value that no header can carry is left out.
    pub(crate) fn with(mut self, name: HeaderName, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response<Body> {
        let (kind, body) = match self.body {
            None => (None, Body::empty()),
            Some(Value::String(html)) => (Some("text/html;charset=utf-8"), Body::from(html)),
            Some(json) => (Some("application/json;charset=utf-8"), Body::from(json.to_string())),
        };
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if let Some(kind) = kind {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}
