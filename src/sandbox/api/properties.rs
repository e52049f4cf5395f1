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
use crate::sandbox::hubspot::portal::missing;
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

async fn list(State(world): State<Arc<World>>, target: Target, query: Query) -> Result {
    target.may_read()?;
    let view = view(&query)?;
    target.may_see(view.data_sensitivity)?;
    let mut portal = target.token.account.lock();
    let seen = portal.seen(view.archived, world.now());
    let shown = seen.values().filter(|kept| kept.data_sensitivity == view.data_sensitivity);
    Ok(results(shown.map(Property::wire).collect()))
}

async fn read(State(world): State<Arc<World>>, target: Target, query: Query) -> Result {
    target.may_read()?;
    let view = view(&query)?;
    target.may_see(view.data_sensitivity)?;
    let mut portal = target.token.account.lock();
    let property = portal.seen_property(&target.name, view.archived, world.now())?;
    if property.data_sensitivity != view.data_sensitivity {
        return Err(missing(&target.name));
    }
    Ok(Answer::new(200, property.wire()))
}

async fn create(
    State(world): State<Arc<World>>,
    target: Target,
    JsonBody(body): JsonBody,
) -> Result {
    target.may_write()?;
    let draft: Draft = parse(body)?;
    let mut portal = target.token.account.lock();
    let recreate = portal.switches.recreate.unwrap_or(world.settings().recreate);
    target.may_define(draft.data_sensitivity.unwrap_or_default())?;
    let property = portal.create(draft, recreate, world.now())?;
    let location = format!("{}/{}", target.base, property.name);
    let (body, name) = (property.wire_created(), property.name.clone());
    target.sign(&mut portal, &name, true);
    Ok(Answer::created(body, location))
}

async fn update(
    State(world): State<Arc<World>>,
    target: Target,
    JsonBody(body): JsonBody,
) -> Result {
    target.may_write()?;
    let draft: Draft = parse(body)?;
    let mut portal = target.token.account.lock();
    target.may_define(portal.property(&target.name, false)?.data_sensitivity)?;
    portal.update(&target.name, draft, world.now())?;
    target.sign(&mut portal, &target.name, false);
    Ok(Answer::new(200, portal.property(&target.name, false)?.wire()))
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
    let now = world.now();
    for draft in &batch.inputs {
        target.may_define(draft.data_sensitivity.unwrap_or_default())?;
    }
    let mut portal = target.token.account.lock();
    let recreate = portal.switches.recreate.unwrap_or(world.settings().recreate);
    let outcome = portal.create_batch(batch, recreate, now)?;
    Ok(Answer::new(outcome.status(201), outcome.body(now)))
}

async fn batch_read(
    State(world): State<Arc<World>>,
    target: Target,
    JsonBody(body): JsonBody,
) -> Result {
    target.may_read()?;
    let batch: BatchNames = parse(body)?;
    target.may_see(batch.data_sensitivity)?;
    let now = world.now();
    let outcome = target.token.account.lock().read_batch(&batch, now)?;
    Ok(Answer::new(outcome.status(200), outcome.body(now)))
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
