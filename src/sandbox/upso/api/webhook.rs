//! `/v1/webhook`: the one subscription of an account.

use serde_json::json;

use super::Result;
use super::request::{Caller, JsonBody, NoQuery};
use crate::sandbox::answer::Answer;
use crate::sandbox::upso::refusal::Refusal;
use crate::sandbox::upso::webhook::Webhook;

pub(super) async fn read(Caller(account): Caller, _: NoQuery) -> Result {
    let cadences = account.lock();
    let webhook = cadences.webhook.as_ref().ok_or_else(missing)?;
    Ok(Answer::new(200, json!(webhook)))
}

pub(super) async fn subscribe(
    Caller(account): Caller,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result {
    let webhook = Webhook::read(&body)?;
    let answer = Answer::new(200, json!(webhook));
    account.lock().webhook = Some(webhook);
    Ok(answer)
}

pub(super) async fn unsubscribe(Caller(account): Caller, _: NoQuery) -> Result {
    account.lock().webhook.take().ok_or_else(missing)?;
    Ok(Answer::no_content())
}

fn missing() -> Refusal {
    Refusal::not_found("nobody is subscribed")
}
