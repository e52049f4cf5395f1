//! Where the program can be told to die, in builds for tests of crashes.
//!
//! A [`Boundary`] lies between two steps of the way of a change: each step leaves the database, the
//! vendor or whoever asked in another state. With the feature `failpoints` a process dies at a
//! boundary when its environment says so; without the feature nothing of this is in the program.
//!
//! `FAILPOINTS` says what happens where, in the syntax of the crate `fail`: with
//! `FAILPOINTS='sent=4*off->return'` the boundary `sent` is passed four times, and the process dies
//! at the fifth. It dies as if it were killed: nothing is unwound, flushed or answered. Before that
//! it writes one line to standard error, [`LAST_WORDS`] and the name of the boundary.

/// A place between two steps, in the order in which a change comes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Boundary {
    /// A transaction has written everything and does not yet commit.
    Committing,
    /// A mutation is committed, and nobody was told.
    Accepted,
    /// A lease is claimed, and nothing was done with it.
    Claimed,
    /// A call is marked as in doubt, and not made yet.
    InDoubt,
    /// A write took effect at the vendor, whose answer was not read.
    Sent,
    /// The answer was read, and nothing recorded.
    Answered,
    /// The outcome is recorded, and its events were not published.
    Recorded,
    /// The events are published.
    Event,
    /// A lease is given back.
    Released,
}

impl Boundary {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Committing,
        Self::Accepted,
        Self::Claimed,
        Self::InDoubt,
        Self::Sent,
        Self::Answered,
        Self::Recorded,
        Self::Event,
        Self::Released,
    ];

    /// Returns the name that the environment uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Committing => "committing",
            Self::Accepted => "accepted",
            Self::Claimed => "claimed",
            Self::InDoubt => "in-doubt",
            Self::Sent => "sent",
            Self::Answered => "answered",
            Self::Recorded => "recorded",
            Self::Event => "event",
            Self::Released => "released",
        }
    }
}

/// What a process writes before it dies, in front of the name of the boundary.
pub const LAST_WORDS: &str = "gomark dies at the boundary ";

/// Takes the boundaries at which to die from the environment, once, at the start of the process.
#[inline]
pub fn arm() {
    #[cfg(feature = "failpoints")]
    // Forgotten, since dropping it would disarm them.
    std::mem::forget(fail::FailScenario::setup());
}

/// Passes a boundary, or dies there.
#[inline]
pub fn hit(boundary: Boundary) {
    #[cfg(feature = "failpoints")]
    fail::fail_point!(boundary.as_str(), |_| {
        // Threads may come here at the same time; one line tells of one death.
        static SAID: std::sync::Once = std::sync::Once::new();
        SAID.call_once(|| eprintln!("{LAST_WORDS}{}", boundary.as_str()));
        std::process::abort()
    });
    #[cfg(not(feature = "failpoints"))]
    let _ = boundary;
}
