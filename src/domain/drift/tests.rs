//! What follows from scans.

mod settling;

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::domain::plan::Names;
use crate::domain::{
    Effect, Field, FieldDraft, Known, Problem, ProblemReason, Resource, ResourceId, Revision, Step,
    Sync, Tracked, Transition, Version, plan,
};

const MINUTE: i64 = 60_000_000;
/// Long after anything that was written.
const LATER: i64 = 1_000 * MINUTE;
const INTERVAL: Duration = Duration::from_secs(300);

/// One field that was decided, what the vendor holds, and what is known.
struct World {
    desired: Attributes,
    tracked: Tracked,
    items: Vec<DriftItem>,
    policies: Policies,
    before: Option<Observation>,
    busy: HashSet<ResourceId>,
    now: i64,
}

fn attributes(label: &str, group: &str) -> Attributes {
    Attributes::from([("label", json!(label)), ("groupName", json!(group))])
}

fn field(id: ResourceId) -> Field {
    let draft =
        FieldDraft { name: "tier".to_owned(), label: "Tier".to_owned(), ..FieldDraft::default() };
    draft.complete(id).unwrap()
}

impl World {
    fn new() -> Self {
        let id = ResourceId::from_trusted("field-2");
        let desired = attributes("Tier", "sales");
        let mut sync = Sync::default();
        let confirmed = Transition::Confirm(Some(desired.clone()));
        sync.apply(&confirmed, Revision::new(2), Revision::new(2), Timestamp::default());
        let version = Version {
            id: id.clone(),
            kind: ResourceKind::Field,
            name: "tier".to_owned(),
            from_rev: Revision::new(2),
            resource: Some(Resource::Field(field(id))),
            allows_loss: false,
            leaves: crate::domain::Leaves::Nothing,
        };
        Self {
            desired,
            tracked: Tracked { version, sync, fill: None },
            items: Vec::new(),
            policies: Policies::default(),
            before: None,
            busy: HashSet::new(),
            now: LATER,
        }
    }

    fn scan(&mut self, held: Option<Attributes>) -> Judged {
        let listed = |attributes| Listed {
            kind: ResourceKind::Field,
            name: "tier".to_owned(),
            attributes,
            protected: false,
            made: Some("1".to_owned()),
            changed_by: Some("77".to_owned()),
        };
        self.scan_list(held.map(listed).into_iter().collect())
    }

    fn scan_list(&mut self, resources: Vec<Listed>) -> Judged {
        self.now += 5 * MINUTE;
        let now = Timestamp::from_micros(self.now);
        let observation = Observation { at: now, resources };
        let desired = self.tracked.version.resource.as_ref().map(|_| self.desired.clone());
        let judged = judge(&Scanned {
            now: &observation,
            before: self.before.as_ref(),
            tracked: &[(self.tracked.clone(), desired)],
            busy: &self.busy,
            items: &self.items,
            policies: &self.policies,
            interval: INTERVAL,
            settling: SETTLING,
            at: now,
        });
        for (_, transition) in &judged.transitions {
            let rev = Revision::new(2);
            self.tracked.sync.apply(transition, rev, rev, now);
        }
        for item in &judged.items {
            let mut item = item.clone();
            if item.id == 0 {
                item.id = i64::try_from(self.items.len()).unwrap() + 1;
                self.items.push(item);
            } else {
                let place = usize::try_from(item.id).unwrap() - 1;
                self.items[place] = item;
            }
        }
        self.before = Some(observation);
        judged
    }

    /// What the planner does next; notes that it was done.
    fn step(&mut self) -> Option<Effect> {
        let Tracked { version, sync, .. } = &self.tracked;
        if sync.applied_rev >= version.from_rev {
            return None;
        }
        let desired = self.tracked.decided(|_| self.desired.clone());
        let now = Timestamp::from_micros(self.now);
        let known = Known::new(&self.tracked, desired.as_ref(), now);
        let step = plan([known], &Names::default()).pop()?.step;
        let rev = Revision::new(2);
        let (effect, transition) = match step {
            Step::Call(Effect::Update(changes)) => {
                let held = self.tracked.sync.applied.clone().unwrap().with(&changes);
                (Some(Effect::Update(changes)), Transition::Confirm(Some(held)))
            }
            Step::Call(Effect::Create(sent)) => {
                (Some(Effect::Create(sent.clone())), Transition::Confirm(Some(sent)))
            }
            Step::Confirm(held) => (None, Transition::Confirm(held)),
            other => panic!("{other:?}"),
        };
        self.tracked.sync.apply(&transition, rev, rev, now);
        effect
    }

    fn item(&self, place: usize) -> (DriftState, Option<&str>, Option<&Value>) {
        let item = &self.items[place];
        (item.state, item.attribute.as_deref(), item.to.as_ref())
    }
}

fn policy(attribute: Option<&str>, mode: Mode, until: Option<i64>) -> Policy {
    let which = Which::Id(ResourceId::from_trusted("field-2"));
    Policy {
        target: PolicyTarget::of(ResourceKind::Field, which, attribute),
        mode,
        reason: "because".to_owned(),
        until: until.map(Timestamp::from_micros),
    }
}

#[test]
fn what_is_as_it_was_is_nothing_and_stays_so() {
    let mut world = World::new();
    let judged = world.scan(Some(world.desired.clone()));
    assert_eq!((judged.found, judged.transitions, judged.items), (0, vec![], vec![]));
    assert_eq!(judged.settled_until, Some(Timestamp::from_micros(i64::MAX)));
}

#[test]
fn what_was_decided_here_is_brought_back() {
    let mut world = World::new();
    world.scan(Some(world.desired.clone()));
    let judged = world.scan(Some(attributes("Changed", "sales")));
    assert_eq!((judged.found, judged.settled_until), (1, None));
    assert_eq!(world.item(0), (DriftState::Reverting, Some("label"), Some(&json!("Changed"))));
    assert_eq!((world.items[0].by.as_deref(), world.items[0].mode), (Some("77"), Mode::Enforce));
    assert_eq!(world.items[0].from, Some(json!("Tier")));
    let changes = Attributes::from([("label", json!("Tier"))]);
    assert_eq!(world.step(), Some(Effect::Update(changes)));
    // A read that does not know of that yet is no news.
    world.now -= 3 * MINUTE;
    assert_eq!(world.scan(Some(attributes("Changed", "sales"))).found, 0);
    assert_eq!(world.step(), None);
    world.scan(Some(world.desired.clone()));
    assert_eq!(world.item(0).0, DriftState::Reverted);
}

#[test]
fn what_is_reported_is_left_and_told_once_and_may_come_back_by_itself() {
    let mut world = World::new();
    world.tracked.sync.outside.imported = true;
    let drifted = attributes("Changed", "sales");
    assert_eq!(world.scan(Some(drifted.clone())).found, 1);
    assert_eq!(world.item(0).0, DriftState::Open);
    assert_eq!(world.step(), None);
    let judged = world.scan(Some(drifted));
    assert_eq!((judged.found, judged.items.len(), judged.transitions.len()), (0, 0, 0));
    assert!(judged.settled_until.is_some());
    // A new decision about something else leaves it, too.
    world.desired = attributes("Tier", "marketing");
    world.tracked.sync.applied_rev = Revision::ZERO;
    let changes = Attributes::from([("groupName", json!("marketing"))]);
    assert_eq!(world.step(), Some(Effect::Update(changes)));
    world.now += 10 * MINUTE;
    world.scan(Some(world.desired.clone()));
    assert_eq!(world.item(0).0, DriftState::Cleared);
}

#[test]
fn a_new_decision_about_what_is_left_counts() {
    let mut world = World::new();
    world.policies.all.push(policy(None, Mode::Report, None));
    world.scan(Some(attributes("Changed", "sales")));
    world.desired = attributes("Decided anew", "sales");
    world.tracked.sync.applied_rev = Revision::ZERO;
    let changes = Attributes::from([("label", json!("Decided anew"))]);
    assert_eq!(world.step(), Some(Effect::Update(changes)));
}

#[test]
fn the_most_special_policy_counts_until_it_ends() {
    let mut world = World::new();
    world.policies.all.push(policy(None, Mode::Report, None));
    world.policies.all.push(policy(Some("label"), Mode::Ignore, Some(LATER + 12 * MINUTE)));
    let drifted = attributes("Changed", "other");
    let judged = world.scan(Some(drifted.clone()));
    let states: Vec<_> =
        world.items.iter().map(|item| (item.attribute.clone().unwrap(), item.state)).collect();
    let expected =
        [("groupName".to_owned(), DriftState::Open), ("label".to_owned(), DriftState::Ignored)];
    assert_eq!(states, expected);
    assert_eq!(judged.settled_until, None, "it was noted just now");
    let judged = world.scan(Some(drifted.clone()));
    assert_eq!(judged.settled_until, Some(Timestamp::from_micros(LATER + 12 * MINUTE)));
    world.scan(Some(drifted));
    assert_eq!(world.item(1).0, DriftState::Open, "reported, as its resource is");
}

#[test]
fn nothing_is_enforced_during_a_pause_and_all_of_it_after_that() {
    let mut world = World::new();
    world.policies.pause = Some((Timestamp::from_micros(LATER + 7 * MINUTE), "freeze".to_owned()));
    let drifted = attributes("Changed", "sales");
    world.scan(Some(drifted.clone()));
    assert_eq!((world.item(0).0, world.step()), (DriftState::Open, None));
    world.scan(Some(drifted));
    assert_eq!(world.item(0).0, DriftState::Reverting);
    assert!(matches!(world.step(), Some(Effect::Update(_))));
}

#[test]
fn what_is_removed_is_made_again_or_left_removed() {
    let mut world = World::new();
    assert_eq!(world.scan(None).found, 1);
    assert_eq!(world.items[0].change, DriftChange::Removed);
    assert!(matches!(world.step(), Some(Effect::Create(_))));
    // A list that does not know of it yet shows nothing new.
    world.now -= 3 * MINUTE;
    assert_eq!(world.scan(None).found, 0);
    assert_eq!(world.step(), None);
    let mut world = World::new();
    world.policies.all.push(policy(None, Mode::Report, None));
    world.scan(None);
    assert_eq!((world.item(0).0, world.step()), (DriftState::Open, None));
    assert_eq!(world.scan(None).items, []);
    // It is back, and its owner made something of it.
    world.scan(Some(attributes("Back", "sales")));
    assert_eq!(world.item(0).0, DriftState::Cleared);
    assert_eq!(world.item(1), (DriftState::Open, Some("label"), Some(&json!("Back"))));
    assert_eq!(world.step(), None);
}

#[test]
fn a_fight_is_one_incident_and_costs_ever_less() {
    let mut world = World::new();
    let mut reverts = 0;
    for round in 0..100 {
        world.scan(Some(attributes(&format!("Mine {round}"), "sales")));
        reverts += usize::from(world.step().is_some());
        world.now += 10 * MINUTE;
    }
    assert_eq!(world.items.len(), 1);
    assert!(world.items[0].reverts > 1);
    assert!((3..=10).contains(&reverts), "{reverts}");
}

#[test]
fn what_is_created_is_told_where_something_was_listed_before() {
    let listed = |name: &str, made: &str| Listed {
        kind: ResourceKind::Field,
        name: name.to_owned(),
        attributes: attributes("Tier", "sales"),
        protected: false,
        made: Some(made.to_owned()),
        changed_by: None,
    };
    let mut world = World::new();
    assert_eq!(world.scan_list(vec![listed("tier", "1"), listed("old", "1")]).found, 0);
    assert_eq!(
        world.scan_list(vec![listed("tier", "1"), listed("new", "1"), listed("old", "1")]).found,
        1
    );
    assert_eq!(
        (world.items[0].change, world.items[0].name.as_str()),
        (DriftChange::Created, "new")
    );
    assert_eq!(world.scan_list(vec![listed("tier", "1")]).found, 0);
    assert_eq!(world.item(0).0, DriftState::Cleared);
    // Another one under the same name is told, although it is the same otherwise.
    assert_eq!(world.scan_list(vec![listed("tier", "2")]).found, 1);
    assert_eq!(world.items[1].change, DriftChange::Recreated);
    assert_eq!(world.scan_list(vec![listed("tier", "2")]).found, 0);
}

#[test]
fn what_is_written_while_the_list_is_made_is_not_judged_by_it() {
    let mut world = World::new();
    world.now += MINUTE;
    let soon = Timestamp::from_micros(world.now + 6 * MINUTE);
    let rev = Revision::new(2);
    let confirmed = Transition::Confirm(Some(world.desired.clone()));
    world.tracked.sync.apply(&confirmed, rev, rev, soon);
    let judged = world.scan(Some(attributes("Before", "sales")));
    assert_eq!((judged.found, judged.settled_until), (0, None));
}

#[test]
fn targets_are_read_as_they_are_written() {
    let id = || Which::Id(ResourceId::from_trusted("field-2"));
    let name = Which::Name("x".to_owned());
    for target in [
        PolicyTarget::company(),
        PolicyTarget::of(ResourceKind::Field, id(), None),
        PolicyTarget::of(ResourceKind::Cadence, id(), Some("steps")),
        PolicyTarget::of(ResourceKind::Group, name, None),
    ] {
        assert_eq!(PolicyTarget::parse(&target.key()), Some(target));
    }
    assert_eq!(PolicyTarget::parse("nothing"), None);
}

#[test]
fn what_is_still_to_be_carried_out_is_not_left_as_somebody_made_it() {
    let mut world = World::new();
    world.tracked.sync.outside.imported = true;
    world.scan(Some(world.desired.clone()));
    world.desired = attributes("Decided", "sales");
    world.tracked.version.from_rev = Revision::new(3);
    // Before it is carried out, somebody sets a third value, or removes the whole.
    assert_eq!(world.scan(Some(attributes("Theirs", "sales"))).found, 0);
    let decided = attributes("Decided", "sales");
    let planned = world.tracked.decided(|_| decided.clone());
    assert_eq!(planned, Some(decided.clone()));
    assert_eq!(world.tracked.sync.applied, Some(attributes("Theirs", "sales")));
    world.scan(None);
    assert_eq!(world.tracked.decided(|_| decided.clone()), Some(decided));
}

#[test]
fn what_was_removed_in_a_pause_is_made_again_after_it() {
    let mut world = World::new();
    world.policies.pause = Some((Timestamp::from_micros(LATER + 7 * MINUTE), "freeze".to_owned()));
    world.scan(None);
    assert_eq!((world.item(0).0, world.step()), (DriftState::Open, None));
    world.scan(None);
    assert_eq!(world.item(0).0, DriftState::Reverting);
    assert!(matches!(world.step(), Some(Effect::Create(_))));
}

#[test]
fn what_cannot_be_set_right_says_why_and_settles() {
    let mut world = World::new();
    world.scan(Some(attributes("Theirs", "sales")));
    assert_eq!(world.item(0).0, DriftState::Reverting);
    // The call is refused.
    let problem = Problem::new(ProblemReason::VendorRefused, "no");
    let park = Transition::Park { held: None, problem };
    let rev = Revision::new(2);
    world.tracked.sync.apply(&park, rev, rev, Timestamp::from_micros(world.now));
    world.scan(Some(attributes("Theirs", "sales")));
    assert_eq!(
        (world.item(0).0, world.items[0].reason.as_str()),
        (DriftState::Open, "its job failed: no")
    );
    world.scan(Some(attributes("Theirs", "sales")));
    assert!(world.scan(Some(attributes("Theirs", "sales"))).settled_until.is_some());
    // The same of something that was removed and cannot be made again.
    let mut world = World::new();
    world.scan(None);
    assert_eq!(world.item(0).0, DriftState::Reverting);
    world.items[0].resolved_by = "ada".to_owned();
    world.tracked.sync.apply(&park, rev, rev, Timestamp::from_micros(world.now));
    world.scan(None);
    let item = &world.items[0];
    assert_eq!((item.state, item.reason.as_str()), (DriftState::Open, "its job failed: no"));
    assert_eq!(item.resolved_by, "", "nobody has");
}

#[test]
fn what_is_left_is_forgotten_once_something_else_is_decided() {
    let left = LeftAs { decided: Some(json!("Tier")), held: Some(json!("Theirs")) };
    let outside = Outside { left_as: [("label".to_owned(), left)].into(), ..Outside::default() };
    let (same, other) = (attributes("Tier", "sales"), attributes("Other", "sales"));
    let at = |desired| outside.standing_at(desired, Revision::new(3)).0.len();
    assert_eq!((at(Some(&same)), at(Some(&other)), at(None)), (1, 0, 0));
}
