//! What a refusal says.

use gomark_sdk::{Code, Error};
use prost::Message;
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::world::World;

/// All details of a refusal.
pub(crate) fn details(error: &Error) -> ErrorDetails {
    error.status().expect("an answer").get_error_details()
}

/// The reason of a refusal: it stands in an `ErrorInfo` of GoMark's, and the SDK knows it.
pub(crate) fn reason(error: &Error) -> String {
    let status = error.status().expect("an answer");
    let info = status.get_details_error_info();
    let info = info.unwrap_or_else(|| panic!("no ErrorInfo in {status:?}"));
    assert_eq!(info.domain, "gomark");
    let known = error.reason().unwrap_or_else(|| panic!("the SDK does not know {}", info.reason));
    assert_eq!(known.as_str_name(), format!("ERROR_REASON_{}", info.reason));
    assert_eq!(error.reason_str(), Some(info.reason.as_str()));
    info.reason
}

/// A request that is refused for fields that break rules.
pub(crate) struct Bad {
    what: String,
    rpc: &'static str,
    request: Vec<u8>,
    violations: Vec<(String, String)>,
}

/// A request and the one rule that it breaks.
pub(crate) fn bad(
    what: impl Into<String>,
    rpc: &'static str,
    request: &impl Message,
    path: impl Into<String>,
    rule: impl Into<String>,
) -> Bad {
    Bad::new(what, rpc, request.encode_to_vec(), path, rule)
}

impl Bad {
    /// An encoded request and the one rule that it breaks.
    pub(crate) fn new(
        what: impl Into<String>,
        rpc: &'static str,
        request: Vec<u8>,
        path: impl Into<String>,
        rule: impl Into<String>,
    ) -> Self {
        Self { what: what.into(), rpc, request, violations: vec![(path.into(), rule.into())] }
    }

    /// A further rule that it breaks.
    pub(crate) fn and(mut self, path: impl Into<String>, rule: impl Into<String>) -> Self {
        self.violations.push((path.into(), rule.into()));
        self
    }
}

/// Sends every request: it is refused as its row says, and the company is as it was before.
pub(crate) async fn all_are_refused(world: &World, company: &str, rows: Vec<Bad>) {
    let before = world.state(company).await;
    for Bad { what, rpc, request, violations } in rows {
        let error = match world.wire.send(rpc, request).await {
            Ok(_) => panic!("{rpc}, {what}: was taken"),
            Err(error) => error,
        };
        assert_eq!(error.code(), Some(Code::InvalidArgument), "{rpc}, {what}: {error}");
        assert_eq!(reason(&error), "VALIDATION", "{rpc}, {what}: {error}");
        let found = error.field_violations().iter();
        let found: Vec<_> = found.map(|v| (v.field.clone(), v.rule.clone())).collect();
        assert_eq!(found, violations, "{rpc}, {what}");
        let listed: Vec<_> = found.iter().map(|(path, rule)| format!("{path}: {rule}")).collect();
        assert_eq!(error.status().unwrap().message(), listed.join("; "), "{rpc}, {what}");
        let revision = world.revision(company).await;
        let was = before.as_ref().map_or(0, |before| before.company.revision);
        assert_eq!(revision, was, "{rpc}, {what}: something changed");
    }
    assert_eq!(world.state(company).await, before, "something changed");
}

/// Expects a refusal that is not about a field.
pub(crate) fn refused<T: std::fmt::Debug>(
    answer: Result<T, impl Into<Box<Error>>>,
    code: Code,
    wanted: &str,
) -> Box<Error> {
    let error: Box<Error> = answer.expect_err("a refusal").into();
    assert_eq!(error.code(), Some(code), "{error}");
    assert_eq!(reason(&error), wanted, "{error}");
    error
}

/// Message and details travel in headers, of which gRPC's own clients take 8 KiB.
pub(crate) fn fits_into_headers(error: &Error) {
    let status = error.status().unwrap();
    let message_bytes = 3 * status.message().len();
    let details_bytes = status.details().len().div_ceil(3) * 4;
    assert!(message_bytes + details_bytes < 8 * 1024, "{message_bytes} and {details_bytes}");
}
