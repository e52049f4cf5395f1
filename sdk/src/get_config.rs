//! Reading a configuration.

use std::future::IntoFuture;

use crate::client::Client;
use crate::error::Error;
use crate::rpc::{self, CallFuture};
use crate::v1::{Config, GetConfigRequest};

/// Asks for the configuration of a company; `.await` it.
///
/// # Errors
///
/// `INVALID_ARGUMENT`; `NOT_FOUND` (company, revision); `FAILED_PRECONDITION` (`min_revision` not
/// reached).
#[derive(Clone, Debug)]
#[must_use = "nothing is asked until it is awaited"]
pub struct GetConfig {
    client: Client,
    request: GetConfigRequest,
}

impl GetConfig {
    pub(crate) fn new(client: Client, company_id: String) -> Self {
        Self { client, request: GetConfigRequest { company_id, ..GetConfigRequest::default() } }
    }

    /// Reads it as it was at a past revision. 0: the latest.
    pub fn revision(mut self, revision: i64) -> Self {
        self.request.revision = revision;
        self
    }

    /// Refuses anything older than this revision: give it the revision of a [`Change`] to read
    /// your own writes. 0: as the server finds it, at most a second old.
    ///
    /// [`Change`]: crate::Change
    pub fn min_revision(mut self, revision: i64) -> Self {
        self.request.min_revision = revision;
        self
    }
}

impl IntoFuture for GetConfig {
    type Output = Result<Config, Error>;
    type IntoFuture = CallFuture<Config>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let answer = rpc::call(&self.client, self.request, None).await?;
            answer.config.ok_or(Error::Answer { problem: "it lacks the configuration" })
        })
    }
}
