//! Accounts of Upso from the outside: who opens them, everything they keep, and edits as somebody
//! else would make them.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Result, Shared, Wrong, read};
use crate::sandbox::answer::Answer;
use crate::sandbox::registry::{Account, TokenSpec};
use crate::sandbox::upso::webhook::Event;
use crate::sandbox::upso::{Cadence, Cadences, Hand, Refusal, definition};
use crate::sandbox::world::World;

/// Who edits unless the test names somebody.
const SOMEBODY: &str = "user:1001";

/// `GET /_sandbox/upso`.
pub(super) async fn list(State(world): Shared) -> Answer {
    let accounts: Vec<Value> = world
        .upso
        .accounts()
        .iter()
        .map(|(account, keys)| {
            let limits = keys
                .iter()
                .map(|key| json!({ "burst_limit": key.burst_limit, "revoked": key.revoked }));
            json!({
                "account_id": account.id,
                "cadences": account.lock().all().len(),
                "keys": limits.collect::<Vec<_>>(),
            })
        })
        .collect();
    Answer::new(200, json!({ "accounts": accounts }))
}

/// How a test wants an API key to be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    key: String,
    account_id: Option<String>,
    burst_limit: Option<u32>,
    #[serde(default)]
    revoked: bool,
}

/// `POST /_sandbox/upso`: maps an API key to an account.
pub(super) async fn assign(State(world): Shared, body: Bytes) -> Result {
    let wanted: Wanted = read(&body)?;
    if wanted.account_id.as_ref().is_some_and(|id| !is_account_id(id)) {
        return Err(Wrong(400, "an account_id matches ^[a-z0-9_]{1,64}$".to_owned()));
    }
    let spec = TokenSpec {
        account: wanted.account_id,
        burst_limit: wanted.burst_limit,
        revoked: wanted.revoked,
        ..TokenSpec::of(wanted.key)
    };
    let key = world.upso.assign(spec, world.now()).map_err(|wrong| Wrong(400, wrong))?;
    Ok(Answer::new(201, json!({ "account_id": key.account.id })))
}

fn is_account_id(id: &str) -> bool {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    (1..=64).contains(&id.len()) && id.bytes().all(plain)
}

/// `GET /_sandbox/upso/{id}`: everything the account keeps.
pub(super) async fn dump(State(world): Shared, Path(id): Path<String>) -> Result {
    let account = account(&world, &id)?;
    let cadences = account.lock();
    let effects = cadences.effects().iter().map(|(key, effects)| {
        let counts = json!({
            "created_count": effects.created,
            "replaced_count": effects.replaced,
            "deleted_count": effects.deleted,
        });
        (key.clone(), counts)
    });
    let body = json!({
        "account_id": id,
        "cadences": cadences.all().collect::<Vec<_>>(),
        "effects": effects.collect::<serde_json::Map<_, _>>(),
        "create_effects": cadences.effects().values().map(|effects| effects.created).sum::<u64>(),
        "webhook": cadences.webhook,
        "deliveries": cadences.deliveries,
    });
    Ok(Answer::new(200, body))
}

/// What somebody does in the vendor's own screen.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    method: String,
    key: String,
    /// Who does it: becomes `updated_by`.
    by: Option<String>,
    #[serde(default)]
    body: Value,
}

/// `POST /_sandbox/upso/{id}/edit`: a change that no API call made, whatever version is there.
pub(super) async fn edit(State(world): Shared, Path(id): Path<String>, body: Bytes) -> Result {
    let account = account(&world, &id)?;
    let edit: Edit = read(&body)?;
    let said = |refusal: Refusal| {
        let path = refusal.path.as_ref().map(|path| format!("{path} ")).unwrap_or_default();
        Wrong(refusal.status(), format!("{path}{}", refusal.message))
    };
    let hand = Hand { by: edit.by.as_deref().unwrap_or(SOMEBODY), now: world.now() };
    let changed = apply(&account, &edit, hand).map_err(said)?;
    let (answer, event) = match &changed {
        Some(cadence) => (Answer::new(200, json!(cadence)), Event::changed(&id, cadence)),
        None => (Answer::no_content(), Event::deleted(&id, &edit.key, hand.by, hand.now)),
    };
    world.courier.tell(&account, &event);
    Ok(answer)
}

/// Makes the edit; returns what the cadence is afterwards, if there is one.
fn apply(
    account: &Account<Cadences>,
    edit: &Edit,
    hand: Hand<'_>,
) -> std::result::Result<Option<Cadence>, Refusal> {
    let mut cadences = account.lock();
    match edit.method.to_ascii_uppercase().as_str() {
        "POST" => {
            let mut body = edit.body.clone();
            if let Some(body) = body.as_object_mut() {
                body.insert("key".to_owned(), json!(edit.key));
            }
            let (key, definition) = definition::create(&body)?;
            cadences.create(key, definition, hand).map(Some)
        }
        "PUT" => {
            let definition = definition::replacement(&edit.body)?;
            cadences.replace(&edit.key, None, definition, hand).map(Some)
        }
        "PATCH" => {
            let mut body = json!(cadences.get(&edit.key)?.definition);
            if let (Some(body), Value::Object(changes)) = (body.as_object_mut(), &edit.body) {
                body.extend(changes.clone());
            }
            let definition = definition::replacement(&body)?;
            cadences.replace(&edit.key, None, definition, hand).map(Some)
        }
        "DELETE" => cadences.delete(&edit.key, None).map(|()| None),
        method => {
            let message = format!("is POST, PUT, PATCH or DELETE, not {method}");
            Err(Refusal::invalid("method", message))
        }
    }
}

fn account(world: &World, id: &str) -> std::result::Result<Arc<Account<Cadences>>, Wrong> {
    let found = world.upso.account(&id.to_owned());
    found.ok_or_else(|| Wrong(404, format!("there is no account {id} yet")))
}
