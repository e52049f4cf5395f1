//! Health, as tonic keeps it, but that a watch ends with NOT_SERVING.
//!
//! tonic's own watches never end, and a server waits for its streams when it shuts down: whoever
//! watched would hold it up until its time is over.

use std::pin::Pin;

use futures::stream::unfold;
use futures::{Stream, StreamExt};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_health::server::{HealthReporter, HealthService};

/// Serves what a reporter is told.
#[derive(Debug)]
pub(super) struct EndingHealth(HealthService);

impl EndingHealth {
    /// Makes the service of a reporter.
    pub(super) fn server(reporter: &HealthReporter) -> HealthServer<Self> {
        HealthServer::new(Self(HealthService::from_health_reporter(reporter.clone())))
    }
}

type Answer = Result<HealthCheckResponse, Status>;

#[tonic::async_trait]
impl Health for EndingHealth {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        self.0.check(request).await
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Answer> + Send>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let statuses = self.0.watch(request).await?.into_inner();
        Ok(Response::new(Box::pin(unfold(Some(statuses), |statuses| async {
            let mut statuses = statuses?;
            let answer = statuses.next().await?;
            // Only shutdown sets it, and nothing comes after that.
            let last = matches!(&answer, Ok(told) if told.status() == ServingStatus::NotServing);
            Some((answer, (!last).then_some(statuses)))
        }))))
    }
}
