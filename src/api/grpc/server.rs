//! The server: services, health, reflection, limits.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gomark_sdk::v1 as pb;
use pb::company_service_server::CompanyServiceServer;
use tokio::net::TcpListener;
use tonic::service::{InterceptorLayer, LayerExt};
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::ServiceBuilder;
use tower::util::MapResponseLayer;

use super::authenticate::{self, Authenticate};
use super::company_service::Company;
use super::config_service::Config;
use super::generated::config_service_server::ConfigServiceServer;
use super::health::EndingHealth;
use super::{DESCRIPTORS, MESSAGE_BYTES_MAX};
use crate::auth::Policy;
use crate::engine::Engine;
use crate::supervisor::Supervisor;
use crate::telemetry;

/// How many streams one connection may have open. hyper sets no limit of its own when tonic asks
/// it for none.
const STREAMS_MAX: u32 = 256;
/// How many streams a client may have reset before its connection is closed (RUSTSEC-2024-0003).
const LOCAL_RESETS_MAX: usize = 1_024;
/// How often an idle connection is asked whether it is still there.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// How long its answer may take.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// The largest answer, in bytes: a full configuration fits.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The names that health is told under, beside the empty one.
const SERVICES: [&str; 2] = ["gomark.v1.ConfigService", "gomark.v1.CompanyService"];

/// An address that is listened on; calls wait until it is served.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    local_addr: SocketAddr,
}

impl Listening {
    /// Takes an address.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let local_addr = listener.local_addr()?;
        Ok(Self { listener, local_addr })
    }

    /// Returns the address, with the port that was given for port 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until shutdown begins; calls under way are finished then.
    pub async fn serve(
        self,
        engine: Engine,
        policy: Policy,
        supervisor: &Supervisor,
    ) -> Result<(), tonic_reflection::server::Error> {
        let health = HealthReporter::new();
        set_health(&health, ServingStatus::Serving).await;
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(DESCRIPTORS)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let (reflection, old_reflection) =
            (reflection().build_v1()?, reflection().build_v1alpha()?);

        let config = ConfigServiceServer::new(Config::new(engine.clone()))
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(ANSWER_BYTES_MAX);
        let company = CompanyServiceServer::new(Company::new(engine))
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(ANSWER_BYTES_MAX);
        let authenticate = InterceptorLayer::new(Authenticate(Arc::new(policy)));
        let layers = ServiceBuilder::new()
            .layer(authenticate)
            .layer(MapResponseLayer::new(authenticate::dress));

        let stopping = supervisor.stopping();
        let router = tonic::transport::Server::builder()
            .max_concurrent_streams(STREAMS_MAX)
            .http2_max_local_error_reset_streams(Some(LOCAL_RESETS_MAX))
            .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
            .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
            .add_service(EndingHealth::server(&health))
            .add_service(reflection)
            .add_service(old_reflection)
            .add_service(layers.named_layer(config))
            .add_service(layers.named_layer(company));
        let incoming = TcpIncoming::from(self.listener).with_nodelay(Some(true));
        let supervisor_of_health = supervisor.stopping();
        supervisor.spawn("health", async move {
            supervisor_of_health.cancelled().await;
            set_health(&health, ServingStatus::NotServing).await;
        });
        supervisor.spawn("grpc", async move {
            let served = router.serve_with_incoming_shutdown(incoming, stopping.cancelled_owned());
            if let Err(error) = served.await {
                tracing::error!(error = telemetry::chain(&error), "the gRPC server failed");
            }
        });
        Ok(())
    }
}

async fn set_health(health: &HealthReporter, status: ServingStatus) {
    health.set_service_status("", status).await;
    for service in SERVICES {
        health.set_service_status(service, status).await;
    }
}
