//! How cadences are changed.

use super::*;

fn patch() -> CadencePatch {
    CadencePatch::default()
}

fn apply(patch: CadencePatch, cadence: &Cadence) -> Cadence {
    patch.apply(cadence, &CadenceRules::ANY).expect("a change that breaks no rule")
}

fn refuses(patch: CadencePatch, cadence: &Cadence, expected: &[(&str, &str)]) {
    found(patch.apply(cadence, &CadenceRules::ANY), expected);
}

fn of_step(step_id: &str) -> StepPatch {
    StepPatch { step_id: step_id.to_owned(), ..StepPatch::default() }
}

fn steps(step_patches: Vec<StepPatch>) -> CadencePatch {
    CadencePatch { step_patches, ..patch() }
}

fn body(body: &str) -> Option<TemplatePatch> {
    Some(TemplatePatch { body: Some(body.to_owned()), ..TemplatePatch::default() })
}

#[test]
fn an_empty_change_changes_nothing() {
    let cadence = complete(draft());
    assert_eq!(apply(patch(), &cadence), cadence);
    let nothing = steps(vec![of_step("step-1"), of_step("step-2"), of_step("step-3")]);
    assert_eq!(apply(nothing, &cadence), cadence);
}

#[test]
fn only_what_is_given_is_changed() {
    let cadence = complete(draft());
    let office = window(&[Weekday::Friday], "09:00", "12:00");
    for (patch, expected) in [
        (
            CadencePatch { name: Some("New".to_owned()), ..patch() },
            Cadence { name: "New".to_owned(), ..cadence.clone() },
        ),
        (
            CadencePatch { status: Some(CadenceStatus::Paused), ..patch() },
            Cadence { status: CadenceStatus::Paused, ..cadence.clone() },
        ),
        (
            CadencePatch { timezone: Some("Asia/Kolkata".to_owned()), ..patch() },
            Cadence { timezone: "Asia/Kolkata".to_owned(), ..cadence.clone() },
        ),
        (
            CadencePatch { send_window: Some(Some(office.clone())), ..patch() },
            Cadence { send_window: Some(office), ..cadence.clone() },
        ),
    ] {
        assert_eq!(apply(patch, &cadence), expected);
    }
}

#[test]
fn what_is_given_empty_is_cleared_where_it_may_be() {
    let full = CadenceDraft {
        name: "Full".to_owned(),
        timezone: "Asia/Kolkata".to_owned(),
        send_window: Some(window(&Weekday::ALL, "09:00", "12:00")),
        ..draft()
    };
    let cleared =
        CadencePatch { timezone: Some(String::new()), send_window: Some(None), ..patch() };
    let expected = complete(CadenceDraft { name: "Full".to_owned(), ..draft() });
    assert_eq!(apply(cleared, &complete(full)), expected);
    let unnamed = CadencePatch { name: Some(String::new()), ..patch() };
    refuses(unnamed, &expected, &[("name", "must not be blank")]);
    let empty = CadencePatch { steps: Some(Vec::new()), ..patch() };
    let rule = "must have at least one step in a cadence that is active";
    refuses(empty.clone(), &expected, &[("steps", rule)]);
    let resting = CadencePatch { status: Some(CadenceStatus::Draft), ..empty };
    assert_eq!(apply(resting, &expected).steps, []);
}

#[test]
fn steps_that_are_given_again_in_another_order_are_moved() {
    let cadence = complete(draft());
    let moved = vec![
        named("step-3", task("Call")),
        named("step-1", email("Welcome")),
        named("step-2", wait(3_600)),
    ];
    let changed = apply(CadencePatch { steps: Some(moved), ..patch() }, &cadence);
    assert_eq!(step_ids(&changed), ["step-3", "step-1", "step-2"]);
    for step in &cadence.steps {
        let (_, kept) = changed.step(&step.step_id).expect("the step");
        assert_eq!(kept, step);
    }
}

#[test]
fn steps_that_are_added_take_no_identity_of_those_that_are_given() {
    let cadence = complete(draft());
    let added = vec![named("step-2", wait(3_600)), email("New"), named("step-1", email("Welcome"))];
    let changed = apply(CadencePatch { steps: Some(added), ..patch() }, &cadence);
    assert_eq!(step_ids(&changed), ["step-2", "step-3", "step-1"]);
}

#[test]
fn a_step_is_changed_by_its_id_wherever_it_stands() {
    let cadence = complete(draft());
    let expected = |change: fn(&mut Vec<Step>)| {
        let mut changed = cadence.clone();
        change(&mut changed.steps);
        changed
    };
    let html = TemplatePatch { format: Some(TemplateFormat::Html), ..TemplatePatch::default() };
    let subject = TemplatePatch { subject: Some("Hi".to_owned()), ..TemplatePatch::default() };
    for (patch, expected) in [
        (
            StepPatch { delay_s: Some(60), ..of_step("step-3") },
            expected(|steps| steps[2].delay_s = 60),
        ),
        (
            StepPatch { channel: Some(Channel::Task), ..of_step("step-1") },
            expected(|steps| steps[0].channel = Channel::Task),
        ),
        (
            StepPatch { template: body("Bye"), ..of_step("step-1") },
            expected(|steps| steps[0].template.as_mut().unwrap().body = "Bye".to_owned()),
        ),
        (
            StepPatch { template: Some(subject), ..of_step("step-3") },
            expected(|steps| steps[2].template.as_mut().unwrap().subject = "Hi".to_owned()),
        ),
        (
            StepPatch { template: Some(html), ..of_step("step-1") },
            expected(|steps| steps[0].template.as_mut().unwrap().format = TemplateFormat::Html),
        ),
    ] {
        assert_eq!(apply(steps(vec![patch]), &cadence), expected);
    }
}

#[test]
fn a_step_that_becomes_a_wait_loses_its_texts_and_gains_them_as_another() {
    let cadence = complete(draft());
    let waits = StepPatch { channel: Some(Channel::Wait), ..of_step("step-1") };
    let waiting = apply(steps(vec![waits.clone()]), &cadence);
    assert_eq!(waiting.steps[0].template, None);
    let empty = TemplatePatch { subject: Some(String::new()), ..body("").unwrap() };
    let clears = steps(vec![StepPatch { template: Some(empty), ..waits.clone() }]);
    assert_eq!(apply(clears, &cadence), waiting);
    let wordy = steps(vec![StepPatch { template: body("x"), ..waits }]);
    let rule = "must be left out: a wait has no texts";
    refuses(wordy, &cadence, &[("steps[0].template", rule)]);
    let emails = StepPatch { channel: Some(Channel::Email), ..of_step("step-1") };
    let rule = "must be given: an email has a subject and a body";
    refuses(steps(vec![emails.clone()]), &waiting, &[("steps[0].template", rule)]);
    let half = StepPatch { template: body("Hello"), ..emails };
    let blank = ("steps[0].template.subject", "must not be blank");
    refuses(steps(vec![half]), &waiting, &[blank]);
}

#[test]
fn paths_name_the_place_in_the_change_and_not_in_the_cadence() {
    let wrong = steps(vec![
        StepPatch { delay_s: Some(-1), ..of_step("step-3") },
        StepPatch { template: body("{{"), ..of_step("step-1") },
    ]);
    refuses(
        wrong,
        &complete(draft()),
        &[
            ("steps[1].template.body", "must not have {{ without }} after it"),
            ("steps[0].delay", "must be from 0 to 365 days"),
        ],
    );
}

#[test]
fn steps_that_do_not_exist_are_not_changed() {
    let rule = "must be a step of the cadence; it has no step \"step-9\"";
    let unknown = CadencePatch {
        name: Some(" ".to_owned()),
        ..steps(vec![of_step("step-1"), of_step("step-9")])
    };
    refuses(
        unknown,
        &complete(draft()),
        &[
            ("steps[1].step_id", rule),
            ("name", "must not be blank"),
            ("name", "must not begin or end with white space"),
        ],
    );
}

#[test]
fn a_step_is_changed_once_and_not_while_all_are_replaced() {
    let cadence = complete(draft());
    let twice = steps(vec![of_step("step-1"), of_step("step-1")]);
    refuses(twice, &cadence, &[("steps[1].step_id", "must differ from steps[0].step_id")]);
    let both = CadencePatch { steps: Some(vec![email("a")]), ..steps(vec![of_step("step-1")]) };
    let rule = "must not be replaced and changed by step_id at once";
    refuses(both, &cadence, &[("steps", rule)]);
}
