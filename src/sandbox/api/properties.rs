//! `/crm/…/properties/{objectType}`: definitions, one by one and in batches.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde_json::Value;

use super::query::Query;
use super::target::Target;
use super::{JsonBody, results};
use crate::sandbox::answer::Answer;
use crate::sandbox::hubspot::draft::{BatchCreate, BatchNames, parse};
use crate::sandbox::hubspot::property::{DataSensitivity, Property};
use crate::sandbox::hubspot::{Draft, Refusal};
use crate::sandbox::world::World;

type Result = std::result::Result<Answer, Refusal>;

/// What a read asks for. `locale` and `properties` are taken and have no effect.
#[derive(Debug)]
struct View {
    archived: bool,
    data_sensitivity: DataSensitivity,
}

fn view(query: &Query) -> std::result::Result<View, Refusal> {
    let data_sensitivity = match query.one("dataSensitivity") {
        None => DataSensitivity::default(),
        Some(written) => parse(Value::String(written.to_owned()))?,
    };
    Ok(View { archived: query.flag("archived")?, data_sensitivity })
}

/// Returns the paths below the object type.
pub(super) fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/", get(list).post(create))
        .route("/{name}", get(read).patch(update).delete(archive))
        .route("/batch/create", post(batch_create))
        .route("/batch/read", post(batch_read))
        .route("/batch/archive", post(batch_archive))
}

async fn list(target: Target, query: Query) -> Result {
    target.may_read()?;
    let view = view(&query)?;
    if view.data_sensitivity != DataSensitivity::NonSensitive {
        return Ok(results(Vec::new()));
    }
    let portal = target.token.account.lock();
    Ok(results(portal.properties(view.archived).values().map(Property::wire).collect()))
}

async fn read(target: Target, query: Query) -> Result {
    target.may_read()?;
    let view = view(&query)?;
    if view.data_sensitivity != DataSensitivity::NonSensitive {
        return Err(Refusal::not_found(format!("No sensitive property '{}'.", target.name)));
    }
    let portal = target.token.account.lock();
    Ok(Answer::new(200, portal.property(&target.name, view.archived)?.wire()))
}

async fn create(
    State(world): State<Arc<World>>,
    target: Target,
    JsonBody(body): JsonBody,
) -> Result {
    target.may_write()?;
    let draft: Draft = parse(body)?;
    let mut portal = target.token.account.lock();
    let property = portal.create(draft, world.settings().recreate, world.now())?;
    let location = format!("{}/{}", target.base, property.name);
    Ok(Answer::created(property.wire_created(), location))
}

async fn update(
    State(world): State<Arc<World>>,
    target: Target,
    JsonBody(body): JsonBody,
) -> Result {
    target.may_write()?;
    let draft: Draft = parse(body)?;
    let mut portal = target.token.account.lock();
    Ok(Answer::new(200, portal.update(&target.name, draft, world.now())?.wire()))
}

async fn archive(State(world): State<Arc<World>>, target: Target) -> Result {
    target.may_write()?;
    target.token.account.lock().archive(&target.name, world.now())?;
    Ok(Answer::no_content())
}

async fn batch_create(
    State(world): State<Arc<World>>,
    target: Target,
    JsonBody(body): JsonBody,
) -> Result {
    target.may_write()?;
    let batch: BatchCreate = parse(body)?;
    let (now, recreate) = (world.now(), world.settings().recreate);
    let outcome = target.token.account.lock().create_batch(batch, recreate, now)?;
    Ok(Answer::new(outcome.status(201), outcome.body(now)))
}

async fn batch_read(
    State(world): State<Arc<World>>,
    target: Target,
    JsonBody(body): JsonBody,
) -> Result {
    target.may_read()?;
    let batch: BatchNames = parse(body)?;
    let outcome = target.token.account.lock().read_batch(&batch)?;
    Ok(Answer::new(outcome.status(200), outcome.body(world.now())))
}

async fn batch_archive(
    State(world): State<Arc<World>>,
    target: Target,
    JsonBody(body): JsonBody,
) -> Result {
    target.may_write()?;
    let batch: BatchNames = parse(body)?;
    target.token.account.lock().archive_batch(&batch, world.now())?;
    Ok(Answer::no_content())
}
