use serde_json::{Value, json};

use super::*;
use crate::sandbox::upso::definition;

fn welcome() -> Value {
    json!({
        "name": "Welcome", "status": "active", "timezone": "Europe/Berlin",
        "send_window": { "days": ["mon", "fri"], "from": "09:00", "to": "17:30" },
        "steps": [
            { "id": "hello", "channel": "email", "delay_seconds": 0,
              "template": { "subject": "Hello", "body": "A\r\n\tB", "format": "text" } },
            { "id": "pause", "channel": "wait", "delay_seconds": 86400, "template": null },
        ],
    })
}

/// Reads the cadence with another value in one place, and says which place is refused.
fn refused(pointer: &str, value: Value) -> Option<String> {
    let mut body = welcome();
    *body.pointer_mut(pointer).unwrap() = value;
    definition::replacement(&body).err().map(|refusal| refusal.path.unwrap())
}

#[test]
fn a_definition_at_its_limits_is_taken() {
    for (pointer, value) in [
        ("/name", json!("n".repeat(NAME_CHARS_MAX))),
        ("/name", json!(" ")),
        ("/timezone", json!("UTC")),
        ("/timezone", json!("Etc/GMT+5")),
        ("/send_window", Value::Null),
        ("/send_window/to", json!("24:00")),
        ("/send_window/from", json!("00:00")),
        ("/steps", json!([])),
        ("/steps/0/id", json!("0_-")),
        ("/steps/0/delay_seconds", json!(DELAY_SECONDS_MAX)),
        ("/steps/0/channel", json!("task")),
        ("/steps/0/template/subject", json!("")),
        ("/steps/0/template/subject", json!("é".repeat(SUBJECT_CHARS_MAX))),
        ("/steps/0/template/body", json!("\u{1f600}".repeat(BODY_CHARS_MAX))),
    ] {
        assert_eq!(refused(pointer, value), None, "{pointer}");
    }
}

#[test]
fn what_breaks_a_rule_is_refused_with_its_place() {
    let subject = "steps[0].template.subject";
    for (pointer, value, path) in [
        ("/name", json!(""), "name"),
        ("/name", json!("n".repeat(NAME_CHARS_MAX + 1)), "name"),
        ("/name", json!("a\u{7}b"), "name"),
        ("/name", json!("a\u{85}b"), "name"),
        ("/timezone", json!("Mars/Olympus"), "timezone"),
        ("/timezone", json!("europe/berlin"), "timezone"),
        ("/timezone", json!("Factory"), "timezone"),
        ("/send_window/days", json!([]), "send_window.days"),
        ("/send_window/days", json!(["mon", "tue", "mon"]), "send_window.days[2]"),
        ("/send_window/from", json!("9:00"), "send_window.from"),
        ("/send_window/from", json!("24:00"), "send_window.from"),
        ("/send_window/from", json!("17:30"), "send_window.to"),
        ("/send_window/to", json!("24:01"), "send_window.to"),
        ("/send_window/to", json!("12:60"), "send_window.to"),
        ("/send_window/to", json!("3a:00"), "send_window.to"),
        ("/steps/1/id", json!("hello"), "steps[1].id"),
        ("/steps/1/id", json!("Hello"), "steps[1].id"),
        ("/steps/1/id", json!("x".repeat(KEY_CHARS_MAX + 1)), "steps[1].id"),
        ("/steps/0/delay_seconds", json!(-1), "steps[0].delay_seconds"),
        ("/steps/0/delay_seconds", json!(DELAY_SECONDS_MAX + 1), "steps[0].delay_seconds"),
        ("/steps/0/template", Value::Null, "steps[0].template"),
        ("/steps/0/channel", json!("wait"), "steps[0].template"),
        ("/steps/0/template/subject", json!("a\nb"), subject),
        ("/steps/0/template/subject", json!("s".repeat(SUBJECT_CHARS_MAX + 1)), subject),
        ("/steps/0/template/body", json!("a\u{b}b"), "steps[0].template.body"),
        ("/steps/0/template/body", json!("b".repeat(BODY_CHARS_MAX + 1)), "steps[0].template.body"),
    ] {
        assert_eq!(refused(pointer, value.clone()).as_deref(), Some(path), "{pointer}: {value}");
    }
}

#[test]
fn a_cadence_has_at_most_a_hundred_steps() {
    let steps = |count: usize| -> Value {
        let step = |n| json!({ "id": format!("s{n}"), "channel": "wait", "delay_seconds": 1, "template": null });
        (0..count).map(step).collect()
    };
    assert_eq!(refused("/steps", steps(STEPS_MAX)), None);
    assert_eq!(refused("/steps", steps(STEPS_MAX + 1)).as_deref(), Some("steps"));
}

#[test]
fn a_key_starts_with_a_letter_or_a_digit_and_has_at_most_63_characters() {
    for good in ["a", "0", "a_b-c", &"k".repeat(63)] {
        assert!(check_key("key", good).is_ok(), "{good}");
    }
    for bad in ["", "_a", "-a", "A", "a b", "a\n", "é", &"k".repeat(64)] {
        assert!(check_key("key", bad).is_err(), "{bad}");
    }
}
