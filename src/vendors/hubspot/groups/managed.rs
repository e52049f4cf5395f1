//! Property groups that are decided: a call for each, and one list to read them all.
//!
//! HubSpot takes one group in a call, and lists only those that are not archived. It is not known
//! how it says that a group of that name is there; 409 and a category or sub-category that says so
//! are both taken for it.

use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::super::calls::Turn;
use super::super::classify::Classify as _;
use super::super::deals::harmless;
use super::super::portal::Portal;
use super::super::read::says_absent;
use super::super::said::Said;
use super::super::wire::{PropertyGroup, name_of};
use super::list_whole;
use crate::domain::carry::Page;
use crate::domain::group::label_of;
use crate::domain::{Attributes, Effect, Group, Observed, Problem, ProblemReason};
use crate::vendors::http::Reply;
use crate::vendors::{Answer, Call, Failure, FailureScope, Target};

pub(in crate::vendors::hubspot) const LABEL: &str = "label";
pub(in crate::vendors::hubspot) const DISPLAY_ORDER: &str = "displayOrder";

/// Returns the canonical form of a group as decided.
pub(in crate::vendors::hubspot) fn desired(group: &Group) -> Attributes {
    let mut attributes = Attributes::from([(LABEL, json!(group.label))]);
    if let Some(place) = group.display_order {
        attributes.set(DISPLAY_ORDER, place);
    }
    attributes
}

/// Tells whether the refusal of a creation says that a group of that name is there.
pub(super) fn is_there(reply: &Reply) -> bool {
    let says_so = || Said::read(&reply.body).is_some_and(|said| said.says_exists());
    reply.status == 409 || (reply.status == 400 && says_so())
}

impl Portal {
    /// Reads groups.
    pub(in crate::vendors::hubspot) async fn read_groups(
        &self,
        turn: &mut Turn<'_>,
        targets: &[&Target],
    ) -> Result<Vec<Observed>, Failure> {
        if targets.is_empty() {
            return Ok(Vec::new());
        }
        let listed = list_whole(turn).await?;
        let view = self.view(false);
        let find = |target: &&Target| match listed.iter().find(|(name, _)| *name == target.name) {
            None => Ok(Observed::Absent),
            Some((_, entry)) => observed(entry, &target.expected)
                .ok_or_else(|| view.unreadable(200, "a group is incomplete")),
        };
        targets.iter().map(find).collect()
    }

    /// Creates, changes or archives a group.
    pub(in crate::vendors::hubspot) async fn write_group(
        &self,
        turn: &mut Turn<'_>,
        call: &Call,
    ) -> Result<Answer, Failure> {
        let target = &call.target;
        // What properties need of groups is to be looked at anew.
        self.groups.forget();
        match &call.effect {
            Effect::Create(attributes) => self.create_group(turn, target, attributes).await,
            Effect::Update(changes) => self.update_group(turn, target, changes).await,
            Effect::Archive => self.archive_group(turn, &target.name).await,
            // Groups keep their names and have no records.
            Effect::Carry(_) | Effect::Fill(_) => Ok(Answer::Page(Page::default())),
            Effect::Retire(_) => Ok(Answer::Retired { carried: 0, missed: false }),
        }
    }

    async fn create_group(
        &self,
        turn: &mut Turn<'_>,
        target: &Target,
        attributes: &Attributes,
    ) -> Result<Answer, Failure> {
        let mut body = written(attributes);
        body.insert("name".to_owned(), json!(target.name));
        let reply = turn.post(self.paths.groups(), &Value::Object(body)).await?;
        match reply.status {
            200 | 201 => self.group_held(&reply, target),
            _ if is_there(&reply) => self.take_over(turn, target, attributes).await,
            _ => Err(self.view(true).failure(&reply)),
        }
    }

    /// Looks at the group that is there already. One whose label is that of a group made ad hoc
    /// was made for a property, by us or as we would have, and is nobody's decision.
    async fn take_over(
        &self,
        turn: &mut Turn<'_>,
        target: &Target,
        attributes: &Attributes,
    ) -> Result<Answer, Failure> {
        // The call that was refused had no effect; whatever fails now is tried again later.
        let held = self.read_groups(turn, &[target]).await.map_err(harmless)?.pop();
        let Some(Observed::Present { attributes: held, .. }) = held else {
            return Ok(Answer::Unexpected);
        };
        let changes = attributes.differing_from(&held);
        let is_ad_hoc = held.get(LABEL) == Some(&json!(label_of(&target.name)));
        if changes.is_empty() || !is_ad_hoc {
            return Ok(Answer::Unexpected);
        }
        self.update_group(turn, target, &changes).await
    }

    async fn update_group(
        &self,
        turn: &mut Turn<'_>,
        target: &Target,
        changes: &Attributes,
    ) -> Result<Answer, Failure> {
        let body = Value::Object(written(changes));
        let reply = turn.patch(self.paths.group(&target.name), &body).await?;
        match reply.status {
            200 => self.group_held(&reply, target),
            404 if says_absent(&reply) => Ok(Answer::Gone),
            _ => Err(self.view(true).failure(&reply)),
        }
    }

    async fn archive_group(&self, turn: &mut Turn<'_>, name: &str) -> Result<Answer, Failure> {
        let reply = turn.delete(self.paths.group(name)).await?;
        let view = self.view(true);
        match reply.status {
            204 => Ok(Answer::Gone),
            404 if says_absent(&reply) => Ok(Answer::Gone),
            200..300 => Err(view.unreadable(reply.status, "an archive is answered with 204")),
            _ => {
                let failure = view.failure(&reply);
                let said = Said::read(&reply.body);
                Err(match said.is_some_and(|said| said.says_group_holds_properties()) {
                    // It becomes empty when they are gone.
                    true => {
                        let problem = Problem { reason: ProblemReason::InUse, ..failure.problem };
                        Failure { scope: FailureScope::Resource, problem, ..failure }
                    }
                    false => failure,
                })
            }
        }
    }

    /// Reads the group in the answer to a write.
    fn group_held(&self, reply: &Reply, target: &Target) -> Result<Answer, Failure> {
        let entry = serde_json::from_slice::<Value>(&reply.body).ok();
        entry
            .filter(|entry| name_of(entry) == Some(&target.name))
            .and_then(|entry| canonical(&entry, &target.expected))
            .map(Answer::Holds)
            .ok_or_else(|| self.view(true).unreadable(reply.status, "it is not the group"))
    }
}

/// Writes attributes the way HubSpot takes them.
fn written(attributes: &Attributes) -> Map<String, Value> {
    attributes.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

/// Reads a group of a list; `None` when it is incomplete.
fn observed(entry: &Value, expected: &Attributes) -> Option<Observed> {
    if entry.get("archived") == Some(&Value::Bool(true)) {
        return Some(Observed::Absent);
    }
    let attributes = canonical(entry, expected)?;
    Some(Observed::Present { attributes, protected: false })
}

/// Returns the canonical form of a group that HubSpot holds. Its place is in it only where one is
/// expected: HubSpot gives every group one.
pub(in crate::vendors::hubspot) fn canonical(
    entry: &Value,
    expected: &Attributes,
) -> Option<Attributes> {
    let group = PropertyGroup::deserialize(entry).ok()?;
    let mut attributes = Attributes::from([(LABEL, json!(group.label?))]);
    if expected.get(DISPLAY_ORDER).is_some() {
        attributes.set(DISPLAY_ORDER, group.display_order.unwrap_or(-1));
    }
    Some(attributes)
}
