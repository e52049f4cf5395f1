//! Deals of a portal from the outside: many of them at once, and what all of them hold.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::portals::{account, said};
use super::{Result, Shared, Wrong, read};
use crate::sandbox::answer::Answer;
use crate::sandbox::hubspot::deals::seed::Fill;
use crate::sandbox::hubspot::deals::{Hand, Source};

/// Most deals of one request; more are asked for in several.
const SEED_MAX: u32 = 1_000_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    count: u32,
}

/// `POST /_sandbox/portals/{id}/deals`: makes deals.
pub(super) async fn seed(State(world): Shared, Path(id): Path<u32>, body: Bytes) -> Result {
    let account = account(&world, id)?;
    let Seed { count } = read(&body)?;
    if count > SEED_MAX {
        return Err(Wrong(400, format!("at most {SEED_MAX} deals are made at once")));
    }
    let mut portal = account.lock();
    portal.seed_deals(count, world.now());
    Ok(Answer::new(201, json!({ "deals": portal.deals.active().count() })))
}

/// `POST /_sandbox/portals/{id}/deals/fill`: writes a property of many deals.
pub(super) async fn fill(State(world): Shared, Path(id): Path<u32>, body: Bytes) -> Result {
    let account = account(&world, id)?;
    let fill: Fill = read(&body)?;
    let hand = Hand { source: Source::Import, now: world.now() };
    let filled = account.lock().fill_deals(&fill, &hand).map_err(said)?;
    Ok(Answer::new(200, json!({ "filled": filled })))
}

/// Which properties a test asks about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Names with commas between them.
    #[serde(default)]
    properties: String,
    /// Whether every value is told.
    #[serde(default)]
    values: bool,
}

/// `GET /_sandbox/portals/{id}/deals`: how many deals there are, what was done to them, and what
/// they hold of some properties; of a name that is gone, what the recycle bin holds.
pub(super) async fn holding(
    State(world): Shared,
    Path(id): Path<u32>,
    Query(asked): Query<Asked>,
) -> Result {
    let account = account(&world, id)?;
    let portal = account.lock();
    let mut properties = Map::new();
    for name in asked.properties.split(',').filter(|name| !name.is_empty()) {
        let property = portal.property(name, false).or_else(|_| portal.property(name, true));
        let holding = property.map_or(Value::Null, |found| portal.holding(found, asked.values));
        properties.insert(name.to_owned(), holding);
    }
    let effects = portal.deals.effects;
    let body = json!({
        "deals": portal.deals.active().count(),
        "created": effects.created,
        "updated": effects.updated,
        "archived": effects.archived,
        "properties": properties,
    });
    Ok(Answer::new(200, body))
}
