//! What is not judged yet: what reads may show from before our writes, and calls that are under way.

use super::*;

impl World {
    /// Writes what was decided anew, a minute later.
    fn write(&mut self, desired: Option<Attributes>) {
        self.now += MINUTE;
        let (rev, now) = (Revision::new(2), Timestamp::from_micros(self.now));
        match &desired {
            Some(desired) => self.desired = desired.clone(),
            None => self.tracked.version.resource = None,
        }
        self.tracked.sync.apply(&Transition::Confirm(desired), rev, rev, now);
    }

    /// Scans a minute after the last moment.
    fn scan_soon(&mut self, held: Option<Attributes>) -> Judged {
        self.now -= 4 * MINUTE;
        self.scan(held)
    }
}

#[test]
fn what_was_there_before_our_writes_is_no_news_for_five_minutes() {
    let written = || {
        let mut world = World::new();
        world.scan(Some(world.desired.clone()));
        world.write(Some(attributes("First", "sales")));
        world.write(Some(attributes("Second", "sales")));
        world
    };
    let mut world = written();
    for before in ["Tier", "First"] {
        let judged = world.scan_soon(Some(attributes(before, "sales")));
        assert_eq!((judged.found, judged.transitions, judged.items), (0, vec![], vec![]));
        assert_eq!(judged.settled_until, None, "{before}");
    }
    assert_eq!(world.scan_soon(Some(attributes("Theirs", "sales"))).found, 1);
    // One attribute may lag behind where another one is somebody's.
    let mut world = written();
    let judged = world.scan_soon(Some(attributes("Tier", "theirs")));
    assert_eq!((judged.found, world.item(0).1), (1, Some("groupName")));
    // After that, reads know of our writes.
    for before in ["Tier", "First"] {
        let mut world = written();
        assert_eq!(world.scan(Some(attributes(before, "sales"))).found, 1, "{before}");
    }
}

#[test]
fn what_a_call_is_under_way_for_is_not_judged() {
    let theirs = || Some(attributes("Theirs", "theirs"));
    let mut world = World::new();
    world.busy.insert(world.tracked.version.id.clone());
    let judged = world.scan(theirs());
    assert_eq!((judged.found, judged.settled_until), (0, None));
    assert_eq!(world.scan(None).found, 0);

    let mut world = World::new();
    let update = Effect::Update(Attributes::from([("label", json!("Ours"))]));
    world.tracked.sync.begin(update, "tier", Timestamp::default());
    let judged = world.scan(theirs());
    assert_eq!((judged.found, judged.settled_until), (0, None));
    assert_eq!(world.scan(None).found, 0);
}

#[test]
fn what_we_create_and_remove_is_not_created_by_others() {
    let nothing = |now| Observation { at: Timestamp::from_micros(now), resources: Vec::new() };
    let mut world = World::new();
    world.before = Some(nothing(world.now));
    let judged = world.scan(Some(world.desired.clone()));
    assert_eq!((judged.found, judged.items), (0, vec![]), "we created it");

    let mut world = World::new();
    world.write(None);
    world.before = Some(nothing(world.now));
    assert_eq!(world.scan_soon(Some(world.desired.clone())).found, 0, "it may be shown still");
    world.before = Some(nothing(world.now));
    assert_eq!(world.scan(Some(world.desired.clone())).found, 1, "somebody created it anew");
    assert_eq!(world.items[0].change, DriftChange::Created);
    assert_eq!(world.items[0].resource_id, None);
}
