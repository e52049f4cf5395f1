//! What is sent, when it is sent again, and when it is not.

use std::time::{Duration, Instant};

use gomark_sdk::v1::{Cadence, Field, Group, Step, Vendor};
use gomark_sdk::{Code, RetryPolicy, Status, cadences, fields};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::fake::{Fake, Script};

fn refusing(status: impl Fn() -> Status, times: usize) -> Script {
    Script { refusals: (0..times).map(|_| status()).collect(), ..Script::default() }
}

fn overloaded(delay: Duration) -> Status {
    let details = ErrorDetails::with_retry_info(Some(delay));
    Status::with_error_details(Code::ResourceExhausted, "too much", details)
}

#[tokio::test]
async fn an_unavailable_mutation_is_repeated_with_the_same_request_id() {
    let fake = Fake::start(refusing(|| Status::unavailable("away"), 2)).await;
    let client = fake.client().await;

    let change = client.add_field("acme", fields::text("Deal Stage")).await.unwrap();

    let seen = fake.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|call| call.request_id() == seen[0].request_id()));
    assert_eq!(change.request_id.as_deref(), Some(seen[0].request_id()));
    assert_eq!(seen[0].request_id().len(), 36);
}

#[tokio::test]
async fn each_call_has_a_request_id_of_its_own_unless_one_is_given() {
    let fake = Fake::start(Script::default()).await;
    let client = fake.client().await;

    client.rollback("acme", 1).await.unwrap();
    client.rollback("acme", 1).await.unwrap();
    client.rollback("acme", 1).request_id("mine").await.unwrap();
    client.job("j1").cancel().await.unwrap();
    client.job("j1").retry().request_id("again").await.unwrap();

    let seen = fake.seen();
    assert_ne!(seen[0].request_id(), seen[1].request_id());
    assert_eq!(seen[2].request_id(), "mine");
    assert_eq!(seen[3].request_id().len(), 36);
    assert_eq!(seen[4].request_id(), "again");
}

#[tokio::test]
async fn a_validation_goes_without_a_request_id() {
    let fake = Fake::start(Script::default()).await;
    let client = fake.client().await;

    let change = client.rollback("acme", 1).request_id("mine").validate_only().await.unwrap();

    assert_eq!(change.request_id, None);
    assert_eq!(fake.seen()[0].request_id(), "");
}

#[tokio::test]
async fn every_mutation_sends_what_it_was_given() {
    let fake = Fake::start(Script::default()).await;
    let client = fake.client().await;
    let field = Field { description: "why".into(), ..fields::number("Amount") };

    client.register_company("acme").display_name("Acme").reason("new").await.unwrap();
    client.update_company("acme").display_name("A").update_mask(["display_name"]).await.unwrap();
    client.connect_hubspot("acme", "pat-1").base_url("http://h").burst_per_10s(9).await.unwrap();
    client.disconnect_vendor("acme", Vendor::Hubspot).await.unwrap();
    client.modify_field("acme", "amount", field).update_mask(["description"]).await.unwrap();
    client.remove_field("acme", "amount").expected_revision(6).await.unwrap();
    let group = Group { name: "ops".into(), display_order: Some(2), ..Group::default() };
    client.add_group("acme", group.clone()).reason("new").await.unwrap();
    client.modify_group("acme", "ops", group).update_mask(["display_order"]).await.unwrap();
    client.remove_group("acme", "ops").expected_revision(9).await.unwrap();

    let expected = [
        ("register_company", vec!["\"acme\"", "\"Acme\"", "reason: \"new\""]),
        ("update_company", vec!["\"acme\"", "\"A\"", "paths: [\"display_name\"]"]),
        (
            "connect_vendor",
            vec!["AccessToken([redacted])", "\"http://h\"", "burst_per_10s: 9", "Hubspot"],
        ),
        ("disconnect_vendor", vec!["\"acme\"", "Hubspot"]),
        ("modify_field", vec!["name: \"amount\"", "\"why\"", "paths: [\"description\"]"]),
        ("remove_field", vec!["name: \"amount\"", "expected_revision: 6"]),
        ("add_group", vec!["name: \"ops\"", "display_order: Some(2)", "reason: \"new\""]),
        ("modify_group", vec!["name: \"ops\"", "paths: [\"display_order\"]"]),
        ("remove_group", vec!["name: \"ops\"", "expected_revision: 9"]),
    ];
    for (seen, (method, parts)) in fake.seen().iter().zip(expected) {
        assert_eq!(seen.method, method);
        assert!(parts.iter().all(|part| seen.request.contains(part)), "{seen:?} has {parts:?}");
    }
}

#[tokio::test]
async fn every_call_about_cadences_sends_what_it_was_given() {
    let fake = Fake::start(Script::default()).await;
    let client = fake.client().await;
    let steps = [cadences::email("Hi", "Text"), cadences::wait(Duration::from_millis(1_500))];
    let cadence = cadences::cadence("Trial users", steps);
    let one = Step { step_id: "step-2".into(), ..Step::default() }.after(Duration::from_secs(60));
    let changed = Cadence { steps: vec![one], ..Cadence::default() };

    client.add_cadence("acme", cadence.clone()).reason("new").await.unwrap();
    client
        .modify_cadence("acme", "trial-users")
        .cadence(changed)
        .update_mask(["steps.delay"])
        .await
        .unwrap();
    client.modify_cadence("acme", "trial-users").template("").delay_hours(0).await.unwrap();
    client.remove_cadence("acme", "trial-users").expected_revision(4).await.unwrap();
    client.connect_upso("acme", "key-12345").base_url("http://u").await.unwrap();
    let start = Duration::from_secs(86_400);
    let start = std::time::UNIX_EPOCH + start;
    client.preview_cadence("acme", "trial-users").start(start).await.unwrap();
    client.preview_cadence("acme", cadence).sample("first_name", "Ada").await.unwrap();

    let expected = [
        (
            "add_cadence",
            vec![
                "\"Trial users\"",
                "channel: Email, delay: None",
                "subject: \"Hi\", body: \"Text\"",
                "channel: Wait, delay: Some(Duration { seconds: 1, nanos: 500000000 })",
                "reason: \"new\"",
            ],
        ),
        (
            "modify_cadence",
            vec![
                "cadence_id: \"trial-users\"",
                "step_id: \"step-2\"",
                "seconds: 60, nanos: 0",
                "paths: [\"steps.delay\"]",
                "template: None, delay_hours: None",
            ],
        ),
        ("modify_cadence", vec!["cadence: None", "template: Some(\"\")", "delay_hours: Some(0)"]),
        ("remove_cadence", vec!["cadence_id: \"trial-users\"", "expected_revision: 4"]),
        ("connect_vendor", vec!["vendor: Upso", "\"http://u\"", "api_key: [redacted]"]),
        (
            "preview_cadence",
            vec![
                "CadenceId(\"trial-users\")",
                "start: Some(Timestamp { seconds: 86400, nanos: 0 })",
            ],
        ),
        ("preview_cadence", vec!["Cadence(Cadence", "start: None", "\"first_name\": \"Ada\""]),
    ];
    let seen = fake.seen();
    assert_eq!(seen.len(), expected.len());
    for (seen, (method, parts)) in seen.iter().zip(expected) {
        assert_eq!(seen.method, method);
        assert!(parts.iter().all(|part| seen.request.contains(part)), "{seen:?} has {parts:?}");
    }
    let sent = String::from_utf8_lossy(&seen[4].sent).into_owned();
    assert!(sent.contains("key-12345"), "the key itself is sent");
}

#[tokio::test]
async fn an_unavailable_preview_is_repeated() {
    let fake = Fake::start(refusing(|| Status::unavailable("away"), 1)).await;

    fake.client().await.preview_cadence("acme", "trial-users").await.unwrap();

    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn an_unavailable_read_is_repeated() {
    let fake = Fake::start(refusing(|| Status::unavailable("away"), 1)).await;
    let client = fake.client().await;

    let config = client.get_config("acme").revision(3).min_revision(2).await.unwrap();

    assert_eq!(config.revision, 3);
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn no_other_refusal_is_repeated() {
    for code in (1..=16).map(Code::from).filter(|code| *code != Code::Unavailable) {
        let fake = Fake::start(refusing(|| Status::new(code, "no"), 1)).await;
        let client = fake.client().await;

        let error = client.get_company("acme").await.unwrap_err();
        assert_eq!(error.code(), Some(code));
        assert!(!error.is_retryable());
        assert_eq!(fake.seen().len(), 1, "{code:?}");

        assert!(client.rollback("acme", 1).await.is_ok());
    }
}

#[tokio::test]
async fn an_overloaded_server_is_given_the_time_it_asks_for() {
    let fake = Fake::start(refusing(|| overloaded(Duration::from_millis(40)), 1)).await;
    let client = fake.client().await;
    let began_at = Instant::now();

    client.get_company("acme").await.unwrap();

    assert!(began_at.elapsed() >= Duration::from_millis(40));
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn a_wait_that_does_not_fit_into_the_limits_is_not_begun() {
    let fake = Fake::start(refusing(|| overloaded(Duration::from_secs(3_600)), 1)).await;
    let client = fake.client().await;

    let error = client.get_company("acme").await.unwrap_err();

    assert_eq!(error.retry_after(), Some(Duration::from_secs(3_600)));
    assert!(error.is_retryable());
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn repeats_end_with_the_last_error_and_the_request_id_to_go_on_with() {
    let fake = Fake::start(refusing(|| Status::unavailable("away"), 9)).await;
    let policy = crate::fake::quick().attempts_max(3);
    let client = fake.client().await.with_retry(policy);

    let error = client.rollback("acme", 1).request_id("mine").await.unwrap_err();
    assert_eq!(error.code(), Some(Code::Unavailable));
    assert_eq!(error.request_id(), Some("mine"));
    assert_eq!(fake.seen().len(), 3);

    let client = client.with_retry(RetryPolicy::none());
    assert!(client.rollback("acme", 1).await.is_err());
    assert_eq!(fake.seen().len(), 4);
}

#[tokio::test]
async fn a_call_that_is_not_answered_ends_in_the_time_out_which_the_server_is_told() {
    let fake = Fake::start(Script { hangs: 1, ..Script::default() }).await;
    let client = fake.client().await.with_timeout(Duration::from_millis(500));

    let error = client.rollback("acme", 1).request_id("mine").await.unwrap_err();

    assert_eq!(error.code(), Some(Code::DeadlineExceeded));
    assert_eq!(error.request_id(), Some("mine"));
    let seen = fake.seen();
    assert_eq!(seen.len(), 1);
    let told = seen[0].header("grpc-timeout").unwrap();
    let told_us: u64 = told.strip_suffix('u').expect("microseconds").parse().unwrap();
    assert!((1..=500_000).contains(&told_us), "{told}");
}

#[tokio::test]
async fn the_time_out_covers_the_repeats() {
    let fake = Fake::start(refusing(|| overloaded(Duration::from_millis(60)), 50)).await;
    let client = fake.client().await.with_timeout(Duration::from_millis(150));

    let error = client.get_company("acme").await.unwrap_err();

    assert!(matches!(error.code(), Some(Code::ResourceExhausted | Code::DeadlineExceeded)));
    assert!(fake.seen().len() <= 3);
}
