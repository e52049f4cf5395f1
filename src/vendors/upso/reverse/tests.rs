use proptest::prelude::*;
use serde_json::json;

use super::super::canonical::{canonical, new_cadence};
use super::*;
use crate::domain::cadence::MergeField;

fn id() -> ResourceId {
    ResourceId::from_trusted("cadence-2")
}

/// Texts with merge fields that are right.
fn texts() -> impl Strategy<Value = String> {
    let field = || prop::sample::select(&MergeField::ALL[..]);
    let part = prop_oneof![
        "[a-zä <&]{1,8}",
        field().prop_map(|field| format!("{{{{{field}}}}}")),
        field().prop_map(|field| format!("{{{{ {field} }}}}")),
    ];
    prop::collection::vec(part, 0..5).prop_map(|parts| format!("x{}", parts.concat()))
}

fn steps() -> impl Strategy<Value = StepDraft> {
    let format = prop::sample::select(&TemplateFormat::ALL[..]);
    let template = (texts(), texts(), format).prop_map(|(subject, body, format)| TemplateDraft {
        subject,
        body,
        format: Some(format),
    });
    (prop::sample::select(&Channel::ALL[..]), 0..=31_536_000_i64, template).prop_map(
        |(channel, delay_s, template)| StepDraft {
            step_id: String::new(),
            channel: Some(channel),
            delay_s,
            template: (channel != Channel::Wait).then_some(template),
        },
    )
}

fn windows() -> impl Strategy<Value = SendWindow> {
    let days = prop::collection::btree_set(prop::sample::select(&Weekday::ALL[..]), 1..=7);
    (days, 0..1440_u16, 1..=1440_u16).prop_map(|(days, from, length)| SendWindow {
        days,
        from: LocalTime::from_minutes(from).unwrap(),
        to: LocalTime::from_minutes((from + length).min(1440)).unwrap(),
    })
}

fn cadences() -> impl Strategy<Value = Cadence> {
    let statuses = prop::sample::select(&CadenceStatus::ALL[..]);
    let zones = prop::sample::select(&["UTC", "Europe/Berlin", "Asia/Kolkata"][..]);
    let window = prop::option::of(windows());
    let steps = prop::collection::vec(steps(), 1..6);
    ("[A-Z][a-zä ]{0,8}[a-z]", statuses, zones, window, steps).prop_map(
        |(name, status, timezone, send_window, steps)| {
            let draft = CadenceDraft {
                cadence_id: "welcome".to_owned(),
                name,
                status: Some(status),
                timezone: timezone.to_owned(),
                send_window,
                steps,
                ..CadenceDraft::new(VendorKind::Upso)
            };
            draft.complete_for_vendor(id()).unwrap()
        },
    )
}

fn reversed(attributes: &Attributes, base: Option<&Cadence>) -> Result<Cadence, String> {
    cadence(id(), "welcome", attributes, base)
}

/// A cadence that the vendor holds as somebody wrote it there.
fn held(written: &Cadence) -> Attributes {
    let mut said = new_cadence("welcome", &desired(written));
    said["version"] = json!("v1");
    for (at, step) in written.steps.iter().enumerate() {
        if let Some(template) = &step.template {
            said["steps"][at]["template"]["subject"] = json!(template.subject);
            said["steps"][at]["template"]["body"] = json!(template.body);
        }
    }
    canonical(said, "welcome").unwrap()
}

proptest! {
    #[test]
    fn a_cadence_comes_back_from_its_form(decided in cadences()) {
        let form = desired(&decided);
        prop_assert_eq!(reversed(&form, Some(&decided)), Ok(decided.clone()));
        prop_assert_eq!(reversed(&form, None), Ok(decided.canonical()));
        prop_assert_eq!(desired(&reversed(&form, None).unwrap()), form);
    }

    #[test]
    fn what_somebody_wrote_at_the_vendor_can_be_decided_as_it_is(written in cadences()) {
        let held = held(&written);
        let taken = desired(&reversed(&held, None).unwrap());
        prop_assert!(taken.differing_from(&held).is_empty());
        prop_assert!(held.differing_from(&taken).is_empty());
    }

    #[test]
    fn what_is_taken_over_of_another_one_is_decided_as_it_is(
        (one, other) in (cadences(), cadences()), taken in any::<[bool; 5]>(),
    ) {
        let (one_form, others) = (desired(&one), desired(&other));
        let some = others.iter().zip(taken).filter(|(_, taken)| *taken);
        let some = some.map(|((name, value), _)| (name.to_owned(), value.clone()));
        let mixed = one_form.with(&some.collect());
        prop_assert_eq!(desired(&reversed(&mixed, Some(&one)).unwrap()), mixed);
    }
}

#[test]
fn what_gomark_does_not_allow_is_told_by_attribute_and_rule() {
    let right = || {
        Attributes::from([
            ("name", json!("Welcome")),
            ("status", json!("active")),
            ("timezone", json!("UTC")),
            ("send_window", json!({ "days": ["mon"], "from": "09:00", "to": "24:00" })),
            (
                "steps",
                json!([{
                    "id": "hello", "channel": "email", "delay_seconds": 0,
                    "template": { "subject": "Hello", "body": "Hi", "format": "text" },
                }]),
            ),
        ])
    };
    assert!(reversed(&right(), None).is_ok());
    let with = |name: &str, value: Value| right().with(&Attributes::from([(name, value)]));
    let step = |name: &str, value: Value| {
        let mut form = right();
        let mut steps = form.get("steps").unwrap().clone();
        steps[0][name] = value;
        form.set("steps", steps);
        form
    };
    let template = |name: &str, value: Value| {
        let mut template = json!({ "subject": "Hello", "body": "Hi", "format": "text" });
        template[name] = value;
        step("template", template)
    };
    let window = |name: &str, value: Value| {
        let mut window = json!({ "days": ["mon"], "from": "09:00", "to": "24:00" });
        window[name] = value;
        with("send_window", window)
    };
    for (form, rule) in [
        (with("name", json!("")), "name: cannot be decided as Upso holds it"),
        (with("name", json!(7)), "name: cannot be decided as Upso holds it"),
        (with("name", json!(" Welcome")), "name: must not begin or end with white space"),
        (with("name", json!("x".repeat(201))), "name: must be at most 200 characters long"),
        (with("status", json!("resting")), "status: must be one of draft, active, paused"),
        (with("timezone", json!("")), "timezone: cannot be decided as Upso holds it"),
        (with("timezone", json!("Berlin")), "timezone: must be a time zone"),
        (with("steps", json!(null)), "steps: cannot be decided as Upso holds it"),
        (with("steps", json!([])), "steps: must have at least one step"),
        (window("days", json!(["funday"])), "send_window.days: must be one of mon, "),
        (window("days", json!([])), "send_window.days: must have at least one day"),
        (window("from", json!("9:00")), "send_window.from: must be a time, such as 09:30"),
        (window("to", json!("08:00")), "send_window.to: must be later than from"),
        (window("more", json!(1)), "send_window: cannot be decided as Upso holds it"),
        (step("id", json!("")), "steps: cannot be decided as Upso holds it"),
        (step("id", json!("Hello")), "steps[0].step_id: must match"),
        (step("channel", json!("fax")), "steps[0].channel: must be one of email, task, wait"),
        (step("channel", json!("wait")), "steps[0].template: must be left out"),
        (step("delay_seconds", json!(-1)), "steps[0].delay: must be from 0 to 365 days"),
        (step("template", json!(null)), "steps[0].template: must be given"),
        (template("format", json!("rtf")), "steps[0].template.format: must be one of text, html"),
        (template("subject", json!("")), "steps[0].template.subject: must not be blank"),
        (template("body", json!("{{x}}")), "steps[0].template.body: must not have the merge field"),
    ] {
        let found = reversed(&form, None).unwrap_err();
        assert!(found.starts_with(rule), "{found} for {rule}");
        assert!(!found.contains('\n'));
    }
    assert!(reversed(&with("send_window", Value::Null), None).is_ok());
    let named = cadence(id(), "Not a key", &right(), None);
    assert!(named.unwrap_err().starts_with("cadence_id: "));
}

#[test]
fn blanks_in_merge_fields_are_no_difference() {
    let texts =
        |subject: &str, body: &str| json!({ "subject": subject, "body": body, "format": "text" });
    let said = |template: Value| {
        json!({
            "key": "welcome", "version": "v1", "name": "Welcome", "status": "active",
            "timezone": "UTC", "send_window": null,
            "steps": [
                { "id": "a", "channel": "email", "delay_seconds": 0, "template": template },
                { "id": "b", "channel": "wait", "delay_seconds": 1, "template": null },
            ],
        })
    };
    let form = |subject: &str, body: &str| canonical(said(texts(subject, body)), "welcome");
    assert_eq!(form("{{ first_name }}!", "x"), form("{{first_name}}!", "x"));
    assert_ne!(form("{{ first_name }} !", "x"), form("{{first_name}}!", "x"));
    // What is no merge field is a text like any other.
    let odd = form("{{ nobody }}", "}} {{ first_name }}").unwrap();
    let step = &odd.get("steps").unwrap()[0]["template"];
    assert_eq!(*step, texts("{{ nobody }}", "}} {{ first_name }}"));
}
