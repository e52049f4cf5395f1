//! When the program dies next.

use std::time::Duration;

use gomark::failpoint::Boundary;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

/// When a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// When it comes to a boundary for the n-th time.
    At(Boundary, usize),
    /// When it is killed, so long after its start.
    After(Duration),
}

impl Moment {
    /// What the process is told of it.
    pub(crate) fn failpoints(self) -> String {
        match self {
            Self::At(boundary, 1) => format!("{}=return", boundary.as_str()),
            Self::At(boundary, nth) => format!("{}={}*off->return", boundary.as_str(), nth - 1),
            Self::After(_) => String::new(),
        }
    }
}

/// Picks moments: each boundary, and a moment without one, equally often.
pub(crate) struct Moments {
    random: StdRng,
    /// How many mutations begin while a process lives.
    pace: usize,
    deck: Vec<Option<Boundary>>,
}

impl Moments {
    pub(crate) fn new(seed: u64, pace: usize) -> Self {
        Self { random: StdRng::seed_from_u64(seed), pace, deck: Vec::new() }
    }

    pub(crate) fn next(&mut self) -> Moment {
        if self.deck.is_empty() {
            self.deck = Boundary::ALL.into_iter().map(Some).chain([None]).collect();
            self.deck.shuffle(&mut self.random);
        }
        match self.deck.pop().flatten() {
            Some(boundary) => {
                let nth_max = nth_max(boundary, self.pace);
                Moment::At(boundary, self.random.random_range(1..=nth_max))
            }
            None => Moment::After(Duration::from_millis(self.random.random_range(50..1_500))),
        }
    }
}

/// How often a process comes by before it dies there, at most. On average what is accepted is about
/// carried out, so that no job waits for all of the crashes.
fn nth_max(boundary: Boundary, pace: usize) -> usize {
    match boundary {
        Boundary::Committing => 30.max(4 * pace),
        Boundary::Claimed | Boundary::Released => 4.max(pace / 2),
        Boundary::Accepted => 6.max(pace / 2),
        Boundary::InDoubt
        | Boundary::Sent
        | Boundary::Answered
        | Boundary::Recorded
        | Boundary::Event => 8.max(3 * pace / 2),
    }
}
