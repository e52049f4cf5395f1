//! The composition root: the one place that names concrete implementations.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::api::readiness::Readiness;
use crate::api::{grpc, http};
use crate::broker::{Broker, LocalBroker, RabbitBroker, RabbitSettings};
use crate::cache::{self, RedisCache, SharedCache};
use crate::clock::{Clock, SystemClock};
use crate::config::{Checked, Database, ServerUrl};
use crate::descriptors;
use crate::engine::{self, Engine};
use crate::events::{EventBus, LocalBus, RedisBus};
use crate::executor::{self, Executor};
use crate::hex;
use crate::metrics::Metrics;
use crate::redis;
use crate::store::postgres::{self, PostgresStore};
use crate::store::sqlite::{self, SqliteStore};
use crate::store::{self, Store, Tables};
use crate::supervisor::Supervisor;
use crate::vendors::hosts::HostPolicy;
use crate::vendors::hubspot::{self, HubSpot, HubSpotConfig};
use crate::vendors::upso::Upso;
use crate::vendors::{self, Vendor, Vendors};

/// How many calls are under way at one connection at most: what HubSpot's own client does.
const CALLS_MAX: usize = 6;
/// How old the latest known revision may be where other processes decide, too.
const HEAD_AGE_MAX: Duration = Duration::from_secs(1);
/// How long a connection without work keeps its lease.
const LINGER: Duration = Duration::from_secs(2);

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A vendor host cannot be read.
    #[error("--vendor-host: {}", .0.join("; "))]
    VendorHosts(Vec<String>),
    /// The file of the database could not be opened.
    #[error("the database could not be opened")]
    Sqlite(#[source] sqlite::OpenError),
    /// The database of a server could not be opened.
    #[error("the database could not be opened")]
    Postgres(#[source] postgres::OpenError),
    /// The database did not say which one it is.
    #[error("the database did not say which one it is")]
    Installation(#[source] store::Error),
    /// Redis cannot even be tried.
    #[error("Redis cannot be used")]
    Redis(#[source] redis::BuildError),
    /// HubSpot cannot be spoken to.
    #[error("HubSpot cannot be spoken to")]
    HubSpot(#[source] hubspot::BuildError),
    /// Upso cannot be spoken to.
    #[error("Upso cannot be spoken to")]
    Upso(#[source] vendors::http::BuildError),
    /// The address could not be taken.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// gRPC cannot be served.
    #[error("gRPC cannot be served")]
    Serve(#[source] grpc::ServeError),
    /// A second signal came before everything had ended.
    #[error("ended at once, as asked to again; what was under way is taken up at the next start")]
    CutShort,
    /// The signals that end the program could not be listened for.
    #[error("could not listen for signals")]
    Signals(#[source] std::io::Error),
}

/// A service that runs.
#[derive(Debug)]
pub struct App {
    supervisor: Supervisor,
    store: Opened,
    local_addr: SocketAddr,
    http_addr: Option<SocketAddr>,
    drain_delay: Duration,
    shutdown_grace: Duration,
}

impl App {
    /// Starts the service. It works when this returns.
    pub async fn start(settings: Checked) -> Result<Self, Error> {
        let supervisor = Supervisor::new();
        let started = Self::start_under(settings, &supervisor).await;
        if started.is_err() {
            supervisor.shutdown(Duration::from_secs(1)).await;
        }
        started
    }

    async fn start_under(settings: Checked, supervisor: &Supervisor) -> Result<Self, Error> {
        let clock = SystemClock::shared();
        let hosts = HostPolicy::parse(&settings.vendor_hosts).map_err(Error::VendorHosts)?;
        let hosts = Arc::new(hosts);
        let taken = |address| move |source| Error::Listen { address, source };
        let listening = grpc::Listening::bind(settings.listen).await;
        let listening = listening.map_err(taken(settings.listen))?;
        let http = match settings.http_listen {
            Some(address) => Some(http::Listening::bind(address).await.map_err(taken(address))?),
            None => None,
        };
        let store =
            Opened::open(&settings.database, settings.tables, clock.clone(), supervisor).await?;
        let hubspot = HubSpot::new(HubSpotConfig::default(), hosts.clone(), clock.clone());
        let hubspot = hubspot.map_err(Error::HubSpot)?;
        let upso = Upso::new(hosts.clone(), clock.clone()).map_err(Error::Upso)?;
        let vendors = Vendors::new([Arc::new(hubspot) as Arc<dyn Vendor>, Arc::new(upso)]);
        let holder = Uuid::new_v4().to_string();
        let broker = doorbells(&settings, &holder, supervisor);
        let Shared { cache: shared_cache, bus } =
            Shared::open(settings.redis.as_ref(), &store, supervisor).await?;
        let vault = Arc::new(settings.vault);

        let engine = Engine::start(
            engine::Parts {
                store: store.shared(),
                cache: store.cache(settings.cache_bytes_max),
                shared_cache,
                vendors: vendors.clone(),
                broker: broker.clone(),
                bus: bus.clone(),
                clock,
                vault: vault.clone(),
                hosts,
                call_timeout: settings.call_timeout,
                queue_max: settings.queue_max,
            },
            supervisor,
        );
        let executor = Executor::new(executor::Parts {
            store: store.shared(),
            vendors,
            broker,
            bus,
            vault,
            supervisor: supervisor.clone(),
            settings: executor::Settings {
                holder,
                lease_period: settings.lease,
                call_timeout: settings.call_timeout,
                sweep_interval: settings.sweep_interval,
                calls_max: CALLS_MAX,
                linger: LINGER,
                peers: matches!(settings.database, Database::Postgres(_)),
                scan_interval: settings.scan_interval,
                settling: settings.settling,
            },
        });
        if settings.role.executes() {
            supervisor.spawn("executor", executor.run());
        }
        let local_addr = listening.local_addr();
        let http_addr = http.as_ref().map(http::Listening::local_addr);
        let readiness = Readiness::start(store.shared(), supervisor);
        if let Some(http) = http {
            let calls = (engine.clone(), settings.auth.clone());
            let calls = settings.role.serves().then_some(calls);
            let metrics = Metrics::new(store.shared());
            http.serve(calls, readiness.clone(), metrics, supervisor);
        }
        let services = grpc::Services { engine, policy: settings.auth };
        let services = settings.role.serves().then_some(services);
        let (serving, grace) = (&settings.serving, settings.shutdown_grace);
        listening.serve(services, readiness, serving, grace, supervisor).map_err(Error::Serve)?;
        Ok(Self {
            supervisor: supervisor.clone(),
            store,
            local_addr,
            http_addr,
            drain_delay: settings.serving.drain_delay,
            shutdown_grace: settings.shutdown_grace,
        })
    }

    /// Returns the address that is served.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Returns the address of the HTTP calls.
    pub fn http_addr(&self) -> Option<SocketAddr> {
        self.http_addr
    }

    /// Stops: health says NOT_SERVING; after a while, in which load balancers notice that, streams end
    /// and calls under way are finished.
    ///
    /// Returns whether everything ended in time.
    pub async fn stop(self) -> bool {
        self.supervisor.drain();
        tokio::time::sleep(self.drain_delay).await;
        let in_time = self.supervisor.shutdown(self.shutdown_grace).await;
        if in_time {
            self.store.close().await;
        }
        in_time
    }
}

/// The store that was asked for.
#[derive(Clone, Debug)]
enum Opened {
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
}

impl Opened {
    async fn open(
        database: &Database,
        tables: Tables,
        clock: Arc<dyn Clock>,
        supervisor: &Supervisor,
    ) -> Result<Self, Error> {
        match database {
            Database::Sqlite(path) => {
                let store = SqliteStore::open(path, tables, clock, supervisor).await;
                Ok(Self::Sqlite(Arc::new(store.map_err(Error::Sqlite)?)))
            }
            Database::Postgres(url) => {
                let store = PostgresStore::open(url, tables, supervisor).await;
                Ok(Self::Postgres(Arc::new(store.map_err(Error::Postgres)?)))
            }
        }
    }

    fn shared(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => store.clone(),
            Self::Postgres(store) => store.clone(),
        }
    }

    /// Returns how configurations are kept before it.
    fn cache(&self, bytes_max: u64) -> cache::Settings {
        let head_age_max = match self {
            // No other process has the file.
            Self::Sqlite(_) => None,
            Self::Postgres(_) => Some(HEAD_AGE_MAX),
        };
        cache::Settings { bytes_max, head_age_max }
    }

    async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

/// What processes share beside the database.
#[derive(Debug)]
struct Shared {
    cache: Option<Arc<dyn SharedCache>>,
    bus: Arc<dyn EventBus>,
}

impl Shared {
    async fn open(
        redis: Option<&ServerUrl>,
        store: &Opened,
        supervisor: &Supervisor,
    ) -> Result<Self, Error> {
        let (Some(url), Opened::Postgres(store)) = (redis, store) else {
            return Ok(Self { cache: None, bus: Arc::new(LocalBus::new()) });
        };
        let installation = store.installation().await.map_err(Error::Installation)?;
        let (url, installation) = (url.expose(), installation.as_str());
        let cache = RedisCache::open(url, installation, &encoding(), supervisor);
        let bus = RedisBus::open(url, installation, supervisor);
        Ok(Self {
            cache: Some(Arc::new(cache.map_err(Error::Redis)?)),
            bus: Arc::new(bus.map_err(Error::Redis)?),
        })
    }
}

/// Names the way in which this version encodes configurations.
fn encoding() -> String {
    let digest =
        Sha256::new().chain_update(grpc::DESCRIPTORS).chain_update(env!("CARGO_PKG_VERSION"));
    hex::encode(&digest.finalize()[..8])
}

/// What carries doorbells: RabbitMQ between processes where there is one.
fn doorbells(settings: &Checked, holder: &str, supervisor: &Supervisor) -> Arc<dyn Broker> {
    let Some(url) = &settings.amqp else { return Arc::new(LocalBroker::new()) };
    let hears = settings.role.executes().then(|| holder.to_owned());
    Arc::new(RabbitBroker::start(url, RabbitSettings::new(hears), supervisor))
}

/// Runs the service until the process is told to end.
pub async fn run(settings: Checked) -> Result<(), Error> {
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    descriptors::raise(settings.serving.connections_max);
    let asked_to_end = end_signal().map_err(Error::Signals)?;
    let app = App::start(settings).await?;
    tracing::info!(address = %app.local_addr(), "GoMark serves");
    if let Some(address) = app.http_addr() {
        tracing::info!(%address, "GoMark serves HTTP calls");
    }
    asked_to_end.await;
    tracing::info!("GoMark shuts down");
    let asked_again = end_signal().map_err(Error::Signals)?;
    let in_time = tokio::select! {
        in_time = app.stop() => in_time,
        () = asked_again => return Err(Error::CutShort),
    };
    if in_time {
        tracing::info!("GoMark has ended");
    } else {
        tracing::warn!("some work did not end in time; it is taken up at the next start");
    }
    Ok(())
}

/// Begins to listen for the signals that end the process; the future waits for one.
pub fn end_signal() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
