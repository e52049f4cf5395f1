//! Tokens are sent, and shown nowhere.

use gomark_sdk::v1::GetCompanyRequest;
use gomark_sdk::{Client, Error, Status};

use crate::fake::{Fake, Script};

const SECRET: &str = "s3cret-t0ken";

#[tokio::test]
async fn the_token_is_sent_with_every_call_also_over_the_raw_clients() {
    let fake = Fake::start(Script::default()).await;
    let client = fake.builder().token(SECRET).user_agent("tests/1").connect().await.unwrap();

    client.get_company("acme").await.unwrap();
    client.rollback("acme", 1).await.unwrap();
    client.job("j1").watch(0).next().await;
    let request = GetCompanyRequest { company_id: "acme".into() };
    client.raw_company().get_company(request).await.unwrap();

    let seen = fake.seen();
    assert_eq!(seen.len(), 4);
    for call in seen {
        assert_eq!(call.header("authorization"), Some("Bearer s3cret-t0ken"));
        assert!(call.header("user-agent").unwrap().starts_with("tests/1 "));
    }
}

#[tokio::test]
async fn no_header_is_sent_without_a_token() {
    let fake = Fake::start(Script::default()).await;

    fake.client().await.get_company("acme").await.unwrap();

    let seen = fake.seen();
    assert_eq!(seen[0].header("authorization"), None);
    assert!(seen[0].header("user-agent").unwrap().starts_with("gomark-sdk/"));
}

#[tokio::test]
async fn no_secret_is_shown() {
    let refusals = [Status::unauthenticated("no"), Status::unauthenticated("no")].into();
    let fake = Fake::start(Script { refusals, ..Script::default() }).await;
    let builder = fake.builder().token(SECRET);
    let mut shown = vec![format!("{builder:?}")];
    assert!(shown[0].contains("Some([redacted])"));

    let client = builder.connect().await.unwrap();
    let connect = client.connect_hubspot("acme", SECRET);
    shown.push(format!("{client:?} {:?} {:?}", client.raw_config(), client.raw_company()));
    shown.push(format!("{connect:#?}"));
    assert!(shown[2].contains("[redacted]") && shown[2].contains("acme"));
    shown.push(format!("{:#?}", client.connect_upso("acme", SECRET)));
    assert!(shown[3].contains("[redacted]") && shown[3].contains("acme"));
    let error = connect.await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    let error = client.get_company("acme").await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    shown.push(format!("{:?}", client.job("j1")));
    shown.push(format!("{:?} {:?}", client.list_companies(), client.job("j1").watch(0)));

    for shown in shown {
        assert!(!shown.contains(SECRET), "{shown}");
    }
    let sent = String::from_utf8_lossy(&fake.seen()[0].sent).into_owned();
    assert!(sent.contains(SECRET), "the vendor's token itself is sent");
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_refused_without_being_shown() {
    for token in ["", "two words", "s3cret\n", "schlüssel"] {
        let error = Client::builder("http://127.0.0.1:1").token(token).connect_lazy().unwrap_err();
        assert!(matches!(error, Error::InvalidToken));
        assert!(!format!("{error:?}").contains("s3cret"));
    }
}

#[tokio::test]
async fn a_password_in_an_endpoint_is_refused_without_being_shown() {
    for endpoint in ["http://me:s3cret@gomark.example.com", "http://me:s3 cret@gomark", "s3cret@"] {
        let builder = Client::builder(endpoint);
        let shown = format!("{builder:?} {:?}", builder_error(endpoint));
        assert!(!shown.contains("s3"), "{shown}");
    }
}

fn builder_error(endpoint: &str) -> Error {
    Client::builder(endpoint).connect_lazy().unwrap_err()
}
