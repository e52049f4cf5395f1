//! The one table at the end.

use comfy_table::{CellAlignment, Table as Drawn, presets};

use crate::Who;
use crate::measure::Measured;

/// What was measured, by what was to be done and who did it, in the order of measurement.
#[derive(Debug, Default)]
pub(crate) struct Table {
    sections: Vec<(String, Vec<(Who, Measured)>)>,
}

impl Table {
    pub(crate) fn add(&mut self, section: String, who: Who, measured: Measured) {
        match self.sections.iter_mut().find(|(name, _)| *name == section) {
            Some((_, rows)) => rows.push((who, measured)),
            None => self.sections.push((section, vec![(who, measured)])),
        }
    }

    pub(crate) fn print(&self) {
        let mut drawn = Drawn::new();
        drawn.load_style(presets::ASCII_MARKDOWN).set_header([
            "work",
            "by",
            "jobs/s",
            "GoMark is",
            "calls",
            "CPU ms/job",
            "Postgres ms/job",
            "start ms",
        ]);
        for (section, rows) in &self.sections {
            for who in Who::ALL {
                let of = |who| rows.iter().filter(move |(by, _)| *by == who).map(|(_, m)| m);
                let jobs = of(who).map(|m| m.jobs).next().unwrap_or(1) as f64;
                drawn.add_row([
                    section.clone(),
                    who.name().to_owned(),
                    spread(of(who).map(Measured::jobs_per_s), 0),
                    ratio(of(Who::Gomark), of(who)),
                    calls(of(who)),
                    format!("{:.2}", median(of(who).map(|m| m.cpu_s * 1e3 / jobs))),
                    format!("{:.2}", median(of(who).map(|m| m.postgres_cpu_s * 1e3 / jobs))),
                    format!("{:.0}", median(of(who).map(|m| m.start_s * 1e3))),
                ]);
            }
        }
        for column in drawn.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        println!("{drawn}");
        println!("Medians, in brackets the least and the most; ratios are those of neighbours.");
    }
}

/// How many times as fast as another GoMark is, by neighbouring blocks.
fn ratio<'a>(
    gomark: impl Iterator<Item = &'a Measured>,
    other: impl Iterator<Item = &'a Measured>,
) -> String {
    spread(gomark.zip(other).map(|(ours, theirs)| ours.jobs_per_s() / theirs.jobs_per_s()), 2)
}

/// The calls of the last block, of all kinds.
fn calls<'a>(measured: impl Iterator<Item = &'a Measured>) -> String {
    let Some(last) = measured.last() else { return String::new() };
    let calls = last.calls.iter().map(|(name, count)| format!("{count} {name}"));
    calls.collect::<Vec<_>>().join(", ")
}

fn spread(values: impl Iterator<Item = f64>, digits: usize) -> String {
    let values: Vec<f64> = values.collect();
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    let middle = median(values.into_iter());
    format!("{middle:.digits$} [{least:.digits$}, {most:.digits$}]")
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}
