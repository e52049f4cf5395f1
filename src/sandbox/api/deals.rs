//! `/crm/…/objects/{objectType}`: deals, one by one, in batches and by search.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::JsonBody;
use super::query::Query;
use super::target::Target;
use crate::sandbox::answer::Answer;
use crate::sandbox::hubspot::Refusal;
use crate::sandbox::hubspot::deals::Hand;
use crate::sandbox::hubspot::deals::batch::{BatchArchive, BatchMake, BatchRead, BatchUpdate};
use crate::sandbox::hubspot::deals::search::Search;
use crate::sandbox::hubspot::deals::view::{Asked, Page};
use crate::sandbox::hubspot::deals::write::DealDraft;
use crate::sandbox::hubspot::draft::parse;
use crate::sandbox::hubspot::switches::BadValue;
use crate::sandbox::world::World;

type Result = std::result::Result<Answer, Refusal>;

/// Returns the paths below the object type.
pub(super) fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/", get(list).post(create))
        .route("/{name}", get(read).patch(update).delete(archive))
        .route("/search", post(search))
        .route("/batch/read", post(batch_read))
        .route("/batch/update", post(batch_update))
        .route("/batch/create", post(batch_create))
        .route("/batch/archive", post(batch_archive))
}

fn asked(query: &Query) -> Asked {
    Asked {
        properties: query.list("properties"),
        with_history: query.list("propertiesWithHistory"),
    }
}

async fn list(target: Target, query: Query) -> Result {
    target.may_read_deals()?;
    let asked = asked(&query);
    let page = Page {
        limit: query.number("limit")?,
        after: query.number("after")?.unwrap_or(0),
        archived: query.flag("archived")?,
    };
    let listed = target.token.account.lock().list_deals(page, &asked)?;
    let mut body = json!({ "results": listed.results });
    if let (Some(after), Some(body)) = (listed.after, body.as_object_mut()) {
        body.insert("paging".into(), next(&target, &query, after));
    }
    Ok(Answer::new(200, body))
}

/// Writes where the next page is: the same question with another cursor.
fn next(target: &Target, query: &Query, after: u64) -> Value {
    let mut same = Serializer::new(String::new());
    for name in ["limit", "properties", "propertiesWithHistory", "archived"] {
        let value = query.list(name).join(",");
        if !value.is_empty() {
            same.append_pair(name, &value);
        }
    }
    let same = same.append_pair("after", &after.to_string()).finish();
    let link = format!("https://api.hubapi.com{}?{same}", target.base);
    json!({ "next": { "after": after.to_string(), "link": link } })
}

async fn read(target: Target, query: Query) -> Result {
    target.may_read_deals()?;
    let mut portal = target.token.account.lock();
    let archived = query.flag("archived")?;
    let id = match target.name.parse() {
        Ok(id) if query.one("idProperty").is_none() => id,
        _ => portal.deal_id(&target.name, query.one("idProperty"))?,
    };
    let view = portal.view(&asked(&query));
    Ok(Answer::new(200, portal.deal(id, archived)?.wire(&view)))
}

async fn create(
    State(world): State<Arc<World>>,
    target: Target,
    JsonBody(body): JsonBody,
) -> Result {
    target.may_write_deals()?;
    let draft: DealDraft = parse(body)?;
    let mut portal = target.token.account.lock();
    let id = portal.create_deal(&draft, &Hand::of_api(world.now()))?;
    let body = portal.wire_written(id, &draft).unwrap_or_default();
    Ok(Answer::created(body, format!("{}/{id}", target.base)))
}

async fn update(
    State(world): State<Arc<World>>,
    target: Target,
    query: Query,
    JsonBody(body): JsonBody,
) -> Result {
    target.may_write_deals()?;
    let draft: DealDraft = parse(body)?;
    let mut portal = target.token.account.lock();
    let id = portal.deal_id(&target.name, query.one("idProperty"))?;
    portal.update_deal(id, &draft, &Hand::of_api(world.now()))?;
    Ok(Answer::new(200, portal.wire_written(id, &draft).unwrap_or_default()))
}

async fn archive(State(world): State<Arc<World>>, target: Target) -> Result {
    target.may_write_deals()?;
    if let Ok(id) = target.name.parse() {
        target.token.account.lock().deals.archive(id, world.now());
    }
    Ok(Answer::no_content())
}

async fn search(
    State(world): State<Arc<World>>,
    target: Target,
    JsonBody(body): JsonBody,
) -> Result {
    target.may_read_deals()?;
    let search: Search = parse(body)?;
    Ok(Answer::new(200, target.token.account.lock().search_deals(&search, world.now())?))
}

async fn batch_read(
    State(world): State<Arc<World>>,
    target: Target,
    query: Query,
    JsonBody(body): JsonBody,
) -> Result {
    target.may_read_deals()?;
    let batch: BatchRead = parse(body)?;
    let outcome = target.token.account.lock().read_deals(batch, query.flag("archived")?)?;
    Ok(Answer::new(outcome.status(200), outcome.body(world.now())))
}

async fn batch_update(
    State(world): State<Arc<World>>,
    target: Target,
    JsonBody(body): JsonBody,
) -> Result {
    target.may_write_deals()?;
    let batch: BatchUpdate = parse(body)?;
    let now = world.now();
    let mut portal = target.token.account.lock();
    let whole = portal.switches.bad_value == BadValue::Whole;
    let outcome = portal.update_deals(batch, whole, &Hand::of_api(now))?;
    Ok(Answer::new(outcome.status(200), outcome.body(now)))
}

async fn batch_create(
    State(world): State<Arc<World>>,
    target: Target,
    JsonBody(body): JsonBody,
) -> Result {
    target.may_write_deals()?;
    let batch: BatchMake = parse(body)?;
    let now = world.now();
    let outcome = target.token.account.lock().create_deals(batch, &Hand::of_api(now))?;
    Ok(Answer::new(outcome.status(201), outcome.body(now)))
}

async fn batch_archive(
    State(world): State<Arc<World>>,
    target: Target,
    JsonBody(body): JsonBody,
) -> Result {
    target.may_write_deals()?;
    let batch: BatchArchive = parse(body)?;
    target.token.account.lock().archive_deals(&batch, &Hand::of_api(world.now()))?;
    Ok(Answer::no_content())
}
