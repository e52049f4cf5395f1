//! The rules for cadences: what is refused, with which words, how cadences are completed and
//! changed, and when their steps happen.

mod completion;
mod generated;
mod merging;
mod patches;
mod previews;
mod properties;
mod rules;
mod short_forms;
mod vendors;
mod windows;

use super::*;
use crate::domain::Timestamp;

fn id() -> ResourceId {
    ResourceId::from_trusted("cadence-1")
}

/// A draft that breaks no rule: an email, a wait and a task.
fn draft() -> CadenceDraft {
    CadenceDraft {
        cadence_id: "trial".to_owned(),
        steps: vec![email("Welcome"), wait(3_600), task("Call")],
        ..CadenceDraft::new(VendorKind::HubSpot)
    }
}

fn of_steps(steps: Vec<StepDraft>) -> CadenceDraft {
    CadenceDraft { steps, ..draft() }
}

fn texts(subject: &str, body: &str) -> TemplateDraft {
    TemplateDraft { subject: subject.to_owned(), body: body.to_owned(), format: None }
}

fn with(template: TemplateDraft) -> StepDraft {
    StepDraft { template: Some(template), ..StepDraft::default() }
}

fn email(subject: &str) -> StepDraft {
    with(texts(subject, "Hello {{first_name}}"))
}

fn task(subject: &str) -> StepDraft {
    StepDraft { channel: Some(Channel::Task), ..with(texts(subject, "")) }
}

fn wait(delay_s: i64) -> StepDraft {
    StepDraft { channel: Some(Channel::Wait), delay_s, ..StepDraft::default() }
}

fn after(delay_s: i64, step: StepDraft) -> StepDraft {
    StepDraft { delay_s, ..step }
}

fn named(step_id: &str, step: StepDraft) -> StepDraft {
    StepDraft { step_id: step_id.to_owned(), ..step }
}

fn window(days: &[Weekday], from: &str, to: &str) -> SendWindow {
    let time = |text| LocalTime::parse(text).expect("a time of day");
    SendWindow { days: days.iter().copied().collect(), from: time(from), to: time(to) }
}

fn complete(draft: CadenceDraft) -> Cadence {
    draft.complete(id(), &CadenceRules::ANY).expect("a draft that breaks no rule")
}

fn step_ids(cadence: &Cadence) -> Vec<&str> {
    cadence.steps.iter().map(|step| step.step_id.as_str()).collect()
}

/// Checks that exactly these rules were broken, in this order.
fn found(checked: Result<Cadence, Violations>, expected: &[(&str, &str)]) {
    let violations = checked.expect_err("a broken rule");
    let found: Vec<_> = violations
        .as_slice()
        .iter()
        .map(|violation| (violation.field.as_str(), violation.rule.as_str()))
        .collect();
    assert_eq!(found, expected);
}

/// Checks that a draft breaks exactly these rules.
fn refused(draft: CadenceDraft, expected: &[(&str, &str)]) {
    found(draft.complete(id(), &CadenceRules::ANY), expected);
}
