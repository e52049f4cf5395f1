//! Changes of cadences that are refused, in the long form and in the short one.

use super::*;

fn of_step(step: Step) -> Option<Cadence> {
    Some(Cadence { steps: vec![step], ..Cadence::default() })
}

fn step(id: &str) -> Step {
    Step { step_id: id.to_owned(), ..Step::default() }
}

#[tokio::test]
async fn a_mask_names_what_can_be_changed() {
    let world = world().await;
    let allowed = "must be one of name, status, timezone, send_window, steps, steps.channel, \
                   steps.delay, steps.template, steps.template.subject, steps.template.body, \
                   steps.template.format";
    let renamed = || Some(Cadence { name: "Other".into(), ..Cadence::default() });
    let unknown = [
        "cadence_id",
        "vendor",
        "resource_id",
        "Name",
        "cadence.name",
        "steps.step_id",
        "steps.position",
        "steps[0].delay",
        "send_window.from",
        "",
        "*",
    ];
    let mut rows: Vec<_> = unknown
        .iter()
        .map(|path| {
            let request = modify(renamed(), &["name", path]);
            bad(*path, MODIFY, &request, "update_mask.paths[1]", allowed)
        })
        .collect();
    let given = "must be given, as the mask names it";
    let request = modify(renamed(), &["status"]);
    rows.push(bad("no status", MODIFY, &request, "cadence.status", given));
    let request = modify(of_step(step("step-1")), &["steps.channel"]);
    rows.push(bad("no channel", MODIFY, &request, "cadence.steps[0].channel", given));
    let request = modify(None, &["name"]);
    rows.push(bad("no name", MODIFY, &request, "cadence.name", "must not be blank"));
    let request = modify(None, &["steps"]);
    let rule = "must have at least one step in a cadence that is active";
    rows.push(bad("no steps", MODIFY, &request, "cadence.steps", rule));
    let given = "must be given, as the mask names parts of them";
    let request = modify(renamed(), &["name", "steps.delay"]);
    rows.push(bad("no step", MODIFY, &request, "cadence.steps", given));
    let request = modify(of_step(step("step-1")), &["steps.template.body"]);
    let path = "cadence.steps[0].template.body";
    rows.push(bad("no body", MODIFY, &request, path, "must not be blank"));
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

#[tokio::test]
async fn steps_are_changed_by_their_ids_once_and_not_while_all_are_replaced() {
    let world = world().await;
    let mut rows = Vec::new();
    for id in ["", "step-9", "Step-1"] {
        let request = modify(of_step(step(id)), &["steps.delay"]);
        let rule = format!("must be a step of the cadence; it has no step \"{id}\"");
        rows.push(bad(id, MODIFY, &request, "cadence.steps[0].step_id", rule));
    }
    let twice = Cadence { steps: vec![step("step-1"), step("step-1")], ..Cadence::default() };
    let request = modify(Some(twice), &["steps.delay"]);
    let rule = "must differ from steps[0].step_id";
    rows.push(bad("twice", MODIFY, &request, "cadence.steps[1].step_id", rule));
    let request = modify(of_step(email("Hello", "Text")), &["steps", "steps.delay"]);
    let rule = "must not be replaced and changed by step_id at once";
    rows.push(bad("both", MODIFY, &request, "cadence.steps", rule));
    let second = step("step-2");
    let steps = vec![step("step-3").after(Duration::ZERO), second.after(Duration::from_nanos(1))];
    let request = modify(Some(Cadence { steps, ..Cadence::default() }), &["steps.delay"]);
    let path = "cadence.steps[1].delay";
    rows.push(bad("nanos", MODIFY, &request, path, "must be whole seconds"));
    let wordy = Step { template: email("Hello", "{{nobody}}").template, ..step("step-3") };
    let steps = vec![step("step-1").after(Duration::ZERO), wordy];
    let request = modify(
        Some(Cadence { steps, ..Cadence::default() }),
        &["steps.delay", "steps.template.body"],
    );
    let row =
        bad("a body", MODIFY, &request, "cadence.steps[0].template.body", "must not be blank");
    rows.push(row.and("cadence.steps[1].template.body", unknown_merge_field("nobody")));
    let wait = Step { template: email("Hello", "Text").template, ..step("step-2") };
    let request = modify(of_step(wait), &["steps.template"]);
    let rule = "must be left out: a wait has no texts";
    rows.push(bad("texts of a wait", MODIFY, &request, "cadence.steps[0].template", rule));
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

#[tokio::test]
async fn the_texts_of_a_step_that_becomes_a_wait_can_be_cleared_with_it() {
    let world = world().await;
    let waits = Step { channel: Channel::Wait.into(), ..step("step-1") };
    let change = world.client.modify_cadence("acme", "trial").cadence(of_step(waits).unwrap());
    change.update_mask(["steps.channel", "steps.template"]).await.unwrap();
    let steps = &world.client.get_config("acme").await.unwrap().cadences[0].steps;
    assert_eq!((steps[0].channel(), &steps[0].template), (Channel::Wait, &None));
    assert!(world.stop().await);
}

#[tokio::test]
async fn the_id_and_the_vendor_stay() {
    let world = world().await;
    let rule = "cannot be changed";
    let renamed = Cadence { cadence_id: "other".into(), ..Cadence::default() };
    let moved = Cadence { vendor: Vendor::Hubspot.into(), ..Cadence::default() };
    let rows = vec![
        bad("an id", MODIFY, &modify(Some(renamed), &[]), "cadence.cadence_id", rule),
        bad("a vendor", MODIFY, &modify(Some(moved), &[]), "cadence.vendor", rule),
        bad(
            "no id",
            MODIFY,
            &ModifyCadenceRequest { cadence_id: String::new(), ..modify(Some(new()), &[]) },
            "cadence_id",
            "must be given",
        ),
    ];
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

fn short(template: Option<&str>, delay_hours: Option<i64>) -> ModifyCadenceRequest {
    ModifyCadenceRequest {
        template: template.map(str::to_owned),
        delay_hours,
        update_mask: None,
        ..modify(None, &[])
    }
}

#[tokio::test]
async fn the_short_form_stands_alone_and_changes_the_only_email() {
    let world = world().await;
    let client = &world.client;
    let pause = || wait(Duration::from_secs(60));
    let several = cadences::cadence("Several", [email("a", "a"), pause(), email("b", "b")]);
    client.add_cadence("acme", several).await.unwrap();
    client.add_cadence("acme", cadences::cadence("Waits", [pause(), task("Call")])).await.unwrap();
    let mut rows = Vec::new();
    let exclusive = "must not be given together with cadence";
    let forms = [(Some("Text"), None, "template"), (None, Some(1), "delay_hours")];
    let both = (Some("Text"), Some(1), "template");
    for (template, delay_hours, path) in forms.into_iter().chain([both]) {
        let alone = short(template, delay_hours);
        let with = ModifyCadenceRequest { cadence: Some(Cadence::default()), ..alone.clone() };
        rows.push(bad("with a cadence", MODIFY, &with, path, exclusive));
        let mask = Some(FieldMask { paths: vec!["name".into()] });
        let with = ModifyCadenceRequest { update_mask: mask, ..alone.clone() };
        rows.push(bad("with a mask", MODIFY, &with, path, exclusive));
        for (cadence_id, emails) in [("several", 2), ("waits", 0)] {
            let other = ModifyCadenceRequest { cadence_id: cadence_id.into(), ..alone.clone() };
            let rule = format!(
                "changes the email of a cadence that has exactly one; this one has {emails}"
            );
            rows.push(bad(cadence_id, MODIFY, &other, path, rule));
        }
    }
    let nothing = "must be given, or template or delay_hours in its place";
    rows.push(bad("neither", MODIFY, &short(None, None), "cadence", nothing));
    rows.push(bad("neither", MODIFY, &modify(None, &[]), "cadence", nothing));
    for (text, rule) in [
        ("", "must not be blank".to_owned()),
        ("a\u{0}", "must not contain control characters other than line breaks and tabs".into()),
        ("{{nobody}}", unknown_merge_field("nobody")),
        (&"x".repeat(102_401), "must be at most 102400 bytes long".to_owned()),
    ] {
        rows.push(bad("a text", MODIFY, &short(Some(text), None), "template", rule));
    }
    for hours in [-1, 365 * 24 + 1, i64::MAX, i64::MIN] {
        rows.push(bad("a delay", MODIFY, &short(None, Some(hours)), "delay_hours", DELAY));
    }
    let row = bad("both", MODIFY, &short(Some(" "), Some(-1)), "delay_hours", DELAY);
    rows.push(row.and("template", "must not be blank"));
    all_are_refused(&world, "acme", rows).await;

    let longest = client.modify_cadence("acme", "trial").template("x".repeat(102_400));
    longest.delay_hours(365 * 24).await.unwrap();
    assert!(world.stop().await);
}
