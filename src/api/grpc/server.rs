//! The server: services, health, reflection, limits.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gomark_sdk::v1 as pb;
use pb::company_service_server::CompanyServiceServer;
use pb::drift_service_server::DriftServiceServer;
use tokio::net::TcpListener;
use tonic::server::NamedService;
use tonic::service::{InterceptorLayer, LayerExt, Routes};
use tower::ServiceBuilder;
use tower::util::MapResponseLayer;

use super::authenticate::{self, Authenticate};
use super::calls::{CALL_MAX, Calls};
use super::company_service::Company;
use super::config_service::Config;
use super::drift_service::Drift;
use super::generated::config_service_server::ConfigServiceServer;
use super::health::Healthy;
use super::{DESCRIPTORS, MESSAGE_BYTES_MAX};
use crate::api::readiness::Readiness;
use crate::auth::Policy;
use crate::config::Serving;
use crate::engine::Engine;
use crate::http2;
use crate::supervisor::Supervisor;

/// The largest answer, in bytes: a full configuration fits.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What holds for connections, beside the settings. hyper has no limit of its own for some of it.
const LIMITS: http2::Limits = http2::Limits {
    connections_max: 0,
    hello_timeout: Duration::from_secs(10),
    age: None,
    // A call that began just before has all its time.
    aged_grace: CALL_MAX.saturating_add(Duration::from_secs(5)),
    stopped_grace: Duration::ZERO,
    keepalive_interval: Duration::from_secs(30),
    keepalive_timeout: Duration::from_secs(20),
    streams_max: 256,
    local_resets_max: 1_024,
    pending_resets_max: 20,
    head_bytes_max: 16 * 1024,
    send_buffer_bytes: 128 * 1024,
};

/// The part of the grace at shutdown that calls have to end in: the rest is for what they leave behind.
const CALLS_SHARE: f64 = 0.75;

/// The names of the services, as health tells of them.
const SERVICES: [&str; 3] = [
    <ConfigServiceServer<Config> as NamedService>::NAME,
    <CompanyServiceServer<Company> as NamedService>::NAME,
    <DriftServiceServer<Drift> as NamedService>::NAME,
];

/// What is served to callers; a process that only carries out decisions has none.
#[derive(Debug)]
pub struct Services {
    /// What they call.
    pub engine: Engine,
    /// How they are told apart.
    pub policy: Policy,
}

/// An address that is listened on; calls wait until it is served.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    local_addr: SocketAddr,
}

/// Why nothing is served: the descriptors of the services are of no use.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Reflection cannot be set up.
    #[error("reflection could not be set up")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// They cannot be read.
    #[error("the descriptors cannot be read")]
    Descriptors(#[from] prost::DecodeError),
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

    /// Serves until shutdown begins; calls under way are finished then, within a part of
    /// `shutdown_grace`. Health and reflection are always there.
    pub fn serve(
        self,
        services: Option<Services>,
        readiness: Readiness,
        serving: &Serving,
        shutdown_grace: Duration,
        supervisor: &Supervisor,
    ) -> Result<(), ServeError> {
        let routes = routes(services, readiness)?;
        let calls = Calls::new(routes, serving.calls_max, serving.streams_max)?;
        let limits = http2::Limits {
            connections_max: serving.connections_max,
            age: serving.connection_age,
            stopped_grace: shutdown_grace.mul_f64(CALLS_SHARE),
            ..LIMITS
        };
        let served = http2::serve(self.listener, calls, limits, supervisor.clone());
        supervisor.spawn("grpc", served);
        Ok(())
    }
}

fn routes(services: Option<Services>, readiness: Readiness) -> Result<Routes, ServeError> {
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let names = if services.is_some() { &SERVICES[..] } else { &[] };
    let routes = Routes::new(Healthy::server(readiness, names))
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?);
    let Some(Services { engine, policy }) = services else { return Ok(routes) };
    let config = ConfigServiceServer::new(Config::new(engine.clone()))
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(ANSWER_BYTES_MAX);
    let drift = DriftServiceServer::new(Drift::new(engine.clone()))
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(ANSWER_BYTES_MAX);
    let company = CompanyServiceServer::new(Company::new(engine))
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(ANSWER_BYTES_MAX);
    let layers = ServiceBuilder::new()
        .layer(InterceptorLayer::new(Authenticate(Arc::new(policy))))
        .layer(MapResponseLayer::new(authenticate::dress));
    Ok(routes
        .add_service(layers.named_layer(config))
        .add_service(layers.named_layer(company))
        .add_service(layers.named_layer(drift)))
}
