//! Between cadences and what the vendor holds.

use serde_json::{Map, Value, json};

use crate::domain::cadence::{Part, SendWindow, Step, Template, Weekday, parse};
use crate::domain::{Attributes, Cadence};

/// The attributes of a definition; all of them are in every form.
pub(super) const ALL: [&str; 5] = ["name", "status", "timezone", "send_window", "steps"];

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
    order_days(&mut said);
    spell_texts(&mut said);
    let mut attribute = |name: &str| Some((name.to_owned(), said.get_mut(name)?.take()));
    let attributes: Option<Attributes> = ALL.into_iter().map(&mut attribute).collect();
    attributes.map(|attributes| attributes.at_version(version))
}

/// Puts the days of a window in their order; the one in which they are answered is the vendor's own.
pub(super) fn order_days(said: &mut Value) {
    if let Some(days) = said.pointer_mut("/send_window/days").and_then(Value::as_array_mut) {
        days.sort_by_key(|day| {
            Weekday::ALL.iter().position(|one| day.as_str() == Some(short(*one)))
        });
    }
}

/// Spells merge fields without blanks, which whoever wrote them at the vendor may have left.
fn spell_texts(said: &mut Value) {
    let steps = said.get_mut("steps").and_then(Value::as_array_mut).into_iter().flatten();
    for template in steps.filter_map(|step| step.get_mut("template")) {
        for name in ["subject", "body"] {
            if let Some(Value::String(text)) = template.get_mut(name) {
                *text = spelled(text);
            }
        }
    }
}

/// Returns a text with its merge fields spelled without blanks; as it is where they are not right.
pub(super) fn spelled(text: &str) -> String {
    match parse(text) {
        Ok(parts) => parts.iter().map(Part::to_string).collect(),
        Err(_) => text.to_owned(),
    }
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

pub(super) fn short(day: Weekday) -> &'static str {
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
