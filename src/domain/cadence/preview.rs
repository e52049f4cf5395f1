//! When the steps of a cadence happen, and what they say.
//!
//! The rules, for somebody who starts at a given moment:
//!
//! 1. A step is due its delay after the step before it happened; the first one its delay after the
//!    start. A delay is physical time: 24 hours are 24 hours, also in a night in which clocks are
//!    put forward.
//! 2. A wait happens when it is due. So does every step of a cadence without a send window.
//! 3. Any other step happens at the first moment from when it is due on that lies in the send
//!    window: at which clocks in the cadence's time zone show one of its days and a time from `from`
//!    on and before `to`.
//!
//! So where clocks are put forward over the begin of a window, it begins at the first moment after
//! that; where they skip all of a window, or its whole day, there is none that day. Where clocks are
//! put back, a time that they show twice lies in the window both times, and a window that begins
//! with it begins when they show it first.
//!
//! Pure and bounded: the steps and their texts are, and a window that is not empty opens within a
//! week of clocks that are left alone.

use std::fmt;
use std::iter;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Cadence, Channel, Rendered, Samples, SendWindow, zone};
use crate::domain::{StepId, Timestamp};

/// The most that all rendered texts may take up, in bytes. Ours: they have to fit into a message.
pub const RENDERED_BYTES_MAX: usize = 2 * 1024 * 1024;

/// A step, as it would happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewStep {
    /// Its identity.
    pub step_id: StepId,
    /// Where it stands, counted from 1.
    pub position: u32,
    /// What it does.
    pub channel: Channel,
    /// When it happens.
    pub at: LocalMoment,
    /// How long it waits, after it is due, for the send window; zero where it does not.
    pub moved_by: Duration,
    /// Its texts; a wait has none.
    pub rendered: Option<Rendered>,
}

/// A moment, and what clocks in the cadence's time zone show then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalMoment {
    /// The moment.
    pub at: Timestamp,
    /// What clocks show.
    pub shown: DateTime,
    /// How far they are ahead of UTC, in seconds.
    pub offset_s: i32,
}

/// Why no preview can be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The cadence names no time zone of the database that is compiled in.
    #[error("the time zone {0} is not known")]
    UnknownTimezone(String),
    /// A step would happen after the year 9999, or never.
    #[error("a step would happen later than can be written")]
    OutOfRange,
    /// The rendered texts are longer than [`RENDERED_BYTES_MAX`].
    #[error("the rendered texts are longer than 2 MiB altogether")]
    TooLong,
}

/// Tells when each step happens for somebody who starts at `start`, and what it says.
pub fn preview(
    cadence: &Cadence,
    start: Timestamp,
    samples: &Samples,
) -> Result<Vec<PreviewStep>, Error> {
    let zone = zone::find(&cadence.timezone)
        .ok_or_else(|| Error::UnknownTimezone(cadence.timezone.clone()))?;
    let mut now = instant(start)?;
    let mut room = RENDERED_BYTES_MAX;
    let mut steps = Vec::with_capacity(cadence.steps.len());
    for (step, position) in cadence.steps.iter().zip(1..) {
        let delay = jiff::SignedDuration::from_secs(step.delay_s);
        let due = now.checked_add(delay).map_err(|_| Error::OutOfRange)?;
        now = match &cadence.send_window {
            Some(window) if step.channel != Channel::Wait => {
                first_in(window, &zone, due).ok_or(Error::OutOfRange)?
            }
            _ => due,
        };
        let rendered = step.template.as_ref().map(|template| template.render(samples));
        let bytes = rendered.as_ref().map_or(0, |texts| texts.subject.len() + texts.body.len());
        room = room.checked_sub(bytes).ok_or(Error::TooLong)?;
        steps.push(PreviewStep {
            step_id: step.step_id.clone(),
            position,
            channel: step.channel,
            at: LocalMoment::new(now, &zone),
            moved_by: now.duration_since(due).unsigned_abs(),
            rendered,
        });
    }
    Ok(steps)
}

/// Returns the first moment from `due` on that lies in the window.
///
/// Between two moments at which clocks are changed, they run like any clock, and what they show is
/// found by the calendar alone.
fn first_in(window: &SendWindow, zone: &TimeZone, due: jiff::Timestamp) -> Option<jiff::Timestamp> {
    let changes = zone.following(due).map(|change| change.timestamp());
    let mut from = due;
    for until in changes.map(Some).chain(iter::once(None)) {
        let offset = zone.to_offset(from);
        let first = window.first_from(offset.to_datetime(from))?;
        let first = offset.to_timestamp(first).ok()?;
        match until {
            Some(until) if first >= until => from = until,
            _ => return Some(first),
        }
    }
    None
}

fn instant(moment: Timestamp) -> Result<jiff::Timestamp, Error> {
    jiff::Timestamp::from_microsecond(moment.as_micros()).map_err(|_| Error::OutOfRange)
}

impl LocalMoment {
    fn new(moment: jiff::Timestamp, zone: &TimeZone) -> Self {
        let offset = zone.to_offset(moment);
        Self {
            at: Timestamp::from_micros(moment.as_microsecond()),
            shown: offset.to_datetime(moment),
            offset_s: offset.seconds(),
        }
    }
}

impl fmt::Display for LocalMoment {
    /// Writes it as RFC 3339 does: `2026-03-29T09:00:00+02:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.offset_s < 0 { '-' } else { '+' };
        let minutes = self.offset_s.unsigned_abs() / 60;
        write!(f, "{}{sign}{:02}:{:02}", self.shown, minutes / 60, minutes % 60)
    }
}
