//! The hours of the days at which steps may happen.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::DateTime;

use crate::domain::{Violation, Violations};

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weekday {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

/// A time of a clock on a wall, to the minute: from 00:00 to 24:00, the end of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime(u16);

/// The hours of the days at which steps may happen, by the clocks of the cadence's time zone.
///
/// A moment lies in the window when such a clock then shows one of the `days` and a time that is
/// not before `from` and is before `to`. Nothing else counts: where clocks are put back, a time
/// that they show twice lies in the window both times; where they are put forward, what they skip
/// is no moment at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendWindow {
    /// The days; at least one.
    pub days: BTreeSet<Weekday>,
    /// The first minute.
    pub from: LocalTime,
    /// The first minute that is not in it any more; later than `from`.
    pub to: LocalTime,
}

impl Weekday {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// Returns the name that the database and people see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }

    /// Reads the name that the database uses.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|day| day.as_str() == text)
    }
}

impl From<jiff::civil::Weekday> for Weekday {
    fn from(day: jiff::civil::Weekday) -> Self {
        match day {
            jiff::civil::Weekday::Monday => Self::Monday,
            jiff::civil::Weekday::Tuesday => Self::Tuesday,
            jiff::civil::Weekday::Wednesday => Self::Wednesday,
            jiff::civil::Weekday::Thursday => Self::Thursday,
            jiff::civil::Weekday::Friday => Self::Friday,
            jiff::civil::Weekday::Saturday => Self::Saturday,
            jiff::civil::Weekday::Sunday => Self::Sunday,
        }
    }
}

impl LocalTime {
    /// The begin of the day.
    pub const MIDNIGHT: Self = Self(0);
    /// The end of the day.
    pub const END_OF_DAY: Self = Self(24 * 60);

    /// Creates a time from the minutes since midnight; at most 1440, which is the end of the day.
    pub const fn from_minutes(minutes: u16) -> Option<Self> {
        if minutes <= Self::END_OF_DAY.0 { Some(Self(minutes)) } else { None }
    }

    /// Returns the minutes since midnight.
    pub const fn minutes(self) -> u16 {
        self.0
    }

    /// Reads a time such as `09:30`.
    pub fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|c| c.is_ascii_digit());
        let right = two_digits(hour) && two_digits(minute);
        let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
        (right && minute < 60).then(|| Self::from_minutes(hour * 60 + minute))?
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl SendWindow {
    pub(super) fn check(&self, found: &mut Violations) {
        let violation = |name: &str, rule: &str| Violation::new(name, rule).within("send_window");
        let rules = [
            (!self.days.is_empty(), violation("days", "must have at least one day")),
            (self.from < self.to, violation("to", "must be later than from")),
        ];
        for (holds, violation) in rules {
            found.require(holds, violation.field, violation.rule);
        }
    }

    /// Tells whether a clock that shows `shown` shows a time in the window.
    pub fn contains(&self, shown: DateTime) -> bool {
        self.days.contains(&shown.weekday().into()) && (self.from..self.to).contains(&minute(shown))
    }

    /// Returns the first time from `shown` on that lies in the window, by a clock that nobody puts
    /// back or forward.
    pub(super) fn first_from(&self, shown: DateTime) -> Option<DateTime> {
        if self.contains(shown) {
            return Some(shown);
        }
        // A window that begins at the end of a day is refused, and is empty where it was not.
        let (hour, minute) = (self.from.0 / 60, self.from.0 % 60);
        let start = shown.date().at(
            i8::try_from(hour).ok().filter(|hour| *hour < 24)?,
            i8::try_from(minute).ok()?,
            0,
            0,
        );
        let week = (0..=7).map(|day| jiff::Span::new().days(day));
        let starts = week.map_while(|days| start.checked_add(days).ok());
        starts.filter(|start| *start >= shown).find(|start| self.contains(*start))
    }
}

fn minute(shown: DateTime) -> LocalTime {
    let minutes = i16::from(shown.hour()) * 60 + i16::from(shown.minute());
    LocalTime(minutes.unsigned_abs())
}
