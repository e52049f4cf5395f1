use axum::body::Body;
use axum::http;

use super::*;

fn parts(headers: &[(&str, &str)], query: &str) -> Parts {
    let mut request = http::Request::builder().uri(format!("/v1/cadences{query}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

async fn page(query: &str) -> Result<Page, Refusal> {
    Page::from_request_parts(&mut parts(&[], query), &()).await
}

#[tokio::test]
async fn a_page_is_asked_for_in_one_way_only() {
    let first = page("").await.unwrap();
    assert_eq!((first.limit, first.after), (50, None));
    let next = page("?limit=100&after=welcome").await.unwrap();
    assert_eq!((next.limit, next.after.as_deref()), (100, Some("welcome")));
    for bad in [
        "?limit=0",
        "?limit=101",
        "?limit=",
        "?limit=%2B5",
        "?limit=05",
        "?limit=1.0",
        "?limit=-1",
        "?limit=1&limit=2",
        "?after=",
        "?after=a%20b",
        "?after=a&after=b",
        "?page=2",
    ] {
        assert_eq!(page(bad).await.unwrap_err().code, Code::Malformed, "{bad}");
    }
}

#[tokio::test]
async fn if_match_is_one_strong_entity_tag() {
    let read = async |headers: &[(&str, &str)]| {
        IfMatch::from_request_parts(&mut parts(headers, ""), &()).await.map(|IfMatch(v)| v)
    };
    assert_eq!(read(&[("if-match", "\"v1\"")]).await.unwrap(), "v1");
    assert_eq!(read(&[]).await.unwrap_err().code, Code::PreconditionRequired);
    for bad in ["v1", "*", "W/\"v1\"", "\"v1\", \"v2\"", "\"\"", "", "\"", "\"v 1\""] {
        let refusal = read(&[("if-match", bad)]).await.unwrap_err();
        assert_eq!(refusal.code, Code::Malformed, "{bad}");
    }
    let twice = read(&[("if-match", "\"v1\""), ("if-match", "\"v1\"")]).await;
    assert_eq!(twice.unwrap_err().code, Code::Malformed);
}

#[tokio::test]
async fn an_idempotency_key_is_required_and_plain() {
    let read = async |headers: &[(&str, &str)]| {
        IdempotencyKey::from_request_parts(&mut parts(headers, ""), &()).await
    };
    assert_eq!(read(&[("idempotency-key", "job-7.2")]).await.unwrap().0, "job-7.2");
    for bad in ["", "a b", "é", &"x".repeat(129)] {
        let refusal = read(&[("idempotency-key", bad)]).await.unwrap_err();
        assert_eq!(refusal.code, Code::Malformed, "{bad}");
    }
    assert_eq!(read(&[]).await.unwrap_err().code, Code::Malformed);
}

async fn body(kind: &str, body: impl Into<Body>) -> Result<Value, Refusal> {
    let request = http::Request::builder().header("content-type", kind).body(body.into()).unwrap();
    JsonBody::from_request(request, &()).await.map(|JsonBody(value)| value)
}

const WELCOME: &str = r#"{"key":"welcome"}"#;

#[tokio::test]
async fn only_json_is_read() {
    assert!(body("application/json", WELCOME).await.is_ok());
    assert!(body("Application/JSON; charset=utf-8", WELCOME).await.is_ok());
    for kind in ["text/plain", "", "application/jsonx", "application/json-patch+json"] {
        let refusal = body(kind, WELCOME).await.unwrap_err();
        assert_eq!(refusal.code, Code::UnsupportedMediaType, "{kind}");
    }
    for text in ["", "{", "nonsense", "{} {}", "{}]", "[1e400]", "\"\\ud800\""] {
        let refusal = body("application/json", text.to_owned()).await.unwrap_err();
        assert_eq!(refusal.code, Code::Malformed, "{text}");
    }
    let not_utf8 = body("application/json", b"{\"key\":\"\xff\"}".to_vec()).await.unwrap_err();
    assert_eq!(not_utf8.code, Code::Malformed);
}

#[tokio::test]
async fn a_body_is_read_up_to_its_longest() {
    let long = |length: usize| format!("{WELCOME}{}", " ".repeat(length - WELCOME.len()));
    assert!(body("application/json", long(BODY_BYTES_MAX)).await.is_ok());
    let refusal = body("application/json", long(BODY_BYTES_MAX + 1)).await.unwrap_err();
    assert_eq!(refusal.code, Code::TooLarge);
}
