//! What is answered when something is wrong with the service rather than with the call.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use gomark_sdk::v1::ErrorReason;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::call::read;
use super::problem::Problem;
use super::router::{Watched, health_of, router_without_calls};
use crate::api::readiness::{Readiness, Standing};
use crate::domain::Violations;
use crate::metrics::Metrics;
use crate::store::hooked::Hooked;
use crate::supervisor::Supervisor;
use crate::{engine, store};

async fn body(response: Response) -> Value {
    serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap()
}

fn retry_after(response: &Response) -> Option<&str> {
    response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn what_is_to_be_repeated_says_when() {
    for (error, status, reason) in [
        (engine::Error::Overloaded, 429, "OVERLOADED"),
        (engine::Error::ShuttingDown, 503, "SHUTTING_DOWN"),
        (store::Error::Unavailable("the disk".into()).into(), 503, "STORE_UNAVAILABLE"),
        (store::Error::InDoubt("the disk".into()).into(), 503, "STORE_UNAVAILABLE"),
    ] {
        let response = Problem::from(error).into_response();
        assert_eq!(response.status().as_u16(), status, "{reason}");
        assert_eq!(retry_after(&response), Some("1"), "{reason}");
        let body = body(response).await;
        assert_eq!(body["reason"], reason);
        assert!(!body.to_string().contains("the disk"), "{body}");
    }
}

#[tokio::test]
async fn of_an_internal_error_no_more_is_told_than_where_to_look() {
    let error = engine::Error::Internal("a secret of the house".to_owned());
    let response = Problem::from(error).into_response();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let body = body(response).await;
    let id = body["request_id"].as_str().unwrap();
    let detail = format!("an internal error; the log says more under {id}");
    assert_eq!(
        body,
        json!({ "type": "about:blank", "title": "Internal Server Error", "status": 500,
                "detail": detail, "reason": "INTERNAL", "request_id": id })
    );
}

#[tokio::test]
async fn health_is_no_longer_told_when_the_database_is_away_or_the_service_ends() {
    let response = health_of(Standing::Ready);
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(body(response).await, json!({ "status": "serving" }));
    for (standing, reason) in
        [(Standing::NotReady, "STORE_UNAVAILABLE"), (Standing::Draining, "SHUTTING_DOWN")]
    {
        let response = health_of(standing);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(retry_after(&response), Some("1"));
        assert_eq!(body(response).await["reason"], reason);
    }
}

#[tokio::test]
async fn a_process_that_takes_no_calls_is_watched_all_the_same() {
    let supervisor = Supervisor::new();
    let (store, _folder) = Hooked::with_acme(&supervisor).await;
    let readiness = Readiness::start(store.clone(), &supervisor);
    let metrics = Arc::new(Metrics::new(store));
    let router = router_without_calls(Watched { metrics, readiness });
    for (path, status) in [
        ("/health", StatusCode::OK),
        ("/metrics", StatusCode::OK),
        ("/hubspot/fields/add", StatusCode::NOT_FOUND),
        ("/openapi.yaml", StatusCode::NOT_FOUND),
    ] {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
}

#[tokio::test]
async fn of_many_broken_rules_the_first_ones_are_told() {
    let mut found = Violations::new();
    (0..10_000).for_each(|number| found.add(format!("path{number}"), "must be right"));
    let body = body(Problem::from(found).into_response()).await;
    let told = body["errors"].as_array().unwrap().len();
    assert!((500..1_000).contains(&told), "{told}");
    assert_eq!(body["errors"][0], json!({ "path": "path0", "rule": "must be right" }));
    let mut found = Violations::new();
    found.add("a", "x".repeat(100_000));
    let body = self::body(Problem::from(found).into_response()).await;
    assert_eq!(body["errors"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_given_up() {
    let never = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let request = Request::new(Body::from_stream(never));
    let begun = tokio::time::Instant::now();
    let problem = read(request, &CancellationToken::new(), "1 MiB").await.unwrap_err();
    assert_eq!(begun.elapsed().as_secs(), 20);
    let response = problem.into_response();
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(body(response).await["reason"], "MALFORMED_MESSAGE");
}

/// The document names no reason by its number; so that a reason cannot be renamed unnoticed.
#[test]
fn the_reasons_that_the_document_names_exist() {
    let document = include_str!("../../../docs/http-openapi.yaml");
    let words = document.split('`').skip(1).step_by(2);
    let is_name = |word: &&str| {
        word.contains('_') && word.chars().all(|c| c == '_' || c.is_ascii_uppercase())
    };
    let named: Vec<_> = words.filter(is_name).collect();
    assert!(named.len() > 3, "{named:?}");
    for name in named {
        let reason = ErrorReason::from_str_name(&format!("ERROR_REASON_{name}"));
        assert!(reason.is_some(), "{name}");
    }
}
