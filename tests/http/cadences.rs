//! Changing the only email of a cadence.

use gomark_sdk::v1::{AddCadenceRequest, Cadence, Channel, Step, Template};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, World, answer};

fn email(body: &str) -> Step {
    let template =
        Template { subject: "Hello".to_owned(), body: body.to_owned(), ..Template::default() };
    Step { channel: Channel::Email.into(), template: Some(template), ..Step::default() }
}

/// Adds a cadence of emails with these texts.
async fn add(world: &World, cadence_id: &str, emails: &[&str]) {
    let wait = Step { channel: Channel::Wait.into(), ..Step::default() };
    let cadence = Cadence {
        cadence_id: cadence_id.to_owned(),
        name: cadence_id.to_owned(),
        steps: std::iter::once(wait).chain(emails.iter().copied().map(email)).collect(),
        ..Cadence::default()
    };
    let request = AddCadenceRequest {
        company_id: "acme".to_owned(),
        cadence: Some(cadence),
        ..AddCadenceRequest::default()
    };
    world.client.raw_config().add_cadence(request).await.unwrap();
}

async fn modify(world: &World, body: Value) -> Answer {
    answer(world.call(Method::PUT, "/upso/cadence/modify/acme", &body)).await
}

/// The text and the delay of the email of a cadence.
async fn email_of(world: &World, cadence_id: &str) -> (String, i64) {
    let config = world.client.get_config("acme").await.unwrap();
    let cadence = config.cadences.into_iter().find(|cadence| cadence.cadence_id == cadence_id);
    let step = cadence.unwrap().steps.remove(1);
    (step.template.unwrap().body, step.delay.map_or(0, |delay| delay.seconds))
}

#[tokio::test]
async fn text_and_delay_are_changed_together_or_alone() {
    let world = World::start().await;
    add(&world, "welcome", &["Hello!"]).await;
    let both =
        json!({ "cadence_id": "welcome", "template": "Hi {{first_name}}", "delay_hours": 48 });
    let changed = modify(&world, both.clone()).await;
    assert_eq!(
        (changed.status, changed.body),
        (202, json!({ "revision": 3, "job": { "job_id": "acme.3", "state": "WAITING" } }))
    );
    assert_eq!(email_of(&world, "welcome").await, ("Hi {{first_name}}".to_owned(), 48 * 3_600));
    let same = modify(&world, both).await;
    assert_eq!((same.status, same.body), (200, json!({ "revision": 3, "job": null })));
    let text = json!({ "cadence_id": "welcome", "template": "Hey" });
    assert_eq!(modify(&world, text).await.status, 202);
    assert_eq!(email_of(&world, "welcome").await, ("Hey".to_owned(), 48 * 3_600));
    let delay = json!({ "cadence_id": "welcome", "delay_hours": 0 });
    assert_eq!(modify(&world, delay).await.status, 202);
    assert_eq!(email_of(&world, "welcome").await, ("Hey".to_owned(), 0));
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn a_cadence_without_an_email_or_with_several_is_refused() {
    let world = World::start().await;
    add(&world, "none", &[]).await;
    add(&world, "two", &["One", "Two"]).await;
    let before = world.revision().await;
    for (cadence_id, count) in [("none", "0"), ("two", "2")] {
        let refused = modify(&world, json!({ "cadence_id": cadence_id, "template": "X" })).await;
        let (path, rule) = refused.violation();
        assert_eq!(path, "template");
        assert!(rule.ends_with(&format!("this one has {count}")), "{rule}");
    }
    let refused = modify(&world, json!({ "cadence_id": "two", "delay_hours": 1 })).await;
    assert_eq!(refused.violation().0, "delay_hours");
    assert_eq!(world.revision().await, before);
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn what_is_wrong_with_the_change_is_told_by_the_names_of_the_call() {
    let world = World::start().await;
    add(&world, "welcome", &["Hello!"]).await;
    let before = world.revision().await;
    let id = "welcome";
    for (body, path, rule) in [
        (json!({ "template": "X" }), "cadence_id", "must be given"),
        (json!({ "cadence_id": id }), "template", "must be given, or delay_hours, or both"),
        (json!({ "cadence_id": "", "template": "X" }), "cadence_id", "must be given"),
        (json!({ "cadence_id": id, "template": "" }), "template", "must"),
        (json!({ "cadence_id": id, "template": "{{nobody" }), "template", ""),
        (json!({ "cadence_id": id, "delay_hours": -1 }), "delay_hours", "must be from 0"),
        (json!({ "cadence_id": id, "delay_hours": 8_761 }), "delay_hours", "must be from 0"),
        (json!({ "cadence_id": id, "delay_hours": i64::MAX }), "delay_hours", "must be from 0"),
        (json!({ "cadence_id": id, "delay_hours": 1e300 }), "delay_hours", "must be from 0"),
        (json!({ "cadence_id": id, "delay_hours": 1.5 }), "delay_hours", "must be a whole number"),
        (json!({ "cadence_id": id, "delay_hours": "1" }), "delay_hours", "must be a whole number"),
        (json!({ "cadence_id": id, "template": "X", "subject": "Y" }), "subject", "is not an"),
    ] {
        let refused = modify(&world, body.clone()).await;
        let (told_path, told_rule) = refused.violation();
        assert_eq!(told_path, path, "{body}");
        assert!(told_rule.starts_with(rule), "{body}: {told_rule}");
    }
    let unknown = modify(&world, json!({ "cadence_id": "nothing", "template": "X" })).await;
    assert_eq!(unknown.problem(404), "CADENCE_NOT_FOUND");
    assert_eq!(world.revision().await, before);
    assert!(world.app.stop().await);
}
