//! The one planner: what is to be done at a vendor, from what was decided, what the vendor last
//! confirmed and, where that cannot be trusted, what a read of the vendor says now.
//!
//! Carrying out a change, a rollback and a dry run are this one function with different inputs; a
//! restart only plans again.

mod moves;
mod names;

use super::carry::Left;
use super::{
    Attributes, Effect, Problem, ProblemReason, Resource, ResourceId, ResourceKind, Revision, Sync,
    Timestamp, Tracked,
};
pub use names::{Holder, Names, names_of};

/// What a read of the vendor found under the name of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// Nothing, for certain.
    Absent,
    /// Something with these attributes.
    Present {
        /// What it is like, in canonical form.
        attributes: Attributes,
        /// Whether it is the vendor's own and not to be touched.
        protected: bool,
    },
}

/// All that is known of one resource.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The resource.
    pub id: &'a ResourceId,
    /// Its kind.
    pub kind: ResourceKind,
    /// The name that was decided.
    pub name: &'a str,
    /// What it stands in, as decided.
    pub stands_in: Option<(ResourceKind, &'a str)>,
    /// What was decided, in canonical form; `None` when it was removed.
    pub desired: Option<&'a Attributes>,
    /// The revision that decided it.
    pub desired_rev: Revision,
    /// Whether what the vendor holds stays there although it was removed here.
    pub stays: bool,
    /// Where the vendor stands.
    pub sync: &'a Sync,
    /// What a fresh read found; `None` where none was made.
    pub observed: Option<&'a Observed>,
    /// The revision that asks for a value to be filled in on records, and the value.
    pub fill: Option<(Revision, &'a str)>,
    /// The present moment, by the database's clock.
    pub now: Timestamp,
}

impl<'a> Known<'a> {
    /// Returns what is known of a resource without a read. `desired` is what was decided, in
    /// canonical form.
    pub fn new(tracked: &'a Tracked, desired: Option<&'a Attributes>, now: Timestamp) -> Self {
        let Tracked { version, sync, fill } = tracked;
        let value = match &version.resource {
            Some(Resource::Field(field)) => field.default_value.as_str(),
            _ => "",
        };
        Self {
            id: &version.id,
            kind: version.kind,
            name: &version.name,
            stands_in: version.resource.as_ref().and_then(Resource::stands_in),
            desired,
            desired_rev: version.from_rev,
            stays: tracked.stays(),
            sync,
            observed: None,
            fill: fill.map(|revision| (revision, value)),
            now,
        }
    }
}

/// What is to be done about one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The resource.
    pub id: ResourceId,
    /// What to do.
    pub step: Step,
}

/// What to do about a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Read it at the vendor first: a call is in doubt.
    Read,
    /// Make this call.
    Call(Effect),
    /// Note that it goes on its way to another name.
    Move {
        /// That name.
        name: String,
        /// Whether what the vendor may bring back under it was another's.
        foreign: bool,
    },
    /// Note that the vendor holds this under another name than the present one.
    Found(Left),
    /// Note that a name that it had is gone.
    Retired(String),
    /// Note that a call about another name had no effect.
    Withdraw,
    /// Note that there is nothing more to fill in, as this revision asked.
    Filled(Revision),
    /// It cannot go on until another one has made way, which itself does not go on.
    Wait(Problem),
    /// Nothing: the vendor holds what was decided. Note it.
    Confirm(Option<Attributes>),
    /// Note what the read found. What is left to do after that, if the decision is not parked, is
    /// planned from there.
    Settle(Option<Attributes>),
    /// Leave it alone: it cannot be done, for this reason.
    Park {
        /// What the vendor was found to hold, where that is news.
        held: Option<Attributes>,
        /// Why.
        problem: Problem,
    },
}

/// Plans what is to be done about each resource. Resources that are parked and not in doubt need
/// nothing and are left out, and so are those that wait for another one to make way: `names` says who
/// holds which name at the vendor.
pub fn plan<'a>(known: impl IntoIterator<Item = Known<'a>>, names: &Names) -> Vec<Operation> {
    let operation = |known: Known<'_>| {
        plan_one(known, names).map(|step| Operation { id: known.id.clone(), step })
    };
    known.into_iter().filter_map(operation).collect()
}

fn plan_one(known: Known<'_>, names: &Names) -> Option<Step> {
    let Known { desired_rev, sync, observed, .. } = known;
    if let Some(step) = moves::doubt(&known, names) {
        return Some(step);
    }
    let parked = sync.is_parked_at(desired_rev);
    let held = match (observed, &sync.in_doubt) {
        (None, Some(_)) => return Some(Step::Read),
        (None, None) => sync.applied.as_ref(),
        (Some(Observed::Absent), _) => None,
        (Some(Observed::Present { attributes, .. }), _) => Some(attributes),
    };
    let protected = matches!(observed, Some(Observed::Present { protected: true, .. }));
    let ours = !protected && is_ours(sync, held);
    if parked {
        return sync.in_doubt.is_some().then(|| Step::Settle(held.filter(|_| ours).cloned()));
    }
    let step = match moves::place(&known, names) {
        moves::Place::Here => plan_here(&known, held, protected, ours),
        moves::Place::Goes(name) => {
            let foreign = names.was_anothers(known.kind, &name, known.id, sync.had_until(&name));
            Step::Move { name, foreign }
        }
        moves::Place::Waits => {
            let held = held.filter(|_| ours).cloned();
            return sync.in_doubt.is_some().then_some(Step::Settle(held));
        }
        moves::Place::Stuck(problem) => Step::Wait(problem),
    };
    // The next call is begun only once it is noted what the vendor holds: when that call comes to
    // nothing, `applied` is all that is left to plan from.
    let own = held.filter(|_| ours);
    let noted = sync.applied.as_ref() == own && sync.in_doubt.is_none();
    let goes_on = matches!(step, Step::Move { .. } | Step::Wait(_) | Step::Filled(_));
    let begins = matches!(step, Step::Call(_)) && sync.applied.as_ref() != held;
    Some(match (begins, goes_on && !noted) {
        (true, _) => Step::Settle(held.cloned()),
        // Somebody else's is not taken along.
        (false, true) => Step::Settle(own.cloned()),
        (false, false) => step,
    })
}

/// Plans for a resource that has the name that it is to have.
fn plan_here(known: &Known<'_>, held: Option<&Attributes>, protected: bool, ours: bool) -> Step {
    let Known { desired, sync, .. } = known;
    match (desired, held) {
        (Some(desired), None) => Step::Call(Effect::Create((*desired).clone())),
        (Some(_), Some(_)) if protected => park(protected_problem()),
        (Some(desired), Some(held)) => {
            let changes = desired.differing_from(held);
            if changes.is_empty() {
                moves::rest(known).unwrap_or_else(|| Step::Confirm(Some(held.clone())))
            } else if !ours {
                park(conflict(&changes))
            } else if let Some(problem) = changed_by_others(sync, held) {
                Step::Park { held: Some(held.clone()), problem }
            } else {
                Step::Call(Effect::Update(changes))
            }
        }
        (None, _) if known.stays => Step::Confirm(None),
        (None, held) => match moves::rest(known) {
            // What it had goes first: what is left of it is then in one place.
            Some(step) => step,
            None => match held.filter(|_| ours) {
                Some(held) => match changed_by_others(sync, held) {
                    Some(problem) => Step::Park { held: Some(held.clone()), problem },
                    None => Step::Call(Effect::Archive),
                },
                None => Step::Confirm(None),
            },
        },
    }
}

/// Tells whether what the vendor holds came from us: it was confirmed to us, or it is what a call
/// in doubt would have created.
fn is_ours(sync: &Sync, held: Option<&Attributes>) -> bool {
    let created = sync.in_doubt.as_ref().and_then(|in_doubt| match &in_doubt.effect {
        Effect::Create(sent) => Some(sent),
        _ => None,
    });
    let made_in_doubt =
        created.zip(held).is_some_and(|(sent, held)| sent.differing_from(held).is_empty());
    sync.applied.is_some() || made_in_doubt
}

/// Tells what somebody else changed about something of ours, so that it is not overwritten unseen.
/// Setting the decision going again overwrites it: then it was seen.
///
/// What is in doubt may be as it was or as the call would have made it. A vendor without versions
/// may show for a while what it held before; there nothing is concluded from such a read.
fn changed_by_others(sync: &Sync, held: &Attributes) -> Option<Problem> {
    let applied = sync.applied.as_ref()?;
    let differs_from = |other: &Attributes| {
        let mut names = held.differing_from(other).names();
        names.extend(other.differing_from(held).names());
        names.sort();
        names.dedup();
        names
    };
    let attributes = differs_from(applied);
    let expected = match &sync.in_doubt {
        None => None,
        Some(_) if held.version().is_none() => return None,
        Some(in_doubt) => match &in_doubt.effect {
            Effect::Update(changes) => Some(applied.with(changes)),
            Effect::Create(sent) => Some(sent.clone()),
            // What happens to records changes nothing about it.
            _ => None,
        },
    };
    if attributes.is_empty() || expected.is_some_and(|it| differs_from(&it).is_empty()) {
        return None;
    }
    let message = format!(
        "somebody changed {} at the vendor since it was last confirmed; retry to overwrite that",
        attributes.join(", ")
    );
    Some(Problem { attributes, ..Problem::new(ProblemReason::Conflict, message) })
}

fn park(problem: Problem) -> Step {
    Step::Park { held: None, problem }
}

fn protected_problem() -> Problem {
    let message = "the vendor defined this itself; GoMark does not touch it";
    Problem::new(ProblemReason::Conflict, message)
}

fn conflict(changes: &Attributes) -> Problem {
    let attributes = changes.names();
    let message = format!(
        "the vendor already holds this name, with another {}; adopt its definition or remove it there, then retry",
        attributes.join(", ")
    );
    Problem { attributes, ..Problem::new(ProblemReason::Conflict, message) }
}

#[cfg(test)]
mod tests;
