//! What a vendor cannot hold is refused, and what it sees of a cadence.

use super::*;

const NARROW: CadenceRules = CadenceRules {
    channels: &[Channel::Email, Channel::Task],
    formats: &[TemplateFormat::Text],
    steps_max: 2,
    body_bytes_max: 10,
    delay_unit_s: 60,
};

fn refuses(steps: Vec<StepDraft>, expected: &[(&str, &str)]) {
    found(of_steps(steps).complete(id(), &NARROW), expected);
}

fn short_email() -> StepDraft {
    after(120, with(texts("s", "b")))
}

#[test]
fn a_vendor_takes_what_it_can_hold() {
    let steps = vec![short_email(), task("t")];
    assert!(of_steps(steps).complete(id(), &NARROW).is_ok());
}

#[test]
fn a_vendor_is_not_given_what_it_cannot_hold() {
    let wait_rule = "wait is not held by hubspot; it takes email, task";
    refuses(vec![wait(60)], &[("steps[0].channel", wait_rule)]);
    let html = TemplateDraft { format: Some(TemplateFormat::Html), ..texts("s", "b") };
    let format_rule = "html is not held by hubspot; it takes text";
    refuses(vec![with(html)], &[("steps[0].template.format", format_rule)]);
    refuses(vec![short_email(); 3], &[("steps", "must be at most 2")]);
    let body_rule = "must be at most 10 bytes long";
    refuses(vec![with(texts("s", "12345678901"))], &[("steps[0].template.body", body_rule)]);
    let delay_rule = "must be a multiple of 60 seconds, which hubspot counts in";
    refuses(vec![after(90, short_email())], &[("steps[0].delay", delay_rule)]);
}

#[test]
fn a_vendor_cannot_loosen_the_rules_of_gomark() {
    let generous = CadenceRules {
        steps_max: usize::MAX,
        body_bytes_max: usize::MAX,
        delay_unit_s: 0,
        ..CadenceRules::ANY
    };
    let many = of_steps(vec![wait(1); STEPS_MAX + 1]);
    found(many.complete(id(), &generous), &[("steps", "must be at most 50")]);
    let long = of_steps(vec![with(texts("s", &"b".repeat(BODY_BYTES_MAX + 1)))]);
    let rule = "must be at most 102400 bytes long";
    found(long.complete(id(), &generous), &[("steps[0].template.body", rule)]);
}

#[test]
fn a_change_is_held_against_what_the_vendor_can_hold() {
    let cadence = of_steps(vec![short_email()]).complete(id(), &NARROW).unwrap();
    let patch = StepPatch {
        step_id: "step-1".to_owned(),
        channel: Some(Channel::Wait),
        ..StepPatch::default()
    };
    let patch = CadencePatch { step_patches: vec![patch], ..CadencePatch::default() };
    let rule = "wait is not held by hubspot; it takes email, task";
    found(patch.apply(&cadence, &NARROW), &[("steps[0].channel", rule)]);
}

#[test]
fn a_step_that_the_vendor_can_hold_no_longer_is_told_by_its_id() {
    let cadence = complete(draft());
    let patch = CadencePatch { name: Some("New".to_owned()), ..CadencePatch::default() };
    let rules = CadenceRules { channels: &[Channel::Email, Channel::Task], ..CadenceRules::ANY };
    let rule = "wait is not held by hubspot; it takes email, task";
    found(patch.apply(&cadence, &rules), &[("steps[step-2].channel", rule)]);
}

#[test]
fn only_the_blanks_of_merge_fields_make_no_difference_to_a_vendor() {
    let cadence = complete(draft());
    let blanks = of_steps(vec![
        with(texts("Welcome", "Hello {{ first_name\t}}")),
        wait(3_600),
        task("Call"),
    ]);
    let blanks = complete(blanks);
    assert!(cadence != blanks && cadence.same_at_vendor(&blanks));
    let mut moved = cadence.clone();
    moved.steps.swap(0, 1);
    let mut later = cadence.clone();
    later.steps[0].delay_s = 60;
    for other in [
        Cadence { name: "Other".to_owned(), ..cadence.clone() },
        Cadence { status: CadenceStatus::Paused, ..cadence.clone() },
        Cadence { timezone: "Asia/Tokyo".to_owned(), ..cadence.clone() },
        Cadence {
            send_window: Some(window(&[Weekday::Monday], "09:00", "17:00")),
            ..cadence.clone()
        },
        moved,
        later,
        complete(of_steps(vec![
            with(texts("Welcome", "Hello  {{first_name}}")),
            wait(3_600),
            task("Call"),
        ])),
    ] {
        assert!(!cadence.same_at_vendor(&other), "{other:?}");
    }
}
