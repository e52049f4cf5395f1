//! Short forms of the usual cadences and their steps.
//!
//! ```
//! use std::time::Duration;
//!
//! use gomark_sdk::{cadences, v1::{Cadence, Weekday}};
//!
//! const DAY: Duration = Duration::from_secs(24 * 60 * 60);
//!
//! let steps = [
//!     cadences::email("Welcome, {{first_name}}", "How do you get on?"),
//!     cadences::task("Call {{first_name}}").after(2 * DAY),
//! ];
//! let cadence = Cadence {
//!     timezone: "Europe/Berlin".into(),
//!     send_window: Some(cadences::send_window([Weekday::Monday, Weekday::Friday], "09:00", "17:00")),
//!     ..cadences::cadence("Trial users", steps)
//! };
//! assert_eq!(cadence.steps[1].delay.unwrap().seconds, 172_800);
//! ```
//!
//! The ids of the cadence and of its steps are left to GoMark; further attributes by struct update.

use std::time::Duration;

use crate::v1::{Cadence, Channel, SendWindow, Step, Template, Weekday};

/// Describes a cadence of these steps. Its id is derived from the name.
pub fn cadence(name: impl Into<String>, steps: impl IntoIterator<Item = Step>) -> Cadence {
    Cadence { name: name.into(), steps: steps.into_iter().collect(), ..Cadence::default() }
}

/// Describes a step that sends an email in plain text.
pub fn email(subject: impl Into<String>, body: impl Into<String>) -> Step {
    let template = Template { subject: subject.into(), body: body.into(), ..Template::default() };
    Step { template: Some(template), ..step(Channel::Email) }
}

/// Describes a step that gives somebody something to do.
pub fn task(title: impl Into<String>) -> Step {
    let template = Template { subject: title.into(), ..Template::default() };
    Step { template: Some(template), ..step(Channel::Task) }
}

/// Describes a step that lets time pass.
pub fn wait(time: Duration) -> Step {
    step(Channel::Wait).after(time)
}

/// Describes when steps may happen: on these days, from a time on and before another, each as
/// `HH:MM`.
pub fn send_window(
    days: impl IntoIterator<Item = Weekday>,
    from: impl Into<String>,
    to: impl Into<String>,
) -> SendWindow {
    let days = days.into_iter().map(i32::from).collect();
    SendWindow { days, from: from.into(), to: to.into() }
}

impl Step {
    /// Sets the time since the step before it, since the start for the first one. GoMark takes
    /// whole seconds, up to 365 days.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        let seconds = i64::try_from(delay.as_secs()).unwrap_or(i64::MAX);
        let nanos = i32::try_from(delay.subsec_nanos()).unwrap_or_default();
        self.delay = Some(prost_types::Duration { seconds, nanos });
        self
    }
}

fn step(channel: Channel) -> Step {
    Step { channel: channel.into(), ..Step::default() }
}
