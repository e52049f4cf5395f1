//! What an error tells.

use std::collections::HashMap;
use std::error::Error as _;
use std::time::Duration;

use gomark_sdk::v1::ErrorReason;
use gomark_sdk::{Code, Error, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::fake::{Fake, Script};

async fn refused(code: Code, message: &str, details: ErrorDetails) -> Error {
    let status = Status::with_error_details(code, message, details);
    let fake = Fake::start(Script { refusals: [status].into(), ..Script::default() }).await;
    let client = fake.client().await.with_retry(gomark_sdk::RetryPolicy::none());
    client.rollback("acme", 1).await.unwrap_err()
}

#[tokio::test]
async fn a_violation_names_the_field_and_the_rule() {
    let mut details = ErrorDetails::with_error_info("VALIDATION", "gomark", HashMap::new());
    details.add_bad_request_violation("field.options[3].value", "must not be empty");

    let error = refused(Code::InvalidArgument, "the request is not valid", details).await;

    assert_eq!(error.reason(), Some(ErrorReason::Validation));
    assert_eq!(error.field_violations().len(), 1);
    assert_eq!(error.field_violations()[0].field, "field.options[3].value");
    assert_eq!(error.field_violations()[0].rule, "must not be empty");
    assert_eq!(
        error.to_string(),
        "INVALID_ARGUMENT (VALIDATION): the request is not valid; \
         field.options[3].value: must not be empty"
    );
}

#[tokio::test]
async fn a_reason_comes_with_its_metadata() {
    let metadata = HashMap::from([("revision".to_owned(), "9".to_owned())]);
    let details = ErrorDetails::with_error_info("REVISION_MISMATCH", "gomark", metadata);

    let error = refused(Code::Aborted, "the company is at revision 9", details).await;

    assert_eq!(error.code(), Some(Code::Aborted));
    assert_eq!(error.reason(), Some(ErrorReason::RevisionMismatch));
    assert_eq!(error.metadata()["revision"], "9");
}

#[tokio::test]
async fn every_reason_of_the_api_is_known() {
    let reasons = (0..).map_while(|number| ErrorReason::try_from(number).ok());
    let reasons: Vec<_> = reasons.collect();
    assert!(reasons.contains(&ErrorReason::CadenceNotFound));
    assert!(reasons.contains(&ErrorReason::CadenceExists));
    for known in reasons {
        let sent = known.as_str_name().strip_prefix("ERROR_REASON_").unwrap();
        let details = ErrorDetails::with_error_info(sent, "gomark", HashMap::new());
        let error = refused(Code::NotFound, "no", details).await;
        assert_eq!((error.reason(), error.reason_str()), (Some(known), Some(sent)));
    }
}

#[tokio::test]
async fn a_reason_of_a_newer_server_is_kept_as_it_was_sent() {
    let details = ErrorDetails::with_error_info("MOON_PHASE", "gomark", HashMap::new());

    let error = refused(Code::FailedPrecondition, "not today", details).await;

    assert_eq!(error.reason(), None);
    assert_eq!(error.reason_str(), Some("MOON_PHASE"));
}

#[tokio::test]
async fn a_reason_of_somebody_else_is_not_ours() {
    let details = ErrorDetails::with_error_info("VALIDATION", "proxy.example.com", HashMap::new());

    let error = refused(Code::PermissionDenied, "no", details).await;

    assert_eq!(error.reason_str(), None);
    assert_eq!(error.to_string(), "PERMISSION_DENIED: no");
}

#[tokio::test]
async fn resource_delay_and_log_id_are_told() {
    let mut details = ErrorDetails::with_resource_info("job", "j1", "", "there is none");
    details.set_retry_info(Some(Duration::from_secs(2)));
    details.set_request_info("log-17", "");

    let error = refused(Code::NotFound, "no such job", details).await;

    let resource = error.resource().unwrap();
    assert_eq!((resource.kind.as_str(), resource.name.as_str()), ("job", "j1"));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
    assert_eq!(error.log_id(), Some("log-17"));
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn the_original_status_is_the_source() {
    let error = refused(Code::NotFound, "no such company", ErrorDetails::new()).await;

    let source = error.source().unwrap().downcast_ref::<Status>().unwrap();
    assert_eq!(source.code(), Code::NotFound);
    assert_eq!(error.status().unwrap().message(), "no such company");
}

#[test]
fn details_that_cannot_be_read_hide_nothing() {
    let status = Status::with_details(Code::Aborted, "no", b"nonsense"[..].into());

    let error = Error::from(status);

    assert_eq!(error.code(), Some(Code::Aborted));
    assert_eq!(error.to_string(), "ABORTED: no");
}
