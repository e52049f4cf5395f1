//! A name that is removed and added again, from every point that the first decision can have got to.

use super::attributes;
use super::executor::{Fate, World};
use super::vendor::{Owner, Vendor};

/// How far the executor gets with a decision before the next one.
#[derive(Clone, Copy, Debug)]
enum Progress {
    Untouched,
    Planned,
    Begun,
    Ended(Fate),
    Recorded(Fate),
}

const FATES: [Fate; 8] = [
    Fate::Done,
    Fate::Withdrawn,
    Fate::Busy,
    Fate::Refused,
    Fate::Lost { lands: true },
    Fate::Lost { lands: false },
    Fate::GaveUp { lands: true },
    Fate::GaveUp { lands: false },
];

fn progress() -> Vec<Progress> {
    let ended = FATES.into_iter().map(Progress::Ended);
    let recorded = FATES.into_iter().map(Progress::Recorded);
    let before = [Progress::Untouched, Progress::Planned, Progress::Begun];
    before.into_iter().chain(ended).chain(recorded).collect()
}

/// Decides, and lets the executor get so far; then it dies.
fn decide(world: &mut World, desired: Option<(u8, u8)>, progress: Progress, lands: bool) {
    world.decide(0, desired.map(|(x, y)| attributes(x, y)));
    let (steps, fate) = match progress {
        Progress::Untouched => return,
        Progress::Planned => (0, Fate::Done),
        Progress::Begun => (1, Fate::Done),
        Progress::Ended(fate) => (2, fate),
        Progress::Recorded(fate) => (3, fate),
    };
    // What is still in doubt from the decision before is waited for.
    world.wait(super::executor::SETTLES_AFTER);
    world.start(0);
    (0..steps).for_each(|_| world.advance(0, fate));
    world.take_over(true, lands);
}

#[test]
fn a_name_that_is_removed_and_added_again_ends_as_added() {
    for first in progress() {
        for removed in progress() {
            for (again, lands) in [((1, 1), true), ((1, 1), false), ((1, 2), true), ((2, 2), false)]
            {
                let mut world = World::new(Vendor::default());
                decide(&mut world, Some((1, 1)), first, lands);
                decide(&mut world, None, removed, lands);
                world.decide(0, Some(attributes(again.0, again.1)));
                world.come_to_rest(lands);
                world.check_rest();
                let held = world.vendor.held.get(&0).expect("held");
                assert_eq!(held.attributes, attributes(again.0, again.1), "{first:?} {removed:?}");
            }
        }
    }
}

#[test]
fn a_name_that_is_changed_and_changed_back_ends_as_it_was() {
    for changed in progress() {
        for back in progress() {
            for lands in [true, false] {
                let mut world = World::new(Vendor::default());
                decide(&mut world, Some((1, 1)), Progress::Recorded(Fate::Done), lands);
                decide(&mut world, Some((2, 2)), changed, lands);
                decide(&mut world, Some((1, 1)), back, lands);
                world.retry(0);
                world.come_to_rest(lands);
                world.check_rest();
                let held = world.vendor.held.get(&0).expect("held");
                assert_eq!(held.attributes, attributes(1, 1), "{changed:?} {back:?}");
            }
        }
    }
}

#[test]
fn a_name_that_is_removed_twice_ends_removed() {
    for first in progress() {
        for removed in progress() {
            for lands in [true, false] {
                let mut world = World::new(Vendor::default());
                decide(&mut world, Some((1, 1)), first, lands);
                decide(&mut world, None, removed, lands);
                world.retry(0);
                world.come_to_rest(lands);
                world.check_rest();
                assert!(world.vendor.held.is_empty(), "{first:?} {removed:?}");
            }
        }
    }
}

#[test]
fn removing_and_adding_again_leaves_somebody_elses_definition_alone() {
    for first in progress() {
        for removed in progress() {
            let start = [Some((1, 2, Owner::Somebody)), None, None];
            let mut world = World::new(Vendor::new(start, false));
            decide(&mut world, Some((1, 1)), first, true);
            decide(&mut world, None, removed, true);
            world.decide(0, Some(attributes(1, 1)));
            world.come_to_rest(true);
            world.check_rest();
            let held = world.vendor.held.get(&0).expect("held");
            assert_eq!((held.owner, &held.attributes), (Owner::Somebody, &attributes(1, 2)));
        }
    }
}
