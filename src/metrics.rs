//! What Prometheus may read of a process: what runs here, and how much is left to do.
//!
//! It says nothing of any company, so it needs no token. What is left to do is counted in the
//! database, for all processes together: executors are scaled by it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::store::{Backlog, Store};
use crate::telemetry::chain;

/// The form of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How old a count may be.
const AGE_MAX: Duration = Duration::from_secs(5);
/// How long counting may take, so that an answer comes before whoever asks gives up.
const COUNT_TIMEOUT: Duration = Duration::from_secs(3);

/// The metrics of a process.
#[derive(Debug)]
pub struct Metrics {
    store: Arc<dyn Store>,
    counted: Mutex<Counted>,
}

/// What was counted last; nothing where that failed.
#[derive(Debug, Default)]
struct Counted {
    at: Option<Instant>,
    backlog: Option<Backlog>,
}

impl Metrics {
    /// Returns those of a process with this database.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, counted: Mutex::default() }
    }

    /// Writes them in the text form of OpenMetrics. What cannot be counted now is left out.
    ///
    /// # Errors
    ///
    /// Fails when a metric cannot be written as text.
    pub async fn text(&self) -> Result<String, fmt::Error> {
        let mut registry = Registry::with_prefix("gomark");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "What runs here", build);
        let backlog = self.backlog().await;
        let mut gauge = |name, help, value: i64| {
            registry.register(name, help, ConstGauge::new(value));
        };
        let is_up = i64::from(backlog.is_some());
        gauge("database_up", "Whether the backlog could be counted in the database", is_up);
        if let Some(Backlog { connections, open_jobs, open_drift }) = backlog {
            let help = "Connections in use with open work or calls in doubt, of all companies";
            gauge("backlog_connections", help, in_range(connections));
            let help = "Jobs that have not ended, of all companies";
            gauge("open_jobs", help, in_range(open_jobs));
            let help = "Changes of others that are left to somebody to resolve, of all companies";
            gauge("open_drift", help, in_range(open_drift));
        }
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }

    /// Counts, unless that was done just now. Whoever asks meanwhile waits for the same count.
    async fn backlog(&self) -> Option<Backlog> {
        let mut counted = self.counted.lock().await;
        if counted.at.is_some_and(|at| at.elapsed() < AGE_MAX) {
            return counted.backlog;
        }
        // Before the count: somebody who hangs up and asks again does not cause another one.
        counted.at = Some(Instant::now());
        counted.backlog = match timeout(COUNT_TIMEOUT, self.store.backlog()).await {
            Ok(Ok(backlog)) => Some(backlog),
            Ok(Err(error)) => {
                tracing::warn!(error = chain(&error), "the backlog could not be counted");
                None
            }
            Err(_) => {
                tracing::warn!("counting the backlog took too long");
                None
            }
        };
        counted.backlog
    }
}

fn in_range(count: u64) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::store::hooked::Hooked;
    use crate::supervisor::Supervisor;

    async fn of_acme() -> (Metrics, Arc<Hooked>, tempfile::TempDir) {
        let (store, folder) = Hooked::with_acme(&Supervisor::new()).await;
        (Metrics::new(store.clone()), store, folder)
    }

    #[tokio::test]
    async fn the_backlog_is_counted_at_most_every_few_seconds() {
        let (metrics, store, _folder) = of_acme().await;
        let told = metrics.text().await.unwrap();
        let version = env!("CARGO_PKG_VERSION");
        for line in [
            &*format!("gomark_build_info{{version=\"{version}\"}} 1"),
            "gomark_database_up 1",
            "gomark_backlog_connections 0",
            "gomark_open_jobs 0",
            "gomark_open_drift 0",
            "# EOF",
        ] {
            assert!(told.lines().any(|one| one == line), "{line}\n{told}");
        }
        tokio::time::pause();
        for (waits, counts) in [(0, 1), (4, 1), (1, 2), (4, 2)] {
            tokio::time::advance(Duration::from_secs(waits)).await;
            tokio::time::resume();
            let (one, other) = tokio::join!(metrics.text(), metrics.text());
            tokio::time::pause();
            assert_eq!(one, other);
            assert_eq!(store.backlogs_read.load(Ordering::Relaxed), counts);
        }
    }

    #[tokio::test]
    async fn what_cannot_be_counted_is_left_out() {
        let (metrics, store, _folder) = of_acme().await;
        store.reads_fail.store(true, Ordering::Relaxed);
        let told = metrics.text().await.unwrap();
        assert!(told.contains("gomark_database_up 0"), "{told}");
        assert!(!told.contains("gomark_open_jobs") && !told.contains("gomark_backlog"), "{told}");
        assert!(told.contains("gomark_build_info"), "{told}");
    }

    #[tokio::test]
    async fn a_database_that_is_silent_holds_no_answer_up() {
        let (metrics, store, _folder) = of_acme().await;
        let _held = store.on_the_way.write().await;
        let begun = Instant::now();
        assert!(metrics.text().await.unwrap().contains("gomark_database_up 0"));
        assert!(begun.elapsed() < 2 * COUNT_TIMEOUT);
        // Nor is it asked again at once.
        assert!(metrics.text().await.unwrap().contains("gomark_database_up 0"));
        assert_eq!(store.backlogs_read.load(Ordering::Relaxed), 1);
    }
}
