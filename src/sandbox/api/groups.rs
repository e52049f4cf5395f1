//! `/crm/…/properties/{objectType}/groups`.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::target::Target;
use super::{JsonBody, results};
use crate::sandbox::answer::Answer;
use crate::sandbox::hubspot::draft::parse;
use crate::sandbox::hubspot::{GroupDraft, Refusal};
use crate::sandbox::world::World;

type Result = std::result::Result<Answer, Refusal>;

/// Returns the paths below `groups`.
pub(super) fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/", get(list).post(create))
        .route("/{name}", get(read).patch(update).delete(archive))
}

async fn list(target: Target) -> Result {
    target.may_read()?;
    Ok(results(target.token.account.lock().groups().map(|group| group.wire()).collect()))
}

async fn read(target: Target) -> Result {
    target.may_read()?;
    Ok(Answer::new(200, target.token.account.lock().group(&target.name)?.wire()))
}

async fn create(target: Target, JsonBody(body): JsonBody) -> Result {
    target.may_write()?;
    let draft: GroupDraft = parse(body)?;
    let mut portal = target.token.account.lock();
    let group = portal.create_group(draft)?;
    let location = format!("{}/groups/{}", target.base, group.name);
    Ok(Answer::created(group.wire(), location))
}

async fn update(target: Target, JsonBody(body): JsonBody) -> Result {
    target.may_write()?;
    let draft: GroupDraft = parse(body)?;
    Ok(Answer::new(200, target.token.account.lock().update_group(&target.name, draft)?.wire()))
}

async fn archive(target: Target) -> Result {
    target.may_write()?;
    target.token.account.lock().archive_group(&target.name)?;
    Ok(Answer::no_content())
}
