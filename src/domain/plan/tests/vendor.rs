//! A vendor in memory that watches over what is done to it.

use std::collections::BTreeMap;

use super::attributes;
use crate::domain::{Attributes, Effect, Observed};

/// The number of names that there are at the vendor, one per resource.
pub(super) const NAMES: usize = 3;

/// Whose a definition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// GoMark made or adopted it.
    GoMark,
    /// Somebody else made it.
    Somebody,
    /// The vendor itself: nobody may change it.
    Vendor,
}

#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) attributes: Attributes,
    pub(super) owner: Owner,
}

/// What the vendor answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Holds(Attributes),
    Gone,
    Exists,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Vendor {
    pub(super) held: BTreeMap<usize, Held>,
    /// Whether it says yes to every `x` and leaves it as it was.
    pub(super) ignores_x: bool,
}

impl Vendor {
    pub(super) fn new(start: [Option<(u8, u8, Owner)>; NAMES], ignores_x: bool) -> Self {
        let held = start.into_iter().enumerate().filter_map(|(name, held)| {
            let (x, y, owner) = held?;
            Some((name, Held { attributes: attributes(x, y), owner }))
        });
        Self { held: held.collect(), ignores_x }
    }

    pub(super) fn read(&self, name: usize) -> Observed {
        self.held.get(&name).map_or(Observed::Absent, |held| Observed::Present {
            attributes: held.attributes.clone(),
            protected: held.owner == Owner::Vendor,
        })
    }

    /// Notes that what somebody else made counts as GoMark's from now on.
    pub(super) fn adopt(&mut self, name: usize) {
        if let Some(held) = self.held.get_mut(&name)
            && held.owner == Owner::Somebody
        {
            held.owner = Owner::GoMark;
        }
    }

    /// Carries out a call; panics where it is one that should never have been made.
    pub(super) fn carry_out(&mut self, name: usize, effect: &Effect) -> Answer {
        match effect {
            Effect::Create(sent) => self.create(name, sent),
            Effect::Update(changes) => {
                let ignores_x = self.ignores_x;
                let held = self.ours(name);
                for (attribute, value) in changes.iter() {
                    if !(ignores_x && attribute == "x") {
                        held.attributes.set(attribute, value.clone());
                    }
                }
                Answer::Holds(held.attributes.clone())
            }
            Effect::Archive => {
                self.ours(name);
                self.held.remove(&name);
                Answer::Gone
            }
            other => panic!("{other:?} where nothing is renamed or filled in"),
        }
    }

    fn create(&mut self, name: usize, sent: &Attributes) -> Answer {
        if let Some(held) = self.held.get(&name) {
            // A vendor that stores something else than it was sent can leave GoMark unable to tell
            // whose it is; then a create is how it finds out.
            let known = held.owner == Owner::GoMark && !self.ignores_x;
            assert!(!known, "{name} was created by GoMark before: {held:?}");
            return Answer::Exists;
        }
        let mut attributes = sent.clone();
        if self.ignores_x {
            attributes.set("x", 0);
        }
        self.held.insert(name, Held { attributes: attributes.clone(), owner: Owner::GoMark });
        Answer::Holds(attributes)
    }

    fn ours(&mut self, name: usize) -> &mut Held {
        let held = self.held.get_mut(&name);
        let held = held.unwrap_or_else(|| panic!("a change of {name}, which does not exist"));
        assert_eq!(held.owner, Owner::GoMark, "a change of {name}, which is not GoMark's");
        held
    }
}
