//! Deciding about changes of others: what is done about them, and taking over what they made.

use std::collections::HashSet;
use std::time::Duration;

use super::{Context, Decision, DriftWrites, PolicyWrite, VersionWrite, Writes};
use crate::domain::drift::{
    DriftChange, DriftItem, DriftState, Mode, Outside, PAUSE, Policy, PolicyTarget, TakenNames,
    Which,
};
use crate::domain::group::GROUPS_MAX;
use crate::domain::mutation::{Adopt, Import, PolicyAsk};
use crate::domain::{
    Action, AuditedPolicy, Change, ConnectionId, Refusal, ResourceKind, Sync, Timestamp, Tracked,
    Version, Violation, Violations,
};

/// The longest that changes are ignored.
const IGNORE_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// The longest that nothing is enforced.
const PAUSE_MAX: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Decides what is done about changes of others.
pub(super) fn set_policy(context: &Context<'_>, ask: &PolicyAsk) -> Result<Decision, Refusal> {
    let target = target(context, ask)?;
    let (reason, at) = (&context.mutation.reason, context.mutation.at);
    let mut found = Violations::new();
    check_until(&mut found, ask.until, at, IGNORE_MAX, "at most a year from now");
    if ask.mode == Some(Mode::Ignore) {
        found.require(ask.until.is_some(), "until", "must be given for IGNORE");
        found.require(!reason.trim().is_empty(), "reason", "must be given for IGNORE");
    }
    let is_decided = !matches!(target.resource, Some((_, Which::Name(_))));
    found.require(
        is_decided || ask.mode != Some(Mode::Enforce),
        "mode",
        "must be REPORT or IGNORE for what nobody decided",
    );
    found.or(())?;
    let after = ask.mode.map(|mode| Policy {
        target: target.clone(),
        mode,
        reason: reason.clone(),
        until: ask.until,
    });
    let before = context.situation.policies.of(&target).cloned();
    if before == after {
        return Ok(context.unchanged());
    }
    let change = changed(&target, before.as_ref(), after.as_ref());
    let write = after.map_or(PolicyWrite::Remove(target), PolicyWrite::Put);
    let drift = DriftWrites { policies: vec![write], ..DriftWrites::default() };
    Ok(only(context, Action::SetPolicy, vec![change], drift))
}

/// Decides that nothing is enforced for a while, or again.
pub(super) fn pause(context: &Context<'_>, until: Option<Timestamp>) -> Result<Decision, Refusal> {
    let (reason, at) = (&context.mutation.reason, context.mutation.at);
    let mut found = Violations::new();
    check_until(&mut found, until, at, PAUSE_MAX, "at most 90 days from now");
    found.or(())?;
    let before = context.situation.policies.pause.clone();
    let after = until.map(|until| (until, reason.clone()));
    if before == after {
        return Ok(context.unchanged());
    }
    let audited = |(until, reason): &(Timestamp, String)| AuditedPolicy {
        mode: PAUSE.to_owned(),
        until: Some(*until),
        reason: reason.clone(),
    };
    let (before, now) = (before.as_ref().map(audited), after.as_ref().map(audited));
    let change = Change::Policy { target: PAUSE.to_owned(), before, after: now };
    let drift = DriftWrites { policies: vec![PolicyWrite::Pause(after)], ..DriftWrites::default() };
    Ok(only(context, Action::PauseEnforcement, vec![change], drift))
}

/// Takes over what a vendor holds and nobody decided.
pub(super) fn import(context: &Context<'_>, import: &Import) -> Result<Decision, Refusal> {
    let taken = take_over(context, import)?;
    if taken.is_empty() {
        return Ok(context.unchanged());
    }
    let mut writes = context.writes(Action::ImportVendor, taken);
    writes.parts.clear();
    writes.drift = imported(context, &writes.versions, import.connection_id.as_ref())?;
    Ok(Decision::Change(Box::new(writes)))
}

/// Leaves changes of others as they are, each by a policy for its attribute.
pub(super) fn ignore(
    context: &Context<'_>,
    items: &[DriftItem],
    until: Option<Timestamp>,
) -> Result<Decision, Refusal> {
    let (reason, at) = (&context.mutation.reason, context.mutation.at);
    let mut found = Violations::new();
    found.require(until.is_some(), "until", "must be given for IGNORE");
    found.require(!reason.trim().is_empty(), "reason", "must be given for IGNORE");
    check_until(&mut found, until, at, IGNORE_MAX, "at most a year from now");
    found.or(())?;
    unchanged(context, items.iter().map(|item| (item.id, item.seq)))?;
    let (mut changes, mut policies) = (Vec::new(), Vec::new());
    // That something else has a name is over once it is seen: there is nothing to be left.
    for item in items.iter().filter(|item| item.change != DriftChange::Recreated) {
        let which = match &item.resource_id {
            Some(id) => Which::Id(id.clone()),
            None => Which::Name(item.name.clone()),
        };
        let target = PolicyTarget::of(item.kind, which, item.attribute.as_deref());
        let after =
            Policy { target: target.clone(), mode: Mode::Ignore, reason: reason.clone(), until };
        let before = context.situation.policies.of(&target);
        changes.push(changed(&target, before, Some(&after)));
        policies.push(PolicyWrite::Put(after));
    }
    let state = |item: &DriftItem| match item.change {
        DriftChange::Recreated => DriftState::Cleared,
        _ => DriftState::Ignored,
    };
    let resolved = items.iter().map(|item| (item.id, state(item))).collect();
    let drift = DriftWrites { policies, resolved, ..DriftWrites::default() };
    Ok(only(context, Action::ResolveDrift, changes, drift))
}

/// Decides what the vendor holds.
pub(super) fn adopt(context: &Context<'_>, adopt: &Adopt) -> Result<Decision, Refusal> {
    unchanged(context, adopt.items.iter().copied())?;
    let mut versions = Vec::new();
    for change in &adopt.changes {
        let find = |tracked: &&Tracked| tracked.version.id == change.id;
        let tracked = context.situation.latest.iter().find(find);
        let same = |tracked: &&Tracked| {
            tracked.version.from_rev == change.from_rev && tracked.version.resource.is_some()
        };
        let Some(tracked) = tracked.filter(same) else {
            let rule = "was decided anew meanwhile; list the inbox again";
            let id = adopt.items.first().map(|(id, _)| *id).unwrap_or_default();
            return Err(Refusal::DriftState { id, state: DriftState::Open, rule });
        };
        let Some(resource) = &change.resource else {
            if tracked.version.kind == ResourceKind::Group {
                super::groups::remove(context, &tracked.version.name)?;
            }
            versions.push(context.tombstone(tracked, true));
            continue;
        };
        let before = tracked.version.resource.as_ref();
        context.check_room(before, resource)?;
        let version = context.version(resource.clone());
        versions.push(VersionWrite {
            version: Version { allows_loss: true, ..version },
            before: before.cloned(),
            sync: tracked.sync.clone(),
            fills: false,
        });
    }
    let created = take_over(context, &adopt.created)?;
    let taken: HashSet<_> = created.iter().map(|write| write.version.id.clone()).collect();
    versions.extend(created);
    let mut writes = context.writes(Action::ResolveDrift, versions);
    // What was taken over is there already; the rest is confirmed by a job that calls nobody.
    for part in &mut writes.parts {
        part.items.retain(|id| !taken.contains(id));
    }
    writes.parts.retain(|part| !part.items.is_empty());
    writes.entry.actor.clone_from(&adopt.editor);
    let (actor, reason) = (&context.mutation.caller.actor, &context.mutation.reason);
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    writes.entry.reason = format!("adopted by {actor}{reason}");
    let of_import = writes.versions.iter().filter(|it| taken.contains(&it.version.id));
    let of_import: Vec<_> = of_import.cloned().collect();
    writes.drift = imported(context, &of_import, adopt.created.connection_id.as_ref())?;
    writes.drift.resolved = adopt.items.iter().map(|(id, _)| (*id, DriftState::Adopted)).collect();
    Ok(Decision::Change(Box::new(writes)))
}

/// Makes versions of what a vendor holds, where nobody decided anything under that name.
fn take_over(context: &Context<'_>, import: &Import) -> Result<Vec<VersionWrite>, Refusal> {
    let mut holds = context.situation.holds;
    let mut writes = Vec::new();
    let latest = &context.situation.latest;
    let decided_groups = latest.iter().filter_map(|it| it.version.resource.as_ref());
    let mut groups = decided_groups.filter(|it| it.kind() == ResourceKind::Group).count();
    let names = TakenNames::new(latest, import.observed_at);
    for (resource, applied) in &import.resources {
        if names.rule_against(resource.kind(), resource.name()).is_some() {
            continue;
        }
        groups += usize::from(resource.kind() == ResourceKind::Group);
        if groups > GROUPS_MAX {
            let company_id = context.company_id().clone();
            return Err(Refusal::LimitReached { company_id, limit: "at most 500 groups" });
        }
        let known = names.known(resource.kind(), resource.name());
        let id = match known {
            Some(tracked) => tracked.version.id.clone(),
            None => context.nth_id(resource.kind(), writes.len()),
        };
        let resource = resource.clone().with_id(id);
        context.check_room_in(holds, None, &resource)?;
        holds.replace(None, Some(&resource));
        let sync = Sync {
            applied: Some(applied.clone()),
            applied_rev: context.revision(),
            confirmed_at: Some(import.observed_at),
            outside: Outside { imported: true, ..Outside::default() },
            ..Sync::default()
        };
        let version = context.version(resource);
        writes.push(VersionWrite { version, before: None, sync, fills: false });
    }
    Ok(writes)
}

/// Refuses what rests on items that are not as they were.
fn unchanged(context: &Context<'_>, seen: impl Iterator<Item = (i64, i64)>) -> Result<(), Refusal> {
    for (id, seq) in seen {
        let item = context.situation.items.iter().find(|item| item.id == id);
        let item = item.ok_or_else(|| {
            let company_id = context.company_id().clone();
            Refusal::DriftNotFound { company_id, id }
        })?;
        if item.seq != seq || !item.state.is_standing() {
            let rule = "changed meanwhile; list the inbox again";
            return Err(Refusal::DriftState { id, state: item.state, rule });
        }
    }
    Ok(())
}

/// What is to be noted of versions that were taken over.
fn imported(
    context: &Context<'_>,
    versions: &[VersionWrite],
    seen_at: Option<&ConnectionId>,
) -> Result<DriftWrites, Refusal> {
    let Some(vendor) = versions.first().map(|write| write.version.kind.vendor()) else {
        return Ok(DriftWrites::default());
    };
    let connection = context.connection(vendor).ok_or_else(|| {
        let company_id = context.company_id().clone();
        Refusal::NotConnected { company_id, vendor }
    })?;
    let connection_id: ConnectionId = connection.id.clone();
    if seen_at != Some(&connection_id) {
        let company_id = context.company_id().clone();
        return Err(Refusal::NotScanned { company_id, vendor });
    }
    let syncs = versions.iter().map(|write| (write.version.id.clone(), write.sync.clone()));
    Ok(DriftWrites { syncs: Some((connection_id, syncs.collect())), ..DriftWrites::default() })
}

fn changed(target: &PolicyTarget, before: Option<&Policy>, after: Option<&Policy>) -> Change {
    let (before, after) = (before.map(Into::into), after.map(Into::into));
    Change::Policy { target: target.key(), before, after }
}

/// A revision that changes nothing about resources.
fn only(
    context: &Context<'_>,
    action: Action,
    changes: Vec<Change>,
    drift: DriftWrites,
) -> Decision {
    Decision::Change(Box::new(Writes {
        entry: context.entry(action, changes),
        display_name: None,
        versions: Vec::new(),
        connection: None,
        parts: Vec::new(),
        touched: Vec::new(),
        drift,
    }))
}

/// Finds what a policy is to be about.
fn target(context: &Context<'_>, ask: &PolicyAsk) -> Result<PolicyTarget, Refusal> {
    let mut found = Violations::new();
    let Some(kind) = ask.kind else {
        let rule = "must be empty where target.kind is not given";
        found.require(ask.name.is_empty(), "target.name", rule);
        found.require(ask.attribute.is_none(), "target.attribute", rule);
        found.or(())?;
        return Ok(PolicyTarget::company());
    };
    if ask.name.is_empty() {
        return Err(Violation::new("target.name", "must be given with target.kind").into());
    }
    let decided = context.named(kind, &ask.name).filter(|it| it.version.resource.is_some());
    let which = match decided {
        Some(tracked) => Which::Id(tracked.version.id.clone()),
        None => {
            let rule = "must be empty for what nobody decided";
            found.require(ask.attribute.is_none(), "target.attribute", rule);
            let rule = "must be at most 200 characters without / and control characters";
            let fits = |c: char| !c.is_control() && c != '/';
            let is_name = ask.name.chars().count() <= 200 && ask.name.chars().all(fits);
            found.require(is_name, "target.name", rule);
            Which::Name(ask.name.clone())
        }
    };
    found.or(())?;
    Ok(PolicyTarget::of(kind, which, ask.attribute.as_deref()))
}

fn check_until(
    found: &mut Violations,
    until: Option<Timestamp>,
    at: Timestamp,
    most: Duration,
    rule: &str,
) {
    let Some(until) = until else { return };
    found.require(until > at, "until", "must be later than now");
    found.require(until <= at.plus(most), "until", format!("must be {rule}"));
}
