//! What is printed: what was done, and how many calls that took.

use std::collections::BTreeMap;
use std::time::Duration;

use gomark::domain::Timestamp;

use crate::Size;
use crate::book::Book;
use crate::checks::Came;

/// How many deals a page has, and how many a call writes.
const PAGE: usize = 100;

/// The calls of a rename, and the least that it can take.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    pub(crate) by_kind: BTreeMap<String, usize>,
    least: usize,
}

impl Calls {
    /// At the least, all deals are looked at twice and each value is written once.
    pub(crate) fn new(by_kind: BTreeMap<String, usize>, deals: usize, holders: usize) -> Self {
        Self { by_kind, least: 2 * deals.div_ceil(PAGE) + holders.div_ceil(PAGE) }
    }

    /// How many times the least it is.
    pub(crate) fn ratio(&self) -> f64 {
        self.by_kind.values().sum::<usize>() as f64 / self.least as f64
    }

    fn told(&self) -> String {
        let mut lines = Vec::new();
        for (kind, count) in &self.by_kind {
            lines.push(line(kind, count));
        }
        lines.push(line("calls at the least", self.least));
        lines.push(line("calls against that", format!("{:.3}", self.ratio())));
        lines.join("\n")
    }
}

/// How a rename under trouble went.
pub(crate) struct Went {
    pub(crate) kills: usize,
    pub(crate) looks: usize,
    pub(crate) took: Duration,
    pub(crate) last_look: Timestamp,
    pub(crate) came: Came,
    pub(crate) calls: Calls,
}

/// Prints it.
pub(crate) fn show(size: Size, book: &Book, went: &Went, calm: &Calls) {
    let (before, after) = book.count(went.last_look);
    let Went { kills, looks, came, .. } = went;
    let seconds = format!("{:.1}", went.took.as_secs_f64());
    let lines = [
        format!("a rename under trouble, seed {}", size.seed),
        line("deals", size.deals),
        line("kills", kills),
        line("looks at all deals", looks),
        line("seconds", seconds),
        line("writes of another client before the last look", before),
        line("writes of another client after that", after),
        line("writes of another client without an answer", book.unknown()),
        line("deals nobody else wrote to", came.untouched),
        line("deals that were cleared", came.cleared),
        line("deals with a value newer than the last look", came.newer),
        line("deals whose last write came too late", came.too_late),
        went.calls.told(),
        "a calm rename".to_owned(),
        calm.told(),
    ];
    eprintln!("{}", lines.join("\n"));
}

fn line(what: &str, value: impl ToString) -> String {
    format!("  {what:<46}{:>9}", value.to_string())
}
