//! The short form changes the only email of a cadence.

use super::*;

fn body(body: &str) -> ShortForm {
    ShortForm { template: Some(body.to_owned()), delay_hours: None }
}

fn refuses(short: ShortForm, cadence: &Cadence, expected: &[(&str, &str)]) {
    found(short.apply(cadence, &CadenceRules::ANY), expected);
}

#[test]
fn the_only_email_is_changed_wherever_it_stands() {
    let cadence = complete(of_steps(vec![task("Call"), wait(60), email("Hi")]));
    let change = ShortForm { template: Some("Bye".to_owned()), delay_hours: Some(48) };
    let changed = change.apply(&cadence, &CadenceRules::ANY).unwrap();
    let mut expected = cadence.clone();
    expected.steps[2].delay_s = 172_800;
    expected.steps[2].template.as_mut().unwrap().body = "Bye".to_owned();
    assert_eq!(changed, expected);
    let delayed = ShortForm { template: None, delay_hours: Some(48) };
    expected.steps[2].template = cadence.steps[2].template.clone();
    assert_eq!(delayed.apply(&cadence, &CadenceRules::ANY), Ok(expected));
    assert_eq!(ShortForm::default().apply(&cadence, &CadenceRules::ANY), Ok(cadence));
}

#[test]
fn a_cadence_with_no_email_or_several_has_no_only_one() {
    let rule = "changes the email of a cadence that has exactly one; this one has";
    let none = complete(of_steps(vec![task("Call"), wait(60)]));
    refuses(body("x"), &none, &[("template", &format!("{rule} 0"))]);
    let several = complete(of_steps(vec![email("a"), email("b")]));
    let delayed = ShortForm { template: None, delay_hours: Some(1) };
    refuses(delayed, &several, &[("delay_hours", &format!("{rule} 2"))]);
}

#[test]
fn what_is_wrong_is_told_by_the_names_of_the_short_form() {
    let cadence = complete(of_steps(vec![wait(1), email("a")]));
    let range = "must be from 0 to 365 days";
    for delay_hours in [-1, 365 * 24 + 1, i64::MAX, i64::MIN] {
        let late = ShortForm { template: None, delay_hours: Some(delay_hours) };
        refuses(late, &cadence, &[("delay_hours", range)]);
    }
    let both = ShortForm { template: Some("{{".to_owned()), delay_hours: Some(-1) };
    refuses(
        both,
        &cadence,
        &[("delay_hours", range), ("template", "must not have {{ without }} after it")],
    );
}
