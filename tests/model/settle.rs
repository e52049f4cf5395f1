//! What became of the mutations without an answer: the log says it at the end.

use std::collections::HashMap;
use std::time::Instant;

use gomark_sdk::v1::AuditEntry;

use crate::history::{Answer, Request, nanos_since};
use crate::subject::Subject;

/// Gives each mutation without an answer the one that the log, which was just read, gives it. It may
/// have taken effect at any time until then. One that is not in the log never did, for everything
/// that was under way has ended: it is left out.
///
/// A search could find all that out by itself, in a time that doubles with each of them.
pub(crate) fn settle(subject: &Subject, log: &[AuditEntry], began_at: Instant) {
    let by_request: HashMap<_, _> = log
        .iter()
        .map(|entry| ((entry.request_id.as_str(), entry.reason.as_str()), entry.revision))
        .collect();
    let now = nanos_since(began_at);
    subject.calls.lock().unwrap().retain_mut(|call| {
        let Request::Mutate(mutation) = &call.request else {
            return call.answer != Answer::Unknown;
        };
        if call.answer != Answer::Unknown {
            return true;
        }
        let (request_id, reason) = (mutation.request_id(), mutation.reason());
        let revision = by_request.get(&(request_id.as_str(), reason.as_str()));
        if let Some(revision) = revision {
            call.answer = Answer::Accepted(*revision);
            call.returned_at = now;
        }
        revision.is_some()
    });
}
