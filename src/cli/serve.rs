//! `gomark serve`: from settings to a running service.

use std::error::Error;

use super::Exit;
use crate::config::{Checked, Settings};
use crate::telemetry::{self, Chain};

/// Checks the settings, sets the log up and runs the service until it ends.
///
/// `service` is the composition root's `run`.
pub async fn run<E, F>(settings: Settings, service: impl FnOnce(Checked) -> F) -> Exit
where
    E: Error + 'static,
    F: Future<Output = Result<(), E>>,
{
    let checked = match settings.check() {
        Ok(checked) => checked,
        Err(faults) => {
            eprintln!("gomark serve: {faults}");
            return Exit::Misused;
        }
    };
    if let Err(error) = telemetry::init(&checked.log) {
        eprintln!("gomark serve: {}", Chain(&error));
        return Exit::Failed;
    }
    match service(checked).await {
        Ok(()) => Exit::Done,
        Err(error) => {
            tracing::error!("{}", Chain(&error));
            Exit::Failed
        }
    }
}
