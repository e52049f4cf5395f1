//! Outreach cadences: what they are, the rules that they keep whatever the vendor, and when their
//! steps happen.
//!
//! A cadence says which steps follow each other, how long after each other, and within which hours
//! of which days; it holds no people. What a vendor can hold beyond these rules is told by
//! [`CadenceRules`].

mod draft;
mod merge;
mod patch;
pub mod preview;
mod rules;
mod step;
mod template;
mod types;
mod window;
mod zone;

pub use draft::CadenceDraft;
pub use merge::{MergeFault, MergeField, Part, Samples, parse};
pub use patch::{CadencePatch, Change, ShortForm, StepPatch, TemplatePatch};
pub use preview::{LocalMoment, PreviewStep, preview};
pub use rules::CadenceRules;
pub use step::{Step, StepDraft};
pub use template::{Rendered, Template, TemplateDraft};
pub use types::{CadenceStatus, Channel, TemplateFormat};
pub use window::{LocalTime, SendWindow, Weekday};

use super::text::{check_text, check_trimmed};
use super::{CadenceId, ResourceId, StepId, VendorKind, Violations};

/// The most cadences that a company may have. Ours.
pub const CADENCES_MAX: i64 = 500;
/// The zone of a cadence that names none.
pub const DEFAULT_TIMEZONE: &str = "UTC";
/// The longest name of a cadence, in characters. Ours.
pub const NAME_LENGTH_MAX: usize = 200;
/// The most steps that a cadence may have. Ours.
pub const STEPS_MAX: usize = 50;
/// The longest delay of a step: 365 days. Ours.
pub const DELAY_S_MAX: i64 = 365 * 24 * 60 * 60;
/// The longest subject, in bytes: what a line of a message may hold (RFC 5322, 2.1.1).
pub const SUBJECT_BYTES_MAX: usize = 998;
/// The longest body, in bytes. Ours; most mail programs cut a longer message off.
pub const BODY_BYTES_MAX: usize = 100 * 1024;
/// The most merge fields that a subject or a body may have. Ours: it bounds what rendering makes.
pub const MERGE_FIELDS_MAX: usize = 100;
/// The longest sample value of a merge field, in characters. Ours.
pub const SAMPLE_LENGTH_MAX: usize = 255;
/// The most that the texts of one cadence may take up, in bytes. Ours: an audit entry holds a
/// cadence twice and has to fit into a message.
pub const CADENCE_BYTES_MAX: usize = 512 * 1024;

/// A cadence, checked and complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cadence {
    /// GoMark's stable identity.
    pub id: ResourceId,
    /// What callers call it.
    pub cadence_id: CadenceId,
    /// What people see.
    pub name: String,
    /// Where it is carried out.
    pub vendor: VendorKind,
    /// Whether it is in force.
    pub status: CadenceStatus,
    /// The zone that the send window is told in: a name of the IANA database.
    pub timezone: String,
    /// When steps may happen; at any time when left out.
    pub send_window: Option<SendWindow>,
    /// The steps, in their order.
    pub steps: Vec<Step>,
}

impl Cadence {
    /// Tells whether the vendor sees no difference between the two.
    pub fn same_at_vendor(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }

    /// Returns how many bytes its texts take up.
    pub fn bytes(&self) -> usize {
        let steps: usize = self.steps.iter().map(Step::bytes).sum();
        self.cadence_id.as_str().len() + self.name.len() + self.timezone.len() + steps
    }

    /// Returns the step with an identity, and where it stands, counted from 0.
    pub fn step(&self, step_id: &StepId) -> Option<(usize, &Step)> {
        self.steps.iter().enumerate().find(|(_, step)| step.step_id == *step_id)
    }

    /// Returns the cadence with everything spelled in one way that may be spelled in several.
    pub fn canonical(&self) -> Self {
        Self { steps: self.steps.iter().map(Step::canonical).collect(), ..self.clone() }
    }

    /// Checks every rule. `places` holds, for each step, the path that the caller knows it by.
    fn check(self, rules: &CadenceRules, places: &[String]) -> Result<Self, Violations> {
        let mut found = Violations::new();
        match self.cadence_id.as_str() {
            "" => {
                let rule = "must be given where none can be derived from the name";
                found.add("cadence_id", rule);
            }
            given => drop(found.take(CadenceId::parse(given))),
        }
        check_trimmed(&mut found, "name", &self.name);
        check_text(&mut found, "name", &self.name, NAME_LENGTH_MAX);
        found.require(
            zone::find(&self.timezone).is_some(),
            "timezone",
            "must be a time zone of the IANA database, such as Europe/Berlin",
        );
        if let Some(window) = &self.send_window {
            window.check(&mut found);
        }
        self.check_steps(&mut found, rules, places);
        found.require(
            self.bytes() <= CADENCE_BYTES_MAX,
            "steps",
            "must leave the cadence at most 512 KiB of text altogether",
        );
        found.or(self)
    }

    fn check_steps(&self, found: &mut Violations, rules: &CadenceRules, places: &[String]) {
        found.require(
            !self.steps.is_empty() || self.status == CadenceStatus::Draft,
            "steps",
            format!("must have at least one step in a cadence that is {}", self.status),
        );
        let steps_max = STEPS_MAX.min(rules.steps_max);
        found.require(
            self.steps.len() <= steps_max,
            "steps",
            format!("must be at most {steps_max}"),
        );
        for (step, place) in self.steps.iter().zip(places).take(STEPS_MAX) {
            step.check(found, place, self.vendor, rules);
        }
        let ids = self.steps.iter().map(|step| &step.step_id);
        found.require_unique("steps", "step_id", ids);
    }
}

#[cfg(test)]
mod tests;
