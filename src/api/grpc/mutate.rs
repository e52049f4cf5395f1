//! What all mutations have in common between a request and its answer.

use tonic::Status;

use super::config_service::{answer, refuse};
use super::envelope::{self, Mutating};
use crate::domain::{Caller, Envelope, Intent, Violations};
use crate::engine::{Accepted, Engine};

/// Runs a mutation whose intent was read or found faulty. The request id is looked up before a
/// fault is told, as it is looked up before anything else.
pub(super) async fn mutate<M: Mutating>(
    engine: &Engine,
    request: &M,
    caller: Caller,
    intent: Result<Intent, Violations>,
) -> Result<Accepted, Status> {
    let envelope = envelope::read(request, caller, |_| {}).map_err(refuse)?;
    let accepted = match intent {
        Ok(intent) => engine.mutate(envelope.asking(intent, engine.now())).await,
        Err(violations) => {
            let Envelope { caller, company_id, request_id, fingerprint, .. } = envelope;
            let replayed =
                engine.replay(&caller, &company_id, request_id.as_ref(), &fingerprint).await;
            match replayed {
                Ok(Some(accepted)) => Ok(accepted),
                Ok(None) => return Err(refuse(violations)),
                Err(error) => Err(error),
            }
        }
    };
    accepted.map_err(answer)
}

/// Writes the answer of a mutation.
macro_rules! answered {
    ($response:ident, $accepted:expr) => {{
        let accepted: $crate::engine::Accepted = $accepted;
        Ok(tonic::Response::new(gomark_sdk::v1::$response {
            revision: accepted.revision.get(),
            job: accepted.job.as_ref().map(Into::into),
            plan: accepted.plan.as_ref().map(Into::into),
        }))
    }};
}
pub(super) use answered;
