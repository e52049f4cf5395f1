//! Creating many properties in one call, and telling from its one answer what came of each.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::{Value, json};

use super::calls::Turn;
use super::canonical::create_body;
use super::classify::Classify as _;
use super::groups::Certainty;
use super::portal::Portal;
use super::said::Said;
use super::wire::{BatchAnswer, name_of};
use super::write::{group_of, holds};
use crate::domain::Attributes;
use crate::vendors::http::Reply;
use crate::vendors::{Answer, Failure, FailureScope, Target};

/// A property to create.
type Create<'a> = (&'a Target, &'a Attributes);

/// What came of one.
type Outcome = Result<Answer, Failure>;

impl Portal {
    /// Creates properties. A batch that HubSpot refuses as a whole is halved until the refusal is
    /// that of a single property: one bad definition is no reason to hold up the others.
    pub(super) async fn create_many(
        &self,
        turn: &mut Turn<'_>,
        creates: &[Create<'_>],
    ) -> Vec<Outcome> {
        let groups = creates.iter().filter_map(|(_, attributes)| group_of(attributes));
        let certainty = match self.groups.ensure(turn, groups).await {
            Ok(certainty) => certainty,
            Err(failure) => return vec![Err(failure); creates.len()],
        };
        let mut outcomes: Vec<Option<Outcome>> = vec![None; creates.len()];
        let mut todo = chunks(0..creates.len(), self.batch_max);
        while let Some(range) = todo.pop() {
            let part = creates.get(range.clone()).unwrap_or_default();
            let came_of = match part {
                [(target, attributes)] => {
                    vec![self.create_one(turn, target, attributes, certainty).await]
                }
                _ => match self.create_batch(turn, part, certainty).await {
                    Ok(came_of) => came_of,
                    Err(failure) if is_about_content(&failure) => {
                        todo.extend(chunks(range.clone(), part.len().div_ceil(2)));
                        continue;
                    }
                    Err(failure) => vec![Err(failure); part.len()],
                },
            };
            for (slot, outcome) in outcomes.iter_mut().skip(range.start).zip(came_of) {
                *slot = Some(outcome);
            }
        }
        let missed = || Err(self.view(true).unreadable(0, "a property was passed over"));
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(missed)).collect()
    }

    /// Makes one batch call. The error is one of the batch as a whole.
    async fn create_batch(
        &self,
        turn: &mut Turn<'_>,
        creates: &[Create<'_>],
        certainty: Certainty,
    ) -> Result<Vec<Outcome>, Failure> {
        let inputs: Vec<_> =
            creates.iter().map(|(target, it)| create_body(&target.name, it)).collect();
        let body = json!({ "inputs": inputs });
        let reply = turn.post(self.paths.batch_create(), &body).await?;
        if !matches!(reply.status, 200 | 201 | 207) {
            return Err(self.view(true).failure(&reply));
        }
        let answer: BatchAnswer = serde_json::from_slice(&reply.body)
            .map_err(|_| self.view(true).unreadable(reply.status, "it is no answer to a batch"))?;
        let names: Vec<_> = creates.iter().map(|(target, _)| target.name.as_str()).collect();
        let mut outcomes = Vec::with_capacity(names.len());
        for ((target, _), came_of) in creates.iter().zip(attribute(&names, answer)) {
            outcomes.push(match came_of {
                CameOf::Entry(entry) => holds(entry, &target.expected)
                    .ok_or_else(|| self.unclear(&reply, "a property in it is incomplete")),
                CameOf::Error(said) if said.says_exists() => Ok(Answer::Unexpected),
                CameOf::Error(said) => {
                    let failure = self.view(true).item_failure(reply.status, &said);
                    Err(self.about_group(failure, Some(&said), certainty))
                }
                CameOf::Nothing => Err(self.unclear(&reply, "it does not tell what came of this")),
            });
        }
        Ok(outcomes)
    }

    fn unclear(&self, reply: &Reply, what: &str) -> Failure {
        self.view(true).unreadable(reply.status, what)
    }
}

/// What a batch's answer says of one input.
#[derive(Debug, PartialEq)]
enum CameOf {
    Entry(Value),
    Error(Said),
    Nothing,
}

/// Finds in a batch's answer what belongs to each name. Results carry the name, errors have it in
/// their context (recorded answers); one that has not is only attributed when there is but one
/// name that it can belong to.
fn attribute(names: &[&str], answer: BatchAnswer) -> Vec<CameOf> {
    let mut entries: HashMap<String, Value> = HashMap::new();
    for entry in answer.results {
        if let Some(name) = name_of(&entry).map(str::to_owned) {
            entries.insert(name, entry);
        }
    }
    let errors: Vec<_> = answer.errors.unwrap_or_default().iter().map(Said::from_value).collect();
    let (mut named, mut nameless) = (HashMap::new(), Vec::new());
    for said in errors {
        let its: Vec<String> =
            said.context("name").filter(|name| names.contains(name)).map(str::to_owned).collect();
        if its.is_empty() {
            nameless.push(said.clone());
        }
        named.extend(its.into_iter().map(|name| (name, said.clone())));
    }
    let silent = |name: &&&str| !entries.contains_key(**name) && !named.contains_key(**name);
    let silent: Vec<_> = names.iter().filter(silent).collect();
    if let ([name], [said]) = (silent.as_slice(), nameless.as_slice()) {
        named.insert((**name).to_owned(), said.clone());
    }
    let came_of = |name: &&str| match (entries.remove(*name), named.remove(*name)) {
        (Some(entry), _) => CameOf::Entry(entry),
        (None, Some(said)) => CameOf::Error(said),
        (None, None) => CameOf::Nothing,
    };
    names.iter().map(came_of).collect()
}

/// Tells whether a refusal may be the fault of a single input.
fn is_about_content(failure: &Failure) -> bool {
    let status = failure.problem.vendor_status;
    failure.scope == FailureScope::Refused && !matches!(status, 401 | 403 | 404 | 405)
}

fn chunks(range: Range<usize>, size: usize) -> Vec<Range<usize>> {
    let starts = range.clone().step_by(size.max(1));
    // Taken from the end, so that the first comes first.
    starts.map(|start| start..range.end.min(start + size.max(1))).rev().collect()
}

#[cfg(test)]
mod tests;
