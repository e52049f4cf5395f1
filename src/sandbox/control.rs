//! `/_sandbox/…`: the endpoints by which a test or a developer steers the sandbox. No vendor has any
//! like them; they need no token, know no latency and meet no faults.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::Response;
use axum::response::IntoResponse;
use axum::routing::{get, post, put};
use serde_json::json;

use super::answer::Answer;
use super::calls;
use super::faults::Spec;
use super::world::{SettingsChange, World, lock};

mod accounts;
mod deals;
mod edit;
mod oauth;
mod portals;
mod switches;

/// Says what is wrong with a control request.
#[derive(Debug)]
pub(super) struct Wrong(u16, String);

impl IntoResponse for Wrong {
    fn into_response(self) -> Response<Body> {
        Answer::new(self.0, json!({ "error": self.1 })).into_response()
    }
}

type Result = std::result::Result<Answer, Wrong>;
type Shared = State<Arc<World>>;

/// Returns the control endpoints.
pub(crate) fn router(world: Arc<World>) -> Router {
    let endpoints = Router::new()
        .route("/health", get(health))
        .route("/settings", get(settings).put(change_settings))
        .route("/calls", get(list_calls).delete(clear_calls))
        .route("/calls/counts", get(count_calls))
        .route("/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .route("/faults/{id}", get(read_fault).delete(remove_fault))
        .route("/portals", get(portals::list).post(portals::assign))
        .route("/portals/{id}", get(portals::dump))
        .route("/portals/{id}/edit", post(edit::edit_portal))
        .route("/edit", post(edit::edit))
        .route("/portals/{id}/switches", get(switches::switches).put(switches::turn))
        .route("/portals/{id}/uses", put(switches::uses))
        .route("/portals/{id}/refused", put(switches::refused))
        .route("/portals/{id}/daily", put(switches::daily))
        .route("/consume", post(switches::consume))
        .route("/oauth", get(oauth::show))
        .route("/oauth/apps", post(oauth::make_app))
        .route("/oauth/grants", post(oauth::make_grant))
        .route("/oauth/revoke", post(oauth::revoke))
        .route("/portals/{id}/deals", get(deals::holding).post(deals::seed))
        .route("/portals/{id}/deals/fill", post(deals::fill))
        .route("/upso", get(accounts::list).post(accounts::assign))
        .route("/upso/{id}", get(accounts::dump))
        .route("/upso/{id}/edit", post(accounts::edit))
        .fallback(async || Wrong(404, "there is no such control endpoint".to_owned()))
        .method_not_allowed_fallback(async || {
            Wrong(405, "this control endpoint does not know this method".to_owned())
        });
    Router::new().nest("/_sandbox", endpoints).with_state(world)
}

async fn health(State(world): Shared) -> Answer {
    let (calls, _) = lock(&world.calls).counts();
    let (portals, upso) = (world.portals.accounts().len(), world.upso.accounts().len());
    let health = json!({ "status": "ok", "portals": portals, "upso": upso, "calls": calls });
    Answer::new(200, health)
}

async fn settings(State(world): Shared) -> Answer {
    Answer::new(200, json!(world.settings()))
}

async fn change_settings(State(world): Shared, body: Bytes) -> Result {
    let change: SettingsChange = read(&body)?;
    Ok(Answer::new(200, json!(world.change_settings(change))))
}

async fn list_calls(State(world): Shared, Query(query): Query<calls::Query>) -> Answer {
    let calls = lock(&world.calls);
    let (total, forgotten) = calls.counts();
    let matching = calls.matching(&query);
    drop(calls);
    Answer::new(200, json!({ "calls": matching, "total": total, "forgotten": forgotten }))
}

async fn count_calls(State(world): Shared, Query(query): Query<calls::Query>) -> Answer {
    Answer::new(200, json!({ "counts": lock(&world.calls).counted(&query) }))
}

async fn clear_calls(State(world): Shared) -> Answer {
    lock(&world.calls).clear();
    Answer::no_content()
}

async fn list_faults(State(world): Shared) -> Answer {
    Answer::new(200, json!({ "faults": lock(&world.faults).list() }))
}

async fn add_fault(State(world): Shared, body: Bytes) -> Result {
    let spec: Spec = read(&body)?;
    let mut faults = lock(&world.faults);
    let fault = faults.add(spec).map_err(|wrong| Wrong(400, wrong))?;
    Ok(Answer::new(201, json!(fault)))
}

async fn clear_faults(State(world): Shared) -> Answer {
    lock(&world.faults).clear();
    Answer::no_content()
}

async fn read_fault(State(world): Shared, Path(id): Path<u64>) -> Result {
    let faults = lock(&world.faults);
    let fault = faults.list().iter().find(|fault| fault.id == id);
    fault.map(|fault| Answer::new(200, json!(fault))).ok_or_else(|| no_fault(id))
}

async fn remove_fault(State(world): Shared, Path(id): Path<u64>) -> Result {
    let removed = lock(&world.faults).remove(id);
    if removed { Ok(Answer::no_content()) } else { Err(no_fault(id)) }
}

fn no_fault(id: u64) -> Wrong {
    Wrong(404, format!("there is no fault {id}"))
}

/// Reads a request, or says in words what is wrong with it. The content type does not matter, so
/// that a bare `curl -d` will do.
fn read<T: for<'de> serde::Deserialize<'de>>(body: &Bytes) -> std::result::Result<T, Wrong> {
    serde_json::from_slice(body).map_err(|error| Wrong(400, error.to_string()))
}
