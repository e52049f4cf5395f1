//! Everything a sandbox keeps, shared by its connections.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::api::token::Opening;
use super::calls::Calls;
use super::faults::Faults;
use super::hubspot::Portal;
use super::oauth::Oauth;
use super::registry::Registry;
use super::upso::{Cadences, Courier};
use super::{Config, Recreate};
use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::supervisor::Supervisor;

/// What can be set while the sandbox runs.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Settings {
    pub(crate) latency_ms: u64,
    pub(crate) burst_limit: u32,
    pub(crate) burst_window_ms: u64,
    pub(crate) recreate: Recreate,
}

/// A change of settings: what is left out stays.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsChange {
    latency_ms: Option<u64>,
    burst_limit: Option<u32>,
    burst_window_ms: Option<u64>,
    recreate: Option<Recreate>,
}

/// The state of a sandbox.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) supervisor: Supervisor,
    pub(crate) portals: Registry<Portal>,
    pub(crate) upso: Registry<Cadences>,
    pub(crate) oauth: Mutex<Oauth>,
    /// Carries what subscribers of Upso are told.
    pub(crate) courier: Courier,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) calls: Mutex<Calls>,
    settings: Mutex<Settings>,
}

impl World {
    /// Creates the state a sandbox starts with: no accounts, no faults, no calls.
    pub(crate) fn new(
        config: &Config,
        supervisor: Supervisor,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let settings = Settings {
            latency_ms: config.latency_ms,
            burst_limit: config.burst_limit,
            burst_window_ms: config.burst_window_ms,
            recreate: config.recreate,
        };
        let courier = Courier::new(supervisor.clone(), Arc::clone(&clock))?;
        Ok(Self {
            clock,
            supervisor,
            portals: Registry::new(Opening { deals: config.deals }),
            upso: Registry::default(),
            oauth: Mutex::default(),
            courier,
            faults: Mutex::new(Faults::new(config.seed)),
            calls: Mutex::new(Calls::default()),
            settings: Mutex::new(settings),
        })
    }

    /// Returns the present moment.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the settings in force.
    pub(crate) fn settings(&self) -> Settings {
        *lock(&self.settings)
    }

    /// Changes settings and returns what is in force afterwards.
    pub(crate) fn change_settings(&self, change: SettingsChange) -> Settings {
        let mut settings = lock(&self.settings);
        settings.latency_ms = change.latency_ms.unwrap_or(settings.latency_ms);
        settings.burst_limit = change.burst_limit.unwrap_or(settings.burst_limit);
        settings.burst_window_ms = change.burst_window_ms.unwrap_or(settings.burst_window_ms);
        settings.recreate = change.recreate.unwrap_or(settings.recreate);
        *settings
    }
}

/// Locks a mutex; what a panicked holder left behind is still whole, since every change is small.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
