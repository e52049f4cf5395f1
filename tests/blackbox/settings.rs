//! Settings for a service that a test starts.

use std::time::Duration;

use gomark::auth::Policy;
use gomark::config::{Checked, Database, KeyOrigin};
use gomark::telemetry::{Format, Log};
use gomark::vault::{Key, Vault};

/// Settings for a free port, with short times.
pub(crate) fn settings(database: Database) -> Checked {
    Checked {
        listen: "127.0.0.1:0".parse().unwrap(),
        http_listen: None,
        database,
        auth: Policy::Local,
        vault: Vault::new(&Key::generate().unwrap()),
        key_origin: KeyOrigin::Environment,
        vendor_hosts: Vec::new(),
        call_timeout: Duration::from_secs(1),
        lease: Duration::from_secs(6),
        sweep_interval: Duration::from_millis(200),
        shutdown_grace: Duration::from_secs(10),
        queue_max: 1_024,
        log: Log { filter: "info".to_owned(), format: Format::Text },
    }
}
