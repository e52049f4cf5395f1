//! Health, as gRPC defines it (`grpc.health.v1`): told to everybody, whatever else is under way.
//!
//! Whether calls are to be sent here is told under the empty name and that of each service. Whether the
//! process is alive at all is told under a name of its own: to start it anew helps nobody while the
//! database is away.

use std::pin::Pin;

use futures::Stream;
use futures::stream::unfold;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::status;
use crate::api::readiness::{Readiness, Standing};

/// The name under which it is told whether the process is alive.
pub const LIVENESS: &str = "gomark.live";

/// Tells how this process stands.
#[derive(Clone, Debug)]
pub(super) struct Healthy {
    readiness: Readiness,
    /// The services that there are here.
    services: Vec<&'static str>,
}

/// What is asked about.
#[derive(Clone, Copy, Debug)]
enum About {
    Readiness,
    Liveness,
    Nothing,
}

impl Healthy {
    /// Tells it about these services, and about the whole.
    pub(super) fn server(readiness: Readiness, services: &[&'static str]) -> HealthServer<Self> {
        HealthServer::new(Self { readiness, services: services.to_vec() })
    }

    fn about(&self, service: &str) -> About {
        match service {
            "" => About::Readiness,
            LIVENESS => About::Liveness,
            name if self.services.contains(&name) => About::Readiness,
            _ => About::Nothing,
        }
    }
}

fn serving(about: About, standing: Standing) -> ServingStatus {
    match (about, standing) {
        (About::Nothing, _) => ServingStatus::ServiceUnknown,
        // Whatever watches over the process waits for its end then, too.
        (_, Standing::Draining) => ServingStatus::NotServing,
        (About::Readiness, Standing::NotReady) => ServingStatus::NotServing,
        (About::Readiness, Standing::Ready) | (About::Liveness, _) => ServingStatus::Serving,
    }
}

type Answer = Result<HealthCheckResponse, Status>;

#[tonic::async_trait]
impl Health for Healthy {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let about = self.about(&request.get_ref().service);
        match serving(about, self.readiness.now()) {
            ServingStatus::ServiceUnknown => Err(status::no_such_service()),
            serving => Ok(Response::new(HealthCheckResponse { status: serving.into() })),
        }
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Answer> + Send>>;

    /// Tells how it stands, and whenever that changes. It ends with the process: a server waits for
    /// its streams, and whoever watched would hold it up.
    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let about = self.about(&request.get_ref().service);
        let mut readiness = self.readiness.clone();
        readiness.reset();
        let watch = (readiness, None, false);
        Ok(Response::new(Box::pin(unfold(
            watch,
            move |(mut readiness, told, is_last)| async move {
                if is_last {
                    return None;
                }
                loop {
                    let standing = readiness.next().await;
                    let (serving, is_last) =
                        (serving(about, standing), standing == Standing::Draining);
                    if told != Some(serving) {
                        let answer = Ok(HealthCheckResponse { status: serving.into() });
                        return Some((answer, (readiness, Some(serving), is_last)));
                    }
                    if is_last {
                        return None;
                    }
                }
            },
        ))))
    }
}
