//! Who may call, and what the audit log says of it.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HOST};
use serde_json::json;

use crate::world::{ADA, ROOT, World, answer};

const CALLS: [(Method, &str); 3] = [
    (Method::POST, "/hubspot/fields/add"),
    (Method::PUT, "/hubspot/fields/modify/of-ada/tier"),
    (Method::PUT, "/upso/cadence/modify/of-ada"),
];

#[tokio::test]
async fn without_a_token_that_is_known_there_is_no_call() {
    let world = World::with_tokens().await;
    for (method, path) in CALLS {
        for header in [
            None,
            Some(ADA.to_owned()),
            Some(format!("Basic {ADA}")),
            Some(format!("Bearer {ADA}x")),
            Some("Bearer".to_owned()),
        ] {
            // Before anything else is looked at: this is no JSON, and says so.
            let mut request = world.request(method.clone(), path).body("{");
            if let Some(header) = &header {
                request = request.header(AUTHORIZATION, header);
            }
            let refused = answer(request).await;
            assert_eq!(refused.problem(401), "UNAUTHENTICATED", "{path} {header:?}");
            assert_eq!(refused.headers["www-authenticate"], "Bearer");
        }
    }
    assert_eq!(answer(world.request(Method::GET, "/health")).await.status, 200);
    assert_eq!(answer(world.request(Method::GET, "/metrics")).await.status, 200);
    assert_eq!(answer(world.request(Method::GET, "/openapi.yaml")).await.status, 200);
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn a_token_opens_the_companies_of_its_scope_alone() {
    let world = World::with_tokens().await;
    let add = |company: &str, token: &str| {
        let body = json!({ "company_id": company, "name": "Tier" });
        answer(world.call(Method::POST, "/hubspot/fields/add", &body).bearer_auth(token))
    };
    let of_others = add("acme", ADA).await;
    let of_nobody = add("nobody", ADA).await;
    assert_eq!(of_others.problem(404), "COMPANY_NOT_FOUND");
    let told = |text: String, company: &str| text.replace(company, "COMPANY");
    assert_eq!(
        told(of_others.body.to_string(), "acme"),
        told(of_nobody.body.to_string(), "nobody")
    );
    for (method, path) in [
        (Method::PUT, "/hubspot/fields/modify/acme/tier"),
        (Method::PUT, "/upso/cadence/modify/acme"),
    ] {
        let body = match path.contains("fields") {
            true => json!({ "new_name": "Level" }),
            false => json!({ "cadence_id": "welcome", "template": "X" }),
        };
        let refused = answer(world.call(method, path, &body).bearer_auth(ADA)).await;
        assert_eq!(refused.problem(404), "COMPANY_NOT_FOUND", "{path}");
    }
    assert_eq!(add("of-ada", ADA).await.status, 202);
    assert_eq!(add("acme", ROOT).await.status, 202);
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn the_audit_log_names_the_door_and_the_caller() {
    let world = World::with_tokens().await;
    let body = json!({ "company_id": "of-ada", "name": "Tier" });
    let add = world.call(Method::POST, "/hubspot/fields/add", &body).bearer_auth(ADA);
    assert_eq!(answer(add.header("Idempotency-Key", "key-1")).await.status, 202);
    let body = json!({ "new_name": "Level" });
    let path = "/hubspot/fields/modify/of-ada/Tier";
    let modify = world.call(Method::PUT, path, &body).bearer_auth(ADA);
    assert_eq!(answer(modify).await.status, 202);
    let entries = world.client.list_audit("of-ada").all().await.unwrap();
    let told = |entry: &gomark_sdk::v1::AuditEntry| {
        format!("{} {} {}", entry.actor, entry.door, entry.request_id)
    };
    let told: Vec<_> = entries.iter().map(told).collect();
    assert_eq!(told[1], "ada http key-1");
    assert_eq!(told[2], "ada http ");
    assert!(told[0].starts_with("root grpc "), "{told:?}");
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn without_tokens_a_foreign_name_does_not_lead_here() {
    let world = World::start().await;
    let body = json!({ "company_id": "acme", "name": "Tier" });
    let call = |host: &str| {
        answer(world.call(Method::POST, "/hubspot/fields/add", &body).header(HOST, host))
    };
    assert_eq!(call("gomark.example.com").await.problem(421), "");
    assert_eq!(world.revision().await, 1);
    assert_eq!(call("localhost:8080").await.status, 202);
    let entries = world.client.list_audit("acme").all().await.unwrap();
    assert_eq!((entries[1].actor.as_str(), entries[1].door.as_str()), ("local", "http"));
    assert!(world.app.stop().await);
    // With tokens, whoever has one is let in by any name.
    let world = World::with_tokens().await;
    let call = world.call(Method::POST, "/hubspot/fields/add", &body).bearer_auth(ROOT);
    assert_eq!(answer(call.header(HOST, "gomark.example.com")).await.status, 202);
    assert!(world.app.stop().await);
}
