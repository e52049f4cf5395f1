//! `gomark audit verify`.

use std::io::{self, Write as _};

use serde_json::{Value, json};

use super::VerifyArgs;
use crate::audit::{Chosen, Report, Source};
use crate::cli::table::{self, Tone};
use crate::cli::{Error, Exit};
use crate::hex;

pub(super) async fn run(args: VerifyArgs) -> Result<Exit, Error> {
    let source = Source::find(&args.log)?;
    let chosen =
        Chosen { companies: args.companies.into_iter().collect(), witnesses: args.witnesses };
    let reports = source.verify(&chosen).await?;
    if args.json {
        print_json(&reports)?;
    } else {
        print_table(&reports)?;
    }
    Ok(if is_intact(&reports) { Exit::Done } else { Exit::Broken })
}

fn is_intact(reports: &[Report]) -> bool {
    reports.iter().all(Report::is_intact)
}

fn verdict(intact: bool) -> &'static str {
    if intact { "intact" } else { "broken" }
}

fn print_table(reports: &[Report]) -> io::Result<()> {
    if !reports.is_empty() {
        let rows: Vec<_> = reports.iter().map(row).collect();
        table::print(&["Company", "Entries", "Revision", "Head", "Verdict"], &rows)?;
    }
    let mut out = io::stdout().lock();
    for report in reports {
        for fault in &report.faults {
            let line = format!("{}: {fault}", report.company_id);
            writeln!(out, "{}", table::plain(&line))?;
        }
        let untold = report.faults_total - report.faults.len() as u64;
        if untold > 0 {
            writeln!(out, "{}: and {untold} more", report.company_id)?;
        }
    }
    let broken = reports.iter().filter(|report| !report.is_intact()).count();
    match (reports.len(), broken) {
        (0, _) => writeln!(out, "There is no company in it.")?,
        (_, 0) => writeln!(out, "Intact: every entry follows from the one before.")?,
        (all, broken) => writeln!(out, "BROKEN: the log of {broken} of {all} companies.")?,
    }
    out.flush()
}

fn row(report: &Report) -> Vec<(String, Tone)> {
    let (revision, head) = match &report.head {
        Some(head) => (head.revision.to_string(), hex::encode(&head.hash)),
        None => ("-".to_owned(), "-".to_owned()),
    };
    let tone = if report.is_intact() { Tone::Good } else { Tone::Bad };
    vec![
        (report.company_id.to_string(), Tone::Plain),
        (report.entries.to_string(), Tone::Plain),
        (revision, Tone::Plain),
        (head, Tone::Plain),
        (verdict(report.is_intact()).to_owned(), tone),
    ]
}

fn print_json(reports: &[Report]) -> io::Result<()> {
    let companies: Vec<_> = reports.iter().map(json_of).collect();
    let all = json!({ "verdict": verdict(is_intact(reports)), "companies": companies });
    let mut out = io::stdout().lock();
    writeln!(out, "{all:#}")?;
    out.flush()
}

fn json_of(report: &Report) -> Value {
    let faults: Vec<_> = report
        .faults
        .iter()
        .map(|fault| {
            json!({
                "revision": fault.revision.map(|revision| revision.get()),
                "fault": fault.kind.name(),
                "message": fault.kind.to_string(),
            })
        })
        .collect();
    let witness = report
        .head
        .as_ref()
        .map(|head| format!("{}:{}:{}", report.company_id, head.revision, hex::encode(&head.hash)));
    json!({
        "company_id": report.company_id.as_str(),
        "entries": report.entries,
        "revision": report.head.as_ref().map(|head| head.revision.get()),
        "head_hash": report.head.as_ref().map(|head| hex::encode(&head.hash)),
        "witness": witness,
        "verdict": verdict(report.is_intact()),
        "faults": faults,
        "faults_total": report.faults_total,
    })
}
