//! `/v1/cadences`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use serde_json::json;

use super::Result;
use super::request::{Caller, IdempotencyKey, IfMatch, JsonBody, Key, NoQuery, Page};
use crate::sandbox::answer::Answer;
use crate::sandbox::upso::cadences::{Cadence, Hand};
use crate::sandbox::upso::definition;
use crate::sandbox::upso::webhook::Event;
use crate::sandbox::world::World;

/// Who has made what was made by calls of the API.
const API: &str = "api";

pub(super) async fn list(Caller(account): Caller, page: Page) -> Answer {
    let cadences = account.lock();
    let (found, more) = cadences.page(page.after.as_deref(), page.limit);
    // The cursor is the last key of the page: it says where to go on whatever happens meanwhile.
    let next = found.last().filter(|_| more).map(|cadence| &cadence.key);
    Answer::new(200, json!({ "cadences": found, "next": next }))
}

pub(super) async fn create(
    State(world): State<Arc<World>>,
    Caller(account): Caller,
    _: NoQuery,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    JsonBody(body): JsonBody,
) -> Result {
    let (key, definition) = definition::create(&body)?;
    let now = world.now();
    let mut cadences = account.lock();
    if let Some(first) = cadences.remembered(&idempotency_key, &key, &definition, now)? {
        return Ok(created(&first));
    }
    let cadence = cadences.create(key, definition, Hand { by: API, now })?;
    cadences.remember(idempotency_key, cadence.clone(), now);
    drop(cadences);
    world.courier.tell(&account, &Event::changed(&account.id, &cadence));
    Ok(created(&cadence))
}

pub(super) async fn read(Caller(account): Caller, Key(key): Key, _: NoQuery) -> Result {
    Ok(answered(account.lock().get(&key)?, 200))
}

pub(super) async fn replace(
    State(world): State<Arc<World>>,
    Caller(account): Caller,
    Key(key): Key,
    _: NoQuery,
    IfMatch(version): IfMatch,
    JsonBody(body): JsonBody,
) -> Result {
    let definition = definition::replacement(&body)?;
    let hand = Hand { by: API, now: world.now() };
    let cadence = account.lock().replace(&key, Some(&version), definition, hand)?;
    world.courier.tell(&account, &Event::changed(&account.id, &cadence));
    Ok(answered(&cadence, 200))
}

pub(super) async fn delete(
    State(world): State<Arc<World>>,
    Caller(account): Caller,
    Key(key): Key,
    _: NoQuery,
    IfMatch(version): IfMatch,
) -> Result {
    account.lock().delete(&key, Some(&version))?;
    world.courier.tell(&account, &Event::deleted(&account.id, &key, API, world.now()));
    Ok(Answer::no_content())
}

fn created(cadence: &Cadence) -> Answer {
    answered(cadence, 201).with(header::LOCATION, format!("/v1/cadences/{}", cadence.key))
}

fn answered(cadence: &Cadence, status: u16) -> Answer {
    Answer::new(status, json!(cadence)).with(header::ETAG, format!("\"{}\"", cadence.version))
}
