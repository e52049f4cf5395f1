//! Is there an order of the calls, each between its beginning and its end, in which the model would
//! have answered the same? A published checker searches for it.

use std::sync::Arc;
use std::time::Duration;

use porcupine_rs::{CheckResult, Model, Operation, check_operations_timeout};

use crate::company::Company;
use crate::history::{Answer, CONFIG_AGE_MAX, Call, Request};

/// The checker's view of the model. A history is of one company.
#[derive(Clone, Debug)]
struct OneCompany;

impl Model for OneCompany {
    type State = Arc<Company>;
    type Op = (Request, Answer);
    type Metadata = ();

    fn init() -> Arc<Company> {
        Arc::default()
    }

    fn step(state: &Arc<Company>, (request, answer): &Self::Op) -> (bool, Arc<Company>) {
        match state.accepts(request, answer) {
            Some(after) => (true, after.map_or_else(|| state.clone(), Arc::new)),
            None => (false, state.clone()),
        }
    }
}

/// What came of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Linearizable,
    NotLinearizable,
    /// The time was up.
    Unknown,
}

/// Searches within a time limit.
pub(crate) fn check(calls: &[Call], limit: Duration) -> Verdict {
    let history: Vec<_> = calls.iter().filter_map(operation).collect();
    match check_operations_timeout(&history, limit) {
        CheckResult::Ok => Verdict::Linearizable,
        CheckResult::Illegal => Verdict::NotLinearizable,
        CheckResult::Unknown => Verdict::Unknown,
    }
}

/// A read without an answer says nothing.
fn operation(call: &Call) -> Option<Operation<OneCompany>> {
    let is_read = !matches!(call.request, Request::Mutate(_));
    if is_read && call.answer == Answer::Unknown {
        return None;
    }
    // A configuration may be some time old: it may have been read that much earlier.
    let age = match call.request {
        Request::Config { .. } => CONFIG_AGE_MAX,
        _ => Duration::ZERO,
    };
    let unknown = call.answer == Answer::Unknown;
    Some(Operation {
        client_id: Some(call.client),
        call_time: call.called_at - i64::try_from(age.as_nanos()).ok()?,
        return_time: if unknown { i64::MAX } else { call.returned_at },
        op: (call.request.clone(), call.answer.clone()),
        metadata: None,
    })
}
