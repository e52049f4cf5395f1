use serde_json::json;

use super::*;

fn welcome() -> Value {
    json!({
        "key": "welcome", "name": "Welcome", "status": "active", "timezone": "UTC",
        "send_window": { "days": ["mon"], "from": "09:00", "to": "17:30" },
        "steps": [
            { "id": "hello", "channel": "email", "delay_seconds": 0,
              "template": { "subject": "Hello", "body": "<p>Hello</p>", "format": "html" } },
        ],
    })
}

#[test]
fn what_is_read_is_written_the_same_way() {
    let (key, definition) = create(&welcome()).unwrap();
    let mut written = json!(definition);
    written.as_object_mut().unwrap().insert("key".to_owned(), json!(key));
    assert_eq!(written, welcome());
}

#[test]
fn a_whole_number_is_one_however_it_is_written() {
    for written in ["3600", "3600.0", "36e2"] {
        let text = welcome()
            .to_string()
            .replace(r#""delay_seconds":0"#, &format!(r#""delay_seconds":{written}"#));
        let (_, definition) = create(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(definition.steps[0].delay_seconds, 3600, "{written}");
    }
}

#[test]
fn what_has_another_shape_is_refused_with_its_place() {
    for (pointer, value, path) in [
        ("", json!([]), ""),
        ("", json!(["welcome", "W", "draft", "UTC", null, []]), ""),
        ("/key", Value::Null, "key"),
        ("/name", json!(1), "name"),
        ("/status", json!("archived"), "status"),
        ("/status", json!({ "draft": null }), "status"),
        ("/send_window", json!([["mon"], "09:00", "17:30"]), "send_window"),
        ("/send_window/days/0", json!("monday"), "send_window.days[0]"),
        ("/steps", Value::Null, "steps"),
        ("/steps/0/delay_seconds", json!(1.5), "steps[0].delay_seconds"),
        ("/steps/0/delay_seconds", json!(u64::MAX), "steps[0].delay_seconds"),
        ("/steps/0/delay_seconds", json!(1e300), "steps[0].delay_seconds"),
        ("/steps/0/delay_seconds", json!("0"), "steps[0].delay_seconds"),
        ("/steps/0/template/format", Value::Null, "steps[0].template.format"),
    ] {
        let mut body = welcome();
        *body.pointer_mut(pointer).unwrap() = value.clone();
        let refusal = create(&body).unwrap_err();
        assert_eq!(refusal.path.as_deref(), Some(path), "{pointer}: {value}");
    }
}

#[test]
fn every_attribute_must_be_there_and_no_other_one_may_be() {
    let objects = [
        ("", ""),
        ("/send_window", "send_window."),
        ("/steps/0", "steps[0]."),
        ("/steps/0/template", "steps[0].template."),
    ];
    for (pointer, path) in objects {
        let names: Vec<String> =
            welcome().pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect();
        for name in names {
            let mut body = welcome();
            body.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(&name);
            let refusal = create(&body).unwrap_err();
            assert_eq!(refusal.path, Some(format!("{path}{name}")));
        }
        let mut body = welcome();
        let object = body.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        object.insert("colour".to_owned(), json!(1));
        assert_eq!(create(&body).unwrap_err().path, Some(format!("{path}colour")));
    }
}

#[test]
fn a_replacement_names_no_key() {
    assert_eq!(replacement(&welcome()).unwrap_err().path.as_deref(), Some("key"));
}
