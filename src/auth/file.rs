//! The tokens file: reads it and says everything that is wrong with it, and never what it holds.

mod entry;
mod place;

use std::collections::HashMap;

use toml::de::{DeTable, DeValue};

use super::tokens::TokenEntry;
use place::Places;

pub(super) use entry::{ANY_COMPANY, check_actor};

/// The one key at the top.
const CALLER: &str = "caller";

/// Reads the text of a tokens file, or answers all faults in the order of their lines.
pub(super) fn parse(text: &str) -> Result<Vec<TokenEntry>, Vec<String>> {
    let places = Places::new(text);
    let mut faults = Faults::default();
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // The message says what was expected. What the file holds there must not be shown.
        for error in &errors {
            let line = places.line(error.span().map_or(0, |span| span.start));
            faults.add(line, format!("line {line}: is not TOML: {}", error.message()));
        }
        return Err(faults.in_order());
    }

    let mut entries = Vec::new();
    let mut any = false;
    for (key, value) in document.get_ref() {
        let line = places.line(key.span().start);
        if key.get_ref() != CALLER {
            let shown = place::show_key(key.get_ref());
            faults.add(line, format!("line {line}: {shown} is unknown; there are only [[caller]]"));
            continue;
        }
        let Some(callers) = value.get_ref().as_array() else {
            any = true;
            faults.add(line, format!("line {line}: caller must be written [[caller]]"));
            continue;
        };
        for (index, caller) in callers.iter().enumerate() {
            any = true;
            let start = caller.span().start;
            let line = places.line(start);
            let mut wrong = entry::Faults::new(index + 1, line);
            let entry = match caller.get_ref() {
                DeValue::Table(table) => entry::read(table, &places, &mut wrong),
                _ => {
                    wrong.add("must be a table, written [[caller]]");
                    None
                }
            };
            faults.extend(wrong);
            entries.extend(entry.map(|entry| (index + 1, line, entry)));
        }
    }
    if !any {
        faults.add(0, "lists no [[caller]]".to_owned());
    }
    report_duplicates(&entries, &mut faults);

    if faults.found.is_empty() {
        Ok(entries.into_iter().map(|(_, _, entry)| entry).collect())
    } else {
        Err(faults.in_order())
    }
}

/// One token must not stand for two callers.
fn report_duplicates(entries: &[(usize, usize, TokenEntry)], faults: &mut Faults) {
    let mut first_with = HashMap::new();
    for (number, line, entry) in entries {
        if let Some(first) = first_with.get(&entry.sha256) {
            let text = format!("line {line}: caller {number} has the same token as caller {first}");
            faults.add(*line, text);
        } else {
            first_with.insert(entry.sha256, *number);
        }
    }
}

/// Faults with the lines they belong to.
#[derive(Default)]
struct Faults {
    found: Vec<(usize, String)>,
}

impl Faults {
    fn add(&mut self, line: usize, text: String) {
        self.found.push((line, text));
    }

    fn extend(&mut self, of_entry: entry::Faults) {
        self.found.extend(of_entry.into_found());
    }

    fn in_order(mut self) -> Vec<String> {
        self.found.sort_by_key(|(line, _)| *line);
        self.found.into_iter().map(|(_, text)| text).collect()
    }
}
