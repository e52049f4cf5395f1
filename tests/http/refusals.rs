//! What HTTP itself refuses.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::world::{World, answer};

const ADD: &str = "/hubspot/fields/add";

#[tokio::test]
async fn a_body_that_is_no_json_object_is_not_taken() {
    let world = World::start().await;
    let body = json!({ "company_id": "acme", "name": "Tier" }).to_string();
    let doubled = r#"{"company_id":"acme","name":"A","name":"B"}"#;
    for text in ["", "{", "[]", "null", "company_id=acme", &format!("{body}{body}"), "\u{0}"] {
        let request = world.request(Method::POST, ADD).header(CONTENT_TYPE, "application/json");
        let refused = answer(request.body(text.to_owned())).await;
        assert_eq!(refused.problem(400), "MALFORMED_MESSAGE", "{text}");
        assert!(refused.body.get("errors").is_none());
    }
    let request = world.request(Method::POST, ADD).header(CONTENT_TYPE, "application/json");
    assert_eq!(answer(request.body(doubled)).await.violation(), ("name", "must be given once"));
    assert_eq!(world.revision().await, 1);
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn only_json_is_taken() {
    let world = World::start().await;
    let body = json!({ "company_id": "acme", "name": "Tier" }).to_string();
    for kind in [
        None,
        Some("application/x-www-form-urlencoded"),
        Some("text/plain"),
        Some("application/json5"),
        Some("text/json"),
        Some(""),
    ] {
        let mut request = world.request(Method::POST, ADD).body(body.clone());
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        let refused = answer(request).await;
        assert_eq!(refused.problem(415), "MALFORMED_MESSAGE", "{kind:?}");
    }
    assert_eq!(world.revision().await, 1);
    for (kind, revision) in [("Application/JSON", 2), ("application/json ; charset=utf-8", 3)] {
        let body = json!({ "company_id": "acme", "name": format!("Tier {revision}") }).to_string();
        let request = world.request(Method::POST, ADD).header(CONTENT_TYPE, kind).body(body);
        assert_eq!(answer(request).await.body["revision"], revision, "{kind}");
    }
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn a_body_has_at_most_a_mebibyte() {
    const MAX: usize = 1 << 20;
    let world = World::start().await;
    let padded = |bytes: usize| {
        let body = json!({ "company_id": "acme", "name": "Tier" }).to_string();
        let spaces = " ".repeat(bytes - body.len());
        let request = world.request(Method::POST, ADD).header(CONTENT_TYPE, "application/json");
        answer(request.body(format!("{body}{spaces}")))
    };
    assert_eq!(padded(MAX + 1).await.problem(413), "MALFORMED_MESSAGE");
    assert_eq!(world.revision().await, 1);
    assert_eq!(padded(MAX).await.status, 202);
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_told_apart() {
    let world = World::start().await;
    for path in [
        "/",
        "/hubspot/fields",
        "/hubspot/fields/add/",
        "/hubspot/fields/modify/acme",
        "/hubspot/fields/modify/acme/",
        "/hubspot/fields/modify/acme/a/b",
        "/Health",
        "/openapi.json",
    ] {
        for method in [Method::GET, Method::POST, Method::PUT] {
            let refused = answer(world.request(method, path)).await;
            assert_eq!(refused.problem(404), "", "{path}");
        }
    }
    for (path, allowed) in [
        (ADD, "POST"),
        ("/hubspot/fields/modify/acme/tier", "PUT"),
        ("/upso/cadence/modify/acme", "PUT"),
        ("/health", "GET,HEAD"),
        ("/metrics", "GET,HEAD"),
        ("/openapi.yaml", "GET,HEAD"),
    ] {
        for method in [Method::DELETE, Method::PATCH, Method::OPTIONS] {
            let refused = answer(world.request(method, path)).await;
            assert_eq!(refused.problem(405), "", "{path}");
            assert_eq!(refused.headers["allow"], allowed, "{path}");
        }
    }
    let wrong = "/hubspot/fields/modify/acme/%FF";
    let wrong = answer(world.call(Method::PUT, wrong, &json!({ "new_name": "X" }))).await;
    assert_eq!(wrong.problem(400), "MALFORMED_MESSAGE");
    let unknown =
        answer(world.call(Method::POST, &format!("{ADD}?dry_run=true"), &json!({}))).await;
    assert_eq!(unknown.violation(), ("dry_run", "is not a parameter of this call"));
    assert!(world.app.stop().await);
}

/// While one change is committed, one may wait: it takes no more than a few rounds for a third to come.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_at_once_is_not_done_and_to_be_repeated() {
    let world = World::with(|settings| settings.queue_max = 1).await;
    let mut accepted = 1;
    for round in 0..100 {
        let adds = (0..50).map(|number| {
            world.add(json!({ "company_id": "acme", "name": format!("F {round} {number}") }))
        });
        let mut refused = 0;
        for answer in futures::future::join_all(adds).await {
            match answer.status {
                202 => accepted += 1,
                _ => {
                    assert_eq!(answer.problem(429), "OVERLOADED");
                    assert_eq!(answer.headers["retry-after"], "1");
                    refused += 1;
                }
            }
        }
        if refused > 0 {
            assert_eq!(world.revision().await, accepted);
            assert!(world.app.stop().await);
            return;
        }
    }
    panic!("five thousand changes found room for one");
}

#[tokio::test]
async fn a_head_has_at_most_sixteen_kibibytes() {
    let world = World::start().await;
    let long = world.request(Method::GET, "/health").header("X-Long", "x".repeat(20_000));
    assert_eq!(answer(long).await.status, 431);
    assert_eq!(answer(world.request(Method::GET, "/health")).await.status, 200);
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn health_metrics_and_the_document_are_served() {
    let world = World::start().await;
    let health = answer(world.request(Method::GET, "/health")).await;
    assert_eq!((health.status, health.body), (200, json!({ "status": "serving" })));
    let metrics = world.request(Method::GET, "/metrics").send().await.unwrap();
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(metrics.headers()["content-type"], kind);
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("\ngomark_backlog_connections 0\n"), "{metrics}");
    let document = world.request(Method::GET, "/openapi.yaml").send().await.unwrap();
    assert_eq!(document.headers()["content-type"], "application/yaml");
    let text = document.text().await.unwrap();
    assert_eq!(text, include_str!("../../docs/http-openapi.yaml"));
    assert!(world.app.stop().await);
}
