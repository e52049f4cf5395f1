//! What somebody does "in HubSpot's own screen": changes that no API call made.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::portals::{account, said};
use super::{Result, Shared, Wrong, read};
use crate::sandbox::answer::Answer;
use crate::sandbox::hubspot::deals::source::User;
use crate::sandbox::hubspot::deals::write::DealDraft;
use crate::sandbox::hubspot::deals::{Hand, Source};
use crate::sandbox::hubspot::draft::parse;
use crate::sandbox::hubspot::{Portal, Refusal};
use crate::sandbox::registry::Account;
use crate::sandbox::world::World;

/// Who edits unless the test names somebody.
const SCREEN_USER_ID: &str = "1001";

/// What somebody does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    /// Where, unless the path says it: by number, or by a token that opens the portal.
    portal_id: Option<u32>,
    token: Option<String>,
    #[serde(default)]
    kind: Kind,
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
enum Kind {
    #[default]
    Property,
    Group,
    /// `name` is the id of the deal, and the body what a patch of it says.
    Deal,
    /// `modificationMetadata` of a property, of which what is left out stays.
    Metadata,
}

/// `POST /_sandbox/edit`.
pub(super) async fn edit(State(world): Shared, body: Bytes) -> Result {
    let edit: Edit = read(&body)?;
    let account = match (edit.portal_id, &edit.token) {
        (Some(id), _) => account(&world, id)?,
        (None, Some(token)) => {
            let token = world.portals.token(token, world.now());
            let token = token.map_err(|_| Wrong(400, "the token opens no portal".to_owned()))?;
            Arc::clone(&token.account)
        }
        (None, None) => return Err(Wrong(400, "portal_id or token says where".to_owned())),
    };
    carry_out(&world, &account, edit)
}

/// `POST /_sandbox/portals/{id}/edit`.
pub(super) async fn edit_portal(State(world): Shared, Path(id): Path<u32>, body: Bytes) -> Result {
    carry_out(&world, &*account(&world, id)?, read(&body)?)
}

fn carry_out(world: &World, account: &Account<Portal>, mut edit: Edit) -> Result {
    if let (Some(name), Some(body)) = (&edit.name, edit.body.as_object_mut()) {
        body.entry("name").or_insert_with(|| json!(name));
    }
    let mut portal = account.lock();
    let done = match edit.kind {
        Kind::Property => of_property(world, &mut portal, edit),
        Kind::Group => of_group(&mut portal, edit),
        Kind::Deal => of_deal(world, &mut portal, edit),
        Kind::Metadata => of_metadata(&mut portal, edit),
    };
    match done.map_err(said)? {
        Value::Null => Ok(Answer::no_content()),
        body => Ok(Answer::new(200, body)),
    }
}

/// What an edit leaves behind; null when that is nothing.
type Done = std::result::Result<Value, Refusal>;

fn of_property(world: &World, portal: &mut Portal, edit: Edit) -> Done {
    let now = world.now();
    let recreate = portal.switches.recreate.unwrap_or(world.settings().recreate);
    let user_id = edit.user_id.as_deref().unwrap_or(SCREEN_USER_ID);
    let mut name = edit.name.unwrap_or_default();
    let created = match edit.method.to_ascii_uppercase().as_str() {
        "POST" => {
            name.clone_from(&portal.create(parse(edit.body)?, recreate, now)?.name);
            true
        }
        "PATCH" => {
            portal.update(&name, parse(edit.body)?, now)?;
            false
        }
        "RESTORE" => {
            portal.restore(&name, now)?;
            false
        }
        "DELETE" => {
            portal.archive(&name, now)?;
            return Ok(Value::Null);
        }
        method => return Err(unknown(method, "POST, PATCH, DELETE or RESTORE")),
    };
    portal.sign(&name, user_id, created);
    Ok(portal.property(&name, false)?.wire())
}

fn of_group(portal: &mut Portal, edit: Edit) -> Done {
    let name = edit.name.unwrap_or_default();
    match edit.method.to_ascii_uppercase().as_str() {
        "POST" => Ok(portal.create_group(parse(edit.body)?)?.wire()),
        "PATCH" => Ok(portal.update_group(&name, parse(edit.body)?)?.wire()),
        "DELETE" => portal.archive_group(&name).map(|()| Value::Null),
        method => Err(unknown(method, "POST, PATCH or DELETE")),
    }
}

fn of_deal(world: &World, portal: &mut Portal, edit: Edit) -> Done {
    if !edit.method.eq_ignore_ascii_case("PATCH") {
        return Err(unknown(&edit.method, "PATCH"));
    }
    let id = edit.user_id.unwrap_or_else(|| SCREEN_USER_ID.to_owned());
    let user = Arc::new(User { id, email: edit.email });
    let id = portal.deal_id(&edit.name.unwrap_or_default(), None)?;
    let draft: DealDraft = parse(edit.body)?;
    let hand = Hand { source: Source::Screen(user), now: world.now() };
    portal.update_deal(id, &draft, &hand)?;
    Ok(portal.wire_written(id, &draft).unwrap_or_default())
}

fn of_metadata(portal: &mut Portal, edit: Edit) -> Done {
    let name = edit.name.unwrap_or_default();
    let mut metadata = json!(portal.property(&name, false)?.modification_metadata);
    if let (Some(metadata), Value::Object(changes)) = (metadata.as_object_mut(), edit.body) {
        metadata.extend(changes);
    }
    portal.set_metadata(&name, parse(metadata)?);
    Ok(portal.property(&name, false)?.wire())
}

fn unknown(method: &str, methods: &str) -> Refusal {
    Refusal::invalid(format!("method is {methods}, not {method}"))
}
