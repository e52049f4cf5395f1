//! Compares what an account holds with what is known of it, and says what follows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use serde_json::Value;

use super::inbox::{Inbox, Subject, decide};
use super::{
    DriftChange, DriftItem, DriftState, LeftAs, Listed, Mode, Observation, Policies, Which,
};
use crate::domain::plan::names_of;
use crate::domain::{
    Attributes, Resource, ResourceId, ResourceKind, Revision, Timestamp, Tracked, Transition,
};

/// A scan of an account, and all that is known beside.
#[derive(Clone, Copy, Debug)]
pub struct Scanned<'a> {
    /// What it holds.
    pub now: &'a Observation,
    /// What it held when it was listed before.
    pub before: Option<&'a Observation>,
    /// All that the company ever decided at this vendor, each with what is decided in canonical form.
    pub tracked: &'a [(Tracked, Option<Attributes>)],
    /// Resources that a call is under way for.
    pub busy: &'a HashSet<ResourceId>,
    /// What is in the inbox: all that stands, and what was set right lately.
    pub items: &'a [DriftItem],
    /// What is to be done.
    pub policies: &'a Policies,
    /// How long it takes from scan to scan.
    pub interval: Duration,
    /// For how long reads may not show a write of ours, at most [`super::SETTLING`].
    pub settling: Duration,
    /// The present moment, by the database's clock.
    pub at: Timestamp,
}

/// What follows from a scan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// What is to be noted about resources.
    pub transitions: Vec<(ResourceId, Transition)>,
    /// Items of the inbox that are new or changed.
    pub items: Vec<DriftItem>,
    /// How many of them are new.
    pub found: usize,
    /// Until when a scan that shows the same leads to nothing more, as long as nothing is decided or
    /// carried out meanwhile; `None` where that is not certain.
    pub settled_until: Option<Timestamp>,
}

/// Says what follows from a scan.
pub fn judge(scanned: &Scanned<'_>) -> Judged {
    let listed = &scanned.now.resources;
    let mut judging = Judging {
        scanned,
        listed: listed.iter().map(|it| ((it.kind, it.name.as_str()), it)).collect(),
        inbox: Inbox::new(scanned.items),
        transitions: Vec::new(),
        unsettled: false,
    };
    for (tracked, desired) in scanned.tracked {
        judging.resource(tracked, desired.as_ref());
    }
    judging.what_nobody_decided();
    judging.end()
}

struct Judging<'a> {
    scanned: &'a Scanned<'a>,
    listed: HashMap<(ResourceKind, &'a str), &'a Listed>,
    inbox: Inbox,
    transitions: Vec<(ResourceId, Transition)>,
    unsettled: bool,
}

impl Judging<'_> {
    fn end(self) -> Judged {
        let Scanned { items, policies, at, .. } = *self.scanned;
        let (changed, found) = self.inbox.changed();
        let forever = Timestamp::from_micros(i64::MAX);
        let holds = items.iter().chain(&changed).filter(|item| item.state.is_standing());
        let holds = holds.filter_map(|item| item.held_until_micros).map(Timestamp::from_micros);
        let ends: Vec<_> = holds.filter(|hold| *hold > at).chain(policies.next_end(at)).collect();
        let settled = !self.unsettled && self.transitions.is_empty();
        let settled_until = settled.then(|| ends.into_iter().min().unwrap_or(forever));
        Judged { transitions: self.transitions, items: changed, found, settled_until }
    }

    /// Judges one resource that is, or was, decided.
    fn resource(&mut self, tracked: &Tracked, desired: Option<&Attributes>) {
        let Tracked { version, sync, .. } = tracked;
        let at = self.scanned.at;
        let is_moving = sync.is_moving() && desired.is_some();
        if sync.in_doubt.is_some() || is_moving || self.scanned.busy.contains(&version.id) {
            self.unsettled = true;
            return;
        }
        let subject = subject(tracked);
        let listed = self.listed.get(&(version.kind, subject.name)).copied();
        // What the list shows may be older than a write that ended after it was asked for.
        let asked_at = self.scanned.now.at;
        if sync.confirmed_at.is_some_and(|confirmed| confirmed >= asked_at) {
            self.unsettled = true;
            return;
        }
        self.unsettled |= sync.outside.lagging(at, self.scanned.settling).next().is_some();
        let Some(desired) = desired else {
            // What was removed, or is about to be, has no drift.
            return self.inbox.clear_resource(subject);
        };
        match (listed, &sync.applied) {
            (Some(listed), _) if listed.protected => {}
            (Some(listed), Some(applied)) => {
                self.recreated(tracked, listed);
                self.inbox.clear(subject, None);
                self.attributes(tracked, desired, applied, listed);
            }
            (Some(listed), None) if sync.outside.left_removed == Some(version.from_rev) => {
                // It is back, and whoever brought it back may have changed it.
                self.inbox.clear(subject, None);
                self.attributes(tracked, desired, desired, listed);
            }
            (None, Some(_))
                if sync.outside.lagging(at, self.scanned.settling).all(|held| held.is_some()) =>
            {
                self.removed(tracked, desired, true);
            }
            (None, None) if sync.outside.left_removed == Some(version.from_rev) => {
                self.removed(tracked, desired, false);
            }
            (None, None) if self.inbox.is_reverting(subject, None) => {
                self.not_reverted(tracked, None, DriftChange::Removed);
            }
            // It is not made yet.
            (None, Some(_)) | (_, None) => {}
        }
    }

    /// Judges the attributes of something that is there.
    fn attributes(
        &mut self,
        tracked: &Tracked,
        desired: &Attributes,
        applied: &Attributes,
        listed: &Listed,
    ) {
        let outside = &tracked.sync.outside;
        let (subject, at) = (subject(tracked), self.scanned.at);
        let standing: HashMap<_, _> = outside.standing(desired).collect();
        let mut left_as = BTreeMap::new();
        let (mut held, mut lags) = (applied.clone(), false);
        for name in names(applied, desired) {
            let (decided, known) = (desired.get(&name), applied.get(&name));
            let shown = listed.attributes.get(&name);
            let left = standing.get(name.as_str()).copied();
            if shown != known {
                let mut lagging = outside.lagging(at, self.scanned.settling).flatten();
                if lagging.any(|before| before.get(&name) == shown) {
                    lags = true;
                    left_as.extend(left.map(|left| (name, left.clone())));
                    continue;
                }
                held.put(&name, shown.cloned());
            }
            // What is not decided any more is nobody's drift; and what is decided and was never carried
            // out is not left as it is, but still to be carried out.
            let is_pending = known != decided && left.is_none();
            if shown == decided || decided.is_none() {
                self.inbox.clear(subject, Some(&name));
            } else if !is_pending && (shown != known || left.is_some()) {
                let as_it_is = LeftAs { decided: decided.cloned(), held: shown.cloned() };
                if !self.changed(tracked, &name, &as_it_is, listed, shown != known) {
                    left_as.insert(name, as_it_is);
                }
            } else if self.inbox.is_reverting(subject, Some(&name)) {
                self.not_reverted(tracked, Some(&name), DriftChange::Changed);
            }
        }
        if let Some(version) = listed.attributes.version().filter(|_| !lags) {
            held = held.at_version(version);
        }
        if held != *applied || left_as != outside.left_as || outside.left_removed.is_some() {
            let wanted = super::Outside { left_as, ..super::Outside::default() };
            let as_left = wanted.as_left(desired.clone(), Revision::ZERO).unwrap_or_default();
            let unlike = !as_left.differing_from(&held).is_empty();
            self.note(tracked, Some(held), wanted.left_as, None, unlike);
        }
    }

    /// Judges that something is to be set right and is not: it is on its way, or cannot be.
    fn not_reverted(&mut self, tracked: &Tracked, name: Option<&str>, change: DriftChange) {
        let Some(reason) = stuck(tracked) else {
            self.unsettled = true;
            return;
        };
        let item = self.item(subject(tracked), name, change);
        let stuck = |item: &mut DriftItem| item.is_stuck(reason);
        self.inbox.change(subject(tracked), name, self.scanned.at, || item, stuck);
    }

    /// Judges a change of an attribute; tells whether it is to be set right now.
    fn changed(
        &mut self,
        tracked: &Tracked,
        name: &str,
        as_it_is: &LeftAs,
        listed: &Listed,
        is_new: bool,
    ) -> bool {
        let (at, interval) = (self.scanned.at, self.scanned.interval);
        let mode = self.mode(tracked, Some(name));
        let item = self.item(subject(tracked), Some(name), DriftChange::Changed);
        let mut reverts = false;
        self.inbox.change(
            subject(tracked),
            Some(name),
            at,
            || item,
            |item| {
                item.from.clone_from(&as_it_is.decided);
                item.to.clone_from(&as_it_is.held);
                if is_new {
                    item.seen_micros = at.as_micros();
                    item.by.clone_from(&listed.changed_by);
                }
                reverts = decide(item, mode, stuck(tracked), interval, at);
            },
        );
        reverts
    }

    /// Judges that something is gone, and whether that is news.
    fn removed(&mut self, tracked: &Tracked, desired: &Attributes, is_new: bool) {
        let (at, interval) = (self.scanned.at, self.scanned.interval);
        let Tracked { version, sync, .. } = tracked;
        let left_as = sync.outside.left_as.clone();
        if is_new && sync.applied_rev < version.from_rev {
            // Something newer is decided and still to be carried out.
            return self.note(tracked, None, left_as, None, true);
        }
        let mode = self.mode(tracked, None);
        let item = self.item(subject(tracked), None, DriftChange::Removed);
        let mut reverts = false;
        self.inbox.change(
            subject(tracked),
            None,
            at,
            || item,
            |item| {
                if is_new {
                    item.from = Some(object(desired));
                    item.seen_micros = at.as_micros();
                }
                reverts = decide(item, mode, stuck(tracked), interval, at);
            },
        );
        if is_new || reverts {
            let left_removed = (!reverts).then_some(version.from_rev);
            self.note(tracked, None, left_as, left_removed, reverts);
        }
    }

    /// Tells of something else that has the name of what was there: what deals held may be lost.
    fn recreated(&mut self, tracked: &Tracked, listed: &Listed) {
        let Some(before) = self.scanned.before else { return };
        let was = before.find(listed.kind, &listed.name).and_then(|was| was.made.as_deref());
        let (Some(was), Some(made)) = (was, listed.made.as_deref()) else { return };
        let by_us =
            |it: &super::Held| it.held.is_none() && it.until_micros >= before.at.as_micros();
        if was != made && !tracked.sync.outside.before.iter().any(by_us) {
            self.inbox.add(DriftItem {
                from: Some(was.into()),
                to: Some(made.into()),
                by: listed.changed_by.clone(),
                ..self.item(subject(tracked), None, DriftChange::Recreated)
            });
        }
    }

    /// Tells of what others created, and of what is gone of that.
    fn what_nobody_decided(&mut self) {
        let scanned = self.scanned;
        let ours = names_of_ours(scanned);
        let is_ours = |kind: ResourceKind, name: &str| ours.contains(&(kind, name.to_owned()));
        let listed = &self.listed;
        self.inbox.clear_all(|item| {
            let is_there = listed.contains_key(&(item.kind, item.name.as_str()));
            item.resource_id.is_none() && (is_ours(item.kind, &item.name) || !is_there)
        });
        let mode = |kind: ResourceKind, name: &str| {
            let which = Which::Name(name.to_owned());
            scanned.policies.mode(kind, &which, None, Mode::Report, scanned.at)
        };
        self.inbox.change_all(
            |item| item.resource_id.is_none(),
            |item| {
                let mode = mode(item.kind, &item.name);
                decide(item, mode, None, scanned.interval, scanned.at);
            },
        );
        // All that was there when it was listed first may be imported, and is no news.
        let Some(before) = scanned.before else { return };
        let there: HashSet<_> =
            before.resources.iter().map(|it| (it.kind, it.name.as_str())).collect();
        for listed in &scanned.now.resources {
            let is_known = there.contains(&(listed.kind, listed.name.as_str()));
            if listed.protected || is_known || is_ours(listed.kind, &listed.name) {
                continue;
            }
            let mode = mode(listed.kind, &listed.name);
            let subject = Subject { kind: listed.kind, id: None, name: &listed.name };
            let mut item = DriftItem {
                to: Some(object(&listed.attributes)),
                by: listed.changed_by.clone(),
                ..self.item(subject, None, DriftChange::Created)
            };
            decide(&mut item, mode, None, scanned.interval, scanned.at);
            self.inbox.add(item);
        }
    }

    fn mode(&self, tracked: &Tracked, attribute: Option<&str>) -> Mode {
        let version = &tracked.version;
        let which = Which::Id(version.id.clone());
        let Scanned { policies, at, .. } = *self.scanned;
        // What was imported is somebody's still.
        let usual = if tracked.sync.outside.imported { Mode::Report } else { Mode::Enforce };
        policies.mode(version.kind, &which, attribute, usual, at)
    }

    fn item(
        &self,
        subject: Subject<'_>,
        attribute: Option<&str>,
        change: DriftChange,
    ) -> DriftItem {
        let at = self.scanned.at.as_micros();
        DriftItem {
            id: 0,
            seq: 0,
            kind: subject.kind,
            resource_id: subject.id.cloned(),
            name: subject.name.to_owned(),
            attribute: attribute.map(str::to_owned),
            change,
            from: None,
            to: None,
            after_micros: self.scanned.before.map(|before| before.at.as_micros()),
            found_micros: at,
            seen_micros: at,
            by: None,
            mode: Mode::Report,
            state: DriftState::Open,
            reverts: 0,
            held_until_micros: None,
            resolved_by: String::new(),
            reason: String::new(),
        }
    }

    fn note(
        &mut self,
        tracked: &Tracked,
        held: Option<Attributes>,
        left_as: BTreeMap<String, LeftAs>,
        left_removed: Option<Revision>,
        unlike: bool,
    ) {
        let transition = Transition::Observe { held, left_as, left_removed, unlike };
        self.transitions.push((tracked.version.id.clone(), transition));
    }
}

/// Tells why nothing is carried out for a resource for now.
fn stuck(tracked: &Tracked) -> Option<String> {
    let Tracked { version, sync, .. } = tracked;
    let parked = sync.parked.as_ref().filter(|_| sync.is_parked_at(version.from_rev))?;
    Some(match &parked.problem {
        Some(problem) => format!("its job failed: {}", problem.message),
        None => "its job was cancelled".to_owned(),
    })
}

/// A resource that is decided, as the vendor knows it.
fn subject(tracked: &Tracked) -> Subject<'_> {
    let Tracked { version, sync, .. } = tracked;
    let name = sync.key_or(&version.name);
    Subject { kind: version.kind, id: Some(&version.id), name }
}

/// The names at the vendor that are GoMark's business: of what is decided, of what that stands in,
/// and of what was lately.
fn names_of_ours(scanned: &Scanned<'_>) -> HashSet<(ResourceKind, String)> {
    let Scanned { tracked, at, settling, .. } = *scanned;
    let mut ours = HashSet::new();
    for (Tracked { version, sync, .. }, _) in tracked {
        let decided = version.resource.as_ref();
        if let Some((kind, name)) = decided.and_then(Resource::stands_in) {
            ours.insert((kind, name.to_owned()));
        }
        let lags = sync.outside.lagging(at, settling).next().is_some();
        if decided.is_some() || lags {
            ours.insert((version.kind, version.name.clone()));
        }
        ours.extend(names_of(sync, &version.name).into_iter().map(|name| (version.kind, name)));
        let had = sync.trail.iter().flat_map(|trail| &trail.had);
        let lately =
            had.filter(|had| at.since(Timestamp::from_micros(had.until_micros)) < settling);
        ours.extend(lately.map(|had| (version.kind, had.name.clone())));
    }
    ours
}

fn names(one: &Attributes, other: &Attributes) -> BTreeSet<String> {
    one.names().into_iter().chain(other.names()).collect()
}

fn object(attributes: &Attributes) -> Value {
    Value::Object(attributes.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect())
}
