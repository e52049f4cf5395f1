//! The steps of a cadence, and how they keep their identity.

use std::collections::HashSet;

use super::{CadenceRules, Channel, DELAY_S_MAX, Template, TemplateDraft};
use crate::domain::{StepId, VendorKind, Violations};

/// A step. Where it stands in the list is when it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its identity, which it keeps wherever it is moved to.
    pub step_id: StepId,
    /// What it does.
    pub channel: Channel,
    /// The time since the step before it, in seconds; since the start for the first one. From 0 to
    /// [`DELAY_S_MAX`].
    pub delay_s: i64,
    /// The texts; a wait has none, the others have some.
    pub template: Option<Template>,
}

/// A step as a caller wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepDraft {
    /// Its identity; the first of `step-1`, `step-2` … that is free in the list when empty.
    pub step_id: String,
    /// What it does; an email when left out.
    pub channel: Option<Channel>,
    /// The time since the step before it, in seconds.
    pub delay_s: i64,
    /// The texts.
    pub template: Option<TemplateDraft>,
}

/// Fills in what was left out.
///
/// A list without identities gets the same ones every time, so that writing it again changes
/// nothing.
pub(super) fn complete(drafts: Vec<StepDraft>) -> Vec<Step> {
    let taken: HashSet<String> = drafts.iter().map(|draft| draft.step_id.clone()).collect();
    let mut free = (1..).map(|number: u64| format!("step-{number}"));
    let mut next_free = || free.find(|step_id| !taken.contains(step_id)).unwrap_or_default();
    let complete = |draft: StepDraft| Step {
        step_id: StepId::from_trusted(match draft.step_id.is_empty() {
            true => next_free(),
            false => draft.step_id,
        }),
        channel: draft.channel.unwrap_or(Channel::Email),
        delay_s: draft.delay_s,
        template: draft.template.map(TemplateDraft::complete),
    };
    drafts.into_iter().map(complete).collect()
}

/// The paths of steps that stand where the caller wrote them.
pub(super) fn places(steps: &[Step]) -> Vec<String> {
    (0..steps.len()).map(|index| format!("steps[{index}]")).collect()
}

impl Step {
    pub(super) fn canonical(&self) -> Self {
        let template = self.template.as_ref().map(Template::canonical);
        Self { template, ..self.clone() }
    }

    pub(super) fn bytes(&self) -> usize {
        self.step_id.as_str().len() + self.template.as_ref().map_or(0, Template::bytes)
    }

    pub(super) fn check(
        &self,
        found: &mut Violations,
        place: &str,
        vendor: VendorKind,
        rules: &CadenceRules,
    ) {
        let step_id = StepId::parse(self.step_id.as_str());
        found.take(step_id.map_err(|violation| violation.within(place)));
        let names: Vec<_> = rules.channels.iter().map(|channel| channel.as_str()).collect();
        found.require(
            rules.channels.contains(&self.channel),
            format!("{place}.channel"),
            format!("{} is not held by {vendor}; it takes {}", self.channel, names.join(", ")),
        );
        self.check_delay(found, &format!("{place}.delay"), vendor, rules.delay_unit_s);
        let path = format!("{place}.template");
        match (&self.template, self.channel) {
            (None, Channel::Wait) => {}
            (Some(_), Channel::Wait) => found.add(path, "must be left out: a wait has no texts"),
            (None, Channel::Email) => {
                found.add(path, "must be given: an email has a subject and a body");
            }
            (None, Channel::Task) => found.add(path, "must be given: a task has a subject"),
            (Some(template), channel) => template.check(found, &path, channel, vendor, rules),
        }
    }

    fn check_delay(&self, found: &mut Violations, path: &str, vendor: VendorKind, unit_s: i64) {
        let in_range = (0..=DELAY_S_MAX).contains(&self.delay_s);
        found.require(in_range, path, "must be from 0 to 365 days");
        found.require(
            !in_range || self.delay_s.checked_rem(unit_s).unwrap_or(0) == 0,
            path,
            format!("must be a multiple of {unit_s} seconds, which {vendor} counts in"),
        );
    }
}
