//! Settings for a service that a test starts.

use std::time::Duration;

use gomark::config::{Checked, Database};
use gomark::vault::{Key, Vault};

/// Settings for a free port, with short times.
pub(crate) fn settings(database: Database) -> Checked {
    Checked {
        call_timeout: Duration::from_secs(1),
        lease: Duration::from_secs(6),
        sweep_interval: Duration::from_millis(200),
        shutdown_grace: Duration::from_secs(10),
        scan_interval: None,
        ..Checked::local(database, Vault::new(&Key::generate().unwrap()))
    }
}
