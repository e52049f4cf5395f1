//! The HTTP calls against the document that GoMark serves, by a tool that nobody here wrote.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

use gomark::app::App;
use gomark::auth::{Policy, Tokens};
use gomark::config::Database;
use gomark_sdk::v1::{AddCadenceRequest, Cadence, Channel, Step, Template};
use gomark_sdk::{Client, fields};

#[path = "support/schemathesis.rs"]
mod schemathesis;
#[path = "blackbox/settings.rs"]
mod settings;
use schemathesis::{Made, Run};
use settings::settings;

const TOKEN: &str = "the-token-of-root-0000";
const COMPANY: &str = "123";
const ADD: &str = "/hubspot/fields/add";
const MODIFY: &str = "/hubspot/fields/modify/123/";
const CADENCE: &str = "/upso/cadence/modify/123";
const HOOK: &str = "/webhooks/upso/123";

/// Makes calls to a service that has what the hooks know of. It asks for tokens, so that calls
/// without one are tried too.
async fn tried(phases: &str) -> Option<Made> {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(Database::Sqlite(folder.path().join("gomark.db")));
    settings.http_listen = Some("127.0.0.1:0".parse().unwrap());
    let caller =
        format!("[[caller]]\nactor = \"root\"\ncompanies = [\"*\"]\ntoken = \"{TOKEN}\"\n");
    settings.auth = Policy::Tokens(Tokens::parse(&caller).unwrap());
    let app = App::start(settings).await.unwrap();
    let grpc = format!("http://{}", app.local_addr());
    let client = Client::builder(grpc).token(TOKEN).connect().await.unwrap();
    client.register_company(COMPANY).await.unwrap();
    client.add_field(COMPANY, fields::text("Tier")).await.unwrap();
    let template = Template {
        subject: "Welcome".to_owned(),
        body: "Hello!".to_owned(),
        ..Template::default()
    };
    let email =
        Step { channel: Channel::Email.into(), template: Some(template), ..Step::default() };
    let cadence = Cadence {
        cadence_id: "welcome".to_owned(),
        name: "Welcome".to_owned(),
        steps: vec![email],
        ..Cadence::default()
    };
    let request = AddCadenceRequest {
        company_id: COMPANY.to_owned(),
        cadence: Some(cadence),
        ..AddCadenceRequest::default()
    };
    client.raw_config().add_cadence(request).await.unwrap();
    drop(client);
    let run = Run {
        config: "tests/http_contract/schemathesis.toml",
        document: "docs/http-openapi.yaml",
        url: &format!("http://{}", app.http_addr().unwrap()),
        token: TOKEN,
        phases,
        without: "positive_data_acceptance",
    };
    let made = run.make().await;
    assert!(app.stop().await, "the service stops when told");
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn every_edge_of_the_document_is_answered_as_it_says() {
    let Some(made) = tried("examples,coverage").await else { return };
    for status in [202, 400, 401, 409, 415] {
        made.reached("POST", ADD, status);
    }
    for (path, statuses) in
        [(MODIFY, &[202, 400, 401, 415][..]), (CADENCE, &[200, 202, 400, 401, 415])]
    {
        statuses.iter().for_each(|status| made.reached("PUT", path, *status));
    }
    for (method, path, status) in [
        ("GET", "/health", 200),
        ("GET", "/metrics", 200),
        ("GET", "/openapi.yaml", 200),
        ("POST", HOOK, 401),
        ("GET", HOOK, 405),
        ("DELETE", "/health", 405),
        ("GET", ADD, 405),
    ] {
        made.reached(method, path, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_were_drawn_are_answered_as_the_document_says() {
    let Some(made) = tried("fuzzing").await else { return };
    for status in [202, 400] {
        made.reached("POST", ADD, status);
        made.reached("PUT", MODIFY, status);
        made.reached("PUT", CADENCE, status);
    }
    made.reached("PUT", MODIFY, 404);
}
