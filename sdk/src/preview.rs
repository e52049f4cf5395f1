//! Previewing a cadence.

use std::future::IntoFuture;

use crate::client::Client;
use crate::error::Error;
use crate::rpc::{self, CallFuture};
use crate::v1::preview_cadence_request::Which;
use crate::v1::{Cadence, PreviewCadenceRequest, PreviewCadenceResponse};

/// Asks for the calendar and the texts of a cadence; `.await` it.
///
/// # Errors
///
/// `INVALID_ARGUMENT`; `NOT_FOUND` (company, cadence).
#[derive(Clone, Debug)]
#[must_use = "nothing is asked until it is awaited"]
pub struct Preview {
    client: Client,
    request: PreviewCadenceRequest,
}

impl Preview {
    pub(crate) fn new(client: Client, company_id: String, which: Which) -> Self {
        let request = PreviewCadenceRequest {
            company_id,
            which: Some(which),
            ..PreviewCadenceRequest::default()
        };
        Self { client, request }
    }

    /// Sets when somebody starts, for example a [`SystemTime`](std::time::SystemTime). Default:
    /// now.
    pub fn start(mut self, at: impl Into<prost_types::Timestamp>) -> Self {
        self.request.start = Some(at.into());
        self
    }

    /// Sets the value of a merge field, such as `first_name`.
    pub fn sample(mut self, merge_field: impl Into<String>, value: impl Into<String>) -> Self {
        self.request.samples.insert(merge_field.into(), value.into());
        self
    }
}

impl IntoFuture for Preview {
    type Output = Result<PreviewCadenceResponse, Error>;
    type IntoFuture = CallFuture<PreviewCadenceResponse>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { rpc::call(&self.client, self.request, None).await })
    }
}

/// A cadence that is decided, by its id.
impl From<&str> for Which {
    fn from(cadence_id: &str) -> Self {
        Self::CadenceId(cadence_id.to_owned())
    }
}

/// A cadence that is decided, by its id.
impl From<String> for Which {
    fn from(cadence_id: String) -> Self {
        Self::CadenceId(cadence_id)
    }
}

/// A cadence that is not decided yet.
impl From<Cadence> for Which {
    fn from(cadence: Cadence) -> Self {
        Self::Cadence(cadence)
    }
}
