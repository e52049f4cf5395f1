//! Which of several names of a field holds the newest value of a record.
//!
//! What we carried ourselves is not new: it is a copy of what another name held a moment before.
//! No vendor says whose a write was in a way that can be relied on (another program may use the same
//! application), but it keeps what a value was and when. So a value at a name that values are carried
//! to counts as a copy when another name held the same value at some moment between reading and
//! writing: at most one call and its way. That needs nothing that a crash could lose.

/// For how long before the time that we know the vendor's clock may say something else.
const SKEW_MICROS: i64 = 60_000_000;

/// A value that a record had, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The value; empty when it was cleared.
    pub value: String,
    /// Since when, in microseconds, by the vendor's clock.
    pub at_micros: i64,
}

/// When values were carried to a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// From when on, in microseconds; `None` when they never were.
    pub target_since: Option<i64>,
    /// Until when; `None` when they still are.
    pub target_until: Option<i64>,
}

/// Returns the name that holds the newest value, by its place; `None` where nothing says so. Each
/// name comes with the values that the record had there, the newest first. `window_micros` is the
/// longest that a value may take from being read to being written.
pub fn newest(names: &[(Role, Vec<Value>)], window_micros: i64) -> Option<usize> {
    let latest = names.iter().enumerate().filter_map(|(place, (role, values))| {
        let latest = values.first()?;
        let others = names.iter().enumerate().filter(|(other, _)| *other != place);
        let mut others = others.map(|(_, (_, values))| values);
        let copied = was_target(*role, latest.at_micros, window_micros)
            && others.any(|values| held_lately(values, latest, window_micros));
        (!copied).then_some((latest.at_micros, std::cmp::Reverse(place)))
    });
    latest.max().map(|(_, std::cmp::Reverse(place))| place)
}

fn was_target(role: Role, at: i64, window: i64) -> bool {
    let since = role.target_since.map(|since| since.saturating_sub(SKEW_MICROS));
    let until = role.target_until.map(|until| until.saturating_add(window + SKEW_MICROS));
    since.is_some_and(|since| at >= since) && until.is_none_or(|until| at <= until)
}

/// Tells whether a name held this value at some moment up to the window before it was written.
fn held_lately(values: &[Value], written: &Value, window: i64) -> bool {
    let (from, to) = (written.at_micros.saturating_sub(window), written.at_micros);
    let mut ended = i64::MAX;
    for value in values {
        if value.at_micros <= to && ended >= from && value.value == written.value {
            return true;
        }
        ended = value.at_micros;
    }
    false
}
