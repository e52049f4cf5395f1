//! The three calls: from what a caller wrote to what the engine is asked.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gomark_sdk::v1 as pb;
use serde::Serialize;

use super::call::Call;
use super::problem::Problem;
use super::router::State;
use crate::api::envelope;
use crate::domain::cadence::{Change, ShortForm};
use crate::domain::field::derive_name;
use crate::domain::{FieldDraft, Intent, PropertyType};
use crate::engine::Accepted;

/// What the rules of fields call the attributes of `POST /hubspot/fields/add`.
const ADDED: [(&str, &str); 5] = [
    ("field.name", "name"),
    ("field.label", "name"),
    ("field.type", "type"),
    ("field.options", "type"),
    ("field.default_value", "value"),
];
/// And those of `PUT /hubspot/fields/modify`.
const RELABELLED: [(&str, &str); 3] =
    [("name", "old_name"), ("field.label", "new_name"), ("field.options", "new_name")];

type Answer = Result<Response, Problem>;

/// `POST /hubspot/fields/add`
pub(super) async fn add_field(Shared(state): Shared<State>, call: Call) -> Answer {
    let backfill = call.switch(Some("backfill"))?;
    let mut given = call.attributes(&["company_id", "name", "type", "value"])?;
    let company_id = given.required_text("company_id");
    let label = given.required_text("name");
    let type_name = given.text("type").unwrap_or_else(|| PropertyType::String.to_string());
    let value = given.text("value").unwrap_or_default();
    let property_type = PropertyType::ALL.into_iter().find(|one| one.as_str() == type_name);
    let known = PropertyType::ALL.map(PropertyType::as_str).join(", ");
    given.require(property_type.is_some(), "type", format!("must be one of {known}"));
    given.or(())?;

    // The same message over gRPC is the same request.
    let request = pb::AddFieldRequest {
        company_id,
        field: Some(pb::Field {
            label: label.clone(),
            r#type: property_type.map_or(0, |one| pb::PropertyType::from(one).into()),
            default_value: value.clone(),
            ..pb::Field::default()
        }),
        backfill,
        request_id: call.request_id,
        ..pb::AddFieldRequest::default()
    };
    let draft = FieldDraft { label, property_type, default_value: value, ..FieldDraft::default() };
    let envelope = envelope::read(&request, call.caller, |_| {})?;
    let mutation = envelope.asking(Intent::AddField { draft, backfill }, state.engine.now());
    let accepted = state.engine.mutate(mutation).await;
    accepted.map(answer).map_err(|error| Problem::from(error).naming(&ADDED))
}

/// `PUT /hubspot/fields/modify/{company_id}/{old_name}`
pub(super) async fn modify_field(
    Shared(state): Shared<State>,
    path: Result<Path<(String, String)>, PathRejection>,
    call: Call,
) -> Answer {
    let Path((company_id, old_name)) = path.map_err(unreadable)?;
    let migrates = call.switch(Some("migrate"))?;
    let mut given = call.attributes(&["new_name"])?;
    let new_name = given.required_text("new_name");
    given.or(())?;

    let request = pb::ModifyFieldRequest {
        company_id,
        name: old_name.clone(),
        field: Some(pb::Field { label: new_name.clone(), ..pb::Field::default() }),
        new_name: if migrates { derive_name(&new_name) } else { String::new() },
        request_id: call.request_id,
        ..pb::ModifyFieldRequest::default()
    };
    let envelope = envelope::read(&request, call.caller, |_| {})?;
    let accepted = state.engine.relabel_field(envelope, old_name, new_name, migrates).await;
    accepted.map(answer).map_err(|error| Problem::from(error).naming(&RELABELLED))
}

/// `PUT /upso/cadence/modify/{company_id}`
pub(super) async fn modify_cadence(
    Shared(state): Shared<State>,
    path: Result<Path<String>, PathRejection>,
    call: Call,
) -> Answer {
    let Path(company_id) = path.map_err(unreadable)?;
    call.switch(None)?;
    let mut given = call.attributes(&["cadence_id", "template", "delay_hours"])?;
    let cadence_id = given.required_text("cadence_id");
    let template = given.text("template");
    let delay_hours = given.whole_number("delay_hours");
    let some = template.is_some() || delay_hours.is_some();
    given.require(some, "template", "must be given, or delay_hours, or both");
    given.or(())?;

    let request = pb::ModifyCadenceRequest {
        company_id,
        cadence_id: cadence_id.clone(),
        template: template.clone(),
        delay_hours,
        request_id: call.request_id,
        ..pb::ModifyCadenceRequest::default()
    };
    let change = Change::Short(ShortForm { template, delay_hours });
    let envelope = envelope::read(&request, call.caller, |_| {})?;
    let intent = Intent::ModifyCadence { cadence_id, change };
    let accepted = state.engine.mutate(envelope.asking(intent, state.engine.now())).await;
    accepted.map(answer).map_err(Problem::from)
}

/// What is answered.
#[derive(Serialize)]
struct Body {
    revision: i64,
    job: Option<JobBody>,
}

/// A job: where it is found over gRPC, and how it stands.
#[derive(Serialize)]
struct JobBody {
    job_id: String,
    state: String,
}

/// Writes the answer: 202, since a vendor is still to be brought there, or 200 when nothing changed.
fn answer(accepted: Accepted) -> Response {
    let job = accepted.job.map(|job| JobBody {
        job_id: job.id.to_string(),
        state: job.state.as_str().to_uppercase(),
    });
    let status = if job.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    (status, Json(Body { revision: accepted.revision.get(), job })).into_response()
}

fn unreadable(_: PathRejection) -> Problem {
    Problem::malformed(StatusCode::BAD_REQUEST, "its path is not UTF-8")
}
