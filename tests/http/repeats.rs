//! One key, one request: over both doors.

use gomark_sdk::fields;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, World, answer};

async fn keyed(world: &World, method: Method, path: &str, body: &Value, key: &str) -> Answer {
    answer(world.call(method, path, body).header("Idempotency-Key", key)).await
}

#[tokio::test]
async fn a_repeat_is_answered_as_the_first_time_and_another_request_is_refused() {
    let world = World::start().await;
    let add = "/hubspot/fields/add";
    let body = json!({ "company_id": "acme", "name": "Tier" });
    let first = keyed(&world, Method::POST, add, &body, "key-1").await;
    let again = keyed(&world, Method::POST, add, &body, "key-1").await;
    assert_eq!((first.status, again.status), (202, 202));
    assert_eq!(first.body, again.body);
    let other = json!({ "company_id": "acme", "name": "Other" });
    let refused = keyed(&world, Method::POST, add, &other, "key-1").await;
    assert_eq!(refused.problem(400), "REQUEST_ID_REUSED");
    assert_eq!(refused.body["errors"][0]["path"], "Idempotency-Key");

    // A field that was found by its label is not found by it again, and yet it is the same request.
    let (modify, label) = ("/hubspot/fields/modify/acme/Tier", json!({ "new_name": "Level" }));
    let first = keyed(&world, Method::PUT, modify, &label, "key-2").await;
    let again = keyed(&world, Method::PUT, modify, &label, "key-2").await;
    assert_eq!((first.status, &first.body), (202, &again.body));
    assert_eq!(
        answer(world.call(Method::PUT, modify, &label)).await.problem(404),
        "FIELD_NOT_FOUND"
    );
    let refused = keyed(&world, Method::PUT, modify, &json!({ "new_name": "X" }), "key-2").await;
    assert_eq!(refused.problem(400), "REQUEST_ID_REUSED");
    let refused = keyed(&world, Method::PUT, modify, &label, "key-1").await;
    assert_eq!(refused.problem(400), "REQUEST_ID_REUSED");
    assert_eq!(world.revision().await, 3);
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn the_same_message_over_grpc_is_the_same_request() {
    let world = World::start().await;
    let field = fields::text("Tier");
    let field = gomark_sdk::v1::Field { field_type: 0, ..field };
    let over_grpc = world.client.add_field("acme", field).request_id("key-1").await.unwrap();
    let body = json!({ "company_id": "acme", "name": "Tier" });
    let over_http = keyed(&world, Method::POST, "/hubspot/fields/add", &body, "key-1").await;
    assert_eq!(over_http.body["revision"], over_grpc.revision, "{over_http:?}");
    assert!(world.app.stop().await);
}

#[tokio::test]
async fn a_key_is_of_visible_characters_and_given_once() {
    let world = World::start().await;
    let body = json!({ "company_id": "acme", "name": "Tier" });
    let call = || world.call(Method::POST, "/hubspot/fields/add", &body);
    for key in [&b""[..], b"two words", "k\u{e9}y".as_bytes(), b"\xff", &[b'k'; 129]] {
        let refused = answer(call().header("Idempotency-Key", key)).await;
        assert_eq!(
            refused.violation(),
            ("Idempotency-Key", "must be 1 to 128 visible ASCII characters"),
            "{key:?}"
        );
    }
    let twice = call().header("Idempotency-Key", "a").header("Idempotency-Key", "a");
    assert_eq!(answer(twice).await.violation(), ("Idempotency-Key", "must be given once"));
    let longest = "k".repeat(128);
    assert_eq!(answer(call().header("Idempotency-Key", longest)).await.status, 202);
    assert!(world.app.stop().await);
}
