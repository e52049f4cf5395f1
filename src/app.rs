//! The composition root: the one place that names concrete implementations.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::api::{grpc, http};
use crate::broker::{Broker, LocalBroker, RabbitBroker, RabbitSettings};
use crate::cache;
use crate::clock::{Clock, SystemClock};
use crate::config::{Checked, Database};
use crate::engine::{self, Engine};
use crate::events::LocalBus;
use crate::executor::{self, Executor};
use crate::store::Store;
use crate::store::postgres::{self, PostgresStore};
use crate::store::sqlite::{self, SqliteStore};
use crate::supervisor::Supervisor;
use crate::vendors::hosts::HostPolicy;
use crate::vendors::hubspot::{self, HubSpot, HubSpotConfig};
use crate::vendors::upso::Upso;
use crate::vendors::{self, Vendor, Vendors};

/// How many calls are under way at one connection at most: what HubSpot's own client does.
const CALLS_MAX: usize = 6;
/// How many bytes of encoded configurations are kept in memory at most.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;
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
    /// Reflection could not be set up.
    #[error("reflection could not be set up")]
    Reflection(#[source] tonic_reflection::server::Error),
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
        let store = Opened::open(&settings.database, clock.clone(), supervisor).await?;
        let hubspot = HubSpot::new(HubSpotConfig::default(), hosts.clone(), clock.clone());
        let hubspot = hubspot.map_err(Error::HubSpot)?;
        let upso = Upso::new(hosts.clone(), clock.clone()).map_err(Error::Upso)?;
        let vendors = Vendors::new([Arc::new(hubspot) as Arc<dyn Vendor>, Arc::new(upso)]);
        let holder = Uuid::new_v4().to_string();
        let broker: Arc<dyn Broker> = match &settings.amqp {
            None => Arc::new(LocalBroker::new()),
            Some(url) => {
                let hears = settings.role.executes().then(|| holder.clone());
                Arc::new(RabbitBroker::start(url, RabbitSettings::new(hears), supervisor))
            }
        };
        let bus = Arc::new(LocalBus::new());
        let vault = Arc::new(settings.vault);

        let engine = Engine::start(
            engine::Parts {
                store: store.shared(),
                cache: store.cache(),
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
            },
        });
        supervisor.spawn("executor", executor.run());
        let local_addr = listening.local_addr();
        let http_addr = http.as_ref().map(http::Listening::local_addr);
        if let Some(http) = http {
            http.serve(engine.clone(), settings.auth.clone(), supervisor);
        }
        listening.serve(engine, settings.auth, supervisor).await.map_err(Error::Reflection)?;
        Ok(Self {
            supervisor: supervisor.clone(),
            store,
            local_addr,
            http_addr,
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

    /// Stops: health says NOT_SERVING, streams end, calls under way are finished.
    ///
    /// Returns whether everything ended in time.
    pub async fn stop(self) -> bool {
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
        clock: Arc<dyn Clock>,
        supervisor: &Supervisor,
    ) -> Result<Self, Error> {
        match database {
            Database::Sqlite(path) => {
                let store = SqliteStore::open(path, clock, supervisor).await;
                Ok(Self::Sqlite(Arc::new(store.map_err(Error::Sqlite)?)))
            }
            Database::Postgres(url) => {
                let store = PostgresStore::open(url, supervisor).await;
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
    fn cache(&self) -> cache::Settings {
        let head_age_max = match self {
            // No other process has the file.
            Self::Sqlite(_) => None,
            Self::Postgres(_) => Some(HEAD_AGE_MAX),
        };
        cache::Settings { bytes_max: CACHE_BYTES, head_age_max }
    }

    async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

/// Runs the service until the process is told to end.
pub async fn run(settings: Checked) -> Result<(), Error> {
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    let asked_to_end = end_signal().map_err(Error::Signals)?;
    let app = App::start(settings).await?;
    tracing::info!(address = %app.local_addr(), "GoMark serves");
    if let Some(address) = app.http_addr() {
        tracing::info!(%address, "GoMark serves HTTP calls");
    }
    asked_to_end.await;
    tracing::info!("GoMark shuts down");
    if app.stop().await {
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
