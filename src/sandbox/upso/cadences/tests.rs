use serde_json::{Value, json};

use super::*;
use crate::sandbox::upso::definition;

const NOW: Timestamp = Timestamp::from_micros(0);
const API: Hand<'_> = Hand { by: "api", now: NOW };

fn definition(name: &str) -> Definition {
    let body = json!({
        "name": name, "status": "draft", "timezone": "UTC", "send_window": null, "steps": [],
    });
    definition::replacement(&body).unwrap()
}

fn with(keys: &[&str]) -> Cadences {
    let mut cadences = Cadences::default();
    for key in keys {
        cadences.create((*key).to_owned(), definition(key), API).unwrap();
    }
    cadences
}

fn keys(page: &[&Cadence]) -> Vec<String> {
    page.iter().map(|cadence| cadence.key.clone()).collect()
}

#[test]
fn a_taken_key_is_refused_and_changes_nothing() {
    let mut cadences = with(&["welcome"]);
    let refusal = cadences.create("welcome".to_owned(), definition("Other"), API).unwrap_err();
    assert_eq!(refusal.code, Code::KeyTaken);
    assert_eq!(cadences.get("welcome").unwrap().definition.name, "welcome");
    assert_eq!(cadences.effects()["welcome"].created, 1);
}

#[test]
fn pages_follow_the_keys_and_no_cadence_is_on_two_of_them() {
    let mut cadences = with(&["b", "d", "a", "c"]);
    let (page, more) = cadences.page(None, 2);
    assert_eq!((keys(&page), more), (vec!["a".to_owned(), "b".to_owned()], true));
    cadences.delete("b", None).unwrap();
    let (page, more) = cadences.page(Some("b"), 2);
    assert_eq!((keys(&page), more), (vec!["c".to_owned(), "d".to_owned()], false));
}

#[test]
fn a_change_needs_the_version_that_is_there() {
    let mut cadences = with(&["welcome"]);
    let first = cadences.get("welcome").unwrap().version.clone();
    let replaced = cadences.replace("welcome", Some(&first), definition("New"), API).unwrap();
    assert_ne!(replaced.version, first);
    for refusal in [
        cadences.replace("welcome", Some(&first), definition("Old"), API).unwrap_err(),
        cadences.delete("welcome", Some(&first)).unwrap_err(),
    ] {
        assert_eq!(refusal.code, Code::VersionMismatch);
        assert_eq!(refusal.version.as_ref(), Some(&replaced.version));
    }
    assert_eq!(cadences.get("welcome").unwrap(), &replaced);
    cadences.delete("welcome", Some(&replaced.version)).unwrap();
    assert_eq!(cadences.delete("welcome", None).unwrap_err().code, Code::NotFound);
    let effects = Effects { created: 1, replaced: 1, deleted: 1 };
    assert_eq!(cadences.effects()["welcome"], effects);
}

#[test]
fn no_version_comes_back_even_when_a_key_does() {
    let mut cadences = with(&["welcome"]);
    let first = cadences.get("welcome").unwrap().version.clone();
    cadences.delete("welcome", None).unwrap();
    let again = cadences.create("welcome".to_owned(), definition("Again"), API).unwrap();
    assert_ne!(again.version, first);
}

#[test]
fn a_replacement_keeps_the_time_of_creation_and_names_who_made_it() {
    let mut cadences = with(&["welcome"]);
    let later = Hand { by: "user:1001", now: Timestamp::from_micros(5_000_000) };
    let replaced = cadences.replace("welcome", None, definition("New"), later).unwrap();
    let wire = json!(replaced);
    assert_eq!(wire["created_at"], "1970-01-01T00:00:00.000Z");
    assert_eq!(wire["updated_at"], "1970-01-01T00:00:05.000Z");
    assert_eq!((&wire["updated_by"], &wire["name"]), (&json!("user:1001"), &json!("New")));
    assert_eq!(wire["send_window"], Value::Null);
}

#[test]
fn a_create_is_remembered_for_a_day_with_its_first_answer() {
    let mut cadences = with(&["welcome"]);
    let first = cadences.get("welcome").unwrap().clone();
    cadences.remember("once".to_owned(), first.clone(), NOW);
    cadences.delete("welcome", None).unwrap();
    let asked_again = |cadences: &mut Cadences, key, name, now| {
        cadences.remembered("once", key, &definition(name), now)
    };
    let almost_a_day = Timestamp::from_micros(24 * 60 * 60 * 1_000_000 - 1);
    let answer = asked_again(&mut cadences, "welcome", "welcome", almost_a_day).unwrap();
    assert_eq!(answer, Some(first));
    for (key, name) in [("welcome", "Other"), ("other", "welcome")] {
        let refusal = asked_again(&mut cadences, key, name, almost_a_day).unwrap_err();
        assert_eq!(refusal.code, Code::IdempotencyKeyReused, "{key} {name}");
    }
    let a_day = Timestamp::from_micros(24 * 60 * 60 * 1_000_000);
    assert_eq!(asked_again(&mut cadences, "welcome", "Other", a_day).unwrap(), None);
}
