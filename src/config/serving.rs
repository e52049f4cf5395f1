//! Checks the settings that say how calls are served.

use std::time::Duration;

use super::duration::parse_within;
use super::settings::defaults;
use super::{Faults, Serving, Settings, values};

const DRAIN_DELAY: &str = "--drain-delay (GOMARK_DRAIN_DELAY)";
const CONNECTION_AGE: &str = "--connection-age (GOMARK_CONNECTION_AGE)";
const CONNECTIONS: &str = "--connections (GOMARK_CONNECTIONS)";
const CALLS: &str = "--calls (GOMARK_CALLS)";
const STREAMS: &str = "--streams (GOMARK_STREAMS)";

/// The oldest that a connection may be let become.
const AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest delay before a server drains.
const DELAY_MAX: Duration = Duration::from_secs(60);
/// How much may be allowed of anything.
const NUMBER_MAX: usize = 100_000;

pub(super) fn check(settings: &Settings, faults: &mut Faults) -> Option<Serving> {
    let mut number = |setting, text, default| {
        faults.take(setting, values::number_within(values::or(text, default), 1, NUMBER_MAX))
    };
    let connections_max = number(CONNECTIONS, &settings.connections, defaults::CONNECTIONS);
    let calls_max = number(CALLS, &settings.calls, defaults::CALLS);
    let streams_max = number(STREAMS, &settings.streams, defaults::STREAMS);
    let mut time = |setting, text, default, most| {
        faults.take(setting, parse_within(values::or(text, default), Duration::ZERO..=most))
    };
    let (age, delay) = (&settings.connection_age, &settings.drain_delay);
    let age = time(CONNECTION_AGE, age, defaults::CONNECTION_AGE, AGE_MAX);
    let drain_delay = time(DRAIN_DELAY, delay, defaults::DRAIN_DELAY, DELAY_MAX);
    Some(Serving {
        connection_age: age.map(|age| (!age.is_zero()).then_some(age))?,
        connections_max: connections_max?,
        calls_max: calls_max?,
        streams_max: streams_max?,
        drain_delay: drain_delay?,
    })
}
