//! Changes of cadences as callers write them.

use super::draft::timezone_or_default;
use super::{
    Cadence, CadenceRules, CadenceStatus, Channel, SendWindow, Step, StepDraft, Template,
    TemplateFormat, step,
};
use crate::domain::text::quoted;
use crate::domain::{StepId, Violation, Violations};

/// A change of a cadence as a caller wrote it: `None` leaves the attribute as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CadencePatch {
    /// The new name.
    pub name: Option<String>,
    /// The new status.
    pub status: Option<CadenceStatus>,
    /// The new time zone; empty for [`super::DEFAULT_TIMEZONE`].
    pub timezone: Option<String>,
    /// The new window; `Some(None)` for any time.
    pub send_window: Option<Option<SendWindow>>,
    /// The new steps, in place of all. A step that keeps its id is the same step, moved or changed.
    pub steps: Option<Vec<StepDraft>>,
    /// The steps to change in their places. Cannot be given together with `steps`.
    pub step_patches: Vec<StepPatch>,
}

/// What a caller wants changed, in one of the two forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Attribute by attribute.
    Patch(CadencePatch),
    /// The only email.
    Short(ShortForm),
}

impl Change {
    /// Applies the change to a cadence and checks the result by what its vendor can hold. The paths
    /// of what is found are those of the form, beginning with `cadence` for the long one.
    pub fn apply(self, cadence: &Cadence) -> Result<Cadence, Violations> {
        let rules = cadence.vendor.capabilities().cadences.unwrap_or(CadenceRules::ANY);
        match self {
            Self::Patch(patch) => {
                patch.apply(cadence, &rules).map_err(|found| found.within("cadence"))
            }
            Self::Short(short) => short.apply(cadence, &rules),
        }
    }
}

/// A change of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepPatch {
    /// Which one.
    pub step_id: String,
    /// What it does from now on; the texts go when that is to wait.
    pub channel: Option<Channel>,
    /// The new delay, in seconds.
    pub delay_s: Option<i64>,
    /// What is new of the texts.
    pub template: Option<TemplatePatch>,
}

/// A change of the texts of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplatePatch {
    /// The new subject.
    pub subject: Option<String>,
    /// The new body.
    pub body: Option<String>,
    /// The new form of the body.
    pub format: Option<TemplateFormat>,
}

/// A change of the only email of a cadence that has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShortForm {
    /// The new body.
    pub template: Option<String>,
    /// The new delay, in hours.
    pub delay_hours: Option<i64>,
}

impl CadencePatch {
    /// Applies the change to a cadence and checks the result.
    pub fn apply(self, cadence: &Cadence, rules: &CadenceRules) -> Result<Cadence, Violations> {
        let mut changed = Cadence {
            name: self.name.unwrap_or_else(|| cadence.name.clone()),
            status: self.status.unwrap_or(cadence.status),
            timezone: self.timezone.map_or_else(|| cadence.timezone.clone(), timezone_or_default),
            send_window: self.send_window.unwrap_or_else(|| cadence.send_window.clone()),
            ..cadence.clone()
        };
        let mut found = Violations::new();
        let places = match self.steps {
            Some(drafts) => {
                found.require(
                    self.step_patches.is_empty(),
                    "steps",
                    "must not be replaced and changed by step_id at once",
                );
                changed.steps = step::complete(drafts);
                step::places(&changed.steps)
            }
            None => change_steps(&mut found, &mut changed.steps, self.step_patches),
        };
        let checked = found.take_all(changed.check(rules, &places));
        match checked {
            Some(checked) => found.or(checked),
            None => Err(found),
        }
    }
}

/// Changes steps in their places, and returns the paths that the caller knows all of them by: the
/// one of what changes it, or its identity where nothing does.
fn change_steps(
    found: &mut Violations,
    steps: &mut [Step],
    patches: Vec<StepPatch>,
) -> Vec<String> {
    let mut places: Vec<_> = steps.iter().map(|step| format!("steps[{}]", step.step_id)).collect();
    found.require_unique("steps", "step_id", patches.iter().map(|patch| &patch.step_id));
    for (index, patch) in patches.into_iter().enumerate() {
        let place = format!("steps[{index}]");
        let known = steps.iter().position(|step| step.step_id.as_str() == patch.step_id);
        match known.and_then(|at| Some((steps.get_mut(at)?, places.get_mut(at)?))) {
            Some((step, path)) => {
                patch.apply(step);
                *path = place;
            }
            None => {
                let step_id = quoted(&patch.step_id);
                let rule = format!("must be a step of the cadence; it has no step {step_id}");
                found.add(format!("{place}.step_id"), rule);
            }
        }
    }
    places
}

impl StepPatch {
    fn apply(self, step: &mut Step) {
        step.channel = self.channel.unwrap_or(step.channel);
        step.delay_s = self.delay_s.unwrap_or(step.delay_s);
        match self.template {
            // Texts that are cleared are none, which is what a wait has.
            Some(patch) if step.channel == Channel::Wait && patch.clears() => step.template = None,
            Some(patch) => patch.apply(step.template.get_or_insert_with(Template::empty)),
            None if step.channel == Channel::Wait => step.template = None,
            None => {}
        }
    }
}

impl TemplatePatch {
    /// Tells whether it leaves nothing of the texts.
    fn clears(&self) -> bool {
        self.subject.as_deref() == Some("") && self.body.as_deref() == Some("")
    }

    fn apply(self, template: &mut Template) {
        if let Some(subject) = self.subject {
            template.subject = subject;
        }
        if let Some(body) = self.body {
            template.body = body;
        }
        template.format = self.format.unwrap_or(template.format);
    }
}

impl ShortForm {
    /// Applies the change to a cadence and checks the result. The paths of what is found are those
    /// of the short form, `template` and `delay_hours`.
    pub fn apply(self, cadence: &Cadence, rules: &CadenceRules) -> Result<Cadence, Violations> {
        let step_id = self.only_email(cadence)?.as_str().to_owned();
        let body = |body| TemplatePatch { body: Some(body), ..TemplatePatch::default() };
        let patch = StepPatch {
            step_id,
            channel: None,
            // What is too much for a number of seconds is too much for a delay as well.
            delay_s: self.delay_hours.map(|hours| hours.saturating_mul(60 * 60)),
            template: self.template.map(body),
        };
        let patch = CadencePatch { step_patches: vec![patch], ..CadencePatch::default() };
        patch.apply(cadence, rules).map_err(in_short)
    }

    fn only_email<'a>(&self, cadence: &'a Cadence) -> Result<&'a StepId, Violation> {
        let path = if self.template.is_some() { "template" } else { "delay_hours" };
        let emails = cadence.steps.iter().filter(|step| step.channel == Channel::Email);
        let emails: Vec<_> = emails.map(|step| &step.step_id).collect();
        match emails.as_slice() {
            [only] => Ok(only),
            several => {
                let rule = format!(
                    "changes the email of a cadence that has exactly one; this one has {}",
                    several.len()
                );
                Err(Violation::new(path, rule))
            }
        }
    }
}

/// Gives what was found the paths of the short form.
fn in_short(found: Violations) -> Violations {
    let mut renamed = Violations::new();
    for violation in found.as_slice() {
        let path = match violation.field.as_str() {
            "steps[0].template.body" => "template",
            "steps[0].delay" => "delay_hours",
            other => other,
        };
        renamed.add(path, violation.rule.clone());
    }
    renamed
}
