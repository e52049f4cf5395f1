//! Fields that change their names, also with each other, groups that they stand in, and values that
//! are filled in: whatever order decisions come in and wherever it is interrupted, every record ends
//! with the values that it had, under the names that are decided.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::attributes;
use crate::domain::carry::{Checkpoint, Page};
use crate::domain::plan::{Holder, Known, Names, Observed, Step, plan};
use crate::domain::{
    Attributes, Effect, ResourceId, ResourceKind, Revision, Sync, Timestamp, Transition,
};

const FIELDS: usize = 3;
const NAMES: [&str; 4] = ["a", "b", "c", "d"];
/// The most steps that bring three fields to rest, detours included.
const STEPS_MAX: usize = 200;

/// One field, as decided and as the vendor stands.
#[derive(Clone, Debug, Default)]
struct Row {
    name: Option<usize>,
    /// The name that it had last.
    last: usize,
    from_rev: i64,
    sync: Sync,
    fill: bool,
    /// The value that its only record is to have in the end; empty for none.
    value: String,
}

/// A vendor with one record, whose archived names may come back with what they held.
#[derive(Clone, Debug, Default)]
struct Vendor {
    /// With the value of the record, behind the moment at which somebody wrote it.
    held: BTreeMap<String, (Attributes, (u32, String))>,
    archived: BTreeMap<String, (u32, String)>,
    restores: bool,
}

#[derive(Clone, Debug, Default)]
struct World {
    rows: Vec<Row>,
    vendor: Vendor,
    revision: i64,
    writes: u32,
    clock: i64,
}

fn id(field: usize) -> ResourceId {
    ResourceId::from_trusted(format!("field-{field}"))
}

impl World {
    fn new(restores: bool) -> Self {
        let vendor = Vendor { restores, ..Vendor::default() };
        Self { rows: vec![Row::default(); FIELDS], vendor, revision: 1, writes: 0, clock: 9 }
    }

    /// Gives a field a name, unless another one has it or is not gone from it yet.
    fn decide(&mut self, field: usize, name: Option<usize>) {
        let taken = |(other, row): (usize, &Row)| {
            let going = row.name.is_none() && row.last == name.unwrap_or(usize::MAX);
            let there = row.sync.applied.is_some() || row.sync.in_doubt.is_some();
            other != field && (row.name == name || (going && there))
        };
        if name.is_some() && self.rows.iter().enumerate().any(taken) {
            return;
        }
        self.put(field, name);
    }

    fn put(&mut self, field: usize, name: Option<usize>) {
        let row = &mut self.rows[field];
        if row.name == name {
            return;
        }
        self.revision += 1;
        row.from_rev = self.revision;
        if let Some(name) = name {
            let before = NAMES[row.last];
            if before != NAMES[name] {
                row.sync.rename_from(before);
            }
            row.last = name;
        }
        row.name = name;
    }

    /// Gives all fields the names that they had, at once.
    fn go_back(&mut self, names: [Option<usize>; FIELDS]) {
        for (field, name) in names.into_iter().enumerate() {
            self.put(field, name);
        }
    }

    fn names(&self) -> [Option<usize>; FIELDS] {
        [self.rows[0].name, self.rows[1].name, self.rows[2].name]
    }

    /// Somebody writes to the record, where the vendor holds the field under the decided name.
    fn write(&mut self, field: usize, value: u8) {
        let row = &mut self.rows[field];
        let key = row.sync.key_or(NAMES[row.last]).to_owned();
        let settled = !row.sync.is_moving() && row.sync.applied.is_some();
        if let Some((_, held)) = self.vendor.held.get_mut(&key).filter(|_| settled) {
            self.writes += 1;
            *held = (self.writes, format!("{field}:{value}"));
            row.value.clone_from(&held.1);
        }
    }

    fn holders(&self) -> Vec<Holder> {
        let version = |(field, row): (usize, &Row)| {
            let wants = row.name.map(|name| NAMES[name].to_owned());
            let holds = crate::domain::plan::names_of(&row.sync, NAMES[row.last]);
            let before = row.sync.trail.iter().flat_map(|trail| &trail.had);
            let mut had: Vec<_> = before.map(|it| (it.name.clone(), it.until_micros)).collect();
            had.extend(holds.iter().map(|name| (name.clone(), i64::MAX)));
            if row.from_rev > 0 {
                let until = row.sync.confirmed_at.map_or(i64::MIN, Timestamp::as_micros);
                had.push((NAMES[row.last].to_owned(), until));
            }
            Holder { id: id(field), kind: ResourceKind::Field, holds, had, wants, is_parked: false }
        };
        self.rows.iter().enumerate().map(version).collect()
    }

    /// Does one step for a field, if there is one; `lost` loses the answer to its call.
    fn step(&mut self, field: usize, lost: bool) -> bool {
        let names = Names::of([], &self.holders());
        let row = self.rows[field].clone();
        let wanted = attributes(u8::try_from(field).unwrap(), 1);
        let desired = row.name.map(|_| &wanted);
        let id = id(field);
        let confirmed = row.sync.applied_rev.get() >= row.from_rev && row.sync.in_doubt.is_none();
        if confirmed && !row.fill {
            return false;
        }
        let name = NAMES[row.last];
        let mut known = Known {
            id: &id,
            kind: ResourceKind::Field,
            name,
            stands_in: None,
            desired,
            desired_rev: Revision::new(row.from_rev),
            stays: false,
            sync: &row.sync,
            observed: None,
            fill: row.fill.then_some((Revision::new(1), "filled")),
            now: Timestamp::from_micros(7),
        };
        let mut planned = plan([known], &names).pop().map(|operation| operation.step);
        let observed;
        if planned == Some(Step::Read) {
            let at = row.sync.doubtful_name(name);
            observed = match self.vendor.held.get(at) {
                Some((attributes, _)) => super::present(attributes.clone()),
                None => Observed::Absent,
            };
            known.observed = Some(&observed);
            planned = plan([known], &names).pop().map(|operation| operation.step);
        }
        let Some(step) = planned else { return false };
        self.carry_out(field, step, lost);
        true
    }

    fn carry_out(&mut self, field: usize, step: Step, lost: bool) {
        let rev = Revision::new(self.revision);
        let from_rev = Revision::new(self.rows[field].from_rev);
        let transition = match step {
            Step::Confirm(held) => Transition::Confirm(held),
            Step::Settle(held) => Transition::Settle(held),
            Step::Move { name, foreign } => Transition::Move { name, foreign },
            Step::Found(left) => Transition::Found(left),
            Step::Retired(name) => Transition::Retired(name),
            Step::Withdraw => Transition::Withdraw,
            Step::Filled(revision) => {
                self.rows[field].fill = false;
                Transition::Filled(revision)
            }
            Step::Call(effect) => {
                let row = &mut self.rows[field];
                let mut name = row.sync.key_or(NAMES[row.last]).to_owned();
                if let Effect::Retire(retire) = &effect {
                    name.clone_from(&retire.name);
                }
                row.sync.begin(effect.clone(), &name, Timestamp::default());
                let answered = self.call(field, &name, &effect);
                match lost {
                    true => return,
                    false => answered,
                }
            }
            other => panic!("{other:?} where nobody else changes anything"),
        };
        self.clock += 1;
        let now = Timestamp::from_micros(self.clock);
        self.rows[field].sync.apply(&transition, from_rev, rev, now);
    }

    fn call(&mut self, field: usize, name: &str, effect: &Effect) -> Transition {
        let row = self.rows[field].clone();
        let begun = |fills| {
            row.sync
                .checkpoint
                .clone()
                .filter(|it| it.fills == fills)
                .unwrap_or(Checkpoint::begin(fills, Timestamp::default()))
        };
        match effect {
            Effect::Create(sent) => {
                let back = self.vendor.archived.remove(name).filter(|_| self.vendor.restores);
                let before = self
                    .vendor
                    .held
                    .insert(name.to_owned(), (sent.clone(), back.unwrap_or_default()));
                assert_eq!(before, None, "{name} is created where it is");
                Transition::Settle(Some(sent.clone()))
            }
            Effect::Archive => {
                self.archive(name);
                Transition::Confirm(None)
            }
            Effect::Retire(retire) => {
                self.archive(&retire.name);
                Transition::Retired(retire.name.clone())
            }
            Effect::Carry(carry) => {
                let own = carry.from.iter().filter(|left| left.own_since_micros.is_none());
                let values = own.map(|left| self.vendor.held[&left.name].1.clone());
                let newest = values.max().unwrap_or_default();
                let held = &mut self.vendor.held.get_mut(name).unwrap().1;
                // A copy is as old as what it is a copy of; what was another's counts for nothing.
                let written = i64::from(*held != newest && (carry.foreign || newest > *held));
                if written > 0 {
                    *held = newest;
                }
                let page = Page { looked: 1, written, ..Page::default() };
                Transition::Advance(Box::new(begun(None).after(&page, Timestamp::default())))
            }
            Effect::Fill(fill) => {
                let held = &mut self.vendor.held.get_mut(name).unwrap().1;
                if held.1.is_empty() {
                    self.writes += 1;
                    *held = (self.writes, fill.value.clone());
                    self.rows[field].value.clone_from(&fill.value);
                }
                let page = Page { looked: 1, written: 1, ..Page::default() };
                let begun = begun(Some(Revision::new(1)));
                Transition::Advance(Box::new(begun.after(&page, Timestamp::default())))
            }
            Effect::Update(changes) => panic!("{changes:?} where definitions do not change"),
        }
    }

    fn archive(&mut self, name: &str) {
        if let Some((_, value)) = self.vendor.held.remove(name) {
            self.vendor.archived.insert(name.to_owned(), value);
        }
    }

    fn come_to_rest(&mut self) {
        for _ in 0..STEPS_MAX {
            let steps = (0..FIELDS).filter(|field| self.step(*field, false)).count();
            if steps == 0 {
                return;
            }
        }
        panic!("no end with {self:?}");
    }

    fn check(&self) {
        for (field, row) in self.rows.iter().enumerate() {
            let Some(name) = row.name else {
                assert!(row.sync.applied.is_none() && row.sync.left().is_empty(), "{row:?}");
                continue;
            };
            let held = self.vendor.held.get(NAMES[name]).expect("what is decided is there");
            assert_eq!(held.0, attributes(u8::try_from(field).unwrap(), 1));
            assert_eq!(held.1.1, row.value, "field {field} at {}", NAMES[name]);
            assert!(row.sync.left().is_empty() && !row.fill, "{row:?}");
        }
        let decided = self.rows.iter().filter(|row| row.name.is_some()).count();
        assert_eq!(self.vendor.held.len(), decided, "nothing is left behind: {:?}", self.vendor);
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Rename(usize, usize),
    Remember,
    GoBack,
    Write(usize, u8),
    Fill(usize),
    Step(usize, bool),
    Rest,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..FIELDS, 0..NAMES.len()).prop_map(|(field, name)| Event::Rename(field, name)),
        1 => Just(Event::Remember),
        1 => Just(Event::GoBack),
        2 => (0..FIELDS, 0..5u8).prop_map(|(field, value)| Event::Write(field, value)),
        1 => (0..FIELDS).prop_map(Event::Fill),
        12 => (0..FIELDS, proptest::bool::weighted(0.2)).prop_map(|(field, lost)| Event::Step(field, lost)),
        1 => Just(Event::Rest),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fields_end_under_their_names_with_their_values(
        events in proptest::collection::vec(event(), 0..80),
        restores: bool,
    ) {
        let mut world = World::new(restores);
        let mut remembered = None;
        for event in events {
            match event {
                Event::Rename(field, name) => world.decide(field, Some(name)),
                Event::Remember => remembered = Some(world.names()),
                // Only fields that were there keep their values.
                Event::GoBack => if let Some(names) = remembered.filter(|names| {
                    names.iter().zip(world.names()).all(|(then, now)| then.is_some() == now.is_some())
                }) {
                    world.go_back(names);
                },
                Event::Write(field, value) => world.write(field, value),
                Event::Fill(field) => world.rows[field].fill = world.rows[field].name.is_some(),
                Event::Step(field, lost) => { world.step(field, lost); }
                Event::Rest => world.come_to_rest(),
            }
        }
        world.come_to_rest();
        world.check();
    }
}

#[test]
fn values_are_carried_on_from_the_page_that_is_done() {
    let mut world = World::new(false);
    world.decide(0, Some(0));
    world.come_to_rest();
    world.decide(0, Some(1));
    // It leaves its name, is created under the new one, and values are to be carried.
    assert!(world.step(0, false) && world.step(0, false));
    let row = &mut world.rows[0];
    let page = Page { next: Some("p".to_owned()), looked: 100, written: 9, ..Page::default() };
    let begun = Checkpoint::begin(None, Timestamp::default()).after(&page, Timestamp::default());
    row.sync.checkpoint = Some(begun);
    let (id, wanted, sync) = (id(0), attributes(0, 1), row.sync.clone());
    let known = Known { name: "b", ..super::known(&id, Some(&wanted), &sync, None) };
    let step = plan([known], &Names::default()).pop().unwrap().step;
    let Step::Call(Effect::Carry(carry)) = step else { panic!("{step:?}") };
    assert_eq!((carry.cursor.as_deref(), carry.first_pass, carry.count), (Some("p"), true, false));
}

#[test]
fn fields_that_wait_for_each_others_names_half_way_do_not_meet() {
    let mut world = World::new(false);
    world.decide(1, Some(0));
    world.decide(0, Some(3));
    world.come_to_rest();
    world.decide(1, Some(2));
    // It is on its way to c, and nothing is there yet.
    assert!(world.step(1, false));
    world.decide(0, Some(0));
    world.decide(1, Some(3));
    world.decide(0, Some(2));
    world.decide(2, Some(0));
    world.come_to_rest();
    world.check();
}

#[test]
fn who_was_on_its_way_to_a_name_did_not_have_it() {
    let mut world = World::new(true);
    world.decide(0, Some(2));
    assert!(world.step(0, false));
    world.write(0, 0);
    world.decide(0, Some(1));
    world.come_to_rest();
    world.decide(1, Some(2));
    // It would be created next, and what comes back with the name would be cleared.
    assert!(world.step(1, false));
    world.decide(1, Some(0));
    world.come_to_rest();
    world.decide(1, Some(2));
    world.come_to_rest();
    world.check();
}

#[test]
fn who_did_not_clear_a_name_of_anothers_values_did_not_have_it_alone() {
    let mut world = World::new(true);
    world.decide(2, Some(3));
    assert!(world.step(2, false));
    world.write(2, 0);
    world.decide(2, Some(0));
    world.come_to_rest();
    world.decide(1, Some(3));
    // It is created with what comes back, and leaves before that is cleared.
    assert!(world.step(1, false) && world.step(1, false));
    world.decide(1, Some(1));
    world.come_to_rest();
    world.decide(1, Some(3));
    world.come_to_rest();
    world.check();
}

#[test]
fn a_field_waits_for_the_group_that_it_stands_in_and_a_group_for_its_fields() {
    let group = ResourceId::from_trusted("group-1".to_owned());
    let wanted = attributes(1, 1);
    let none = Sync::default();
    let field = super::known(&group, Some(&wanted), &none, None);
    let field = Known { stands_in: Some((ResourceKind::Group, "ops")), ..field };
    let coming = crate::domain::Tracked {
        version: crate::domain::Version {
            id: group.clone(),
            kind: ResourceKind::Group,
            name: "ops".to_owned(),
            from_rev: Revision::new(2),
            resource: Some(crate::domain::Resource::Group(group_named("ops"))),
            allows_loss: false,
            leaves: crate::domain::Leaves::Nothing,
        },
        sync: Sync::default(),
        fill: None,
    };
    assert_eq!(plan([field], &Names::of([&coming], &[])), []);
    let mut there = coming.clone();
    there.sync = super::applied(wanted.clone());
    assert_eq!(plan([field], &Names::of([&there], &[])).len(), 1);
    // Removed, the group waits for whatever was decided of fields until then.
    let held = super::applied(wanted.clone());
    let removed = Known { kind: ResourceKind::Group, ..super::known(&group, None, &held, None) };
    let mut moving = coming.clone();
    moving.version.kind = ResourceKind::Field;
    assert_eq!(plan([removed], &Names::of([&moving], &[])), []);
    moving.version.from_rev = Revision::new(3);
    assert_eq!(plan([removed], &Names::of([&moving], &[])).len(), 1);
}

fn group_named(name: &str) -> crate::domain::Group {
    crate::domain::Group {
        id: ResourceId::from_trusted("group-1".to_owned()),
        name: name.to_owned(),
        label: name.to_owned(),
        display_order: None,
    }
}
