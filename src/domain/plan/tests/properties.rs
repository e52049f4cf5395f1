//! Whatever is decided and whatever goes wrong, the vendor ends as decided.

use std::time::Duration;

use proptest::prelude::*;

use super::attributes;
use super::executor::{Fate, World};
use super::vendor::{NAMES, Owner, Vendor};

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Event {
    Decide(usize, Option<(u8, u8)>),
    Cancel(usize),
    Retry(usize),
    Start(usize),
    Advance(usize, Fate),
    Land(usize),
    TakeOver { crash: bool, lands: bool },
    Wait(u64),
}

fn name() -> impl Strategy<Value = usize> {
    0..NAMES
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Done),
        1 => Just(Fate::Withdrawn),
        1 => Just(Fate::Busy),
        1 => Just(Fate::Refused),
        2 => any::<bool>().prop_map(|lands| Fate::Lost { lands }),
        1 => any::<bool>().prop_map(|lands| Fate::GaveUp { lands }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let desired = proptest::option::weighted(0.7, (0..2u8, 0..2u8));
    prop_oneof![
        4 => (name(), desired).prop_map(|(name, desired)| Event::Decide(name, desired)),
        1 => name().prop_map(Event::Cancel),
        1 => name().prop_map(Event::Retry),
        6 => name().prop_map(Event::Start),
        14 => (name(), fate()).prop_map(|(which, fate)| Event::Advance(which, fate)),
        1 => name().prop_map(Event::Land),
        1 => any::<(bool, bool)>().prop_map(|(crash, lands)| Event::TakeOver { crash, lands }),
        3 => (1..15u64).prop_map(Event::Wait),
    ]
}

fn start() -> impl Strategy<Value = [Option<(u8, u8, Owner)>; NAMES]> {
    let owner = prop_oneof![3 => Just(Owner::Somebody), 1 => Just(Owner::Vendor)];
    let held = proptest::option::weighted(0.4, (0..2u8, 0..2u8, owner));
    [held.clone(), held.clone(), held]
}

fn happen(world: &mut World, event: Event) {
    match event {
        Event::Decide(name, desired) => {
            world.decide(name, desired.map(|(x, y)| attributes(x, y)));
        }
        Event::Cancel(name) => world.cancel(name),
        Event::Retry(name) => world.retry(name),
        Event::Start(name) => {
            world.start(name);
        }
        Event::Advance(which, fate) => world.advance(which, fate),
        Event::Land(which) => world.land_one(which),
        Event::TakeOver { crash, lands } => world.take_over(crash, lands),
        Event::Wait(seconds) => world.wait(Duration::from_secs(seconds)),
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn the_vendor_ends_as_decided_whatever_happens_on_the_way(
        start in start(),
        events in proptest::collection::vec(event(), 0..60),
        lands: bool,
    ) {
        let mut world = World::new(Vendor::new(start, false));
        for event in events {
            happen(&mut world, event);
        }
        world.come_to_rest(lands);
        world.check_rest();
        for name in 0..NAMES {
            world.retry(name);
        }
        world.come_to_rest(lands);
        world.check_rest();
    }

    #[test]
    fn a_vendor_that_ignores_an_attribute_never_keeps_the_executor_busy(
        start in start(),
        events in proptest::collection::vec(event(), 0..60),
        lands: bool,
    ) {
        let mut world = World::new(Vendor::new(start, true));
        for event in events {
            happen(&mut world, event);
        }
        world.come_to_rest(lands);
        world.check_rest();
    }
}
