//! The way from one name to another: create it under the new name, carry the values along, archive
//! the old one. And what else is done to the values of records.

use super::{Known, Names, Observed, Step, park};
use crate::domain::carry::{Carry, Checkpoint, Fill, LastLook, Left, Retire};
use crate::domain::{Details, Effect, Problem, ProblemReason, Sync, Trail};

/// Where a resource is to be carried out.
pub(super) enum Place {
    /// Under the name that it has.
    Here,
    /// Under this name.
    Goes(String),
    /// Nowhere before another one makes way.
    Waits,
    /// Nowhere, and the other one does not make way by itself.
    Stuck(Problem),
}

/// Plans for a call in doubt that was about another name than everything else.
pub(super) fn doubt(known: &Known<'_>, names: &Names) -> Option<Step> {
    let Known { sync, observed, .. } = known;
    let in_doubt = sync.in_doubt.as_ref()?;
    let name = in_doubt.name.as_ref().filter(|name| sync.key.as_ref() != Some(*name))?;
    let was_left = sync.left().iter().any(|left| left.name == *name);
    Some(match (observed, &in_doubt.effect) {
        (None, _) => Step::Read,
        (Some(Observed::Absent), _) if was_left => Step::Retired(name.clone()),
        (Some(Observed::Present { attributes, protected: false }), Effect::Create(sent))
            if !was_left
                && sent.differing_from(attributes).is_empty()
                && names.holder(known.kind, name, known.id).is_none() =>
        {
            let held = attributes.clone();
            Step::Found(Left {
                name: name.clone(),
                held,
                target_until_micros: None,
                own_since_micros: None,
            })
        }
        (Some(_), _) => Step::Withdraw,
    })
}

/// Tells where a resource is to be carried out.
pub(super) fn place(known: &Known<'_>, names: &Names) -> Place {
    let Known { id, kind, name, sync, desired, observed, .. } = *known;
    let at = sync.key_or(name);
    if known.stands_in.is_some_and(|what| names.is_coming(what)) {
        return Place::Waits;
    }
    if desired.is_none() {
        // What stood in it goes first.
        let emptied =
            kind.contents().is_none_or(|contents| !names.are_changing(contents, known.desired_rev));
        return if emptied { Place::Here } else { Place::Waits };
    }
    let is_there = sync.applied.is_some() || matches!(observed, Some(Observed::Present { .. }));
    if at == name && is_there {
        return Place::Here;
    }
    let prepared = sync.trail.as_ref().is_some_and(|trail| trail.foreign);
    match names.holder(kind, name, id) {
        // What comes back with the name would be taken for values of this one.
        None if at == name
            && !prepared
            && names.was_anothers(kind, name, id, sync.had_until(name)) =>
        {
            Place::Goes(name.to_owned())
        }
        None if at == name => Place::Here,
        None => Place::Goes(name.to_owned()),
        // What is on its way here frees the name that another one may wait for.
        Some(_) if at != name && !sync.left().is_empty() => Place::Here,
        Some(_) if at != name && names.breaks_ring(id, kind, name) => Place::Goes(detour(id)),
        Some(holder) if holder.is_parked => {
            let message = format!(
                "the vendor still holds the name {name} for {}, which is left alone; retry or change that first",
                holder.id
            );
            Place::Stuck(Problem::new(ProblemReason::Conflict, message))
        }
        Some(_) => Place::Waits,
    }
}

/// A name that nothing else has.
fn detour(id: &crate::domain::ResourceId) -> String {
    let id: String = id.as_str().chars().map(|c| if c == '-' { '_' } else { c }).collect();
    format!("gomark_moving_{id}")
}

/// Tells what is to be done once the definition is as decided; `None` when that is nothing.
pub(super) fn rest(known: &Known<'_>) -> Option<Step> {
    let Known { sync, desired, .. } = known;
    match sync.trail.as_ref().filter(|_| sync.is_moving()) {
        Some(trail) if desired.is_none() => {
            let name = trail.left.last().map(|left| left.name.clone())?;
            Some(Step::Call(Effect::Retire(Retire { name, last_look: None })))
        }
        Some(trail) => carry_along(known, trail),
        None if desired.is_none() => None,
        None => fill(known),
    }
}

/// Carries values along; `None` when nothing is left to be.
fn carry_along(known: &Known<'_>, trail: &Trail) -> Option<Step> {
    let checkpoint = checkpoint(known.sync, None).unwrap_or_else(|| begin(None, known));
    if !checkpoint.done {
        return Some(Step::Call(Effect::Carry(carry(known, trail, &checkpoint))));
    }
    if checkpoint.refused.count > 0 {
        return Some(park(refused(&checkpoint, "the field keeps its old name beside the new one")));
    }
    let name = trail.left.last().map(|left| left.name.clone())?;
    let to = known.sync.key_or(known.name).to_owned();
    let carry = carry(known, trail, &checkpoint);
    let (since_micros, at_last) = (checkpoint.look_since(), checkpoint.is_last());
    let last_look = Some(LastLook { to, carry, since_micros, at_last });
    Some(Step::Call(Effect::Retire(Retire { name, last_look })))
}

fn carry(known: &Known<'_>, trail: &Trail, checkpoint: &Checkpoint) -> Carry {
    Carry {
        from: trail.left.clone(),
        since_micros: trail.since_micros,
        foreign: trail.foreign,
        cursor: checkpoint.cursor.clone(),
        // A page that may have been written before is not taken for new.
        first_pass: checkpoint.pass == 1 && !checkpoint.done && known.sync.in_doubt.is_none(),
        count: checkpoint.total == 0,
    }
}

/// Fills in, once the definition is confirmed.
fn fill(known: &Known<'_>) -> Option<Step> {
    let (revision, value) = known.fill?;
    if known.sync.applied_rev < known.desired_rev {
        return None;
    }
    let found = checkpoint(known.sync, Some(revision));
    // What was begun with one value is not gone on with with another.
    let begun = found.as_ref().and_then(|found| found.value.clone());
    let value = begun.unwrap_or_else(|| value.to_owned());
    let checkpoint = found.unwrap_or_else(|| begin(Some(revision), known));
    Some(if value.is_empty() || (checkpoint.done && checkpoint.refused.count == 0) {
        Step::Filled(revision)
    } else if checkpoint.done {
        park(refused(&checkpoint, "the others have it"))
    } else {
        Step::Call(Effect::Fill(Fill {
            value,
            cursor: checkpoint.cursor.clone(),
            count: checkpoint.total == 0,
        }))
    })
}

fn checkpoint(sync: &Sync, fills: Option<crate::domain::Revision>) -> Option<Checkpoint> {
    sync.checkpoint.clone().filter(|checkpoint| checkpoint.fills == fills)
}

fn begin(fills: Option<crate::domain::Revision>, known: &Known<'_>) -> Checkpoint {
    Checkpoint::begin(fills, known.now)
}

fn refused(checkpoint: &Checkpoint, rest: &str) -> Problem {
    let message = format!("the vendor refused {} values; {rest}", checkpoint.refused.count);
    Problem {
        details: Some(Box::new(Details {
            refused: checkpoint.refused.clone(),
            used_by: Vec::new(),
        })),
        ..Problem::new(ProblemReason::ValuesRefused, message)
    }
}
