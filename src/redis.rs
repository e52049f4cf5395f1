//! The way to Redis, for the shared cache and for the event bus.
//!
//! Redis is never needed. It may be away, hang, have lost everything or never have been there: a
//! [`Link`] then answers nothing, soon, and goes on trying to connect. Nothing here may make a caller
//! wait longer than one short time-out, or keep more than a bounded number of commands.

mod circuit;
#[cfg(test)]
pub(crate) mod own_server;
#[cfg(test)]
#[path = "../tests/support/redis.rs"]
pub(crate) mod server;

use std::sync::Arc;
use std::time::Duration;

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{ClientLike as _, EventInterface as _};
use fred::types::ConnectHandle;
use fred::types::config::{
    Config, ConnectionConfig, PerformanceConfig, ReconnectPolicy, UnresponsiveConfig,
};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::supervisor::Supervisor;
use circuit::Circuit;

/// How many commands wait for the connection at most.
const COMMANDS_MAX: usize = 10_000;
/// How much that was pushed may wait to be taken; more is reported as lost.
const PUSHED_MAX: usize = 4_096;
/// How long connecting, and each of its steps, may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a server with a command under way may be silent before the connection is given up.
const SILENT_MAX: Duration = Duration::from_secs(2);
/// How often that is looked at.
const SILENT_CHECK: Duration = Duration::from_millis(500);
/// The shortest and the longest wait before connecting anew, and how far each is drawn by lot, in
/// milliseconds.
const RECONNECT_MS: (u32, u32, u32) = (50, 2_000, 250);
/// How long to wait before a connection that ended for good is begun anew.
const RESTART: Duration = Duration::from_secs(1);
/// How long taking leave may take.
const QUIT_TIMEOUT: Duration = Duration::from_millis(200);

/// Why Redis cannot even be tried.
#[derive(Debug, thiserror::Error)]
#[error("the URL of Redis cannot be used")]
pub struct BuildError(#[source] Error);

/// A connection that is kept up.
#[derive(Debug)]
pub(crate) struct Link {
    client: Client,
    circuit: Circuit,
}

impl Link {
    /// Begins to connect, and returns at once. `within` is how long a command may take. Of a link with
    /// a purpose the log says when it is there and when it is not.
    pub(crate) fn open(
        url: &Url,
        purpose: Option<&'static str>,
        within: Duration,
        supervisor: &Supervisor,
    ) -> Result<Arc<Self>, BuildError> {
        let config = Config::from_url_centralized(url.as_str()).map_err(BuildError)?;
        let client = client(config, within);
        supervisor.spawn("redis", keep(client.clone(), purpose, supervisor.stopping()));
        Ok(Arc::new(Self { client, circuit: Circuit::default() }))
    }

    /// Returns the client, to make a question with.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Asks; `None` where Redis is not connected, failed a moment ago, or fails now. A question that
    /// is not asked costs nothing.
    pub(crate) async fn ask<T>(
        &self,
        question: impl Future<Output = Result<T, Error>>,
    ) -> Option<T> {
        if !self.client.is_connected() || !self.circuit.lets_through() {
            return None;
        }
        match question.await {
            Ok(answer) => {
                self.circuit.worked();
                Some(answer)
            }
            Err(error) => {
                self.circuit.failed();
                tracing::debug!(error = crate::telemetry::chain(&error), "Redis did not answer");
                None
            }
        }
    }
}

/// Sets up what the client leaves open: without these it waits for ever, keeps everything, takes a
/// dead connection for a slow one, and sends again what may have been done.
fn client(config: Config, within: Duration) -> Client {
    // Redis need not be there at the start.
    let config = Config { fail_fast: false, ..config };
    let performance = PerformanceConfig {
        default_command_timeout: within,
        broadcast_channel_capacity: PUSHED_MAX,
        ..PerformanceConfig::default()
    };
    let connection = ConnectionConfig {
        connection_timeout: CONNECT_TIMEOUT,
        internal_command_timeout: CONNECT_TIMEOUT,
        max_command_attempts: 1,
        max_command_buffer_len: COMMANDS_MAX,
        reconnect_on_auth_error: true,
        unresponsive: UnresponsiveConfig { max_timeout: Some(SILENT_MAX), interval: SILENT_CHECK },
        ..ConnectionConfig::default()
    };
    let (min, max, jitter) = RECONNECT_MS;
    let mut policy = ReconnectPolicy::new_exponential(0, min, max, 2);
    policy.set_jitter(jitter);
    Client::new(config, Some(performance), Some(connection), Some(policy))
}

/// Keeps a client connected until the service stops. The client connects anew by itself; its task
/// may still end, where it takes an error for final or its own queue is full.
async fn keep(client: Client, purpose: Option<&'static str>, stopping: CancellationToken) {
    let mut connected = client.reconnect_rx();
    let mut errors = client.error_rx();
    let mut is_away = false;
    let mut task: ConnectHandle = client.connect();
    loop {
        tokio::select! {
            () = stopping.cancelled() => break,
            _ = &mut task => {
                tokio::select! {
                    () = stopping.cancelled() => break,
                    () = tokio::time::sleep(RESTART) => {}
                }
                task = client.connect();
            }
            Ok(_) = connected.recv() => {
                is_away = false;
                if let Some(purpose) = purpose {
                    tracing::info!(purpose, "Redis is connected");
                }
            }
            Ok((error, _)) = errors.recv() => {
                let was_away = std::mem::replace(&mut is_away, true);
                if let (Some(purpose), false) = (purpose, was_away) {
                    let error = crate::telemetry::chain(&error);
                    tracing::warn!(purpose, error, "Redis is away; everything works without, slower");
                }
            }
        }
    }
    let _left = tokio::time::timeout(QUIT_TIMEOUT, client.quit()).await;
    task.abort();
}
