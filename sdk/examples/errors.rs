//! Shows what an error says, by asking for things that are refused.
//!
//! `GOMARK_ENDPOINT` (default `http://127.0.0.1:50051`) and `GOMARK_TOKEN` say where GoMark is.

use std::env;

use gomark_sdk::v1::{ErrorReason, Field};
use gomark_sdk::{Client, Error, Result, fields};

#[tokio::main]
async fn main() -> Result<()> {
    let endpoint =
        env::var("GOMARK_ENDPOINT").unwrap_or_else(|_| "http://127.0.0.1:50051".to_owned());
    let mut builder = Client::builder(endpoint);
    if let Ok(token) = env::var("GOMARK_TOKEN") {
        builder = builder.token(token);
    }
    let client = builder.connect().await?;

    let broken = Field { name: "Not A Name".into(), ..fields::text("Deal Stage") };
    if let Err(error) = client.add_field("acme", broken).validate_only().await {
        explain(&error);
    }
    if let Err(error) = client.get_company("nobody-of-that-name").await {
        explain(&error);
    }
    if let Err(error) = client.remove_field("acme", "priority").expected_revision(999_999).await {
        explain(&error);
    }
    Ok(())
}

fn explain(error: &Error) {
    println!("{error}");
    match error.reason() {
        Some(ErrorReason::Validation) => {
            for violation in error.field_violations() {
                println!("  correct `{}`: {}", violation.field, violation.rule);
            }
        }
        Some(ErrorReason::RevisionMismatch) => {
            let present = error.metadata().get("revision").map_or("?", String::as_str);
            println!("  somebody was faster: read revision {present}, and decide again");
        }
        Some(_) | None => {
            if let Some(resource) = error.resource() {
                println!("  it is about the {} `{}`", resource.kind, resource.name);
            }
        }
    }
    if error.is_retryable() {
        let request_id = error.request_id().unwrap_or("none");
        println!("  repeat it, with the request id {request_id}");
    }
}
