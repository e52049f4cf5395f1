//! What was asked for, what was answered, and what a company's configuration should be after it.

use std::collections::{BTreeMap, BTreeSet};

/// A company is registered and connected to two vendors before anything is decided.
pub(crate) const FIRST_REVISIONS: i64 = 3;

/// The fields and cadences of a company: labels by name.
pub(crate) type Fields = BTreeMap<String, String>;

/// A change that a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Add { name: String, label: String },
    Modify { name: String, label: String },
    Remove { name: String },
    Rollback { to: i64 },
}

/// What became of the requests of a company, by request id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// Accepted: the revision that was answered.
    pub(crate) accepted: BTreeMap<String, (i64, Wish)>,
    /// Refused, or accepted without any change.
    pub(crate) others: BTreeSet<String>,
    /// How many jobs were followed while the program died.
    pub(crate) followed: usize,
}

/// The configuration at each revision, and what follows for the vendor.
#[derive(Debug)]
pub(crate) struct History {
    states: Vec<Fields>,
}

impl History {
    /// Begins with the revisions that registered and connected the company.
    pub(crate) fn new() -> Self {
        Self { states: vec![Fields::new(); FIRST_REVISIONS as usize + 1] }
    }

    /// The next revision.
    pub(crate) fn next(&mut self, wish: &Wish) {
        let mut state = self.latest().clone();
        match wish {
            Wish::Add { name, label } => {
                assert_eq!(state.insert(name.clone(), label.clone()), None, "{name} was there");
            }
            Wish::Modify { name, label } => {
                let before = state.insert(name.clone(), label.clone());
                assert!(before.is_some(), "{name} was not there");
            }
            Wish::Remove { name } => {
                assert!(state.remove(name).is_some(), "{name} was not there");
            }
            Wish::Rollback { to } => {
                state.clone_from(&self.states[usize::try_from(*to).unwrap()]);
            }
        }
        self.states.push(state);
    }

    pub(crate) fn latest(&self) -> &Fields {
        self.states.last().unwrap()
    }

    /// How often a name was decided to be there that was not, and the other way round: as often the
    /// vendor may have created and archived it at most.
    pub(crate) fn turns(&self, name: &str) -> (usize, usize) {
        let (mut appears, mut disappears) = (0, 0);
        for pair in self.states.windows(2) {
            match (pair[0].contains_key(name), pair[1].contains_key(name)) {
                (false, true) => appears += 1,
                (true, false) => disappears += 1,
                _ => {}
            }
        }
        (appears, disappears)
    }

    /// All names that were ever decided on.
    pub(crate) fn names(&self) -> BTreeSet<&String> {
        self.states.iter().flat_map(BTreeMap::keys).collect()
    }
}
