//! Portals from the outside: who opens them, and everything they keep.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Result, Shared, Wrong, read};
use crate::sandbox::answer::Answer;
use crate::sandbox::hubspot::property::Property;
use crate::sandbox::hubspot::{Portal, Refusal};
use crate::sandbox::registry::{Account, Token, TokenKind, TokenSpec};
use crate::sandbox::world::World;

/// `GET /_sandbox/portals`.
pub(super) async fn list(State(world): Shared) -> Answer {
    let portals: Vec<Value> =
        world.portals.accounts().iter().map(|(account, tokens)| summary(account, tokens)).collect();
    Answer::new(200, json!({ "portals": portals }))
}

/// How a test wants a token to be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    token: String,
    portal_id: Option<u32>,
    scopes: Option<Vec<String>>,
    burst_limit: Option<u32>,
    #[serde(default)]
    revoked: bool,
    #[serde(default)]
    kind: TokenKind,
    /// Tokens of one application share a burst limit.
    application: Option<String>,
}

/// `POST /_sandbox/portals`: maps a token to a portal.
pub(super) async fn assign(State(world): Shared, body: Bytes) -> Result {
    let wanted: Wanted = read(&body)?;
    wanted.portal_id.map_or(Ok(()), check_portal_id)?;
    let spec = TokenSpec {
        account: wanted.portal_id,
        scopes: wanted.scopes,
        burst_limit: wanted.burst_limit,
        revoked: wanted.revoked,
        kind: wanted.kind,
        application: wanted.application,
        ..TokenSpec::of(wanted.token)
    };
    let token = world.portals.assign(spec, world.now()).map_err(|wrong| Wrong(400, wrong))?;
    Ok(Answer::new(201, json!({ "portal_id": token.account.id, "token": about(&token) })))
}

/// Refuses a number that no portal has.
pub(super) fn check_portal_id(id: u32) -> std::result::Result<(), Wrong> {
    if id == 0 || i32::try_from(id).is_err() {
        return Err(Wrong(400, "a portal_id lies between 1 and 2147483647".to_owned()));
    }
    Ok(())
}

/// `GET /_sandbox/portals/{id}`: everything the portal keeps.
pub(super) async fn dump(State(world): Shared, Path(id): Path<u32>) -> Result {
    let account = account(&world, id)?;
    let portal = account.lock();
    let counted = |properties: &BTreeMap<String, Property>| -> Vec<Value> {
        properties.values().map(|property| with_counts(&portal, property)).collect()
    };
    let body = json!({
        "portal_id": id,
        "create_effects": portal.create_effects(),
        "properties": counted(portal.properties(false)),
        "archived": counted(portal.properties(true)),
        "deals": portal.deals.active().count(),
        "groups": portal.groups().map(|group| group.wire()).collect::<Vec<_>>(),
    });
    Ok(Answer::new(200, body))
}

/// Says to a test what the rules of HubSpot refuse.
pub(super) fn said(refusal: Refusal) -> Wrong {
    Wrong(refusal.status, format!("{}: {}", refusal.category, refusal.message))
}

pub(super) fn account(world: &World, id: u32) -> std::result::Result<Arc<Account<Portal>>, Wrong> {
    world.portals.account(&id).ok_or_else(|| Wrong(404, format!("there is no portal {id} yet")))
}

fn summary(account: &Account<Portal>, tokens: &[Arc<Token<Portal>>]) -> Value {
    let portal = account.lock();
    json!({
        "portal_id": account.id,
        "properties": portal.properties(false).len(),
        "deals": portal.deals.active().count(),
        "archived": portal.properties(true).len(),
        "create_effects": portal.create_effects(),
        "tokens": tokens.iter().map(|token| about(token)).collect::<Vec<_>>(),
    })
}

fn about(token: &Token<Portal>) -> Value {
    json!({
        "kind": token.kind,
        "application": token.application,
        "scopes": token.scopes,
        "burst_limit": token.burst_limit,
        "revoked": token.revoked,
    })
}

fn with_counts(portal: &Portal, property: &Property) -> Value {
    let effects = portal.effects(&property.name);
    let mut wire = property.wire();
    if let Some(wire) = wire.as_object_mut() {
        wire.insert("created_count".into(), json!(effects.created));
        wire.insert("updated_count".into(), json!(effects.updated));
        wire.insert("archived_count".into(), json!(effects.archived));
    }
    wire
}
