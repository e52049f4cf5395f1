//! The rules for definitions, as the contract states them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::definition::{Channel, Definition, SendWindow, Step, Template};
use super::refusal::Refusal;

const KEY_CHARS_MAX: usize = 63;
const NAME_CHARS_MAX: usize = 255;
const STEPS_MAX: usize = 100;
const DELAY_SECONDS_MAX: i64 = 365 * 24 * 60 * 60;
const SUBJECT_CHARS_MAX: usize = 998;
const BODY_CHARS_MAX: usize = 102_400;

type Checked = Result<(), Refusal>;

/// Every name in the time zone database, as it is written there; `Factory` stands for no zone.
static TIME_ZONES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let database = jiff::tz::TimeZoneDatabase::bundled();
    database.available().map(|name| name.to_string()).filter(|name| name != "Factory").collect()
});

/// Checks the key of a cadence or the id of a step.
pub(super) fn check_key(path: &str, key: &str) -> Checked {
    let mut characters = key.bytes();
    let letter_or_digit = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    require(
        characters.next().is_some_and(letter_or_digit)
            && characters.all(|c| letter_or_digit(c) || c == b'_' || c == b'-')
            && key.len() <= KEY_CHARS_MAX,
        path,
        "must match ^[a-z0-9][a-z0-9_-]{0,62}$",
    )
}

/// Checks a whole definition and names the first fault.
pub(super) fn check(definition: &Definition) -> Checked {
    require(!definition.name.is_empty(), "name", "must not be empty")?;
    check_line("name", &definition.name, NAME_CHARS_MAX)?;
    require(
        TIME_ZONES.contains(&definition.timezone),
        "timezone",
        "must be a name of the IANA time zone database",
    )?;
    definition.send_window.as_ref().map_or(Ok(()), check_window)?;
    require(definition.steps.len() <= STEPS_MAX, "steps", "must be at most 100")?;
    let mut ids = BTreeSet::new();
    for (index, step) in definition.steps.iter().enumerate() {
        let path = format!("steps[{index}]");
        check_step(&path, step)?;
        require(ids.insert(&step.id), &format!("{path}.id"), "must be unique within the cadence")?;
    }
    Ok(())
}

fn check_window(window: &SendWindow) -> Checked {
    require(!window.days.is_empty(), "send_window.days", "must not be empty")?;
    for (index, day) in window.days.iter().enumerate() {
        let path = format!("send_window.days[{index}]");
        require(!window.days[..index].contains(day), &path, "must not be given twice")?;
    }
    require(is_time(&window.from), "send_window.from", "must be a time of day, HH:MM")?;
    let to_is_right = is_time(&window.to) || window.to == "24:00";
    require(to_is_right, "send_window.to", "must be a time of day, HH:MM, or 24:00")?;
    // Both have two digits everywhere, so the order of the texts is the order of the times.
    require(window.from < window.to, "send_window.to", "must be later than from")
}

fn is_time(time: &str) -> bool {
    match time.as_bytes() {
        [h1, h2, b':', m1, m2] => {
            [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit())
                && (*h1, *h2) <= (b'2', b'3')
                && *m1 <= b'5'
        }
        _ => false,
    }
}

fn check_step(path: &str, step: &Step) -> Checked {
    check_key(&format!("{path}.id"), &step.id)?;
    require(
        (0..=DELAY_SECONDS_MAX).contains(&step.delay_seconds),
        &format!("{path}.delay_seconds"),
        "must lie between 0 and 31536000",
    )?;
    let path = format!("{path}.template");
    match (step.channel, &step.template) {
        (Channel::Wait, None) => Ok(()),
        (Channel::Wait, Some(_)) => Err(Refusal::invalid(path, "must be null in a wait")),
        (_, None) => Err(Refusal::invalid(path, "must not be null in an email or a task")),
        (_, Some(template)) => check_template(&path, template),
    }
}

fn check_template(path: &str, template: &Template) -> Checked {
    check_line(&format!("{path}.subject"), &template.subject, SUBJECT_CHARS_MAX)?;
    let (path, body) = (format!("{path}.body"), &template.body);
    check_length(&path, body, BODY_CHARS_MAX)?;
    let strange = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    require(!body.contains(strange), &path, "must not contain control characters")
}

fn check_line(path: &str, text: &str, chars_max: usize) -> Checked {
    check_length(path, text, chars_max)?;
    require(!text.contains(char::is_control), path, "must not contain control characters")
}

fn check_length(path: &str, text: &str, chars_max: usize) -> Checked {
    require(
        text.chars().count() <= chars_max,
        path,
        &format!("must be at most {chars_max} characters long"),
    )
}

fn require(holds: bool, path: &str, rule: &str) -> Checked {
    if holds { Ok(()) } else { Err(Refusal::invalid(path, rule)) }
}

#[cfg(test)]
mod tests;
