//! What processes say about themselves: how often their protections were needed.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

/// What is counted, by what is logged.
const COUNTED: [(&str, &str); 5] = [
    ("leases taken over", "taken_over"),
    ("sessions that lost their lease", "a session ended early"),
    ("calls in doubt that were looked into", "a call in doubt is looked into"),
    ("late calls of a lost lease", "calls of a lost lease are looked into"),
    ("panics", "panicked"),
];

/// Counts in all logs of a folder.
pub(crate) fn counts(folder: &Path) -> BTreeMap<&'static str, usize> {
    let mut counts: BTreeMap<_, _> = COUNTED.iter().map(|(what, _)| (*what, 0)).collect();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for line in text.lines() {
            for (what, _) in COUNTED.iter().filter(|(_, said)| says(line, said)) {
                *counts.get_mut(what).unwrap() += 1;
            }
        }
    }
    counts
}

fn says(line: &str, said: &str) -> bool {
    let Ok(event) = serde_json::from_str::<Value>(line) else { return line.contains(said) };
    match said {
        "taken_over" => event["taken_over"] == true,
        _ => event["message"].as_str().is_some_and(|message| message.contains(said)),
    }
}

/// All that processes wrote.
pub(crate) fn all(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}
