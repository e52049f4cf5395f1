//! Cadences from their canonical forms: the reverse of what is desired.
//!
//! What comes out keeps every rule of a cadence that a caller decides, and is desired in just the
//! form that it came from. What the vendor holds and GoMark's rules do not allow is told, never
//! changed on the way.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::NAME;
use super::canonical::{desired, short, spelled};
use crate::domain::cadence::{
    Channel, LocalTime, SendWindow, StepDraft, Template, TemplateDraft, TemplateFormat, Weekday,
};
use crate::domain::{Attributes, Cadence, CadenceDraft, CadenceStatus, ResourceId, VendorKind};

/// A send window of the contract.
#[derive(Deserialize)]
struct SaidWindow {
    days: Vec<String>,
    from: String,
    to: String,
}

/// A step of the contract.
#[derive(Deserialize)]
struct SaidStep {
    id: String,
    channel: String,
    delay_seconds: i64,
    template: Option<SaidTemplate>,
}

/// The texts of a step of the contract.
#[derive(Deserialize)]
struct SaidTemplate {
    subject: String,
    body: String,
    format: String,
}

/// Returns the cadence that a form stands for. Its texts are spelled as in `base` where they are the
/// same.
///
/// # Errors
///
/// Tells people which attribute breaks which rule.
pub(super) fn cadence(
    id: ResourceId,
    key: &str,
    attributes: &Attributes,
    base: Option<&Cadence>,
) -> Result<Cadence, String> {
    let steps: Vec<SaidStep> = read(attributes, "steps")?;
    let window: Option<SaidWindow> = read(attributes, "send_window")?;
    let status: String = read(attributes, "status")?;
    let steps = steps.into_iter().enumerate().map(|(at, step)| step.draft(at, base));
    let draft = CadenceDraft {
        cadence_id: key.to_owned(),
        name: read(attributes, "name")?,
        status: Some(known("status", &status, &CadenceStatus::ALL, CadenceStatus::as_str)?),
        timezone: read(attributes, "timezone")?,
        send_window: window.map(SaidWindow::complete).transpose()?,
        steps: steps.collect::<Result<_, _>>()?,
        ..CadenceDraft::new(VendorKind::Upso)
    };
    let cadence = draft.complete_for_vendor(id).map_err(|found| found.to_string())?;
    // What a draft fills in where nothing is given, the vendor does not hold.
    match desired(&cadence).differing_from(attributes).names().first() {
        None => Ok(cadence),
        Some(name) => Err(format!("{name}: cannot be decided as {NAME} holds it")),
    }
}

impl SaidWindow {
    fn complete(self) -> Result<SendWindow, String> {
        let day = |day: &String| known("send_window.days", day, &Weekday::ALL, short);
        let time = |path: &str, text: &str| {
            let wanted = || format!("{path}: must be a time, such as 09:30");
            LocalTime::parse(text).ok_or_else(wanted)
        };
        Ok(SendWindow {
            days: self.days.iter().map(day).collect::<Result<_, _>>()?,
            from: time("send_window.from", &self.from)?,
            to: time("send_window.to", &self.to)?,
        })
    }
}

impl SaidStep {
    fn draft(self, at: usize, base: Option<&Cadence>) -> Result<StepDraft, String> {
        let path = format!("steps[{at}]");
        let mut steps = base.into_iter().flat_map(|cadence| &cadence.steps);
        let before = steps.find(|step| step.step_id.as_str() == self.id);
        let before = before.and_then(|step| step.template.as_ref());
        let template = self.template.map(|template| template.draft(&path, before)).transpose()?;
        let channel = format!("{path}.channel");
        Ok(StepDraft {
            step_id: self.id,
            channel: Some(known(&channel, &self.channel, &Channel::ALL, Channel::as_str)?),
            delay_s: self.delay_seconds,
            template,
        })
    }
}

impl SaidTemplate {
    fn draft(self, step: &str, before: Option<&Template>) -> Result<TemplateDraft, String> {
        let path = format!("{step}.template.format");
        let format = known(&path, &self.format, &TemplateFormat::ALL, TemplateFormat::as_str)?;
        Ok(TemplateDraft {
            subject: as_before(self.subject, before.map(|it| it.subject.as_str())),
            body: as_before(self.body, before.map(|it| it.body.as_str())),
            format: Some(format),
        })
    }
}

/// Takes the spelling that a text had before, where it says the same.
fn as_before(text: String, before: Option<&str>) -> String {
    before.filter(|before| spelled(before) == text).map_or(text, str::to_owned)
}

fn read<T: DeserializeOwned>(attributes: &Attributes, name: &str) -> Result<T, String> {
    let value = attributes.get(name).unwrap_or(&Value::Null);
    T::deserialize(value).map_err(|_| format!("{name}: cannot be decided as {NAME} holds it"))
}

fn known<T: Copy>(
    path: &str,
    name: &str,
    all: &[T],
    as_str: fn(T) -> &'static str,
) -> Result<T, String> {
    let unknown = || {
        let names: Vec<_> = all.iter().map(|one| as_str(*one)).collect();
        format!("{path}: must be one of {}", names.join(", "))
    };
    all.iter().copied().find(|one| as_str(*one) == name).ok_or_else(unknown)
}

#[cfg(test)]
mod tests;
