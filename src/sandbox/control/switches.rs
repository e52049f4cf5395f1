//! Switches of a portal, and the troubles it is to give.

use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::portals::account;
use super::{Result, Shared, Wrong, read};
use crate::sandbox::answer::Answer;
use crate::sandbox::hubspot::deals::refused::RefusedWrite;
use crate::sandbox::hubspot::switches::Switches;
use crate::sandbox::hubspot::uses::Use;
use crate::sandbox::world::lock;

/// `GET /_sandbox/portals/{id}/switches`.
pub(super) async fn switches(State(world): Shared, Path(id): Path<u32>) -> Result {
    let account = account(&world, id)?;
    let switches = json!(account.lock().switches);
    Ok(Answer::new(200, switches))
}

/// `PUT /_sandbox/portals/{id}/switches`: what is left out stays.
pub(super) async fn turn(State(world): Shared, Path(id): Path<u32>, body: Bytes) -> Result {
    let account = account(&world, id)?;
    let change: Map<String, Value> = read(&body)?;
    let mut portal = account.lock();
    let mut switches = json!(portal.switches);
    if let Some(switches) = switches.as_object_mut() {
        switches.extend(change);
    }
    let switches: Switches =
        serde_json::from_value(switches).map_err(|error| Wrong(400, error.to_string()))?;
    switches.check().map_err(|wrong| Wrong(400, wrong))?;
    portal.switches = switches;
    Ok(Answer::new(200, json!(portal.switches)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Uses {
    property: String,
    uses: Vec<Use>,
}

/// `PUT /_sandbox/portals/{id}/uses`: says who uses a property; an empty list says that nobody does.
pub(super) async fn uses(State(world): Shared, Path(id): Path<u32>, body: Bytes) -> Result {
    let account = account(&world, id)?;
    let Uses { property, uses } = read(&body)?;
    let mut portal = account.lock();
    portal.set_uses(&property, uses);
    Ok(Answer::new(200, json!({ "uses": portal.uses(&property) })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    refused: Vec<RefusedWrite>,
}

/// `PUT /_sandbox/portals/{id}/refused`: says which writes of deals are refused from now on.
pub(super) async fn refused(State(world): Shared, Path(id): Path<u32>, body: Bytes) -> Result {
    let account = account(&world, id)?;
    let Refused { refused } = read(&body)?;
    let mut portal = account.lock();
    portal.refused_writes = refused;
    Ok(Answer::new(200, json!({ "refused": portal.refused_writes })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Today {
    used: u64,
}

/// `PUT /_sandbox/portals/{id}/daily`: says how many calls of the day were made.
pub(super) async fn daily(State(world): Shared, Path(id): Path<u32>, body: Bytes) -> Result {
    let account = account(&world, id)?;
    let Today { used } = read(&body)?;
    let daily = account.lock().set_today(used, world.now());
    Ok(Answer::new(200, json!({ "limit": daily.limit, "remaining": daily.remaining })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Consume {
    token: String,
    calls: u32,
}

/// `POST /_sandbox/consume`: calls of another client under the same application.
pub(super) async fn consume(State(world): Shared, body: Bytes) -> Result {
    let Consume { token, calls } = read(&body)?;
    let now = world.now();
    let token = world
        .portals
        .token(&token, now)
        .map_err(|_| Wrong(400, "the token opens no portal".to_owned()))?;
    lock(&token.window).consume(now, calls);
    let mut portal = token.account.lock();
    portal.daily(now);
    portal.count_today(calls.into());
    Ok(Answer::no_content())
}
