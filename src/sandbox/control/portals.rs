//! Portals from the outside: who opens them, everything they keep, and edits "in HubSpot's own screen".

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Result, Shared, Wrong, read};
use crate::sandbox::answer::Answer;
use crate::sandbox::hubspot::deals::source::User;
use crate::sandbox::hubspot::deals::write::DealDraft;
use crate::sandbox::hubspot::deals::{Hand, Source};
use crate::sandbox::hubspot::draft::parse;
use crate::sandbox::hubspot::property::Property;
use crate::sandbox::hubspot::{Portal, Refusal};
use crate::sandbox::registry::{Account, Token, TokenSpec};
use crate::sandbox::world::World;

/// Who edits in HubSpot's own screen unless the test names somebody.
const SCREEN_USER_ID: &str = "1001";

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
}

/// `POST /_sandbox/portals`: maps a token to a portal.
pub(super) async fn assign(State(world): Shared, body: Bytes) -> Result {
    let wanted: Wanted = read(&body)?;
    if wanted.portal_id.is_some_and(|id| id == 0 || i32::try_from(id).is_err()) {
        return Err(Wrong(400, "a portal_id lies between 1 and 2147483647".to_owned()));
    }
    let spec = TokenSpec {
        token: wanted.token,
        account: wanted.portal_id,
        scopes: wanted.scopes,
        burst_limit: wanted.burst_limit,
        revoked: wanted.revoked,
    };
    let token = world.portals.assign(spec, world.now()).map_err(|wrong| Wrong(400, wrong))?;
    Ok(Answer::new(201, json!({ "portal_id": token.account.id, "token": about(&token) })))
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
        "groups": portal.groups().map(|group| group.wire()).collect::<Vec<_>>(),
    });
    Ok(Answer::new(200, body))
}

/// What somebody does in HubSpot's own screen.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    #[serde(default)]
    kind: EditKind,
    method: String,
    name: Option<String>,
    /// Who does it: becomes `updatedUserId`, and stands in histories.
    user_id: Option<String>,
    email: Option<String>,
    #[serde(default)]
    body: Value,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum EditKind {
    #[default]
    Property,
    Group,
    /// `name` is the id of the deal, and the body what a patch of it says.
    Deal,
}

/// `POST /_sandbox/portals/{id}/edit`: a change that no API call made.
pub(super) async fn edit(State(world): Shared, Path(id): Path<u32>, body: Bytes) -> Result {
    let account = account(&world, id)?;
    let mut edit: Edit = read(&body)?;
    if let (Some(name), Some(body)) = (&edit.name, edit.body.as_object_mut()) {
        body.entry("name").or_insert_with(|| json!(name));
    }
    let mut portal = account.lock();
    apply(&world, &mut portal, edit).map_err(said)
}

/// Says to a test what the rules of HubSpot refuse.
pub(super) fn said(refusal: Refusal) -> Wrong {
    Wrong(refusal.status, format!("{}: {}", refusal.category, refusal.message))
}

/// `GET /_sandbox/portals/{id}/switches`.
pub(super) async fn switches(State(world): Shared, Path(id): Path<u32>) -> Result {
    let account = account(&world, id)?;
    let switches = json!(account.lock().switches);
    Ok(Answer::new(200, switches))
}

/// `PUT /_sandbox/portals/{id}/switches`: what is left out stays.
pub(super) async fn turn_switches(
    State(world): Shared,
    Path(id): Path<u32>,
    body: Bytes,
) -> Result {
    let account = account(&world, id)?;
    let change: serde_json::Map<String, Value> = read(&body)?;
    let mut portal = account.lock();
    let mut switches = json!(portal.switches);
    if let Some(switches) = switches.as_object_mut() {
        switches.extend(change);
    }
    portal.switches =
        serde_json::from_value(switches).map_err(|error| Wrong(400, error.to_string()))?;
    Ok(Answer::new(200, json!(portal.switches)))
}

fn apply(world: &World, portal: &mut Portal, edit: Edit) -> std::result::Result<Answer, Refusal> {
    let (now, recreate) = (world.now(), world.settings().recreate);
    let name = edit.name.unwrap_or_default();
    let user_id = edit.user_id.as_deref().unwrap_or(SCREEN_USER_ID);
    let body = edit.body;
    let answer = match (edit.kind, edit.method.to_ascii_uppercase().as_str()) {
        (EditKind::Property, "POST") => {
            let name = portal.create(parse(body)?, recreate, now)?.name.clone();
            portal.sign(&name, user_id, true);
            portal.property(&name, false)?.wire()
        }
        (EditKind::Property, "PATCH") => {
            portal.update(&name, parse(body)?, now)?;
            portal.sign(&name, user_id, false);
            portal.property(&name, false)?.wire()
        }
        (EditKind::Property, "DELETE") => {
            portal.archive(&name, now)?;
            return Ok(Answer::no_content());
        }
        (EditKind::Group, "POST") => portal.create_group(parse(body)?)?.wire(),
        (EditKind::Group, "PATCH") => portal.update_group(&name, parse(body)?)?.wire(),
        (EditKind::Group, "DELETE") => {
            portal.archive_group(&name)?;
            return Ok(Answer::no_content());
        }
        (EditKind::Deal, "PATCH") => {
            let user = User { id: user_id.to_owned(), email: edit.email };
            let id = portal.deal_id(&name, None)?;
            let draft: DealDraft = parse(body)?;
            portal.update_deal(
                id,
                &draft,
                &Hand { source: Source::Screen(Arc::new(user)), now },
            )?;
            portal.wire_written(id, &draft).unwrap_or_default()
        }
        (_, method) => {
            return Err(Refusal::invalid(format!("method is POST, PATCH or DELETE, not {method}")));
        }
    };
    Ok(Answer::new(200, answer))
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
