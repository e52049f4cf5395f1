//! The results, as people read them.

use std::io::{self, Write as _};

use crate::bench::{Comparison, Error, Interval, Percentiles, Report};
use crate::cli::table::{self, Tone};

/// Prints what a run found.
pub(super) fn run(report: &Report) -> Result<(), Error> {
    let header = ["Calls", "Count", "Mean µs", "p50", "p90", "p99", "p99.9", "Max"];
    let mut rows: Vec<_> = report
        .latency_us
        .iter()
        .filter(|(kind, _)| **kind != "all" || report.latency_us.len() > 2)
        .map(|(kind, spread)| percentiles(kind, spread))
        .collect();
    rows.extend(report.send_lag_us.iter().map(|lag| percentiles("sent late", lag)));
    table::print(&header, &rows)?;
    let calls = report.calls;
    let mut lines = vec![format!(
        "{} calls/s: {} of {} calls succeeded in {} s, over {} clients on {} connections",
        report.throughput_per_s,
        calls.succeeded,
        calls.sent,
        report.elapsed_s,
        report.settings.clients,
        report.settings.connections,
    )];
    lines.extend(report.errors.iter().map(|(reason, count)| format!("{count} failed: {reason}")));
    if calls.unanswered > 0 {
        lines.push(format!("{} were given up unanswered", calls.unanswered));
    }
    if calls.not_sent > 0 {
        lines.push(format!(
            "{} were due and not sent, since no client was free: the rate was not reached",
            calls.not_sent
        ));
    }
    match report.ended {
        crate::bench::Ended::AsPlanned => {}
        crate::bench::Ended::Interrupted => lines.push("it was interrupted".to_owned()),
        crate::bench::Ended::Exhausted => {
            lines.push("it ended early: all companies are full (see --companies)".to_owned());
        }
    }
    lines.push(format!(
        "{} companies stay in the database: {}-0 and on",
        report.settings.companies, report.company_prefix
    ));
    print(&lines)
}

/// Prints what a comparison found.
pub(super) fn comparison(report: &Comparison) -> Result<(), Error> {
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.0}"));
    let arms: Vec<_> = report
        .arms
        .iter()
        .map(|arm| {
            vec![
                plain(&arm.name),
                plain(number(arm.throughput_per_s)),
                plain(number(arm.p50_us)),
                plain(number(arm.p99_us)),
                (arm.failed.to_string(), if arm.failed == 0 { Tone::Plain } else { Tone::Bad }),
            ]
        })
        .collect();
    table::print(&["Arm", "Calls/s", "p50 µs", "p99 µs", "Failed"], &arms)?;
    let ratios: Vec<_> = report
        .ratios
        .iter()
        .map(|ratio| {
            vec![
                plain(format!("{} / {}", ratio.arm, ratio.base)),
                interval(ratio.throughput, true),
                interval(ratio.p50, false),
                interval(ratio.p99, false),
                plain(ratio.pairs.to_string()),
            ]
        })
        .collect();
    table::print(&["Ratio", "Calls/s", "p50", "p99", "Pairs"], &ratios)?;
    let mut lines =
        vec!["medians; in brackets the 95 % interval, where there are 6 pairs or more".to_owned()];
    if report.interrupted {
        lines.push("it was interrupted".to_owned());
    }
    print(&lines)
}

/// Shows an interval: in colour where it leaves 1 out.
fn interval(interval: Option<Interval>, more_is_better: bool) -> (String, Tone) {
    let Some(Interval { median, low, high }) = interval else { return plain("-") };
    let Some((low, high)) = low.zip(high) else { return plain(format!("{median:.2}")) };
    let tone = match (low > 1.0, high < 1.0) {
        (false, false) => Tone::Plain,
        (more, _) if more == more_is_better => Tone::Good,
        _ => Tone::Bad,
    };
    (format!("{median:.2} [{low:.2}, {high:.2}]"), tone)
}

fn percentiles(kind: &str, spread: &Percentiles) -> Vec<(String, Tone)> {
    let values =
        [spread.mean, spread.p50, spread.p90, spread.p99, spread.p99_9, spread.max].into_iter();
    let mut row = vec![plain(kind), plain(spread.count.to_string())];
    row.extend(values.map(|value| plain(format!("{value:.0}"))));
    row
}

fn plain(text: impl Into<String>) -> (String, Tone) {
    (text.into(), Tone::Plain)
}

fn print(lines: &[String]) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    for line in lines {
        writeln!(out, "{}", table::plain(line))?;
    }
    Ok(out.flush()?)
}
