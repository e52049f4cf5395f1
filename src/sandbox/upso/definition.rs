//! What a cadence is defined by, and how a request says it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::refusal::Refusal;
use super::rules;
use super::shape::{At, Object};

/// Whether a cadence runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Draft,
    Active,
    Paused,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Channel {
    Email,
    Task,
    Wait,
}

/// How the body of a template is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Text,
    Html,
}

/// When steps may be carried out, in the time zone of the cadence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SendWindow {
    pub(crate) days: Vec<Day>,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// What a step sends or asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Template {
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) format: Format,
}

/// A step; its place in the list is its place in the cadence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Step {
    pub(crate) id: String,
    pub(crate) channel: Channel,
    pub(crate) delay_seconds: i64,
    pub(crate) template: Option<Template>,
}

/// A definition that keeps the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) timezone: String,
    pub(crate) send_window: Option<SendWindow>,
    pub(crate) steps: Vec<Step>,
}

/// The attributes of a definition, as a body has them.
const ATTRIBUTES: [&str; 5] = ["name", "status", "timezone", "send_window", "steps"];

/// Reads the body of a create: a key and a definition.
pub(crate) fn create(body: &Value) -> Result<(String, Definition), Refusal> {
    let [name, status, timezone, send_window, steps] = ATTRIBUTES;
    let body = At::body(body).object(&["key", name, status, timezone, send_window, steps])?;
    let key = body.get("key")?.text()?;
    rules::check_key("key", &key)?;
    Ok((key, Definition::read(&body)?))
}

/// Reads the body of a replacement: a definition, whose key is in the path.
pub(crate) fn replacement(body: &Value) -> Result<Definition, Refusal> {
    Definition::read(&At::body(body).object(&ATTRIBUTES)?)
}

impl Definition {
    fn read(body: &Object<'_>) -> Result<Self, Refusal> {
        let definition = Self {
            name: body.get("name")?.text()?,
            status: body.get("status")?.word()?,
            timezone: body.get("timezone")?.text()?,
            send_window: body.get("send_window")?.nullable(SendWindow::read)?,
            steps: body.get("steps")?.list(Step::read)?,
        };
        rules::check(&definition)?;
        Ok(definition)
    }
}

impl SendWindow {
    fn read(at: At<'_>) -> Result<Self, Refusal> {
        let window = at.object(&["days", "from", "to"])?;
        Ok(Self {
            days: window.get("days")?.list(At::word)?,
            from: window.get("from")?.text()?,
            to: window.get("to")?.text()?,
        })
    }
}

impl Step {
    fn read(at: At<'_>) -> Result<Self, Refusal> {
        let step = at.object(&["id", "channel", "delay_seconds", "template"])?;
        Ok(Self {
            id: step.get("id")?.text()?,
            channel: step.get("channel")?.word()?,
            delay_seconds: step.get("delay_seconds")?.integer()?,
            template: step.get("template")?.nullable(Template::read)?,
        })
    }
}

impl Template {
    fn read(at: At<'_>) -> Result<Self, Refusal> {
        let template = at.object(&["subject", "body", "format"])?;
        Ok(Self {
            subject: template.get("subject")?.text()?,
            body: template.get("body")?.text()?,
            format: template.get("format")?.word()?,
        })
    }
}

#[cfg(test)]
mod tests;
