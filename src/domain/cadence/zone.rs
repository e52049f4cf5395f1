//! Time zones, from the database that is compiled in.

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Finds a zone by its name, spelled as the IANA database spells it.
///
/// The files of the host are not asked: a name means the same wherever GoMark runs.
pub(super) fn find(name: &str) -> Option<TimeZone> {
    // What the database calls Factory is no zone: it stands for one that was not set.
    let zone = TimeZoneDatabase::bundled().get(name).ok().filter(|_| name != "Factory")?;
    (zone.iana_name() == Some(name) && !zone.is_unknown()).then_some(zone)
}
