//! Creating, changing and archiving properties.

use std::time::Duration;

use serde_json::Value;

use super::calls::Turn;
use super::canonical::{GROUP_NAME, canonical, create_body, patch_body};
use super::classify::Classify as _;
use super::deals::not_yet;
use super::groups::Certainty;
use super::portal::Portal;
use super::read::{apart, says_absent, together};
use super::said::Said;
use super::wire::{Property, name_of};
use crate::domain::{Attributes, Details, Effect, Problem, ProblemReason};
use crate::vendors::http::Reply;
use crate::vendors::{Answer, Call, Failure, FailureScope, Lane, Target};

/// How often an archive is tried of what is in use.
const IN_USE_WAIT: Duration = Duration::from_secs(5 * 60);

impl Portal {
    pub(super) async fn write_all(&self, calls: &[Call]) -> Vec<Result<Answer, Failure>> {
        let is_long = |call: &Call| {
            matches!(call.effect, Effect::Carry(_) | Effect::Fill(_) | Effect::Retire(_))
        };
        let lane = match calls.iter().any(is_long) {
            true => Lane::Background,
            false => Lane::Change,
        };
        let mut turn = Turn::with_place(self).in_lane(lane);
        let (groups, properties) = apart(calls, |call| call.target.kind);
        // Properties of the same request may stand in them.
        let mut of_groups = Vec::with_capacity(groups.len());
        for call in groups {
            of_groups.push(self.write_group(&mut turn, call).await);
        }
        let of_properties = self.write_properties(&mut turn, &properties).await;
        together(calls.iter().map(|call| call.target.kind), of_groups, of_properties)
    }

    async fn write_properties(
        &self,
        turn: &mut Turn<'_>,
        calls: &[&Call],
    ) -> Vec<Result<Answer, Failure>> {
        let creates: Option<Vec<_>> = calls.iter().map(|call| as_create(call)).collect();
        match creates {
            Some(creates) if creates.len() > 1 => self.create_many(turn, &creates).await,
            _ => {
                let mut answers = Vec::with_capacity(calls.len());
                for call in calls {
                    answers.push(self.write_one(turn, call).await);
                }
                answers
            }
        }
    }

    async fn write_one(&self, turn: &mut Turn<'_>, call: &Call) -> Result<Answer, Failure> {
        let target = &call.target;
        let name = target.name.as_str();
        match &call.effect {
            Effect::Create(attributes) => {
                let certainty = self.groups.ensure(turn, group_of(attributes)).await?;
                self.create_one(turn, target, attributes, certainty).await
            }
            Effect::Update(changes) => {
                if !call.allow_loss {
                    self.guard_options(turn, name, call.held.as_ref(), changes).await?;
                }
                self.update(turn, target, changes).await
            }
            Effect::Archive => {
                if !call.allow_loss {
                    self.guard_values(turn, name).await?;
                }
                self.archive(turn, name).await
            }
            Effect::Carry(carry) => self.carry_page(turn, name, carry).await.map(Answer::Page),
            Effect::Fill(fill) => self.fill_page(turn, name, fill).await.map(Answer::Page),
            Effect::Retire(retire) => self.retire(turn, call, retire).await,
        }
    }

    /// Creates a property whose group was seen to.
    pub(super) async fn create_one(
        &self,
        turn: &mut Turn<'_>,
        target: &Target,
        attributes: &Attributes,
        certainty: Certainty,
    ) -> Result<Answer, Failure> {
        let body = create_body(&target.name, attributes);
        let reply = turn.post(self.paths.properties(), &body).await?;
        match reply.status {
            200 | 201 => self.held(&reply, target),
            // A property of that name is there, and was not changed (observed by third parties).
            409 if said(&reply).is_none_or(|s| s.says_exists() || s.category.is_empty()) => {
                self.archived(turn, &target.name).await.map_or(Ok(Answer::Unexpected), Err)
            }
            _ => {
                let failure = self.view(true).failure(&reply);
                Err(self.about_group(failure, said(&reply).as_ref(), certainty))
            }
        }
    }

    /// Tells of an archived property that keeps its name from being used again, as third parties have
    /// seen it; `None` where there is none, or that cannot be told.
    async fn archived(&self, turn: &mut Turn<'_>, name: &str) -> Option<Failure> {
        let reply = turn.get(self.paths.archived_property(name)).await.ok()?;
        let property: Property = serde_json::from_slice(&reply.body).ok()?;
        if reply.status != 200 || property.archived != Some(true) {
            return None;
        }
        let message = format!(
            "HubSpot keeps an archived property of the name {name} and does not give the name back; \
             restore or purge it on HubSpot's screens, then retry"
        );
        Some(Failure {
            scope: FailureScope::Refused,
            effect_unknown: false,
            retry_after: None,
            problem: Problem {
                vendor_status: 409,
                ..Problem::new(ProblemReason::Conflict, message)
            },
        })
    }

    async fn update(
        &self,
        turn: &mut Turn<'_>,
        target: &Target,
        changes: &Attributes,
    ) -> Result<Answer, Failure> {
        let certainty = self.groups.ensure(turn, group_of(changes)).await?;
        let body = patch_body(changes, &target.expected);
        let reply = turn.patch(self.paths.property(&target.name), &body).await?;
        let said = said(&reply);
        let about_group = said.as_ref().is_some_and(Said::says_group_is_missing);
        match reply.status {
            200 => self.held(&reply, target),
            404 if says_absent(&reply) && !about_group => Ok(Answer::Gone),
            _ => {
                let failure = self.view(true).failure(&reply);
                Err(self.about_group(failure, said.as_ref(), certainty))
            }
        }
    }

    pub(super) async fn archive(&self, turn: &mut Turn<'_>, name: &str) -> Result<Answer, Failure> {
        self.archive_there(turn, name).await.map(|_| Answer::Gone)
    }

    /// Archives a property; tells whether it was there.
    pub(super) async fn archive_there(
        &self,
        turn: &mut Turn<'_>,
        name: &str,
    ) -> Result<bool, Failure> {
        let reply = turn.delete(self.paths.property(name)).await?;
        let view = self.view(true);
        match reply.status {
            204 => Ok(true),
            404 if says_absent(&reply) => Ok(false),
            200..300 => Err(view.unreadable(reply.status, "an archive is answered with 204")),
            _ => {
                let failure = view.failure(&reply);
                let users = said(&reply).and_then(|said| said.users());
                Err(users.map_or(failure.clone(), |users| in_use(failure, users)))
            }
        }
    }

    /// Reads the property in the answer to a write.
    fn held(&self, reply: &Reply, target: &Target) -> Result<Answer, Failure> {
        let property = serde_json::from_slice::<Value>(&reply.body).ok();
        property
            .filter(|property| name_of(property) == Some(&target.name))
            .and_then(|property| holds(property, &target.expected))
            .ok_or_else(|| self.view(true).unreadable(reply.status, "it is not the property"))
    }

    /// Looks again at a refusal that may be about the property's group: when the group was only
    /// assumed to be there, the refusal is for now, and the groups are listed next time.
    pub(super) fn about_group(
        &self,
        failure: Failure,
        said: Option<&Said>,
        certainty: Certainty,
    ) -> Failure {
        let group_is_missing = said.is_some_and(Said::says_group_is_missing);
        if failure.scope != FailureScope::Refused || !group_is_missing {
            return failure;
        }
        self.groups.forget();
        match certainty {
            Certainty::Listed => failure,
            Certainty::Assumed => not_yet(failure),
        }
    }
}

/// Reads a definition that HubSpot says it holds; `None` when it is incomplete.
pub(super) fn holds(entry: Value, expected: &Attributes) -> Option<Answer> {
    let property: Property = serde_json::from_value(entry).ok()?;
    canonical(&property, expected).map(Answer::Holds)
}

/// Returns the group that attributes name.
pub(super) fn group_of(attributes: &Attributes) -> Option<&str> {
    attributes.get(GROUP_NAME).and_then(Value::as_str)
}

/// What is in use is archived once nothing uses it any more.
fn in_use(failure: Failure, used_by: Vec<String>) -> Failure {
    let message = match used_by.as_slice() {
        [] => failure.problem.message,
        users => format!("HubSpot does not archive what is used by {}", users.join(", ")),
    };
    Failure {
        scope: FailureScope::Resource,
        effect_unknown: false,
        retry_after: Some(IN_USE_WAIT),
        problem: Problem {
            reason: ProblemReason::InUse,
            message,
            details: Some(Box::new(Details { used_by, ..Details::default() })),
            ..failure.problem
        },
    }
}

fn as_create(call: &Call) -> Option<(&Target, &Attributes)> {
    match &call.effect {
        Effect::Create(attributes) => Some((&call.target, attributes)),
        _ => None,
    }
}

fn said(reply: &Reply) -> Option<Said> {
    Said::read(&reply.body)
}
