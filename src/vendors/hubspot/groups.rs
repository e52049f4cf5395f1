//! Property groups: made ad hoc where a property needs one that the portal lacks, and carried out
//! where they are decided.

mod managed;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::timeout_at;

use super::calls::Turn;
use super::classify::Classify as _;
use super::wire::{List, name_of};
use crate::domain::field::DEFAULT_GROUP;
use crate::domain::group::label_of;
use crate::vendors::Failure;

pub(super) use managed::{DISPLAY_ORDER, LABEL, canonical, desired};

/// The groups that a portal is known to have.
#[derive(Debug, Default)]
pub(super) struct Groups {
    known: Mutex<Option<BTreeSet<String>>>,
    /// HubSpot contradicted what is known.
    stale: AtomicBool,
}

/// How sure it is that groups are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    /// HubSpot just listed them, or has them anyway.
    Listed,
    /// They were listed or made a while ago, or made just now and may not be seen everywhere yet
    /// (observed by third parties: within 0.7 s).
    Assumed,
}

impl Groups {
    /// Sees to it that these groups are there.
    pub(super) async fn ensure<'a>(
        &self,
        turn: &mut Turn<'_>,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Certainty, Failure> {
        let wanted: BTreeSet<_> = names.into_iter().filter(|name| *name != DEFAULT_GROUP).collect();
        if wanted.is_empty() {
            return Ok(Certainty::Listed);
        }
        // One at a time, so that no group is listed or made twice.
        let mut known = timeout_at(turn.begins_until(), self.known.lock())
            .await
            .map_err(|_| turn.no_time_left())?;
        let mut certainty = Certainty::Assumed;
        if self.stale.swap(false, Ordering::Relaxed) {
            *known = None;
        }
        let groups = match &mut *known {
            Some(groups) => groups,
            None => {
                certainty = Certainty::Listed;
                known.insert(names_of(&list(turn).await?.results))
            }
        };
        for name in wanted {
            if !groups.contains(name) {
                certainty = Certainty::Assumed;
                create(turn, name).await?;
                groups.insert(name.to_owned());
            }
        }
        Ok(certainty)
    }

    /// Lists the groups anew.
    pub(super) async fn refresh(&self, turn: &mut Turn<'_>) -> Result<(), Failure> {
        let listed = names_of(&list(turn).await?.results);
        *self.known.lock().await = Some(listed);
        Ok(())
    }

    /// Forgets what is known, because HubSpot contradicted it.
    pub(super) fn forget(&self) {
        self.stale.store(true, Ordering::Relaxed);
    }
}

/// Lists all groups, with their names.
///
/// Fails on an answer that may not be the whole list: what is missing from it would be taken for
/// absent.
pub(super) async fn list_whole(turn: &mut Turn<'_>) -> Result<Vec<(String, Value)>, Failure> {
    let list = list(turn).await?;
    let view = turn.portal().view(false);
    let unreadable = |what| view.unreadable(200, what);
    let listed = list.whole().map_err(unreadable)?;
    // Every portal has it: a list without it is not the list.
    if !listed.iter().any(|(name, _)| name == DEFAULT_GROUP) {
        return Err(unreadable("HubSpot's own group is missing from the list"));
    }
    Ok(listed)
}

async fn list(turn: &mut Turn<'_>) -> Result<List, Failure> {
    let reply = turn.get(turn.portal().paths.groups()).await?;
    let view = turn.portal().view(false);
    if reply.status != 200 {
        return Err(view.failure(&reply));
    }
    serde_json::from_slice(&reply.body)
        .map_err(|_| view.unreadable(reply.status, "it is no list of groups"))
}

fn names_of(listed: &[Value]) -> BTreeSet<String> {
    listed.iter().filter_map(name_of).map(str::to_owned).collect()
}

/// Creates a group. What fails here had no effect on the property that needs it.
async fn create(turn: &mut Turn<'_>, name: &str) -> Result<(), Failure> {
    let body = json!({ "name": name, "label": label_of(name) });
    let of_group = |mut failure: Failure| {
        failure.effect_unknown = false;
        failure.problem.message = format!("property group {name}: {}", failure.problem.message);
        failure
    };
    let reply = turn.post(turn.portal().paths.groups(), &body).await.map_err(of_group)?;
    match reply.status {
        200 | 201 => Ok(()),
        // Somebody else made it.
        _ if managed::is_there(&reply) => Ok(()),
        _ => Err(of_group(turn.portal().view(true).failure(&reply))),
    }
}
