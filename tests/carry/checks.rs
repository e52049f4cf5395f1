//! Which values deals may hold once all is over.

use gomark::domain::Timestamp;

use crate::book::{Book, Write};
use crate::portal::Held;

/// How deals came out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Came {
    /// Deals that nobody else wrote to.
    pub(crate) untouched: usize,
    /// Deals with a value that was written after the last look at all deals began.
    pub(crate) newer: usize,
    /// Deals whose last write came too late to be carried.
    pub(crate) too_late: usize,
    /// Deals that were cleared in the end.
    pub(crate) cleared: usize,
}

/// Checks that no deal holds an older value than the last one that was acknowledged before the last
/// look at all deals began.
pub(crate) fn check(book: &Book, held: &Held, last_look: Timestamp) -> Came {
    let mut came = Came::default();
    let mut wrong = Vec::new();
    let mut known = 0;
    for (deal, writes) in book.deals() {
        let value = held.value(deal);
        known += usize::from(held.values.contains_key(deal));
        // Only to have no value can be written several times.
        let place = writes.iter().rposition(|write| write.value == value);
        let before = |write: &Write| write.acknowledged.is_some_and(|at| at < last_look);
        let oldest = writes.iter().rposition(before).unwrap();
        let latest = writes.iter().rposition(|write| write.acknowledged.is_some()).unwrap();
        match place.filter(|place| *place >= oldest) {
            None => wrong.push(format!("{deal} holds {value:?} after {writes:?}")),
            Some(place) => {
                came.untouched += usize::from(writes.len() == 1);
                came.newer += usize::from(place > oldest);
                came.too_late += usize::from(place < latest);
                came.cleared += usize::from(writes.len() > 1 && value.is_empty());
            }
        }
    }
    let (count, shown) = (wrong.len(), wrong.iter().take(5).cloned().collect::<Vec<_>>());
    assert_eq!(count, 0, "the last look began at {last_look:?}: {}", shown.join("\n"));
    assert_eq!(known, held.values.len(), "a deal that nobody knows has a value");
    came
}
