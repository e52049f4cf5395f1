//! Between cadences and what the vendor holds.

use serde_json::{Map, Value, json};

use crate::domain::cadence::{SendWindow, Step, Template, Weekday};
use crate::domain::{Attributes, Cadence};

/// The attributes of a definition; all of them are in every form.
const ALL: [&str; 5] = ["name", "status", "timezone", "send_window", "steps"];

/// Returns the canonical form of a cadence as decided.
pub(super) fn desired(cadence: &Cadence) -> Attributes {
    let cadence = cadence.canonical();
    Attributes::from([
        ("name", cadence.name.into()),
        ("status", cadence.status.as_str().into()),
        ("timezone", cadence.timezone.into()),
        ("send_window", cadence.send_window.as_ref().map_or(Value::Null, window)),
        ("steps", cadence.steps.iter().map(step).collect()),
    ])
}

/// Returns the canonical form of what the vendor says it holds under a key, with its version;
/// `None` when that is incomplete, or is something else.
pub(super) fn canonical(mut said: Value, key: &str) -> Option<Attributes> {
    if said.get("key").and_then(Value::as_str) != Some(key) {
        return None;
    }
    let version = said.get("version")?.as_str().filter(|version| is_version(version))?.to_owned();
    if let Some(days) = said.pointer_mut("/send_window/days").and_then(Value::as_array_mut) {
        // The order of the days is the vendor's own.
        days.sort_by_key(|day| {
            Weekday::ALL.iter().position(|one| day.as_str() == Some(short(*one)))
        });
    }
    let mut attribute = |name: &str| Some((name.to_owned(), said.get_mut(name)?.take()));
    let attributes: Option<Attributes> = ALL.into_iter().map(&mut attribute).collect();
    attributes.map(|attributes| attributes.at_version(version))
}

/// Returns the body of a replacement.
pub(super) fn definition(attributes: &Attributes) -> Value {
    let pairs = attributes.iter().map(|(name, value)| (name.to_owned(), value.clone()));
    Value::Object(pairs.collect())
}

/// Returns the body of a creation.
pub(super) fn new_cadence(key: &str, attributes: &Attributes) -> Value {
    let mut body = Map::from_iter([("key".to_owned(), key.into())]);
    if let Value::Object(definition) = definition(attributes) {
        body.extend(definition);
    }
    Value::Object(body)
}

/// Tells whether a version is one that can be sent back as an entity tag.
fn is_version(text: &str) -> bool {
    let fits = (1..=64).contains(&text.len());
    fits && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'))
}

fn window(window: &SendWindow) -> Value {
    json!({
        "days": window.days.iter().map(|day| short(*day)).collect::<Vec<_>>(),
        "from": window.from.to_string(),
        "to": window.to.to_string(),
    })
}

fn step(step: &Step) -> Value {
    json!({
        "id": step.step_id.as_str(),
        "channel": step.channel.as_str(),
        "delay_seconds": step.delay_s,
        "template": step.template.as_ref().map(template),
    })
}

fn template(template: &Template) -> Value {
    json!({
        "subject": template.subject,
        "body": template.body,
        "format": template.format.as_str(),
    })
}

fn short(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "mon",
        Weekday::Tuesday => "tue",
        Weekday::Wednesday => "wed",
        Weekday::Thursday => "thu",
        Weekday::Friday => "fri",
        Weekday::Saturday => "sat",
        Weekday::Sunday => "sun",
    }
}
