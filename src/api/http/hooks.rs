//! What vendors tell of changes there: a reason to look, whatever it says. No token is asked for, since
//! they sign it. Whoever cannot is told the same whatever is wrong, and so learns of no company.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::call::read;
use super::problem::Problem;
use super::router::State;
use crate::domain::CompanyId;
use crate::vendors::upso::{SIGNATURE_HEADER, Signature};

/// The largest message that is taken, in bytes.
pub(super) const BODY_BYTES_MAX: usize = 64 * 1024;

/// `POST /webhooks/upso/{company_id}`
pub(super) async fn upso(
    Shared(state): Shared<State>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let refused = |why: &str| {
        tracing::debug!(why, "a message of upso is not taken");
        Problem::unsigned()
    };
    let signature = signature(request.headers());
    let signature = signature.ok_or_else(|| refused("it has no signature that can be read"))?;
    if !signature.is_fresh(state.engine.now()) {
        return Err(refused("it is not of now"));
    }
    let body = read(request, &state.stopping, "64 KiB").await?;
    let id = path.ok().and_then(|Path(id)| CompanyId::parse(&id).ok());
    match state.engine.upso_says(id.as_ref(), &signature, &body).await? {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(refused("nobody who is known signed it")),
    }
}

/// Reads the signature, of which there has to be one.
fn signature(headers: &HeaderMap) -> Option<Signature> {
    let mut given = headers.get_all(SIGNATURE_HEADER).iter();
    let (only, None) = (given.next()?, given.next()) else { return None };
    Signature::parse(only.to_str().ok()?)
}
